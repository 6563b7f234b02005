"""Calibration: how sure a trained network may say it is, and from when on it is too unsure to answer.

    >>> calibrate(model, validation)                                                        # doctest: +SKIP
    {'temperature': 1.04, 'threshold': 0.71, ...}

Both are chosen on the validation images, which the network was not trained on, and on nothing else.
"""

from typing import Any

import keras
import numpy as np

from mnist_cnn import mnist
from mnist_cnn.learn import outliers

COVERAGE = 0.993
"""The threshold lets so many of the validation digits pass."""
OUTLIERS = 2000


def calibrate(model: keras.Sequential, validation: mnist.Digits) -> dict[str, Any]:
    """Fit the temperature, which goes into the weights of the model's last layer, and choose the threshold.

    Returns what was found: temperature, threshold, and, of the validation digits at that threshold, coverage and
    the errors among the accepted; of outliers drawn with a fixed seed, the share refused.
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
    """The divisor of the logits that makes the labels likeliest (Guo et al. 2017), to 1 %, between 0.2 and 5.

    probabilities: float (n, classes), a softmax's output; labels: int (n,).
    """
    logits = np.log(np.maximum(probabilities.astype(np.float64), 1e-30))
    right = np.arange(len(labels)), labels

    def loss(divisor: float) -> float:
        scaled = logits / divisor
        return float(np.logaddexp.reduce(scaled, axis=1).mean() - scaled[right].mean())

    return float(min(np.geomspace(0.2, 5, 324), key=loss))
