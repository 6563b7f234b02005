"""Glyphs: glyphs that are put on a line."""

import doctest

import numpy as np

from mnist_cnn.learn.pages import glyphs
from mnist_cnn.learn.pages.glyphs import Glyph, Line


def test_the_examples_in_the_docstring_are_correct() -> None:
    assert doctest.testmod(glyphs).failed == 0


def test_a_line_grows_with_its_glyphs() -> None:
    line = Line(np.zeros((20, 0), np.float32))
    line.add(3, np.full((10, 6), 0.5, np.float32), 0, 5, 10.0)
    line.add(7, np.full((10, 6), 0.7, np.float32), 4, 15, 10.0, word=1)
    assert line.glyphs == [Glyph(3, (0, 5, 6, 15), 10.0), Glyph(7, (4, 15, 10, 25), 10.0, 1)]
    assert line.ink.shape == (20, 10), "as wide as its glyphs, and not higher"
    assert line.ink[10, 5] == 0.5
    assert line.ink[16, 5] == np.float32(0.7)


def test_the_next_glyph_has_the_given_distance_from_the_ink() -> None:
    line = Line(np.zeros((20, 0), np.float32))
    line.add(3, np.pad(np.ones((20, 4), np.float32), ((0, 0), (0, 6))), 0, 0, 20.0)
    new = np.ones((20, 5), np.float32)
    assert line.next_left(new, 0, 3, 100) == 4 + 3
    assert line.next_left(new, 0, 3, 2) == 10 - 2 + 3, "boxes overlap by 2 pixels at most"
