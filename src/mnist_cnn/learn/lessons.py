"""Lessons: what a network learns from, batch by batch, if it is not one array of images.

    >>> lessons = Lessons(ACCURATE, mnist.load().train, seed=0)                             # doctest: +SKIP
    >>> images, labels = lessons[0]

Each epoch has every digit once, written another way. For who is to be good at MNIST that is ``augment.warp``. For who
is to read handwriting it is ``augment.digit``, and beside the digits there are what is no digit (``outliers``) and what
the reader may cut from a number (``numbers``). Or each is as it is, for several processes who need the same order.
"""

from collections.abc import Callable

import keras
import numpy as np

from mnist_cnn.learn import augment, numbers, outliers
from mnist_cnn.learn.recipes import Recipe
from mnist_cnn.mnist import Digits, as_input

_OUTLIERS, _PIECES = 0.21, 0.31
"""So many are no digits, and so many are pieces of numbers, for each digit."""
_LINE = 9
"""So many pieces are of one line."""

Batch = tuple[np.ndarray, np.ndarray]
"""float32 (n, 28, 28, 1) from 0 to 1, and the digits, 10 for what is none; of ``Lessons`` the ``targets`` of these."""


class Lessons(keras.utils.PyDataset):
    """An epoch's batches, new ones each epoch, the same for a seed; the last may be smaller."""

    def __init__(self, recipe: Recipe, digits: Digits, seed: int, epoch: int = 0) -> None:
        super().__init__(workers=2, max_queue_size=20)  # threads: OpenCV and TensorFlow let go of Python's lock
        self._draw, others = _KINDS[recipe.lessons]
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
    """What the loss takes: int64 (n,), or for CategoricalCrossentropy float32 (n, classes) with a 1 at each label."""
    if isinstance(recipe.loss, str):
        return labels.astype(np.int64)
    return np.eye(recipe.classes, dtype=np.float32)[labels]


def _plain(digits: Digits, chosen: np.ndarray, rng: np.random.Generator, strength: float) -> Batch:
    return as_input(digits.images[chosen]), digits.labels[chosen]


def _warped(digits: Digits, chosen: np.ndarray, rng: np.random.Generator, strength: float) -> Batch:
    return augment.warp(digits.images[chosen], rng, strength)[..., None], digits.labels[chosen]


def _handwriting(digits: Digits, chosen: np.ndarray, rng: np.random.Generator, strength: float) -> Batch:
    own = [(digits.images[i], int(digits.labels[i])) for i in chosen]
    lesson = [(augment.digit(image, label, rng), label) for image, label in own]
    lesson += [(outliers.draw(digits, rng), outliers.LABEL) for _ in range(round(_OUTLIERS * len(own)))]
    lesson += numbers.draw(digits, rng, round(_PIECES * len(own)), _LINE)
    return np.stack([tile for tile, _ in lesson])[..., None], np.array([label for _, label in lesson])


_KINDS: dict[str | None, tuple[Callable[[Digits, np.ndarray, np.random.Generator, float], Batch], float]] = {
    None: (_plain, 0.0),
    "warped": (_warped, 0.0),
    "handwriting": (_handwriting, _OUTLIERS + _PIECES),
}
"""How a batch is drawn for some of the digits, and how many others there are for each."""
