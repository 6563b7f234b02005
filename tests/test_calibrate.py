"""Calibration: a known temperature is found."""

import numpy as np
import pytest

from mnist_cnn.learn.calibrate import temperature


@pytest.mark.parametrize("true", [0.3, 1.0, 3.0])
def test_a_known_temperature_is_found(true: float) -> None:
    """Labels are drawn from a softmax of logits. The logits times `true` need the divisor `true`."""
    rng = np.random.default_rng(1)
    logits = rng.normal(0, 2, (8_000, 11))
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = (chances.cumsum(axis=1) > rng.random((len(logits), 1))).argmax(axis=1)
    sharp = np.exp(true * (logits - logits.max(axis=1, keepdims=True)))
    found = temperature((sharp / sharp.sum(axis=1, keepdims=True)).astype(np.float32), labels)
    assert found == pytest.approx(true, rel=0.02)
