"""Normalise: an enlarged digit gives the original tile again, for any size, place and pen."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from mnist_cnn import mnist
from mnist_cnn.read.classifier import Classifier
from mnist_cnn.read.normalise import is_normalised, normalise


@pytest.fixture(scope="module")
def images(dataset: mnist.Dataset) -> np.ndarray:
    return dataset.test.images[:300]


@pytest.fixture(scope="module")
def tiles(images: np.ndarray) -> np.ndarray:
    return np.stack([normalise(enlarged(image, 5)) for image in images])


def enlarged(image: np.ndarray, times: float) -> np.ndarray:
    ink = image.astype(np.float32) / 255
    return np.clip(cv2.resize(ink, None, fx=times, fy=times, interpolation=cv2.INTER_CUBIC), 0, 1)


def extent(tile: np.ndarray) -> int:
    return max(int(np.ptp(np.flatnonzero(tile.max(axis=axis) > 0.05))) + 1 for axis in (0, 1))


def test_an_enlarged_digit_gives_the_original_tile(images: np.ndarray, tiles: np.ndarray) -> None:
    differences = np.abs(tiles - images / 255).mean(axis=(1, 2))
    assert differences.mean() < 0.035
    assert differences.max() < 0.13, "a digit moved by one pixel differs by about that"


def test_an_enlarged_digit_is_classified_the_same(images: np.ndarray, tiles: np.ndarray) -> None:
    classifier = Classifier()
    expected = classifier.probabilities(mnist.as_input(images)).argmax(axis=1)
    found = classifier.probabilities(tiles[..., None]).argmax(axis=1)
    assert (found == expected).mean() > 0.99


def test_tiles_have_the_layout_of_mnist(tiles: np.ndarray) -> None:
    for tile in tiles:
        moments = cv2.moments(tile)
        middle = np.array([moments["m10"], moments["m01"]]) / moments["m00"]
        assert np.abs(middle - 14).max() < 0.6
        assert extent(tile) == 20


@pytest.mark.parametrize("width", [1, 2, 3, 4, 7, 12, 20])
def test_a_bar_of_any_width_is_in_the_middle(width: int) -> None:
    bar = cv2.GaussianBlur(np.pad(np.ones((100, 5 * width), np.float32), 30), (0, 0), 2)
    bar[:, bar.shape[1] // 2 :] *= 0.9
    for tile in (normalise(bar), normalise(bar.T).T):
        rows, columns = (np.arange(28) @ tile.sum(axis=axis) / tile.sum() for axis in (1, 0))
        assert abs(rows - 14) <= 0.6
        assert abs(columns - 14) <= 0.6


def test_place_and_size_do_not_matter(images: np.ndarray) -> None:
    for image in images[:20]:
        ink = enlarged(image, 6)
        assert np.array_equal(normalise(ink), normalise(np.pad(ink, ((90, 3), (0, 200)))))
        assert np.abs(normalise(ink) - normalise(enlarged(image, 11))).mean() < 0.06


@pytest.mark.parametrize("shape", [(28, 28), (1, 1), (300, 2), (0, 5)])
def test_a_tile_without_ink_is_empty(shape: tuple[int, int]) -> None:
    tile = normalise(np.zeros(shape, np.float32))
    assert tile.shape == (28, 28)
    assert not tile.any()


@pytest.mark.parametrize("pen", [1, 2, 3, 6, 20, 45, 90, 110])
def test_strokes_of_any_pen_get_about_the_width_of_mnist(pen: int) -> None:
    corners = np.array([[0, 0], [200, 0], [80, 300]])
    ink = np.zeros((500, 400), np.float32)
    cv2.polylines(ink, [corners + 100], False, 1.0, pen, cv2.LINE_AA)
    tile = normalise(ink)
    length = np.hypot(*np.diff(corners, axis=0).T).sum() * 20 / (300 + pen)
    assert 1 < tile.sum() / length < 5.5, "nine in ten of MNIST's are 2.1 to 4.5 wide; these begin at 0.07 and end at 6"


def test_images_of_mnist_are_normalised_already(dataset: mnist.Dataset) -> None:
    assert np.mean([is_normalised(image) for image in dataset.test.images[:2000]]) > 0.999


def test_moved_scaled_and_faint_images_are_not_normalised(images: np.ndarray) -> None:
    for image in images:
        assert not is_normalised(np.roll(image, 3, axis=1))
        assert not is_normalised(np.roll(image, -3, axis=0))
        assert not is_normalised(np.pad(cv2.resize(image, (22, 22), interpolation=cv2.INTER_AREA), 3))
        assert not is_normalised(cv2.resize(image, (36, 36))[4:32, 4:32])
        assert not is_normalised(image // 3)
        assert not is_normalised(255 - image)
        assert not is_normalised(image[:, 1:])


@settings(deadline=None, max_examples=150)
@given(arrays(np.float32, array_shapes(min_dims=2, max_dims=2, max_side=40), elements=st.floats(0, 1, width=32)))
def test_any_ink_gives_a_tile(ink: np.ndarray) -> None:
    tile = normalise(ink)
    assert (tile.shape, tile.dtype) == ((28, 28), np.float32)
    assert np.isfinite(tile).all()
    assert 0 <= tile.min() <= tile.max() <= 1
    assert (tile.max() > 0) == (ink.max() > 0)
