"""Layouts: their digits at any size."""

from collections.abc import Callable

import numpy as np
import pytest

from mnist_cnn import mnist
from mnist_cnn.learn.pages.layouts import LAYOUTS
from mnist_cnn.learn.pages.sheet import Sheet
from mnist_cnn.learn.pages.writing import Writer


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.__name__)
def test_every_layout_can_have_digits_half_as_high_as_the_picture(
    layout: Callable[..., None], digits: mnist.Digits
) -> None:
    for seed in range(8):
        rng = np.random.default_rng(seed)
        sheet = Sheet.blank(320)
        layout(sheet, Writer(digits, rng), 180.0, rng)
        assert sheet.ink.shape == (352, 352)
        assert all(np.isfinite(glyph.box).all() for glyph in sheet.glyphs)
