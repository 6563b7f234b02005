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
    activation: str


@dataclass(frozen=True)
class MaxPooling2D:
    pool_size: int


@dataclass(frozen=True)
class Flatten:
    pass


@dataclass(frozen=True)
class Dense:
    units: int
    activation: str


Layer = Conv2D | MaxPooling2D | Flatten | Dense


@dataclass(frozen=True)
class Recipe:
    """A network and how it is trained, on all the training images."""

    name: str
    summary: str
    layers: tuple[Layer, ...]
    target: float
    """Training stops after the first epoch whose training accuracy (0 to 1) is above this."""
    epochs: int = 10
    """At most so many."""
    batch_size: int = 32
    optimizer: str = "adam"
    loss: str = "sparse_categorical_crossentropy"


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

RECIPES = {recipe.name: recipe for recipe in (SEED, DENSE)}
