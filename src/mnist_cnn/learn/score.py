"""The score: errors of a network on labelled images, accuracy, calibration and confusion matrix.

    >>> import numpy as np
    >>> probabilities = np.eye(10)[[7, 2, 1]]
    >>> score(probabilities, np.array([7, 2, 8])).errors
    1

``score`` is the one scorer, for the output of every kind of model. It counts errors as integers over all images: it
does not average batches or drop the last ones. It needs NumPy alone.
"""

import math
from dataclasses import dataclass

import numpy as np

from mnist_cnn import mnist
from mnist_cnn.errors import ModelError

BINS = 15
"""Number of bins of confidence, as in Guo et al. 2017, "On Calibration of Modern Neural Networks"."""


@dataclass(frozen=True)
class Bin:
    """The images with a confidence in one fifteenth of 0 to 1."""

    images: int
    confidence: float
    """Mean confidence."""
    accuracy: float


@dataclass(frozen=True)
class Score:
    """The score of n predictions. Accuracies, probabilities and intervals are from 0 to 1."""

    images: int
    errors: int
    accuracy: float
    interval: tuple[float, float]
    """The 95 % interval of the accuracy (Wilson 1927)."""
    top2_accuracy: float
    """The share of images whose label is one of the two most probable digits."""
    negative_log_likelihood: float
    """The mean of -log(probability of the label), in nats; probabilities below 1.2e-7 count as 1.2e-7."""
    calibration_error: float
    """Expected calibration error: the mean distance between confidence and accuracy, over the bins."""
    bins: tuple[Bin, ...]
    """By rising confidence, without empty bins."""
    precision: tuple[float | None, ...]
    """For each digit d: the share of images predicted as d that are d; None if no image was predicted as d."""
    recall: tuple[float | None, ...]
    """For each digit d: the share of images of d that were predicted as d; None if there is no image of d."""
    confusion: tuple[tuple[int, ...], ...]
    """Counts by label (row) and prediction (column)."""

    def __str__(self) -> str:
        """Return "0.9876   124 errors of 10,000 (95 % interval 0.9852 to 0.9896)"."""
        low, high = self.interval
        errors = f"{self.errors:,} error{'s' if self.errors != 1 else ''} of {self.images:,}"
        return f"{self.accuracy:.4f}   {errors} (95 % interval {low:.4f} to {high:.4f})"


def score(probabilities: np.ndarray, labels: np.ndarray) -> Score:
    """Score probabilities, float (n, 10) with rows that sum to at most 1, against labels, int (n,).

    Raises ModelError if the shape or the values differ from that.
    """
    if probabilities.ndim != 2 or probabilities.shape != (len(labels), 10) or not len(labels):
        raise ModelError(f"probabilities: expected a shape ({len(labels)}, 10), found {probabilities.shape}")
    if not (probabilities.sum(axis=1) <= 1.001).all() or not (probabilities >= 0).all():
        raise ModelError("probabilities: expected rows of at least 0 that sum to at most 1, found other values")
    probabilities = probabilities.astype(np.float64)
    labels = labels.astype(np.int64)
    n = len(labels)
    predictions = probabilities.argmax(axis=1)
    errors = int((predictions != labels).sum())
    top2 = np.argsort(-probabilities, axis=1, kind="stable")[:, :2]
    likelihoods = np.maximum(probabilities[np.arange(n), labels], np.finfo(np.float32).eps)
    bins = _bins(probabilities.max(axis=1), predictions == labels)
    confusion = np.zeros((10, 10), np.int64)
    np.add.at(confusion, (labels, predictions), 1)
    right = confusion.diagonal().tolist()
    return Score(
        images=n,
        errors=errors,
        accuracy=(n - errors) / n,
        interval=wilson(n - errors, n),
        top2_accuracy=float((top2 == labels[:, None]).any(axis=1).mean()),
        negative_log_likelihood=float(-np.log(likelihoods).mean()),
        calibration_error=sum(b.images * abs(b.confidence - b.accuracy) for b in bins) / n,
        bins=bins,
        precision=tuple(_ratio(hits, all_) for hits, all_ in zip(right, confusion.sum(axis=0).tolist(), strict=True)),
        recall=tuple(_ratio(hits, all_) for hits, all_ in zip(right, confusion.sum(axis=1).tolist(), strict=True)),
        confusion=tuple(map(tuple, confusion.tolist())),
    )


def wilson(hits: int, n: int) -> tuple[float, float]:
    """Return the 95 % score interval of a proportion (Wilson 1927), which also holds near 0 and 1."""
    z = 1.959963984540054
    middle = (hits + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * math.sqrt(hits * (n - hits) / n + z * z / 4)
    return max(0.0, middle - half), min(1.0, middle + half)


def score_corrected(probabilities: np.ndarray, labels: np.ndarray) -> Score:
    """Score against MNIST's 10,000 test labels with the ten known wrong labels corrected.

    The five images with disputed labels are left out, so 9,995 images count.
    """
    labels = labels.copy()
    labels[list(mnist.CORRECTED_LABELS)] = list(mnist.CORRECTED_LABELS.values())
    agreed = np.setdiff1d(np.arange(len(labels)), mnist.DISPUTED_LABELS)
    return score(probabilities[agreed], labels[agreed])


def _bins(confidences: np.ndarray, hits: np.ndarray) -> tuple[Bin, ...]:
    # Bins are open below and closed above, (0, 1/15] first, as in the paper.
    places = np.clip(np.ceil(confidences * BINS).astype(int) - 1, 0, BINS - 1)
    members = [places == place for place in range(BINS) if (places == place).any()]
    return tuple(Bin(int(m.sum()), float(confidences[m].mean()), float(hits[m].mean())) for m in members)


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None
