"""Ink: ink is found on any paper and in any light, and paper is not ink."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnist_cnn import mnist
from mnist_cnn.read.ink import _brightest, ink

SIZE = 480, 640
X, Y = np.meshgrid(np.linspace(0, 1, SIZE[1]), np.linspace(0, 1, SIZE[0]))
LIGHT = {
    "even": np.ones(SIZE),
    "a gradient": 1 - 0.65 * X,
    "a lamp in the corner": np.clip(1.1 - 0.6 * np.hypot(X, Y), 0, 1),
    "a shadow with a soft edge": 1 - 0.45 / (1 + np.exp(-(X + 0.4 * Y - 0.7) / 0.03)),
}


@pytest.fixture(scope="module")
def writing(dataset: mnist.Dataset) -> np.ndarray:
    """Five digits side by side, 112 pixels apart: float64 (480, 640), 0 to 1."""
    page = np.zeros(SIZE)
    for place, image in enumerate(dataset.test.images[:5]):
        large = cv2.resize(image, (112, 112), interpolation=cv2.INTER_CUBIC) / 255
        page[180:292, 40 + 112 * place : 152 + 112 * place] = large
    return page


def overlap(found: np.ndarray, writing: np.ndarray) -> float:
    """The part of what is ink in one or the other that is in both."""
    one, other = found > 0.5, writing > 0.5
    return float((one & other).sum() / (one | other).sum())


def photographed(writing: np.ndarray, light: np.ndarray, paper: float = 225, pen: float = 60) -> np.ndarray:
    grain = np.random.default_rng(0).normal(0, 2, SIZE)
    return np.clip((paper + (pen - paper) * writing) * light + grain, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("light", LIGHT.values(), ids=list(LIGHT))
def test_ink_is_found_in_any_light(light: np.ndarray, writing: np.ndarray) -> None:
    found = ink(photographed(writing, light))
    assert (found.dtype, found.shape) == (np.float32, SIZE)
    assert 0 <= found.min() <= found.max() <= 1
    assert overlap(found, writing) > 0.8
    assert found[:150].max() == found[330:].max() == 0, "there is nothing written above and below"


@pytest.mark.parametrize(("paper", "pen"), [(225, 60), (225, 170), (90, 30), (40, 220), (0, 255), (110, 180)])
def test_ink_may_be_darker_or_brighter_than_the_paper(paper: float, pen: float, writing: np.ndarray) -> None:
    assert overlap(ink(photographed(writing, LIGHT["even"], paper, pen)), writing) > 0.8


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


@pytest.mark.parametrize("grain", [0, 1, 2, 3])
@pytest.mark.parametrize("paper", [60, 225])
def test_blank_paper_and_its_grain_are_not_ink(paper: int, grain: float) -> None:
    noise = np.random.default_rng(0).normal(0, grain * paper / 225, SIZE)
    assert not ink(np.clip(paper + noise, 0, 255).astype(np.uint8)).any()


@pytest.mark.parametrize("value", [0, 1, 128, 255])
@pytest.mark.parametrize("shape", [(2, 2), (3, 400), (300, 200)])
def test_an_even_picture_has_no_ink(shape: tuple[int, int], value: int) -> None:
    for broad in (False, True):
        assert not ink(np.full(shape, value, np.uint8), broad=broad).any()


@pytest.mark.parametrize("strength", [0.5, 0.8])
def test_bent_and_interrupted_lines_are_removed(strength: float, writing: np.ndarray) -> None:
    """As on paper that does not lie flat, photographed a little turned."""
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


@given(
    st.integers(2, 40), st.integers(2, 40), st.integers(1, 30).map(lambda half: 2 * half + 1), st.integers(0, 2**32 - 1)
)
def test_the_brightest_within_a_disc_is_that_of_opencv(height: int, width: int, side: int, seed: int) -> None:
    gray = np.random.default_rng(seed).integers(0, 256, (height, width), dtype=np.uint8)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    np.testing.assert_array_equal(_brightest(gray, side), cv2.dilate(gray, disc))
