"""Strips: a run of writing as a level strip of grey pixels with digits 24 pixels high, and its local contrast.

    >>> strip = band(np.array([[10.0, 20, 30, 60], [40, 22, 60, 62]]))
    >>> strip.width, [round(float(v), 2) for v in strip.matrix[:, 0]]
    (80, [1.67, 0.0])

Training and reading use the same functions. Neither uses a threshold.
"""

from typing import NamedTuple

import cv2
import numpy as np

from mnist_cnn.read.constants import (
    STRIP_CROP_MARGIN,
    STRIP_HEIGHT_QUANTILE,
    STRIP_LEAST_HEIGHT,
    STRIP_MARGIN,
    STRIP_NOISE,
    STRIP_OWN_SLOPE,
    STRIP_REDUCED,
    STRIP_STEEPEST,
    STRIP_WIDEST,
)

ROWS = 40
"""Height of a strip in pixels."""
DIGIT = 24.0
"""Height of a digit on a strip, in pixels."""
MULTIPLE = 16
"""The width of a strip is a multiple of this, in pixels."""
WINDOWS = (11, 43)
"""Sides of the square windows for contrast, in pixels: one for a stroke and one for a whole digit."""


class Strip(NamedTuple):
    """The place of a strip on the picture."""

    matrix: np.ndarray
    """Affine transform from strip to picture coordinates, float64 (2, 3)."""
    width: int
    """Width of the strip in pixels, a multiple of 16."""


def contrast(gray: np.ndarray) -> np.ndarray:
    """Return the local contrast of grey pixels: uint8 (h, w) -> float32 (h, w, 2).

    Contrast is the distance of a pixel from the mean of its window, in standard deviations of the window. The last axis
    has one channel for each of ``WINDOWS`` (local contrast normalisation, Jarrett et al. 2009).
    """
    pixels = gray.astype(np.float32)
    ones = np.ones(gray.shape, np.float32)
    found = []
    for side in WINDOWS:
        window = (side, side)

        def total(values: np.ndarray, window: tuple[int, int] = window) -> np.ndarray:
            return cv2.boxFilter(values, cv2.CV_32F, window, normalize=False, borderType=cv2.BORDER_CONSTANT)

        count = total(ones)
        mean = total(pixels) / count
        spread = np.maximum(total(pixels * pixels) / count - mean * mean, 0)
        found.append((pixels - mean) / np.sqrt(spread + np.float32(STRIP_NOISE**2)))
    return np.stack(found, axis=-1)


def band(boxes: np.ndarray, slope: float = 0.0) -> Strip:
    """Return the strip of a run of digits.

    boxes: float (n, 4), left, top, right and bottom in pixels, ordered from left to right.
    slope: tilt of the page, dy / dx. It is used where the run is too short to show its own slope.
    """
    x, y = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
    tall = boxes[:, 3] - boxes[:, 1]
    height = max(float(np.quantile(tall, STRIP_HEIGHT_QUANTILE)), STRIP_LEAST_HEIGHT)
    if len(boxes) > 2 and np.ptp(x) > STRIP_OWN_SLOPE * height:
        slope = float(np.clip(np.polyfit(x, y, 1)[0], -STRIP_STEEPEST, STRIP_STEEPEST))
    middle = float(np.median(y - slope * x))
    scale = height / DIGIT
    c, s = np.cos(np.arctan(slope)), np.sin(np.arctan(slope))
    left, right = float(boxes[:, 0].min()), float(boxes[:, 2].max())
    width = int(np.ceil(((right - left) / c / scale + 2 * STRIP_MARGIN * DIGIT) / MULTIPLE)) * MULTIPLE
    room = (width * scale - (right - left) / c) / 2
    start = np.array([left, middle + slope * left]) - room * np.array([c, s]) - ROWS / 2 * scale * np.array([-s, c])
    return Strip(
        np.array([[c * scale, -s * scale, start[0]], [s * scale, c * scale, start[1]]]), min(width, STRIP_WIDEST)
    )


def view(strip: Strip, by: float) -> Strip:
    """Return the strip that shows the same writing larger by the factor `by`."""
    width = min(int(np.ceil(strip.width * by / MULTIPLE)) * MULTIPLE, STRIP_WIDEST)
    matrix = strip.matrix.copy()
    middle = matrix @ np.array([strip.width / 2, ROWS / 2, 1])
    matrix[:, :2] /= by
    matrix[:, 2] = middle - matrix[:, :2] @ np.array([width / 2, ROWS / 2])
    return Strip(matrix, width)


def cut(gray: np.ndarray, strip: Strip, rows: int = ROWS) -> np.ndarray:
    """Return the pixels of a strip, uint8 (rows, width)."""
    scale = float(np.sqrt(abs(np.linalg.det(strip.matrix[:, :2]))))
    matrix = strip.matrix.copy()
    if scale > STRIP_REDUCED:  # crop, then downscale by area: warpAffine alone would alias
        corners = matrix @ np.array([[0, strip.width, strip.width, 0], [0, 0, rows, rows], [1, 1, 1, 1]], float)
        x0, y0 = np.maximum(np.floor(corners.min(axis=1)).astype(int) - STRIP_CROP_MARGIN, 0)
        x1, y1 = np.ceil(corners.max(axis=1)).astype(int) + STRIP_CROP_MARGIN
        gray = gray[y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)]
        if not gray.size:
            return np.zeros((rows, strip.width), np.uint8)
        by = 1 / scale
        small = max(1, round(gray.shape[1] * by)), max(1, round(gray.shape[0] * by))
        sx, sy = small[0] / gray.shape[1], small[1] / gray.shape[0]
        gray = cv2.resize(gray, small, interpolation=cv2.INTER_AREA)
        matrix[:, 2] += 0.5 - np.array([x0, y0])
        matrix = np.diag([sx, sy]) @ matrix
        matrix[:, 2] -= 0.5
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(gray, matrix, (strip.width, rows), flags=flags, borderMode=cv2.BORDER_REPLICATE)
