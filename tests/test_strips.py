"""Strips: their place on the picture, their pixels to within rounding, and local contrast."""

import doctest

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mnist_cnn.read import strips
from mnist_cnn.read.constants import STRIP_MARGIN, STRIP_WIDEST

SLOPES = [-0.3, -0.1, 0.0, 0.1, 0.3]


def run_of_boxes(n: int, slope: float = 0.0, height: float = 48.0, left: float = 200.0) -> np.ndarray:
    """Boxes of n digits, float (n, 4), whose centres are on a line."""
    x = left + height * np.arange(n)
    y = 300 + slope * x
    half = height / 2
    return np.stack([x - 0.3 * height, y - half, x + 0.3 * height, y + half], axis=1)


def on_strip(strip: strips.Strip, points: np.ndarray) -> np.ndarray:
    """Picture coordinates, float (n, 2), in the coordinates of the strip."""
    matrix = strip.matrix
    return (points - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T


def smooth(shape: tuple[int, int], period: float = 60.0) -> np.ndarray:
    """A picture of waves, uint8, which linear interpolation reproduces almost exactly."""
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]]
    return np.round(127 + 60 * np.sin(2 * np.pi * x / period) + 60 * np.sin(2 * np.pi * y / period)).astype(np.uint8)


def waves_at(x: np.ndarray, y: np.ndarray, period: float) -> np.ndarray:
    return 127 + 60 * np.sin(2 * np.pi * x / period) + 60 * np.sin(2 * np.pi * y / period)


def test_the_examples_in_the_docstring_are_correct() -> None:
    assert doctest.testmod(strips).failed == 0


