"""Glyphs: which places of the finder count as digits, and their height, middle and bounds."""

import numpy as np
import pytest

from mnist_cnn.read.finder import DIGIT, OTHER, SIGN
from mnist_cnn.read.glyphs import bounds, digit_height, is_line, middle, with_faint_as_other, with_tall_signs_as_digits


def glyphs(*places: tuple[float, float, int]) -> np.ndarray:
    """Return glyphs with a left edge, a height and a kind, 20 pixels wide, at the top 100."""
    return np.array([[left, 100, left + 20, 100 + height, kind, 0.9] for left, height, kind in places], float)


@pytest.mark.parametrize(("level", "kind"), [(40, DIGIT), (120, DIGIT), (215, OTHER)])
def test_a_digit_much_fainter_than_the_others_is_other_writing(level: int, kind: int) -> None:
    found = glyphs((100, 40, DIGIT), (130, 40, DIGIT), (160, 40, DIGIT), (190, 10, SIGN))
    page = np.full((200, 300), 230, np.uint8)
    for left, darkness in ((105, 40), (135, 40), (165, level)):
        page[105:135, left : left + 8] = darkness
    assert with_faint_as_other(page, found)[:, 4].tolist() == [DIGIT, DIGIT, kind, SIGN]
    assert with_faint_as_other(255 - page, found)[:, 4].tolist() == [DIGIT, DIGIT, kind, SIGN]
    assert found[2, 4] == DIGIT, "the given glyphs are not changed"


def test_a_sign_alone_is_a_digit_if_it_is_as_high() -> None:
    found = glyphs((100, 40, DIGIT), (125, 40, SIGN), (400, 40, SIGN), (700, 8, SIGN), (900, 40, OTHER))
    assert with_tall_signs_as_digits(found)[:, 4].tolist() == [DIGIT, SIGN, DIGIT, SIGN, OTHER]
    assert with_tall_signs_as_digits(found[2:4])[:, 4].tolist() == [DIGIT, DIGIT], "there is no digit to compare with"


def test_height_and_bounds_are_those_of_the_digits_with_the_signs_beside_them() -> None:
    run = glyphs((80, 4, SIGN), (100, 40, DIGIT), (130, 50, DIGIT), (160, 60, DIGIT), (190, 4, SIGN))
    assert digit_height(run) == 50
    assert middle(run[1:3]) == (125, 122.5)
    assert bounds(run)[:, [0, 2]].tolist() == [[80, 120], [130, 150], [160, 210]]
    assert bounds(run, 400)[:, [0, 2]].tolist() == [[0, 120], [130, 150], [160, 400]]
    assert is_line(np.zeros((60, 400), np.uint8), [run])
    assert not is_line(np.zeros((600, 400), np.uint8), [run])
    assert not is_line(np.zeros((60, 400), np.uint8), [run, run])
