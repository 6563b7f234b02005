"""Recipes: what to train and how, as plain values that read top to bottom like a table.

    >>> SEED.epochs, SEED.target
    (10, 0.995)
    >>> import dataclasses
    >>> quick = dataclasses.replace(SEED, epochs=1)

A layer here has the name and the arguments of the Keras layer it stands for, so a recipe is also the model's
diagram; ``model.build`` turns it into the real one. This module imports nothing heavy.
"""

from dataclasses import dataclass


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
class Flatten:
    pass


@dataclass(frozen=True)
class Dropout:
    rate: float


@dataclass(frozen=True)
class Dense:
    units: int
    activation: str


Layer = Conv2D | BatchNormalization | Activation | MaxPooling2D | Flatten | Dropout | Dense


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
    optimizer: str = "adam"
    loss: str = "sparse_categorical_crossentropy"
    learning_rate: float | None = None
    """At its height, from where it sinks to 0 along a cosine; None: the optimiser's own, all along."""
    warmup: float = 0.0
    """The share of all steps in which the learning rate rises to its height."""
    kernel: bool = False
    """Train with ``kernel``, which knows the seed's layers only, where numba is installed."""
    augmented: bool = False
    """Train on 55,000 images, other ones each epoch, and on what is no digit, the eleventh class (``lessons``);
    calibrate on the other 5,000. Otherwise on all 60,000 images as they are."""


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
        *(Conv2D(24, 3, padding="same"), BatchNormalization(), Activation("relu")),
        *(Conv2D(48, 3, strides=2, padding="same"), BatchNormalization(), Activation("relu")),
        *(Conv2D(64, 3, padding="same"), BatchNormalization(), Activation("relu")),
        MaxPooling2D(2),
        *(Conv2D(128, 3, padding="same"), BatchNormalization(), Activation("relu")),
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
    augmented=True,
)

RECIPES = {recipe.name: recipe for recipe in (SEED, FAST, DENSE, HANDWRITING)}
