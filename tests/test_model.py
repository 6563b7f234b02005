"""The networks of the recipes. The seed network is exactly that of the exercise, a CNN for MNIST."""

import keras
import numpy as np

from mnist_cnn.learn.layers import Conv2D
from mnist_cnn.learn.model import build
from mnist_cnn.learn.recipes import DENSE, SEED


def test_seed_equals_the_network_written_in_keras() -> None:
    keras.utils.set_random_seed(3)
    expected = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            keras.layers.Conv2D(32, (3, 3), activation="relu"),
            keras.layers.MaxPooling2D((2, 2)),
            keras.layers.Flatten(),
            keras.layers.Dense(128, activation="relu"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    expected.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    keras.utils.set_random_seed(3)
    model = build(SEED)
    assert model.count_params() == 693_962
    for ours, theirs in zip(model.layers, expected.layers, strict=True):
        assert ours.get_config() | {"name": ""} == theirs.get_config() | {"name": ""}
    for part in ("loss", "metrics", "loss_weights", "weighted_metrics"):
        assert model.get_compile_config()[part] == expected.get_compile_config()[part]
    assert model.optimizer.get_config() | {"name": ""} == expected.optimizer.get_config() | {"name": ""}
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), expected.get_weights(), strict=True))
    assert (SEED.epochs, SEED.batch_size, SEED.target) == (10, 32, 0.995)
    assert isinstance(model.optimizer, keras.optimizers.Adam)


def test_dense_has_no_convolution() -> None:
    model = build(DENSE)
    assert [type(layer).__name__ for layer in model.layers] == ["Flatten", "Dense", "Dense"]
    assert model.count_params() == 784 * 512 + 512 + 512 * 10 + 10 == 407_050
    assert DENSE.target == 0.99
    assert not any(isinstance(layer, Conv2D) for layer in DENSE.layers)