@pytest.mark.parametrize("slope", SLOPES)
@pytest.mark.parametrize("n", [5, 9])
def test_digits_are_in_the_middle_rows_and_24_high(n: int, slope: float) -> None:
    boxes = run_of_boxes(n, slope)
    strip = strips.band(boxes)  # no slope is given: the run shows its own
    middles = np.stack([(boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2], axis=1)
    at = on_strip(strip, middles)
    assert np.abs(at[:, 1] - strips.ROWS / 2).max() < 0.01
    scale = np.sqrt(np.linalg.det(strip.matrix[:, :2]))
    assert 48 / scale == pytest.approx(strips.DIGIT)
    assert strip.matrix[1, 0] / strip.matrix[0, 0] == pytest.approx(slope)


@pytest.mark.parametrize("slope", SLOPES)
@pytest.mark.parametrize("n", [1, 2])
def test_short_runs_have_the_slope_of_the_page(n: int, slope: float) -> None:
    strip = strips.band(run_of_boxes(n, slope), slope)
    assert strip.matrix[1, 0] / strip.matrix[0, 0] == pytest.approx(slope)


@pytest.mark.parametrize("slope", SLOPES)
def test_the_margins_are_equal_and_large_enough(slope: float) -> None:
    boxes = run_of_boxes(6, slope)
    strip = strips.band(boxes)
    middle, half = (boxes[:, 1] + boxes[:, 3]) / 2, 0.3 * 48
    ends = np.array([[boxes[0, 0], middle[0] - slope * half], [boxes[-1, 2], middle[-1] + slope * half]])
    first, last = on_strip(strip, ends)[:, 0]
    assert first == pytest.approx(strip.width - last, abs=0.01)
    assert STRIP_MARGIN * strips.DIGIT - 0.01 <= first <= STRIP_MARGIN * strips.DIGIT + 8.01
    assert strip.width % 16 == 0


def test_one_wrong_box_does_not_move_the_strip() -> None:
    boxes = run_of_boxes(7)
    boxes[3, [1, 3]] += 60  # the middle one, much too low
    ends = np.array([[boxes[i, 0], (boxes[i, 1] + boxes[i, 3]) / 2] for i in (0, -1)])
    assert np.abs(on_strip(strips.band(boxes), ends)[:, 1] - strips.ROWS / 2).max() < 0.5


def test_a_strip_has_a_maximum_width() -> None:
    assert strips.band(run_of_boxes(200)).width == STRIP_WIDEST


@pytest.mark.parametrize("slope", SLOPES)
def test_cut_returns_the_pixels_at_the_place_of_the_strip(slope: float) -> None:
    picture = smooth((700, 700))
    boxes = run_of_boxes(5, slope, 24.0)
    strip = strips.band(boxes)  # scale 1
    found = strips.cut(picture, strip)
    assert found.shape == (strips.ROWS, strip.width)
    assert found.dtype == np.uint8
    y, x = np.mgrid[0 : strips.ROWS, 0 : strip.width]
    there = np.einsum("ij,jyx->iyx", strip.matrix, np.stack([x, y, np.ones_like(x)]))
    assert np.abs(found - waves_at(*there, period=60.0)).max() < 2


@pytest.mark.parametrize("scale", [1, 1.6, 4])
def test_a_mark_is_where_it_is_to_a_pixel_at_every_scale(scale: float) -> None:
    """Dots on the corners of the boxes: their centres on the strip are where the matrix puts them."""
    height = 24 * scale
    boxes = run_of_boxes(5, 0.1, height, left=3 * height)
    boxes[:, [1, 3]] -= 200
    picture = np.zeros((int(boxes.max() + 100), int(boxes.max() + 100)), np.uint8)
    middles = np.round(np.stack([(boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2], axis=1))
    radius = round(2 * scale)
    for x, y in middles:
        cv2.circle(picture, (int(x), int(y)), radius, 255, -1)
    strip = strips.band(boxes)
    found = strips.cut(picture, strip).astype(float)
    for x, y in on_strip(strip, middles):
        window = found[round(y) - 5 : round(y) + 6, round(x) - 5 : round(x) + 6]
        yy, xx = np.mgrid[-5:6, -5:6]
        assert (window * xx).sum() / window.sum() + round(x) == pytest.approx(x, abs=0.3)
        assert (window * yy).sum() / window.sum() + round(y) == pytest.approx(y, abs=0.3)


def test_downscaling_by_four_averages_instead_of_skipping_pixels() -> None:
    stripes = np.tile(np.array([0, 255], np.uint8), (800, 400))
    strip = strips.band(run_of_boxes(4, 0.0, 96.0, left=150.0))
    assert np.abs(strips.cut(stripes, strip).astype(int) - 127).max() <= 2


def test_a_strip_outside_the_picture_repeats_its_border_or_is_empty() -> None:
    picture = np.full((50, 60), 77, np.uint8)
    near = strips.Strip(np.array([[1.0, 0, -30], [0, 1.0, -10]]), 64)
    assert (strips.cut(picture, near) == 77).all()
    far = strips.Strip(np.array([[4.0, 0, 9000], [0, 4.0, 9000]]), 64)
    assert strips.cut(picture, far).shape == (strips.ROWS, 64)


def slow_contrast(gray: np.ndarray, y: int, x: int, side: int) -> float:
    """The definition, at one pixel: windows are cut off at the border of the picture."""
    half = side // 2
    window = gray[max(0, y - half) : y + half + 1, max(0, x - half) : x + half + 1].astype(float)
    return (float(gray[y, x]) - window.mean()) / np.sqrt(window.var() + 25)


@pytest.mark.parametrize("shape", [(80, 120), (40, 64), (5, 200), (1, 1)])
def test_contrast_equals_its_definition(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    gray = (smooth(shape) // 2 + rng.integers(0, 120, shape)).astype(np.uint8)
    found = strips.contrast(gray)
    for y, x in zip(rng.integers(0, shape[0], 40), rng.integers(0, shape[1], 40), strict=True):
        for channel, side in enumerate(strips.WINDOWS):
            assert found[y, x, channel] == pytest.approx(slow_contrast(gray, int(y), int(x), side), abs=2e-3)


def test_contrast_of_the_negative_has_the_opposite_sign() -> None:
    gray = np.random.default_rng(1).integers(0, 256, (60, 90)).astype(np.uint8)
    assert np.allclose(strips.contrast(255 - gray), -strips.contrast(gray), atol=2e-3)


@pytest.mark.parametrize("value", [0, 1, 128, 255])
def test_contrast_of_a_constant_picture_is_about_zero(value: int) -> None:
    assert np.abs(strips.contrast(np.full((60, 90), value, np.uint8))).max() < 0.01


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 70), st.integers(1, 70), st.integers(0, 2**32 - 1))
def test_contrast_is_finite_and_bounded_for_every_shape(height: int, width: int, seed: int) -> None:
    gray = np.random.default_rng(seed).integers(0, 2, (height, width)).astype(np.uint8) * 255
    found = strips.contrast(gray)
    assert (found.shape, found.dtype) == ((height, width, 2), np.float32)
    # Of n values, none is more than sqrt(n - 1) standard deviations from the mean (Samuelson 1968).
    assert (np.abs(found) <= np.sqrt(np.array(strips.WINDOWS) ** 2 - 1) + 0.1).all()


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 12),
    st.floats(-0.5, 0.5),
    st.floats(3, 300),
    st.floats(-500, 2000),
    st.tuples(st.integers(1, 300), st.integers(1, 300)),
)
def test_every_run_of_boxes_gives_a_strip(
    n: int, slope: float, height: float, left: float, shape: tuple[int, int]
) -> None:
    strip = strips.band(run_of_boxes(n, slope, height, left), slope)
    assert 16 <= strip.width <= STRIP_WIDEST
    assert np.isfinite(strip.matrix).all()
    assert strips.cut(np.zeros(shape, np.uint8), strip).shape == (strips.ROWS, strip.width)


@pytest.mark.parametrize("by", [0.88, 1.0, 1.14])
def test_a_view_shows_the_same_place_at_another_size(by: float) -> None:
    strip = strips.band(np.array([[10.0, 20, 30, 60], [40, 22, 60, 62], [70, 21, 90, 61]]), 0.05)
    view = strips.view(strip, by)
    middles = [s.matrix @ [s.width / 2, strips.ROWS / 2, 1] for s in (strip, view)]
    assert middles[0] == pytest.approx(middles[1])
    assert strip.matrix[:, :2] == pytest.approx(view.matrix[:, :2] * by)
    assert view.width % 16 == 0
    assert view.width >= by * strip.width
