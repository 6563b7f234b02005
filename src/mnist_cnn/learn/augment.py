"""Augmentation: random changes to the shape, stroke and lighting of MNIST's digits.

    >>> rng = np.random.default_rng(0)
    >>> digit(np.zeros((28, 28), np.uint8), 8, rng).shape
    (28, 28)

``digit`` is for networks that read handwriting. It enlarges a digit, bends it, changes the pen, corrupts it a little
and normalises it, as the reader does. So the network learns from images like those that it will read.
``warp`` is for networks that are measured on MNIST. It changes the shapes of the digits only.
"""

import cv2
import numpy as np

from mnist_cnn.read.normalise import normalise

_SIDE = 84
"""Pixels per side of an enlarged digit."""
_MIDDLE = 13.5
"""Centre of an image of 28 x 28, in pixels."""
_KNOTS = 6
"""Knots per side of the spline that bends."""
_PLAIN = 0.3
"""Share of the digits that ``digit`` leaves unchanged."""


def _spline(n: int, knots: int) -> np.ndarray:
    """Return the weights of the knots of a uniform cubic B-spline at n pixels, float32 (n, knots). Rows sum to 1."""
    at = (np.arange(n) + 0.5) * (knots - 3) / n
    first, u = at.astype(int), at % 1
    weights = np.stack([(1 - u) ** 3, 3 * u**3 - 6 * u**2 + 4, -3 * u**3 + 3 * u**2 + 3 * u + 1, u**3], axis=1) / 6
    rows = np.zeros((n, knots), np.float32)
    np.put_along_axis(rows, first[:, None] + np.arange(4), weights, axis=1)
    return rows


_SPLINE = _spline(28, _KNOTS)
_GRID = np.array(np.meshgrid(np.arange(28) - _MIDDLE, np.arange(28) - _MIDDLE), np.float32)


def digit(image: np.ndarray, label: int, rng: np.random.Generator) -> np.ndarray:
    """Return a digit, uint8 (28, 28), written in another way and normalised: float32 (28, 28), 0 to 1."""
    if rng.random() < _PLAIN:
        return image.astype(np.float32) / 255
    ink = enlarge(image)
    ink = other_habits(ink, label, rng)
    ink = bend(ink, rng)
    ink = other_pen(ink, rng)
    return normalise(corrupt(ink, rng))


def warp(images: np.ndarray, rng: np.random.Generator, strength: float = 1.0) -> np.ndarray:
    """Return digits, uint8 (n, 28, 28), each turned, slanted, widened, moved and bent: float32 (n, 28, 28), 0 to 1.

    Bending is a cubic B-spline of 6 x 6 random shifts (Ronneberger et al. 2015, with more shifts). The interpolation
    between pixels is cubic, because linear interpolation would make the strokes softer than those of the test images.

    strength: of all changes; 0 leaves the digits unchanged.
    """
    n = len(images)
    angle, slant = np.deg2rad(rng.normal(0, 7 * strength, n)), rng.normal(0, 0.1 * strength, n)
    wide, tall = np.exp(rng.normal(0, 0.07 * strength, (2, n)))
    x_by = np.stack([np.cos(angle) * wide, (np.sin(angle) + slant) * wide], axis=1).astype(np.float32)
    y_by = np.stack([-np.sin(angle) * tall, np.cos(angle) * tall], axis=1).astype(np.float32)
    moved = rng.normal(0, 0.7 * strength, (2, n, 1, 1)).astype(np.float32) + np.float32(_MIDDLE)
    bent = _SPLINE @ rng.normal(0, 1.6 * strength, (2, n, _KNOTS, _KNOTS)).astype(np.float32) @ _SPLINE.T
    x, y = moved + bent + [np.tensordot(by, _GRID, axes=1) for by in (x_by, y_by)]
    out = np.empty(images.shape, np.uint8)
    for i in range(n):
        cv2.remap(images[i], x[i], y[i], cv2.INTER_CUBIC, dst=out[i])
    return out.astype(np.float32) / 255


