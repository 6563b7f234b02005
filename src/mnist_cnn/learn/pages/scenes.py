"""Scenes: composed pictures of pages with numbers, and the place of each glyph on them.

    >>> scene = compose(digits, np.random.default_rng(1))                                   # doctest: +SKIP
    >>> scene.pixels.shape, scene.glyphs[0].label                                           # doctest: +SKIP
    ((320, 320), 6)

The page networks learn from them. They show rows, tables, boxes, forms, single digits and other writing, on plain,
ruled, squared and printed paper, on desks, with shadows and from slanted cameras. ``writing.Writer`` writes them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mnist_cnn.learn.pages.glyphs import Glyph
from mnist_cnn.learn.pages.layouts import LAYOUTS, stray_mark
from mnist_cnn.learn.pages.photograph import photograph
from mnist_cnn.learn.pages.sheet import Sheet
from mnist_cnn.learn.pages.writing import Writer
from mnist_cnn.mnist import Digits

SIDE = 320
"""Pixels per side of a scene."""
HEIGHTS = (11.0, 44.0)
"""Range of digit heights in a scene, in pixels. Heights are log-uniform."""


@dataclass
class Scene:
    """A picture and its glyphs."""

    pixels: np.ndarray
    """uint8 (h, w), grey."""
    glyphs: list[Glyph]
    """All digits, signs and pieces of other writing, also those outside the picture."""
    rows: list[list[int]]
    """Indices of the glyphs of each run of writing, from left to right."""

    def crop(self, box: Sequence[float] | np.ndarray) -> tuple["Scene", tuple[int, int]]:
        """Return a part of the scene, and its left and top on the scene, in pixels.

        box: left, top, right and bottom, in pixels; at least 8 x 8 pixels of it are on the scene.
        """
        height, width = self.pixels.shape
        x, y = (int(np.clip(v, 0, most - 8)) for v, most in zip(box[:2], (width, height), strict=True))
        right, bottom = max(x + 8, min(width, round(box[2]))), max(y + 8, min(height, round(box[3])))
        glyphs = [glyph.shifted(-x, -y) for glyph in self.glyphs]
        return Scene(self.pixels[y:bottom, x:right], glyphs, self.rows), (x, y)

    def shows(self, glyph: Glyph) -> bool:
        """Return whether at least most of a glyph is on the picture."""
        left, top, right, bottom = glyph.box
        height, width = self.pixels.shape
        room = 0.25 * max(right - left, 2), 0.2 * max(bottom - top, 2)
        return left > -room[0] and right < width + room[0] and top > -room[1] and bottom < height + room[1]


def compose(digits: Digits, rng: np.random.Generator, side: int = SIDE, height: float | None = None) -> Scene:
    """Return one scene. The same state of `rng` and the same fonts give the same scene.

    side: of the picture, in pixels.
    height: of its digits, in pixels; random within ``HEIGHTS`` if None.
    """
    h = float(np.exp(rng.uniform(*np.log(HEIGHTS)))) if height is None else height
    sheet = Sheet.blank(side)
    writer = Writer(digits, rng)
    layout = list(LAYOUTS)[rng.choice(len(LAYOUTS), p=tuple(LAYOUTS.values()))]
    layout(sheet, writer, h, rng)
    if rng.random() < 0.3:
        for _ in range(rng.integers(1, 4)):
            stray_mark(sheet, writer, h, rng)
    sheet.move(rng)
    return Scene(*photograph(sheet, h, rng, side), sheet.rows)


def alone(digits: Digits, rng: np.random.Generator, other: bool) -> Scene:
    """Return a picture of one digit, or of one letter or scribble, with room around it.

    other: whether it is a letter or a scribble.
    """
    h = float(rng.uniform(24, 90))
    side = round(5 * h)
    sheet = Sheet.blank(side)
    writer = Writer(digits, rng)
    if other:
        line = writer.scribble(h) if rng.random() < 0.5 else writer.word(h, 1)
    else:
        line = writer.write(str(rng.integers(10)), h)
    sheet.place(line, 0, 0, sheet.ink)
    sheet.move(rng)
    return Scene(*photograph(sheet, h, rng, side), sheet.rows)


def box_around(glyphs: Sequence[Glyph], size: float, rng: np.random.Generator) -> np.ndarray:
    """Return a box around glyphs with random margins, mostly small ones: float64 (4,)."""
    boxes = np.array([g.box for g in glyphs])
    ends = np.concatenate([boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)])
    return ends + np.array([-1, -1, 1, 1]) * rng.uniform(0.0, rng.choice((0.25, 1.0)), 4) * size
