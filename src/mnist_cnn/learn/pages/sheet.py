"""Sheet: the paper of a composed page, with the ink and print on it so far and the place of each glyph."""

from dataclasses import dataclass, field

import numpy as np

from mnist_cnn.learn.pages.glyphs import Glyph, Line

MARGIN = 16
"""Pixels on each side of a sheet that are not on the picture, unless the camera turns or distorts it."""


@dataclass
class Sheet:
    """Ink and print in layers, and the glyphs and runs of writing in them."""

    ink: np.ndarray
    """Pen strokes, float32 (h, w), 0 to 1."""
    printed: np.ndarray
    """Rules and print, float32 (h, w), 0 to 1."""
    taken: np.ndarray
    """1 where there is writing or print, uint8 (h, w)."""
    glyphs: list[Glyph] = field(default_factory=list)
    rows: list[list[int]] = field(default_factory=list)
    """Indices of the glyphs of each run of writing, from left to right."""

    @classmethod
    def blank(cls, side: int) -> "Sheet":
        """Return an empty sheet for a picture of `side` pixels, with a margin."""
        work = side + 2 * MARGIN
        ink, printed = (np.zeros((work, work), np.float32) for _ in range(2))
        return cls(ink, printed, np.zeros((work, work), np.uint8))

    def place(self, line: Line, left: float, top: float, layer: np.ndarray, crowd: bool = False) -> bool:
        """Put a line on a layer and return whether there was room for it.

        crowd: the line may overlap other writing.
        """
        if not line.glyphs:
            return False
        x, y = round(left), round(top)
        height, width = self.ink.shape
        bounds = np.array([glyph.box for glyph in line.glyphs])
        x0, y0 = int(bounds[:, 0].min()) + x, int(bounds[:, 1].min()) + y
        x1, y1 = int(bounds[:, 2].max()) + x, int(bounds[:, 3].max()) + y
        if x0 < -0.4 * (x1 - x0) or y0 < -1 or x1 > width + 0.4 * (x1 - x0) or y1 > height + 1:
            return False
        window = slice(max(0, y0), max(0, y1)), slice(max(0, x0), max(0, x1))
        if not crowd and self.taken[window].any():
            return False
        self.taken[window] = 1
        a, b, c, d = max(0, y), min(height, y + line.ink.shape[0]), max(0, x), min(width, x + line.ink.shape[1])
        if b <= a or d <= c:
            return False
        np.maximum(layer[a:b, c:d], line.ink[a - y : b - y, c - x : d - x], out=layer[a:b, c:d])
        first = len(self.glyphs)
        for glyph in line.glyphs:
            self.glyphs.append(glyph.shifted(x, y))
        self.rows.append(list(range(first, len(self.glyphs))))
        return True

    def move(self, rng: np.random.Generator) -> None:
        """Move everything on the sheet to a random place on it."""
        if not self.glyphs:
            return
        boxes = np.array([glyph.box for glyph in self.glyphs])
        by = []
        for axis in (0, 1):
            low, high = float(boxes[:, axis].min()), float(boxes[:, axis + 2].max())
            free = len(self.ink) - 2 * MARGIN - (high - low)
            by.append(int(rng.uniform(0, free) + MARGIN - low) if free > 0 else 0)
        x, y = by
        self.ink, self.printed = (np.roll(layer, (y, x), (0, 1)) for layer in (self.ink, self.printed))
        self.glyphs = [glyph.shifted(x, y) for glyph in self.glyphs]