def enlarge(image: np.ndarray) -> np.ndarray:
    """Return an image, uint8 (28, 28), three times as large: float32 (84, 84), 0 to 1."""
    large = cv2.resize(image.astype(np.float32) / 255, (_SIDE, _SIDE), interpolation=cv2.INTER_CUBIC)
    return np.clip(large, 0, 1)


def bend(ink: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return ink, float32 (h, w), turned, slanted, widened and elastically distorted (Simard et al. 2003)."""
    height, width = ink.shape
    angle, slant = np.deg2rad(rng.normal(0, 8)), rng.normal(0, 0.18)
    aspect = np.exp(rng.normal(0, 0.15))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = turn @ np.array([[1 / aspect, slant], [0, 1]]) * 1.12
    x = np.arange(width, dtype=np.float32) - width / 2
    y = np.arange(height, dtype=np.float32)[:, None] - height / 2
    source = [matrix[i, 0].item() * x + matrix[i, 1].item() * y + (width / 2, height / 2)[i] for i in (0, 1)]
    amount, knots = abs(rng.normal(0, 2.2)), int(rng.integers(3, 7))
    for values in source:
        field = rng.normal(0, amount, (knots, knots)).astype(np.float32)
        values += cv2.resize(field, (width, height), interpolation=cv2.INTER_CUBIC)
    return cv2.remap(ink, source[0], source[1], cv2.INTER_LINEAR)


def other_pen(ink: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return ink, float32 (h, w), with thinner or thicker strokes."""
    change = int(rng.integers(-6, 6))
    if not change:
        return ink
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (abs(change) + 1, abs(change) + 1))
    if change > 0:
        return cv2.dilate(ink, kernel)
    thinner = cv2.erode(ink, kernel)
    return thinner if (thinner > 0.5).sum() > 0.2 * (ink > 0.5).sum() else ink


