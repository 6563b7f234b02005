"""Recipes: what to train and how, as plain values that read top to bottom like a table.

    >>> SEED.epochs, SEED.target
    (10, 0.995)
    >>> import dataclasses
    >>> quick = dataclasses.replace(SEED, epochs=1)

``model.build`` makes the Keras model of a recipe. This module imports nothing heavy.
"""

import dataclasses
import math
from dataclasses import dataclass
from typing import Any, Literal, get_args

from mnist_cnn.learn.layers import (
    SGD,
    Activation,
    AveragePooling2D,
    BatchNormalization,
    CategoricalCrossentropy,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    Layer,
    MaxPooling2D,
)


@dataclass(frozen=True)
class Recipe:
    """A network and how it is trained."""

    name: str
    summary: str
    layers: tuple[Layer, ...]
    target: float | None = None
    """Training stops after the first epoch whose training accuracy (0 to 1) is above this; None: after the last."""
    epochs: int = 10
    """Maximum number of epochs."""
    batch_size: int = 32
    optimizer: str | SGD = "adam"
    """Name of a Keras optimiser with its defaults, or an optimiser with its arguments."""
    loss: str | CategoricalCrossentropy = "sparse_categorical_crossentropy"
    """Name of a Keras loss with its defaults, or a loss with its arguments."""
    learning_rate: float | None = None
    """Peak learning rate, with a cosine decay to 0; None: the optimiser's default, constant."""
    warmup: float = 0.0
    """Share of all steps, 0 to 1, in which the learning rate rises linearly to its peak."""
    kernel: bool = False
    """Whether to train with ``kernel``, if numba is installed. It supports the layers of the seed recipe only."""
    augmentation: Literal["warped", "handwriting"] | None = None
    """How ``batches`` changes MNIST's images in each epoch; None: not at all. In config.json its key is "lessons"."""
    warping: tuple[float, float] = (1.0, 1.0)
    """Strength of the augmentation "warped" in the first and in the last epoch, with linear steps between them."""
    held_out: bool = False
    """Whether to train on 55,000 images only, and to validate and calibrate on the other 5,000."""

    @property
    def classes(self) -> int:
        """Number of classes: 10 digits, and for some recipes one more for images without a digit."""
        last = self.layers[-1]
        assert isinstance(last, Dense)  # noqa: S101
        return last.units

    def strength(self, epoch: int) -> float:
        """Return the strength of the warping in an epoch, counted from 0. After the last epoch it stays the same.

        Keras draws a batch or two of an epoch after the last.
        """
        first, last = self.warping
        return first + (last - first) * min(1, epoch / max(1, self.epochs - 1))


def record(recipe: Recipe) -> dict[str, Any]:
    """Return the recipe as JSON values, each layer with its name."""
    recorded: dict[str, Any] = dataclasses.asdict(recipe) | {
        "layers": [{"layer": type(layer).__name__, **dataclasses.asdict(layer)} for layer in recipe.layers],
        "optimizer": _named(recipe.optimizer),
        "loss": _named(recipe.loss),
        "warping": list(recipe.warping),
    }
    return {_KEYS.get(name, name): value for name, value in recorded.items()}


def recall(recorded: dict[str, Any]) -> Recipe:
    """Return the recipe that was recorded, also by an earlier version with fewer settings.

    Raises ValueError, KeyError or TypeError if it is not a recipe.
    """
    fields = {_FIELDS.get(key, key): value for key, value in recorded.items()}
    fields["layers"] = tuple(_of(get_args(Layer), layer, "layer") for layer in recorded["layers"])
    for key, kind in (("optimizer", SGD), ("loss", CategoricalCrossentropy)):
        if isinstance(recorded.get(key), dict):
            fields[key] = _of((kind,), recorded[key], "name")
    if "warping" in recorded:
        fields["warping"] = tuple(recorded["warping"])
    recipe = Recipe(**fields)
    for name, is_valid in _validity(recipe).items():
        if not is_valid:
            key = _KEYS.get(name, name)
            raise ValueError(f"{key} {recorded[key]!r:.60}")
    return recipe


_KEYS: dict[str, str] = {"augmentation": "lessons"}
"""Keys of a recorded recipe that differ from the name of the field. Runs of earlier versions have them."""
_FIELDS = {key: name for name, key in _KEYS.items()}


