"""Classifier: calibrated probabilities of the ten digits for 28 x 28 images in MNIST's format, with ONNX Runtime.

>>> classifier = Classifier()                                  # the model in this package
>>> classifier.probabilities(np.zeros((2, 28, 28, 1), np.float32)).shape
(2, 10)
"""

import hashlib
import os
from pathlib import Path
from typing import Any

import numpy as np

from mnist_cnn.errors import ModelError
from mnist_cnn.read.network import load

SHIPPED = Path(__file__).parent / "models" / "handwriting.onnx"
BATCH = 64
"""Images that go through the network together. The values between two of its layers then stay in the cache."""
_NAMES = ["probabilities"]
_INPUT, _OUTPUT = ("image", "tensor(float)", 4), ("probabilities", "tensor(float)", 2)


class Classifier:
    """A model file as ``mnist-cnn export`` writes it.

    path: the file; by default the one in this package, made by the recipe ``handwriting``.
    threads: number of threads of ONNX Runtime; one is the fastest for a few images.

    Raises ModelError if the file cannot be read or is not such a model.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None, *, threads: int = 1) -> None:
        self.path = Path(SHIPPED if path is None else path)
        self._session = load(self.path, [_INPUT], [_OUTPUT], threads)
        self.metadata: dict[str, str] = dict(self._session.get_modelmeta().custom_metadata_map)
        """Metadata of the file: recipe, commit, dataset, temperature, threshold, test score."""
        self.threshold = self._number("threshold", 0.0)
        """Confidence below which a digit is not accepted; 0 if the model was never calibrated."""
        self._check_shape()

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """Return the probabilities of the digits: float32 (n, 28, 28, 1), 0 to 1, bright on dark -> float32 (n, 10).

        For a model that was trained with other marks, the rest to 1 is the probability that the image is not a digit.

        Raises ModelError if the images have another shape or type.
        """
        images = np.asarray(images)
        if images.shape[1:] != (28, 28, 1):
            raise ModelError(f"images: expected a shape (n, 28, 28, 1), found {images.shape}")
        if images.dtype.kind != "f":
            raise ModelError(f"images: expected floats from 0 to 1, found {images.dtype}; mnist.as_input makes them")
        if not len(images):
            return np.zeros((0, 10), np.float32)
        images = np.ascontiguousarray(images, np.float32)
        if (
            len(images) <= BATCH
        ):  # a shortcut: for one image, each line of Python here takes a measurable part of the time
            return self._session.run(_NAMES, {"image": images})[0]
        parts = [images[start : start + BATCH] for start in range(0, len(images), BATCH)]
        return np.concatenate([self._session.run(_NAMES, {"image": part})[0] for part in parts])

    def card(self) -> dict[str, Any]:
        """Return name, size in bytes, SHA-256, threshold and metadata of the model file."""
        content = self.path.read_bytes()
        return {
            "name": self.path.name,
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "threshold": self.threshold,
            "metadata": self.metadata,
        }

    def _number(self, name: str, default: float) -> float:
        """Return a number from 0 to 1 of the metadata. Raises ModelError if it is not such a number."""
        try:
            value = float(self.metadata.get(name, default))
        except ValueError:
            value = float("nan")
        if not 0 <= value <= 1:
            raise ModelError(f"{self.path}: expected a {name} from 0 to 1, found {self.metadata[name][:40]!r}")
        return value

    def _check_shape(self) -> None:
        """Raise ModelError if the model does not return probabilities of ten digits."""
        try:
            output = self.probabilities(np.zeros((2, 28, 28, 1), np.float32))
        except Exception as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise ModelError(f"{self.path}: expected a model of images (n, 28, 28, 1), found: {reason[:120]}") from None
        if output.shape != (2, 10) or not np.isfinite(output).all() or output.min() < 0 or output.sum() > 2.01:
            raise ModelError(f"{self.path}: expected probabilities (n, 10), found {_described(output)}")


def _described(output: np.ndarray) -> str:
    """Return the shape and the range of an array, for an error."""
    return f"values of shape {output.shape} from {output.min():.3g} to {output.max():.3g}"