def corrupt(ink: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return ink, float32 (h, w), with random effects of pen, paper, light and camera: float32 (h, w), 0 to 1."""
    height, width = ink.shape
    chance = rng.random(8)
    if chance[0] < 0.08:  # gaps in the strokes
        for _ in range(rng.integers(1, 4)):
            _dot(ink, rng, radius=rng.integers(2, 5), value=0.0)
    if chance[1] < 0.08:  # specks
        for _ in range(rng.integers(1, 4)):
            _dot(ink, rng, radius=rng.integers(1, 4), value=float(rng.uniform(0.4, 1)))
    if chance[2] < 0.08:  # a piece of a ruled line or a frame
        _line(ink, rng)
    if chance[3] < 0.3:  # pressure of the pen
        field = rng.uniform(0.35, 1.3, (3, 3)).astype(np.float32)
        ink = ink * np.clip(cv2.resize(field, (width, height), interpolation=cv2.INTER_CUBIC), 0.2, 1)
    if chance[4] < 0.35:  # low resolution
        scale = int(rng.integers(13, 36)) / _SIDE
        few = cv2.resize(ink, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        ink = cv2.resize(few, (width, height), interpolation=cv2.INTER_CUBIC if chance[5] < 0.7 else cv2.INTER_LINEAR)
    if chance[5] < 0.5:  # blur
        ink = cv2.GaussianBlur(ink, (0, 0), rng.uniform(0.5, 2.5))
    if chance[6] < 0.3:  # noise where there is ink
        grain = rng.standard_normal(ink.shape, np.float32) * np.float32(rng.uniform(0.06, 0.5))
        ink = ink * (1 + cv2.GaussianBlur(grain, (0, 0), rng.uniform(0.5, 2)))
    if chance[7] < 0.5:  # contrast
        ink = cv2.pow(np.clip(ink, 0, 1), rng.uniform(0.5, 2))
    return np.clip(ink, 0, 1).astype(np.float32)


def other_habits(ink: np.ndarray, label: int, rng: np.random.Generator) -> np.ndarray:
    """Return the ink of a digit, float32 (h, w), with habits that are rare in MNIST.

    They are a crossed 7, a slashed 0, a 1 with an upstroke and a foot, and an open 4.
    """
    rows, columns = np.flatnonzero(ink.max(axis=1) > 0.5), np.flatnonzero(ink.max(axis=0) > 0.5)
    if not rows.size or rng.random() > {7: 0.3, 1: 0.45, 0: 0.07, 4: 0.2}.get(label, 0):
        return ink
    top, bottom, left, right = rows[0], rows[-1], columns[0], columns[-1]
    height = bottom - top
    middle = int(top + rng.uniform(0.42, 0.6) * height)
    across = np.flatnonzero(ink[middle] > 0.5)
    if not across.size:
        return ink
    centre, lines = across.mean(), []
    if label == 4:
        return _open_four(ink, rng)
    if label == 7:
        reach, tilt = rng.uniform(0.15, 0.42) * height, rng.uniform(-0.3, 0.12) * height / 2
        lines = [((centre - reach, middle - tilt), (centre + reach, middle + tilt))]
    elif label == 0:
        lines = [((left - 3, bottom + 3), (right + 3, top - 3))]
    else:
        start = np.flatnonzero(ink[top + 3] > 0.3)
        x, y = (start.mean() if start.size else centre), top + 4
        long, angle = rng.uniform(0.2, 0.58) * height, np.deg2rad(rng.uniform(32, 62))
        lines = [((x, y), (x - long * np.cos(angle), y + long * np.sin(angle)))]
        if rng.random() < 0.3:
            foot = np.flatnonzero(ink[bottom - 3] > 0.3)
            x, reach = (foot.mean() if foot.size else centre), rng.uniform(0.15, 0.3) * height
            lines.append(((x - reach, bottom - 3), (x + reach, bottom - 3)))
    ink = ink.copy()
    width = int(rng.integers(5, 9))
    for (x0, y0), (x1, y1) in lines:
        cv2.line(ink, (int(x0), int(y0)), (int(x1), int(y1)), 1.0, width, cv2.LINE_AA)
    return ink


def _open_four(ink: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a 4 without the right stroke above the bar. The bar is the widest row."""
    spans = [int(np.ptp(np.flatnonzero(row > 0.5))) if (row > 0.5).any() else 0 for row in ink]
    bar = int(np.argmax(spans))
    inked = np.flatnonzero(ink[bar] > 0.5)
    left, right = inked[0], inked[-1]
    ink = ink.copy()
    for y in range(bar - 6):
        runs = np.flatnonzero(ink[y] > 0.3)
        if runs.size and np.ptp(runs) > 14:  # both strokes are there
            ink[y, (int(runs[0]) + int(runs[-1])) // 2 :] = 0
        elif runs.size and runs.mean() > left + 0.7 * (right - left):
            ink[y] = 0
    return ink


def _dot(ink: np.ndarray, rng: np.random.Generator, radius: int | np.integer, value: float) -> None:
    """Draw a dot at a random place: radius in pixels, value 0 to 1."""
    at = rng.integers(8, np.array(ink.shape[::-1]) - 8)
    cv2.circle(ink, tuple(map(int, at)), int(radius), value, -1, cv2.LINE_AA)


def _line(ink: np.ndarray, rng: np.random.Generator) -> None:
    """Draw a straight line along one side of the ink, or through it."""
    rows, columns = np.flatnonzero(ink.max(axis=1) > 0.5), np.flatnonzero(ink.max(axis=0) > 0.5)
    if not rows.size:
        return
    upright = rng.random() < 0.4
    along, across = (rows, columns) if upright else (columns, rows)
    place = int(rng.choice([across[0], across[-1]])) + int(rng.integers(-3, 4))
    ends = np.sort(rng.integers(along[0] - 6, along[-1] + 7, 2))
    points = [(place, int(ends[0])), (place, int(ends[1]))] if upright else [(int(e), place) for e in ends]
    cv2.line(ink, points[0], points[1], float(rng.uniform(0.3, 1)), int(rng.integers(1, 4)), cv2.LINE_AA)
