"""Ruled lines: lines and frames are taken out of a picture, and strokes that cross them or look like them stay."""

import cv2
import numpy as np
import pytest
from test_ink import LIGHT, SIZE, five_digits, overlap, photographed

from mnist_cnn import mnist
from mnist_cnn.read.ink import ink
from mnist_cnn.read.ruled_lines import reduced, without_lines


@pytest.fixture(scope="module")
def writing(dataset: mnist.Dataset) -> np.ndarray:
    return five_digits(dataset)


@pytest.mark.parametrize("squared", [False, True])
def test_ruled_lines_are_removed_and_digits_they_cross_stay(squared: bool, writing: np.ndarray) -> None:
    ruled = writing.copy()
    ruled[20::40] = ruled[21::40] = 0.7
    if squared:
        ruled[:, 20::40] = ruled[:, 21::40] = 0.7
    picture = photographed(ruled, LIGHT["a gradient"])
    found = ink(picture)
    assert overlap(found, writing) > 0.7
    near = cv2.dilate(writing, np.ones((15, 15))) > 0.2
    assert (found[~near] > 0.35).mean() < 0.004
    assert (ink(picture, ruled=False)[~near] > 0.35).mean() > 0.03, "there were lines to take out"


@pytest.mark.parametrize("strength", [0.5, 0.8])
def test_bent_and_interrupted_lines_are_removed(strength: float, writing: np.ndarray) -> None:
    """The lines of a photograph of paper that is not flat and slightly turned."""
    ruled = writing.copy()
    columns = np.arange(SIZE[1])
    rng = np.random.default_rng(1)
    for row in range(-60, SIZE[0] + 60, 44):
        at = np.round(row + 7 * np.sin(columns / 130 + row / 90) + 0.06 * columns).astype(int)
        drawn = (at >= 2) & (at < SIZE[0]) & (rng.random(SIZE[1]) < 0.9)
        for thick in (0, 1, 2):
            place = at[drawn] - thick, columns[drawn]
            ruled[place] = np.maximum(ruled[place], strength)
    picture = photographed(ruled, LIGHT["even"])
    near = cv2.dilate(writing, np.ones((15, 15))) > 0.2
    found = ink(picture)
    assert overlap(found, writing) > 0.45  # the strokes come out slimmer
    assert (found[~near] > 0.35).mean() < 0.01
    assert (ink(picture, ruled=False)[~near] > 0.35).mean() > 0.04, "there were lines to take out"


def test_the_stem_of_a_large_digit_is_not_a_ruled_line() -> None:
    """A 4 on a canvas: its stem is long and straight, but ends before the canvas does."""
    canvas = np.zeros((280, 280), np.uint8)
    cv2.polylines(
        canvas, [np.array([[150, 30], [50, 175], [235, 170]]), np.array([[175, 35], [165, 250]])], False, 255, 8
    )
    assert overlap(ink(255 - canvas, broad=False), canvas / 255) > 0.8


@pytest.mark.parametrize("level", [110, 160, 200])
@pytest.mark.parametrize("grain", [0, 3])
def test_ruled_paper_without_writing_has_no_ink(level: int, grain: float) -> None:
    page = np.full((400, 900), 235.0)
    page[20::60] = page[21::60] = level
    noise = np.random.default_rng(0).normal(0, grain, page.shape)
    assert not ink(np.clip(page + noise, 0, 255).astype(np.uint8)).any()


@pytest.mark.parametrize("share", [0.85, 0.92, 1.0])
@pytest.mark.parametrize(
    "strokes",
    [
        [(10, 2), (60, 0), (110, 2), (85, 38), (62, 70), (50, 100)],  # a 7
        [(20, 20), (70, 0), (70, 50), (70, 100)],  # a 1 with its flag
        [(70, 0), (10, 62), (110, 62), (90, 62), (85, 30), (82, 100)],  # a 4
    ],
)
def test_the_stem_of_a_digit_as_high_as_its_picture_stays(strokes: list[tuple[int, int]], share: float) -> None:
    height = share * 384
    points = np.array([(200 + 0.006 * x * height, 200 - height / 2 + 0.01 * y * height) for x, y in strokes])
    drawn = np.zeros((400, 600), np.uint8)
    cv2.polylines(drawn, [np.rint(points).astype(int)], False, 255, 16)
    assert overlap(ink(255 - drawn), drawn / 255) > 0.8


def test_a_mask_loses_its_lines_and_nothing_else() -> None:
    stroke = np.zeros((200, 300), bool)
    stroke[60:140, 150:156] = True
    ruled = stroke.copy()
    ruled[[50, 51, 100, 101, 150, 151]] = True
    for mask, expected in ((ruled, stroke), (ruled.T, stroke.T)):
        given_ = mask.copy()
        found = without_lines(mask)
        assert (found != expected).sum() <= 8  # where a line crosses the stroke
        np.testing.assert_array_equal(mask, given_)
    np.testing.assert_array_equal(without_lines(stroke), stroke)


def test_a_single_line_without_other_ink_is_a_digit() -> None:
    mask = np.zeros((200, 300), bool)
    mask[:, 150:156] = True
    np.testing.assert_array_equal(without_lines(mask), mask)
    np.testing.assert_array_equal(without_lines(mask.T), mask.T)


@pytest.mark.parametrize(("shape", "expected"), [((50, 80), (50, 80)), ((200, 100), (80, 40)), ((1, 800), (1, 80))])
def test_a_picture_is_reduced_to_its_longer_side(shape: tuple[int, int], expected: tuple[int, int]) -> None:
    small, scale = reduced(np.full(shape, 90, np.uint8), 80)
    assert (small.shape, scale) == (expected, 80 / max(shape))
    assert (small == 90).all()
