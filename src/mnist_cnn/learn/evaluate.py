"""The score: how many of the test images a network gets wrong, and how well it knows.

    >>> import numpy as np
    >>> probabilities = np.eye(10)[[7, 2, 1]]
    >>> score(probabilities, np.array([7, 2, 8])).errors
    1

There is one scorer, ``score``, for the output of every kind of model. It counts errors as integers over all the
images: no averages of batches, no dropped remainder.
"""

import dataclasses
import hashlib
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from mnist_cnn import mnist
from mnist_cnn.errors import ModelError, RunError
from mnist_cnn.learn import model
from mnist_cnn.learn.run import Run
from mnist_cnn.learn.train import recipe_of
from mnist_cnn.provenance import TRAINING, versions

BINS = 15  # of confidence, as in Guo et al. 2017, "On Calibration of Modern Neural Networks"


@dataclass(frozen=True)
class Bin:
    """The images whose confidence lies in one fifteenth of 0 to 1."""

    images: int
    confidence: float
    """Their mean."""
    accuracy: float


@dataclass(frozen=True)
class Score:
    """What there is to say about n predictions; accuracies, probabilities and intervals from 0 to 1."""

    images: int
    errors: int
    accuracy: float
    interval: tuple[float, float]
    """The accuracy's 95 % interval (Wilson 1927): what so few images leave open."""
    top2_accuracy: float
    """How often the label is one of the two most probable digits."""
    negative_log_likelihood: float
    """The mean of -log(probability of the label), in nats; probabilities below 1.2e-7 count as that."""
    calibration_error: float
    """Expected calibration error: the mean distance of confidence and accuracy, over the bins."""
    bins: tuple[Bin, ...]
    """From the least confident; bins without images are left out."""
    precision: tuple[float | None, ...]
    """Of those called d, how many are d; None where nothing was called d."""
    recall: tuple[float | None, ...]
    """Of those that are d, how many were called d; None where there are none."""
    confusion: tuple[tuple[int, ...], ...]
    """Counts; row: the label, column: the prediction."""


class Evaluation(NamedTuple):
    """A model's output on the test images and its score."""

    probabilities: np.ndarray
    """float32 (n, 10)."""
    score: Score
    corrected: Score | None
    """Against MNIST's corrected labels; None for other test sets."""
    file: Path
    """The JSON file it was written to."""


def score(probabilities: np.ndarray, labels: np.ndarray) -> Score:
    """Score probabilities, float (n, 10) with rows that sum to at most 1, against labels, int (n,).

    Raises ModelError if they have another form.
    """
    if probabilities.ndim != 2 or probabilities.shape != (len(labels), 10) or not len(labels):
        raise ModelError(f"probabilities: expected a shape ({len(labels)}, 10), found {probabilities.shape}")
    if not (probabilities.sum(axis=1) <= 1.001).all() or not (probabilities >= 0).all():
        raise ModelError("probabilities: expected rows of at least 0 that sum to at most 1, found others")
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
    """The 95 % score interval of a proportion (Wilson 1927), which unlike the textbook one works near 0 and 1."""
    z = 1.959963984540054
    middle = (hits + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * math.sqrt(hits * (n - hits) / n + z * z / 4)
    return max(0.0, middle - half), min(1.0, middle + half)


def evaluate(run: Run, dataset: mnist.Dataset, data: str | None = None) -> Evaluation:
    """Score the run's model on the test images, once, and write the result into the run.

    It goes to ``report.json`` if these are the test images the run began with, and beside it, under the data's
    name, if not: a score on other data never replaces the run's own. For MNIST the score against the corrected
    labels is beside the official one.
    Raises RunError if the run has no trained model, ModelError if it cannot be read.
    """
    config = run.config()
    images, labels = dataset.test
    probabilities = model.digits(load(run), mnist.as_input(images))
    result = score(probabilities, labels)
    hashes = dataset.sha256()
    test_hashes = {name: value for name, value in hashes.items() if name.startswith("t10k")}
    own = test_hashes.items() <= config["data"]["sha256"].items()
    history = run.history()
    is_mnist = test_hashes.items() <= mnist.SHA256.items()
    corrected = score_corrected(probabilities, labels) if is_mnist else None
    report: dict[str, Any] = {
        "recipe": config["recipe"]["name"],
        "training": {"epochs": len(history), "accuracy": history[-1]["accuracy"]} if history else None,
        "data": {"path": data, "sha256": test_hashes},
        "score": dataclasses.asdict(result),
        "corrected": dataclasses.asdict(corrected) if corrected else None,
        "versions": versions(*TRAINING),
    }
    fingerprint = hashlib.sha256("".join(test_hashes.values()).encode()).hexdigest()[:8]
    # Two folders may have one name, and one folder new content: the hash tells them apart.
    other = f"{Path(data or 'mnist').resolve().name.removesuffix('.npz')}-{fingerprint}"
    name = "report.json" if own else f"report-{other}.json"
    return Evaluation(probabilities, result, corrected, run.write_json(name, report))


def score_corrected(probabilities: np.ndarray, labels: np.ndarray) -> Score:
    """The score against MNIST's 10,000 test labels with the ten known wrong ones put right.

    The five images that people could not agree on are left out, so it is of 9,995.
    """
    labels = labels.copy()
    labels[list(mnist.CORRECTED_LABELS)] = list(mnist.CORRECTED_LABELS.values())
    agreed = np.setdiff1d(np.arange(len(labels)), mnist.DISPUTED_LABELS)
    return score(probabilities[agreed], labels[agreed])


def load(run: Run) -> keras.Model:
    """The run's trained model. Raises RunError if there is none yet, ModelError if it cannot be read."""
    if not run.model.exists():
        raise RunError(f"{run.path}: expected a trained model.keras, found none; `train --resume` finishes the run")
    return model.load(run.model, recipe_of(run))


def _bins(confidences: np.ndarray, hits: np.ndarray) -> tuple[Bin, ...]:
    # Bins are open below and closed above, (0, 1/15] first, as in the paper.
    places = np.clip(np.ceil(confidences * BINS).astype(int) - 1, 0, BINS - 1)
    members = [places == place for place in range(BINS) if (places == place).any()]
    return tuple(Bin(int(m.sum()), float(confidences[m].mean()), float(hits[m].mean())) for m in members)


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None
