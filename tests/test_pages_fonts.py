"""Fonts: text in a font as a line of glyphs."""

from pathlib import Path

import numpy as np
import pytest

from mnist_cnn.learn.pages import fonts
from mnist_cnn.learn.pages.glyphs import OTHER


@pytest.fixture
def font() -> str:
    return fonts.fonts()[1][0]


def test_every_font_is_a_file() -> None:
    hands, prints = fonts.fonts()
    assert hands
    assert prints
    assert all(Path(font).is_file() for font in (*hands, *prints))


def test_each_letter_is_a_glyph_and_a_space_ends_a_word(font: str) -> None:
    line = fonts.text_line("Sum of it", font, 20, np.random.default_rng(0))
    assert [glyph.word for glyph in line.glyphs] == [0, 0, 0, 1, 1, 2, 2]
    assert {glyph.label for glyph in line.glyphs} == {OTHER}
    lefts = [glyph.box[0] for glyph in line.glyphs]
    assert lefts == sorted(lefts)
    assert (line.ink.dtype, line.ink.min(), line.ink.max() > 0.9) == (np.float32, 0, True)


@pytest.mark.parametrize("height", [12, 40])
def test_boxes_contain_the_ink(height: int, font: str) -> None:
    """Apart from edges, which are grey."""
    line = fonts.text_line("HEN", font, height, np.random.default_rng(0))
    outside = line.ink.copy()
    for glyph in line.glyphs:
        left, top, right, bottom = (round(value) for value in glyph.box)
        assert bottom - top == pytest.approx(height, rel=0.25)
        assert line.ink[top:bottom, left:right].max() > 0.9
        outside[max(0, top - 1) : bottom + 1, max(0, left - 1) : right + 1] = 0
    assert outside.max() == 0


def test_a_wide_pen_widens_the_strokes(font: str) -> None:
    thin, wide = (fonts.text_line("TEXT", font, 40, np.random.default_rng(0), pen).ink for pen in (1, 4))
    assert thin.shape == wide.shape
    assert wide.sum() > 1.05 * thin.sum()


def test_text_without_ink_has_no_glyphs(font: str) -> None:
    assert fonts.text_line(" ", font, 20, np.random.default_rng(0)).glyphs == []
