"""Lessons: what a network that is to read handwriting learns from, batch by batch.

    >>> lessons = Lessons(mnist.load().train, batch_size=128, seed=0)                       # doctest: +SKIP
    >>> images, labels = lessons[0]

Each epoch has every digit once, written another way (``augment``), and beside them what is no digit (``outliers``) and
what the reader may cut from a number (``numbers``).
"""

import keras
import numpy as np

from mnist_cnn.learn import augment, numbers, outliers
from mnist_cnn.mnist import Digits

_OUTLIERS, _PIECES = 0.21, 0.31
"""So many are no digits, and so many are pieces of numbers, for each digit."""
_LINE = 9
"""So many pieces are of one line."""


class Lessons(keras.utils.PyDataset):
    """Batches of digits and, labelled 10, of what is no digit; new ones each epoch, the same for a seed.

    Each batch is float32 (n, 28, 28, 1) from 0 to 1 and int64 (n,).
    """

    def __init__(self, digits: Digits, batch_size: int, seed: int, epoch: int = 0) -> None:
        super().__init__(workers=2, max_queue_size=20)  # threads: OpenCV and TensorFlow let go of Python's lock
        self._digits, self._seed, self._epoch = digits, seed, epoch
        self._own = round(batch_size / (1 + _OUTLIERS + _PIECES))
        self._order = np.random.default_rng((seed, epoch)).permutation(len(digits.images))

    def __len__(self) -> int:
        return -(-len(self._digits.images) // self._own)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng((self._seed, self._epoch, index))
        images, labels = self._digits
        own = [(images[i], int(labels[i])) for i in self._order[index * self._own : (index + 1) * self._own]]
        lesson = [(augment.digit(image, label, rng), label) for image, label in own]
        lesson += [(outliers.draw(self._digits, rng), outliers.LABEL) for _ in range(round(_OUTLIERS * len(own)))]
        lesson += numbers.draw(self._digits, rng, round(_PIECES * len(own)), _LINE)
        return np.stack([tile for tile, _ in lesson])[..., None], np.array([label for _, label in lesson], np.int64)

    def on_epoch_end(self) -> None:
        self._epoch += 1
        self._order = np.random.default_rng((self._seed, self._epoch)).permutation(len(self._digits.images))
