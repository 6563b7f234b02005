"""Layers, optimiser and loss of a recipe as plain values, with the names and arguments of the Keras ones.

    >>> Conv2D(32, 3, "relu").padding
    'valid'

``model.build`` makes the Keras objects from them. This module imports nothing heavy.
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
