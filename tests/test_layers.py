"""Layers: plain values that cannot change, with the names and arguments of the Keras ones."""

import dataclasses
import doctest
import inspect
from typing import get_args

import keras
import pytest

from mnist_cnn.learn import layers
from mnist_cnn.learn.layers import SGD, CategoricalCrossentropy, Conv2D, Layer

KERAS = {
    **{kind: getattr(keras.layers, kind.__name__) for kind in get_args(Layer)},
    SGD: keras.optimizers.SGD,
    CategoricalCrossentropy: keras.losses.CategoricalCrossentropy,
}


def test_the_examples_in_the_docstring_are_correct() -> None:
    assert doctest.testmod(layers).failed == 0


@pytest.mark.parametrize("kind", KERAS, ids=lambda kind: kind.__name__)
def test_the_arguments_have_the_names_of_keras(kind: type) -> None:
    assert {field.name for field in dataclasses.fields(kind)} <= set(inspect.signature(KERAS[kind]).parameters)


def test_layers_are_values() -> None:
    layer = Conv2D(32, 3, "relu")
    assert layer == Conv2D(filters=32, kernel_size=3, activation="relu", strides=1, padding="valid")
    assert len({layer, Conv2D(32, 3, "relu"), Conv2D(32, 3)}) == 2
    with pytest.raises(dataclasses.FrozenInstanceError):
        layer.filters = 64  # type: ignore[misc]
