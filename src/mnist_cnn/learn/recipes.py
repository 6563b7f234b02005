"""Recipes: what to train and how, as plain values that read top to bottom like a table.

    >>> SEED.epochs, SEED.target
    (10, 0.995)
    >>> import dataclasses
    >>> quick = dataclasses.replace(SEED, epochs=1)

A layer, optimiser or loss here has the name and the arguments of the Keras one it stands for, so a recipe is also the
model's diagram; ``model.build`` turns it into the real one. This module imports nothing heavy.
"""

import dataclasses
import math
from dataclasses import dataclass
from typing import Any, Literal, get_args


@dataclass(frozen=True)
class Conv2D:
    filters: int
    kernel_size: int
    activation: str = "linear"
    strides: int = 1
    padding: str = "valid"


@dataclass(frozen=True)
class BatchNormalization:
    pass


@dataclass(frozen=True)
class Activation:
    activation: str


@dataclass(frozen=True)
class MaxPooling2D:
    pool_size: int


@dataclass(frozen=True)
class AveragePooling2D:
    pool_size: int


@dataclass(frozen=True)
class GlobalAveragePooling2D:
    pass


@dataclass(frozen=True)
class Flatten:
    pass


@dataclass(frozen=True)
class Dropout:
    rate: float


@dataclass(frozen=True)
class Dense:
    units: int
    activation: str


@dataclass(frozen=True)
class SGD:
    momentum: float = 0.0
    nesterov: bool = False
    weight_decay: float | None = None


@dataclass(frozen=True)
class CategoricalCrossentropy:
    label_smoothing: float = 0.0


Layer = (
    Conv2D
    | BatchNormalization
    | Activation
    | MaxPooling2D
    | AveragePooling2D
    | GlobalAveragePooling2D
    | Flatten
    | Dropout
    | Dense
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
    """At most so many."""
    batch_size: int = 32
    optimizer: str | SGD = "adam"
    """The name of one of Keras's, as it is by default, or one with its arguments, as the layers have theirs."""
    loss: str | CategoricalCrossentropy = "sparse_categorical_crossentropy"
    learning_rate: float | None = None
    """At its height, from where it sinks to 0 along a cosine; None: the optimiser's own, all along."""
    warmup: float = 0.0
    """The share of all steps in which the learning rate rises to its height."""
    kernel: bool = False
    """Train with ``kernel``, which knows the seed's layers only, where numba is installed."""
    lessons: Literal["warped", "handwriting"] | None = None
    """Train on other images each epoch, made from MNIST's (``lessons``); None: on MNIST's as they are."""
    warping: tuple[float, float] = (1.0, 1.0)
    """How strongly `warped` lessons are, in the first epoch and in the last; between them along a straight line."""
    held_out: bool = False
    """Train on 55,000 images only, and validate and calibrate on the other 5,000."""

    @property
    def classes(self) -> int:
        """Of its last layer: 10 digits, and for some recipes one more for what is none."""
        last = self.layers[-1]
        assert isinstance(last, Dense)  # noqa: S101
        return last.units

    def strength(self, epoch: int) -> float:
        """How strong the warping is in this epoch, the first being 0; after the last as in the last.

        Keras draws a batch or two of an epoch that never comes.
        """
        first, last = self.warping
        return first + (last - first) * min(1, epoch / max(1, self.epochs - 1))


def record(recipe: Recipe) -> dict[str, Any]:
    """The recipe as JSON has it; each layer with its name."""
    parts = {
        "layers": [{"layer": type(layer).__name__, **dataclasses.asdict(layer)} for layer in recipe.layers],
        "optimizer": _named(recipe.optimizer),
        "loss": _named(recipe.loss),
        "warping": list(recipe.warping),
    }
    return dataclasses.asdict(recipe) | parts


def recall(recorded: dict[str, Any]) -> Recipe:
    """The recipe that was recorded, also by an earlier version, which knew fewer settings.

    Raises ValueError, KeyError or TypeError if it is none.
    """
    layers = tuple(_of(get_args(Layer), layer, "layer") for layer in recorded["layers"])
    parts: dict[str, Any] = {"layers": layers}
    for key, kind in (("optimizer", SGD), ("loss", CategoricalCrossentropy)):
        if isinstance(recorded.get(key), dict):
            parts[key] = _of((kind,), recorded[key], "name")
    if "warping" in recorded:
        parts["warping"] = tuple(recorded["warping"])
    recipe = Recipe(**recorded | parts)
    rate = recipe.learning_rate
    right = {
        "layers": bool(layers) and type(layers[-1]) is Dense,
        "target": recipe.target is None or 0 <= recipe.target <= 1,
        "epochs": type(recipe.epochs) is int and recipe.epochs > 0,
        "batch_size": type(recipe.batch_size) is int and recipe.batch_size > 0,
        "learning_rate": rate is None or (rate > 0 and math.isfinite(rate)),
        "warmup": 0 <= recipe.warmup < 1,
        "kernel": type(recipe.kernel) is bool,
        "lessons": recipe.lessons in (None, "warped", "handwriting"),
        "warping": len(recipe.warping) == 2 and all(math.isfinite(strength) for strength in recipe.warping),
        "held_out": type(recipe.held_out) is bool,
    }
    for key, is_right in right.items():
        if not is_right:
            raise ValueError(f"{key} {recorded[key]!r:.60}")
    return recipe


def _named(value: SGD | CategoricalCrossentropy | str) -> dict[str, Any] | str:
    return value if isinstance(value, str) else {"name": type(value).__name__, **dataclasses.asdict(value)}


def _of(kinds: tuple[Any, ...], recorded: dict[str, Any], key: str) -> Any:
    """The one of these kinds that is named under `key`, with its values."""
    names = {kind.__name__: kind for kind in kinds}
    if recorded[key] not in names:
        raise ValueError(f"the {key} {recorded[key]!r:.60}")
    return names[recorded[key]](**{name: value for name, value in recorded.items() if name != key})


def _convolution(
    filters: int, kernel_size: int = 3, *, strides: int = 1, padding: str = "valid"
) -> tuple[Conv2D, BatchNormalization, Activation]:
    """A convolution, its outputs normalised over the batch (Ioffe & Szegedy 2015), and ReLU."""
    return Conv2D(filters, kernel_size, strides=strides, padding=padding), BatchNormalization(), Activation("relu")


SEED = Recipe(
    name="seed",
    summary="the exercise: one convolution, 693,962 parameters",
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
    summary="the exercise's network, 693,962 parameters, in seconds",
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
    summary="the exercise before it: no convolution, 407,050 parameters",
    layers=(
        Flatten(),
        Dense(512, "relu"),
        Dense(10, "softmax"),
    ),
    target=0.99,
)

HANDWRITING = Recipe(
    name="handwriting",
    summary="the one that `mnist-cnn read` uses: other pens and papers, and what is no digit; 411,275 parameters",
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
    lessons="handwriting",
    held_out=True,
)

ACCURATE = Recipe(
    name="accurate",
    summary="as few errors as a laptop affords: 595,690 parameters",
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
    lessons="warped",
    warping=(1.0, 0.3),
)

TINY = Recipe(
    name="tiny",
    summary="as few errors as under 10,000 parameters allow: 9,820 parameters",
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
    lessons="warped",
)

RECIPES = {recipe.name: recipe for recipe in (SEED, FAST, DENSE, HANDWRITING, ACCURATE, TINY)}
