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


def five_digits(dataset: mnist.Dataset) -> np.ndarray:
    """Five digits side by side, 112 pixels apart: float64 (480, 640), 0 to 1."""
    page = np.zeros(SIZE)
    for place, image in enumerate(dataset.test.images[:5]):
        large = cv2.resize(image, (112, 112), interpolation=cv2.INTER_CUBIC) / 255
        page[180:292, 40 + 112 * place : 152 + 112 * place] = large
    return page


@pytest.fixture(scope="module")
def writing(dataset: mnist.Dataset) -> np.ndarray:
    return five_digits(dataset)


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


@given(
    st.integers(2, 40), st.integers(2, 40), st.integers(1, 30).map(lambda half: 2 * half + 1), st.integers(0, 2**32 - 1)
)
def test_the_brightest_within_a_disc_is_that_of_opencv(height: int, width: int, side: int, seed: int) -> None:
    gray = np.random.default_rng(seed).integers(0, 256, (height, width), dtype=np.uint8)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    np.testing.assert_array_equal(_brightest(gray, side), cv2.dilate(gray, disc))
