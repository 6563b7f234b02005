"""Ink: it is found on any paper, in any light, and paper is not taken for it."""

import cv2
import numpy as np
import pytest

from mnist_cnn import mnist
from mnist_cnn.read.ink import ink

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
def test_ruled_lines_go_and_the_digits_they_cross_stay(squared: bool, writing: np.ndarray) -> None:
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
def test_blank_paper_and_its_grain_are_no_ink(paper: int, grain: float) -> None:
    noise = np.random.default_rng(0).normal(0, grain * paper / 225, SIZE)
    assert not ink(np.clip(paper + noise, 0, 255).astype(np.uint8)).any()


@pytest.mark.parametrize("value", [0, 1, 128, 255])
@pytest.mark.parametrize("shape", [(2, 2), (3, 400), (300, 200)])
def test_an_even_picture_has_no_ink(shape: tuple[int, int], value: int) -> None:
    for broad in (False, True):
        assert not ink(np.full(shape, value, np.uint8), broad=broad).any()
