"""Training batches: augmented images and their targets, new ones in each epoch.

    >>> batches = TrainingBatches(ACCURATE, mnist.load().train, seed=0)                     # doctest: +SKIP
    >>> images, targets = batches[0]

Each epoch has every digit once. The augmentation "warped" changes it by ``augment.warp``. The augmentation
"handwriting" changes it by ``augment.digit``, and adds images without a digit (``outliers``) and pieces of numbers as
the reader may cut them (``numbers``). Without augmentation the images are unchanged. Several processes that train one
network need the same batches for the same seed.
"""

from collections.abc import Callable

import keras
import numpy as np

from mnist_cnn.learn import augment, numbers, outliers
from mnist_cnn.learn.recipes import Recipe
from mnist_cnn.mnist import Digits, as_input

_OUTLIERS, _PIECES = 0.21, 0.31
"""Images without a digit, and pieces of numbers, per digit."""
_PIECES_PER_LINE = 9
"""Maximum number of pieces from one line."""

Batch = tuple[np.ndarray, np.ndarray]
"""Images, float32 (n, 28, 28, 1), 0 to 1, and their labels, 10 for no digit. ``TrainingBatches`` has ``targets``."""


class TrainingBatches(keras.utils.PyDataset):
    """The batches of an epoch. They are the same for the same seed and epoch. The last may be smaller."""

    def __init__(self, recipe: Recipe, digits: Digits, seed: int, epoch: int = 0) -> None:
        super().__init__(workers=2, max_queue_size=20)  # threads, because OpenCV and TensorFlow release Python's lock
        self._draw, others = _AUGMENTATIONS[recipe.augmentation]
        self._recipe, self._digits, self._seed, self._epoch = recipe, digits, seed, epoch
        self._own = round(recipe.batch_size / (1 + others))
        self._order = np.random.default_rng((seed, epoch)).permutation(len(digits.images))

    def __len__(self) -> int:
        return -(-len(self._digits.images) // self._own)

    def __getitem__(self, index: int) -> Batch:
        rng = np.random.default_rng((self._seed, self._epoch, index))
        chosen = self._order[index * self._own : (index + 1) * self._own]
        images, labels = self._draw(self._digits, chosen, rng, self._recipe.strength(self._epoch))
        return images, targets(self._recipe, labels)

    def on_epoch_end(self) -> None:
        self._epoch += 1
        self._order = np.random.default_rng((self._seed, self._epoch)).permutation(len(self._digits.images))


def targets(recipe: Recipe, labels: np.ndarray) -> np.ndarray:
    """Return the targets of the recipe's loss for labels, int (n,).

    They are int64 (n,), or for CategoricalCrossentropy float32 (n, classes) with a 1 at each label.
    """
    if isinstance(recipe.loss, str):
        return labels.astype(np.int64)
    return np.eye(recipe.classes, dtype=np.float32)[labels]


def _plain(digits: Digits, chosen: np.ndarray, rng: np.random.Generator, strength: float) -> Batch:
    return as_input(digits.images[chosen]), digits.labels[chosen]


def _warped(digits: Digits, chosen: np.ndarray, rng: np.random.Generator, strength: float) -> Batch:
    return augment.warp(digits.images[chosen], rng, strength)[..., None], digits.labels[chosen]


def _handwriting(digits: Digits, chosen: np.ndarray, rng: np.random.Generator, strength: float) -> Batch:
    own = [(digits.images[i], int(digits.labels[i])) for i in chosen]
    tiles = [(augment.digit(image, label, rng), label) for image, label in own]
    tiles += [(outliers.draw(digits, rng), outliers.LABEL) for _ in range(round(_OUTLIERS * len(own)))]
    tiles += numbers.draw(digits, rng, round(_PIECES * len(own)), _PIECES_PER_LINE)
    return np.stack([tile for tile, _ in tiles])[..., None], np.array([label for _, label in tiles])


_AUGMENTATIONS: dict[str | None, tuple[Callable[[Digits, np.ndarray, np.random.Generator, float], Batch], float]] = {
    None: (_plain, 0.0),
    "warped": (_warped, 0.0),
    "handwriting": (_handwriting, _OUTLIERS + _PIECES),
}
"""For each augmentation: the function that draws a batch for chosen digits, and the other images per digit."""
