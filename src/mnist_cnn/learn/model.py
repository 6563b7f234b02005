"""The network: a recipe's layers as a compiled Keras model.

>>> from mnist_cnn.learn.recipes import SEED
>>> build(SEED).count_params()
693962
"""

import dataclasses
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import keras
import numpy as np

from mnist_cnn.errors import ModelError
from mnist_cnn.learn.layers import SGD, CategoricalCrossentropy, Layer
from mnist_cnn.learn.recipes import Recipe

# The recipes need Keras's defaults. A user's keras.json may have other values.
keras.config.set_image_data_format("channels_last")
keras.config.set_floatx("float32")


def build(recipe: Recipe) -> keras.Sequential:
    """Return the recipe's network, untrained and compiled: float32 (n, 28, 28, 1) in [0, 1] -> float32 (n, 10).

    For recipes with 11 classes the output is (n, 11), and the last class is "no digit". The initial weights come from
    Keras's global random state, which ``keras.utils.set_random_seed`` sets.

    Raises ModelError if Keras was imported with another backend than TensorFlow.
    """
    if keras.backend.backend() != "tensorflow":
        raise ModelError(f"KERAS_BACKEND: expected tensorflow, found {keras.backend.backend()}")
    layers = [_keras(keras.layers, layer) for layer in recipe.layers]
    model = keras.Sequential([keras.Input((28, 28, 1)), *layers], name=recipe.name)
    model.compile(
        optimizer=_keras(keras.optimizers, recipe.optimizer),
        loss=_keras(keras.losses, recipe.loss),
        metrics=["accuracy"],
    )
    return model


def _keras(module: ModuleType, value: Layer | SGD | CategoricalCrossentropy | str) -> Any:
    """Return the Keras object for a value of a recipe. A name is returned unchanged."""
    return value if isinstance(value, str) else getattr(module, type(value).__name__)(**dataclasses.asdict(value))


def digits(model: keras.Model, images: np.ndarray) -> np.ndarray:
    """Return the model's probabilities of the ten digits for float32 (n, 28, 28, 1): float32 (n, 10).

    If the model has the class "no digit", its probability is what is missing from the sum of 1.
    """
    return model.predict(images, batch_size=1000, verbose=0)[:, :10]


def load(file: Path, recipe: Recipe) -> keras.Sequential:
    """Return the recipe's network from a .keras file, with the state of its optimiser.

    Raises ModelError if the file cannot be read or has another network.
    """
    try:
        model = keras.saving.load_model(file)
    except (OSError, ValueError, TypeError, KeyError, RuntimeError, zipfile.BadZipFile) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        if file.is_file() and not zipfile.is_zipfile(file):  # Keras reports such a file as missing
            reason = "another file or a damaged one"
        raise ModelError(f"{file}: expected a Keras model, found: {reason}") from None
    layers, shape = getattr(model, "layers", []), getattr(model, "input_shape", None)
    if shape != (None, 28, 28, 1) or len(layers) != len(recipe.layers):
        found = f"{len(layers)} layers and the input {shape}"
        raise ModelError(f"{file}: expected the network of the recipe {recipe.name}, found one of {found}")
    for number, (layer, expected) in enumerate(zip(layers, recipe.layers, strict=True), 1):
        settings = layer.get_config()
        if type(layer).__name__ != type(expected).__name__ or any(
            settings[key] not in (value, (value, value)) for key, value in dataclasses.asdict(expected).items()
        ):
            raise ModelError(f"{file}: expected {expected} as layer {number} of {recipe.name}, found another")
    return model
