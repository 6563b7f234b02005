"""Photograph: boxes of glyphs are at their ink in the picture of a sheet."""

import cv2
import numpy as np
import pytest

from mnist_cnn.learn.pages.glyphs import Glyph
from mnist_cnn.learn.pages.photograph import moved, photograph
from mnist_cnn.learn.pages.sheet import Sheet


def test_boxes_move_with_the_camera() -> None:
    glyph = Glyph(3, (10.0, 20.0, 30.0, 60.0), 40.0)
    assert moved(glyph, np.eye(3)) == glyph
    assert moved(glyph, np.array([[1.0, 0, 5], [0, 1, -7], [0, 0, 1]])).box == (15, 13, 35, 53)
    twice = moved(glyph, np.diag([2.0, 2, 1]))
    assert (twice.box, twice.size) == ((20, 40, 60, 120), 80)
    turned = moved(glyph, np.array([[np.cos(0.2), -np.sin(0.2), 0], [np.sin(0.2), np.cos(0.2), 0], [0, 0, 1]]))
    left, top, right, bottom = turned.box
    assert (right - left, bottom - top, turned.size) == pytest.approx((20, 40, 40)), "not the rectangle around it"


def test_boxes_are_at_their_ink() -> None:
    """A dot on the sheet and its box, through 20 random papers and cameras."""
    for seed in range(20):
        ink, printed = np.zeros((352, 352), np.float32), np.zeros((352, 352), np.float32)
        cv2.circle(ink, (190, 150), 12, 1.0, -1)
        sheet = Sheet(ink, printed, np.zeros((352, 352), np.uint8))
        sheet.glyphs.append(Glyph(0, (178.0, 138.0, 203.0, 163.0), 25.0))
        picture, glyphs = photograph(sheet, 25.0, np.random.default_rng(seed), 320)
        left, top, right, bottom = glyphs[0].box
        x, y = (left + right) / 2, (top + bottom) / 2
        pixels = picture[round(y) - 30 : round(y) + 31, round(x) - 30 : round(x) + 31].astype(float)
        yy, xx = np.mgrid[-30:31, -30:31]
        inner, outer = np.hypot(xx, yy) < 8, (np.hypot(xx, yy) > 18) & (np.hypot(xx, yy) < 26)
        marked = np.abs(pixels - np.median(pixels[outer])) > np.abs(pixels[inner].mean() - np.median(pixels[outer])) / 2
        marked &= np.hypot(xx, yy) < 18
        assert xx[marked].mean() == pytest.approx(0, abs=1.5)
        assert yy[marked].mean() == pytest.approx(0, abs=1.5)
