"""Calibration: the temperature of a trained network, and the threshold below which it rejects an image.

    >>> calibrate(model, validation)                                                        # doctest: +SKIP
    {'temperature': 1.04, 'threshold': 0.71, ...}

Both are chosen on the validation images only. The network was not trained on them.
"""

from typing import Any

import keras
import numpy as np

from mnist_cnn import mnist
from mnist_cnn.learn import outliers

COVERAGE = 0.993
"""Share of the validation digits that are accepted."""
OUTLIERS = 2000
"""Number of drawings without a digit that are counted."""


def calibrate(model: keras.Sequential, validation: mnist.Digits) -> dict[str, Any]:
    """Fit the temperature, put it into the weights of the model's last layer, and choose the threshold.

    Returns the temperature and the threshold; the number of validation images, of accepted ones and of errors among
    them; and the number of outliers, drawn with a fixed seed, and of rejected ones ("outliers_refused").
    """
    images, labels = mnist.as_input(validation.images), validation.labels.astype(np.int64)
    fitted = temperature(model.predict(images, batch_size=1000, verbose=0), labels)
    last = model.layers[-1]
    last.set_weights([weights / np.float32(fitted) for weights in last.get_weights()])
    probabilities = model.predict(images, batch_size=1000, verbose=0)[:, :10]
    confidences = probabilities.max(axis=1)
    threshold = float(np.quantile(confidences, 1 - COVERAGE))
    accepted = confidences >= threshold
    rng = np.random.default_rng(0)
    drawn = np.stack([outliers.draw(validation, rng) for _ in range(OUTLIERS)])[..., None]
    others = model.predict(drawn, batch_size=1000, verbose=0)[:, :10].max(axis=1)
    return {
        "temperature": fitted,
        "threshold": threshold,
        "images": len(labels),
        "accepted": int(accepted.sum()),
        "errors": int((probabilities.argmax(axis=1) != labels)[accepted].sum()),
        "outliers": OUTLIERS,
        "outliers_refused": int((others < threshold).sum()),
    }


def temperature(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Return the divisor of the logits that makes the labels most likely (Guo et al. 2017), 0.2 to 5, to 1 %.

    probabilities: float (n, classes), outputs of a softmax.
    labels: int (n,).
    """
    logits = np.log(np.maximum(probabilities.astype(np.float64), 1e-30))
    right = np.arange(len(labels)), labels

    def loss(divisor: float) -> float:
        scaled = logits / divisor
        return float(np.logaddexp.reduce(scaled, axis=1).mean() - scaled[right].mean())

    return float(min(np.geomspace(0.2, 5, 324), key=loss))
