"""Strokes: digits and signs that are drawn from skeletons."""

import doctest

import cv2
import numpy as np
import pytest

from mnist_cnn.learn.pages import strokes
from mnist_cnn.read.labels import SIGNS


def test_the_examples_in_the_docstring_are_correct() -> None:
    assert doctest.testmod(strokes).failed == 0


@pytest.mark.parametrize("text", [*"0123456789", *SIGNS])
def test_every_digit_and_sign_is_drawn_inside_its_frame(text: str) -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        ink = strokes.draw(text, rng)
        assert (ink.shape, ink.dtype) == ((strokes.SIDE, strokes.SIDE), np.float32)
        assert 0 <= ink.min() < 0.01 < 0.9 < ink.max() <= 1
        edges = np.concatenate([ink[0], ink[-1], ink[:, 0], ink[:, -1]])
        assert (edges > 0.5).mean() < 0.06, "cut off"


def test_a_polygon_has_the_corners_of_its_skeleton() -> None:
    def corners(straight: bool) -> int:
        ink = strokes.draw("8", np.random.default_rng(3), 2.0, straight)
        [outline, *_], _ = cv2.findContours((ink > 0.3).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        return len(cv2.approxPolyDP(outline, 1.0, True))

    assert corners(straight=True) < corners(straight=False)