def _validity(recipe: Recipe) -> dict[str, bool]:
    """Return for each setting that can be out of range whether it is valid."""
    rate = recipe.learning_rate
    return {
        "layers": bool(recipe.layers) and type(recipe.layers[-1]) is Dense,
        "target": recipe.target is None or 0 <= recipe.target <= 1,
        "epochs": type(recipe.epochs) is int and recipe.epochs > 0,
        "batch_size": type(recipe.batch_size) is int and recipe.batch_size > 0,
        "learning_rate": rate is None or (rate > 0 and math.isfinite(rate)),
        "warmup": 0 <= recipe.warmup < 1,
        "kernel": type(recipe.kernel) is bool,
        "augmentation": recipe.augmentation in (None, "warped", "handwriting"),
        "warping": len(recipe.warping) == 2 and all(math.isfinite(strength) for strength in recipe.warping),
        "held_out": type(recipe.held_out) is bool,
    }


def _named(value: SGD | CategoricalCrossentropy | str) -> dict[str, Any] | str:
    """Return an optimiser or a loss as JSON has it."""
    return value if isinstance(value, str) else {"name": type(value).__name__, **dataclasses.asdict(value)}


def _of(kinds: tuple[Any, ...], recorded: dict[str, Any], key: str) -> Any:
    """Return the object of one of these kinds whose name is recorded under `key`, with its recorded values."""
    names = {kind.__name__: kind for kind in kinds}
    if recorded[key] not in names:
        raise ValueError(f"the {key} {recorded[key]!r:.60}")
    return names[recorded[key]](**{name: value for name, value in recorded.items() if name != key})


def _convolution(
    filters: int, kernel_size: int = 3, *, strides: int = 1, padding: str = "valid"
) -> tuple[Conv2D, BatchNormalization, Activation]:
    """Return a convolution, batch normalisation (Ioffe and Szegedy 2015) and ReLU."""
    return Conv2D(filters, kernel_size, strides=strides, padding=padding), BatchNormalization(), Activation("relu")


SEED = Recipe(
    name="seed",
    summary="the classic MNIST CNN: one convolution, 693,962 parameters",
    layers=(
        Conv2D(32, 3, "relu"),
        MaxPooling2D(2),
        Flatten(),
        Dense(128, "relu"),
        Dense(10, "softmax"),
    ),
    target=0.995,
)

FAST = Recipe(
    name="fast",
    summary="the same network as seed, trained in seconds, 693,962 parameters",
    layers=SEED.layers,
    target=0.995,
    epochs=3,
    batch_size=256,
    learning_rate=2e-2,
    warmup=0.05,
    kernel=True,
)

DENSE = Recipe(
    name="dense",
    summary="no convolution, 407,050 parameters",
    layers=(
        Flatten(),
        Dense(512, "relu"),
        Dense(10, "softmax"),
    ),
    target=0.99,
)

HANDWRITING = Recipe(
    name="handwriting",
    summary="for `mnist-cnn read`: varied pens and papers, and images without a digit, 411,275 parameters",
    layers=(
        *_convolution(24, padding="same"),
        *_convolution(48, strides=2, padding="same"),
        *_convolution(64, padding="same"),
        MaxPooling2D(2),
        *_convolution(128, padding="same"),
        MaxPooling2D(2),
        Flatten(),
        Dropout(0.3),
        Dense(256, "relu"),
        Dropout(0.3),
        Dense(11, "softmax"),
    ),
    epochs=30,
    batch_size=128,
    learning_rate=2e-3,
    augmentation="handwriting",
    held_out=True,
)

ACCURATE = Recipe(
    name="accurate",
    summary="the fewest errors of these recipes, 595,690 parameters",
    layers=(
        *_convolution(64, padding="same"),
        *_convolution(64, padding="same"),
        AveragePooling2D(2),
        *_convolution(96, padding="same"),
        *_convolution(96, padding="same"),
        AveragePooling2D(2),
        Dropout(0.25),
        *_convolution(160, padding="same"),
        *_convolution(192),
        GlobalAveragePooling2D(),
        Dropout(0.4),
        Dense(10, "softmax"),
    ),
    epochs=24,
    batch_size=128,
    optimizer=SGD(momentum=0.9, nesterov=True, weight_decay=5e-3),
    loss=CategoricalCrossentropy(label_smoothing=0.05),
    learning_rate=0.1,
    warmup=0.1,
    augmentation="warped",
    warping=(1.0, 0.3),
)

TINY = Recipe(
    name="tiny",
    summary="the fewest errors with under 10,000 parameters: 9,820 parameters",
    layers=(
        *_convolution(8, padding="same"),
        *_convolution(8, 2, strides=2),
        *_convolution(14, padding="same"),
        *_convolution(14),
        *_convolution(16, 2, strides=2),
        *_convolution(18, padding="same"),
        *_convolution(16),
        GlobalAveragePooling2D(),
        Dense(10, "softmax"),
    ),
    epochs=30,
    batch_size=128,
    learning_rate=1e-2,
    warmup=0.1,
    augmentation="warped",
)

RECIPES = {recipe.name: recipe for recipe in (SEED, FAST, DENSE, HANDWRITING, ACCURATE, TINY)}
