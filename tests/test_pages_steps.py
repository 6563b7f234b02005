"""Steps: training steps lower the loss, and a gradient that is not finite leaves the weights unchanged.

Steps with JAX need Keras on JAX: test_pages_training.py tests them in a process of their own.
"""

from typing import Any

import keras
import numpy as np

from mnist_cnn.learn.pages.steps import tensorflow_step


def loss_of(found: Any, target: Any) -> Any:
    return keras.ops.mean((found - target) ** 2)


def test_steps_lower_the_loss_unless_the_gradient_is_not_finite() -> None:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    optimizer = keras.optimizers.SGD(0.1)
    optimizer.build(model.trainable_variables)
    step = tensorflow_step(model, optimizer, loss_of)
    x = np.random.default_rng(0).normal(size=(16, 2)).astype(np.float32)
    y = x @ np.array([[2.0], [-1.0]], np.float32) + 0.5
    losses = [step(x, y) for _ in range(60)]
    assert losses[-1] < 0.01 * losses[0]
    before = model.get_weights()
    assert np.isnan(step(np.full_like(x, np.nan), y))
    for old, new in zip(before, model.get_weights(), strict=True):
        assert np.array_equal(old, new)
    assert step(x, y) <= losses[-1]
