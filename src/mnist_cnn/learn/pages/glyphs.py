"""Glyphs: digits, signs and pieces of other writing with their boxes, and lines of them as ink.

>>> Glyph(7, (0.0, 0.0, 20.0, 40.0), 40.0).shifted(5, 10).box
(5.0, 10.0, 25.0, 50.0)
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import cv2
import numpy as np

from mnist_cnn.read.labels import SIGNS

OTHER = 10 + len(SIGNS)
"""Class of letters, print and scribbles. It follows the ten digits and the signs."""


class Glyph(NamedTuple):
    """One digit, sign or piece of other writing."""

    label: int
    """0 to 9 for digits, 10 + the index in ``SIGNS`` for signs, or ``OTHER``."""
    box: tuple[float, float, float, float]
    """Left, top, right and bottom of the ink, in pixels."""
    size: float
    """Height of a digit of the same writing, in pixels."""
    word: int = 0
    """Index of the word in its line."""

    def shifted(self, x: int, y: int) -> "Glyph":
        """Return the glyph moved by x and y pixels."""
        left, top, right, bottom = self.box
        return self._replace(box=(left + x, top + y, right + x, bottom + y))


@dataclass
class Line:
    """A line of writing: ink, float32 (h, w), 0 to 1, and its glyphs from left to right."""

    ink: np.ndarray
    glyphs: list[Glyph] = field(default_factory=list)

    def widen(self, width: int) -> None:
        """Add empty columns on the right until the line is `width` pixels wide, if it is narrower."""
        if (missing := width - self.ink.shape[1]) > 0:
            self.ink = np.pad(self.ink, ((0, 0), (0, missing)))

    def add(self, label: int, ink: np.ndarray, left: int, top: int, size: float, word: int = 0) -> None:
        """Put the ink of a glyph, float32 (h, w), on the line. Ink below the bottom of the line is cut off.

        size, word: of the ``Glyph``.
        """
        right = left + ink.shape[1]
        self.widen(right)
        rows = min(ink.shape[0], self.ink.shape[0] - top)
        window = self.ink[top : top + rows, left:right]
        np.maximum(window, ink[:rows], out=window)
        self.glyphs.append(Glyph(label, (left, top, right, top + ink.shape[0]), size, word))

    def next_left(self, ink: np.ndarray, top: int, space: float, most: float) -> int:
        """Return the left edge for new ink so that its smallest distance from the ink of the line is `space`.

        top: row of the line for the first row of the new ink.
        most: maximum overlap of the boxes, in pixels.
        """
        part = self.ink[top : top + ink.shape[0]]
        near = cv2.dilate((part > 0.3).astype(np.uint8), np.ones((5, 1), np.uint8))[: len(ink)]
        own = ink[: len(part)] > 0.3
        both = near.any(axis=1) & own.any(axis=1)
        free = int((np.argmax(near[:, ::-1], axis=1) + np.argmax(own, axis=1))[both].min()) if both.any() else 0
        return max(0, self.ink.shape[1] - int(min(free, most)) + round(space))
