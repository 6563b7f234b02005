"""Lines: the lines of writing on a picture, each made level and scaled to one height.

>>> [line.ink.shape for line in lines(ink)]                                             # doctest: +SKIP
[(96, 317)]
"""

from dataclasses import dataclass

import cv2
import numpy as np

from mnist_cnn.read.constants import (
    LINE_DOT_BELOW,
    LINE_DOT_GAP,
    LINE_EXTENT,
    LINE_GAP,
    LINE_HEIGHT_INK,
    LINE_HEIGHT_QUANTILES,
    LINE_HIGHEST,
    LINE_INK,
    LINE_LARGE,
    LINE_LARGEST_SCALE,
    LINE_MARGIN,
    LINE_OVERLAP,
    LINE_PAD,
    LINE_REDUCED,
    LINE_REDUCED_BLUR,
    LINE_STEEPEST,
    LINE_STROKE_APART,
    LINE_STROKE_HEIGHT,
    LINE_STROKE_SHARED,
    LINE_TILT_FAR,
    LINE_TILT_HEIGHT,
    LINE_TILT_PARTS,
    LINE_TILT_POINTS,
    LINE_TILT_WIDE,
    LINE_WIDEST,
    PART_BIG,
    PART_COVER,
    PART_COVER_EDGES,
    PART_EDGE,
    PART_FLAT_LONG,
    PART_FLAT_RATIO,
    PART_FLAT_THIN,
    PART_FRAME,
    PART_HOLLOW,
    PART_SPECK,
    PART_SPECK_AREA,
    SLANT_COLUMNS,
    SLANT_COST,
    SLANT_PIXELS,
    SLANT_TAKEN,
    SLANT_WIDE,
    SLANTS,
)
from mnist_cnn.read.reading import Box

HEIGHT = 64
"""Height of the writing on a line, in pixels."""


@dataclass(frozen=True, eq=False)
class Line:
    """A part of the picture with one line of writing."""

    ink: np.ndarray
    """float32 (h, w), 0 to 1: level and upright, with writing that is about 64 pixels high."""
    to_picture: np.ndarray
    """Affine transform from pixels of `ink` to pixels of the picture, float64 (2, 3)."""

    def box(self, left: int, top: int, right: int, bottom: int, size: tuple[int, int], scale: float = 1) -> Box:
        """Return the upright rectangle around a rectangle on the line.

        size: width and height of the picture that the box refers to.
        scale: pixels of the picture that the line was found on per pixel of that picture.
        """
        corners = np.array([[left, top, 1], [right, top, 1], [left, bottom, 1], [right, bottom, 1]], float)
        points = corners @ self.to_picture.T / scale
        x, y = np.clip(np.floor(points.min(axis=0)), 0, np.array(size) - 1).astype(int).tolist()
        right_, bottom_ = np.minimum(np.ceil(points.max(axis=0)), size).astype(int).tolist()
        return Box(x, y, max(1, right_ - x), max(1, bottom_ - y))


def lines(ink: np.ndarray) -> list[Line]:
    """Return the lines of writing on ink, float32 (h, w), from the top down."""
    mask = (ink > LINE_INK).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    parts = _written(stats[1:], ink.shape)
    if not parts.size:
        return []
    height = _height(stats[parts])
    groups = _groups(stats, parts, height)
    found = [_straightened(ink, labels, stats, group) for group in groups]
    return [line for _, line in sorted(((top, line) for top, line in found if line is not None), key=lambda f: f[0])]


def _written(stats: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return the labels of the connected parts that may be writing, without specks, frames and shadows at the edge.

    stats: of each part, int (n, 5), as OpenCV returns them.
    """
    x, y, width, height, area = stats.T
    side = np.maximum(width, height)
    big = side > PART_BIG * max(shape)
    left, top = x <= PART_EDGE, y <= PART_EDGE
    right, bottom = x + width >= shape[1] - PART_EDGE, y + height >= shape[0] - PART_EDGE
    edges = left * 1 + top + right + bottom
    at_edge = edges > 0
    # A frame or the edge of the page is along the edge of the picture. A 1 may touch it.
    level = (height < PART_FLAT_THIN * shape[0]) & (width > PART_FLAT_LONG * shape[1]) & (top | bottom)
    upright = (width < PART_FLAT_THIN * shape[1]) & (height > PART_FLAT_LONG * shape[0]) & (left | right)
    flat = (level | upright) & (side > PART_FLAT_RATIO * np.minimum(width, height))
    hollow = area < PART_HOLLOW * width * height
    cover = area > PART_COVER * shape[0] * shape[1]
    cover |= (area > PART_COVER_EDGES * shape[0] * shape[1]) & (edges >= 3)
    largest = side[~(at_edge & (flat | big))].max(initial=0)
    speck = (side < PART_SPECK * largest) | (area < PART_SPECK_AREA)
    frame = (width > PART_FRAME * shape[1]) & (height > PART_FRAME * shape[0]) & hollow & at_edge
    kept = ~(at_edge & flat) & ~speck & ~cover & ~frame & ~(big & hollow & (edges >= 2))
    return np.flatnonzero(kept) + 1


def _height(stats: np.ndarray) -> float:
    """Return the height of the writing: the median of the heights of the parts, weighted by their squares."""
    heights, weights = stats[:, cv2.CC_STAT_HEIGHT].astype(float), stats[:, cv2.CC_STAT_HEIGHT] ** 2.0
    order = np.argsort(heights)
    total = np.cumsum(weights[order])
    return float(heights[order][np.searchsorted(total, total[-1] / 2)])


def _groups(stats: np.ndarray, parts: np.ndarray, height: float) -> list[np.ndarray]:
    """Return the labels of the parts of each line. Neighbours that overlap vertically and are near are in one line.

    height: of the writing, in pixels.
    """
    x, y, w, h = (stats[parts, i].astype(float) for i in range(4))
    group = np.arange(len(parts))
    large = h > LINE_LARGE * height
    for i in range(len(parts)):
        gap = np.maximum(x[i], x) - np.minimum(x[i] + w[i], x + w)
        overlap = np.minimum(y[i] + h[i], y + h) - np.maximum(y[i], y)
        lower = np.minimum(h[i], h)
        joined = (gap < LINE_GAP * height) & (overlap > LINE_OVERLAP * lower) & large & large[i]
        # A stroke above or below the rest of its digit: the bar of a 5, the foot of a 1.
        apart = np.maximum(y[i], y) - np.minimum(y[i] + h[i], y + h)
        above = (gap < -LINE_STROKE_SHARED * np.minimum(w[i], w)) & (apart < LINE_STROKE_APART * height)
        joined |= above & (lower < LINE_STROKE_HEIGHT * height)
        # Dots and dashes belong to the line that they are level with.
        level = (y + h / 2 > y[i]) & (y + h / 2 < y[i] + LINE_DOT_BELOW * h[i])
        joined |= large[i] & ~large & level & (gap < LINE_DOT_GAP * height)
        for j in np.flatnonzero(joined & (group != group[i])):
            group[group == group[j]] = group[i]
    groups = [parts[group == g] for g in np.unique(group)]
    return [g for g in groups if stats[g, cv2.CC_STAT_HEIGHT].max() > LINE_LARGE * height]


def _straightened(
    ink: np.ndarray, labels: np.ndarray, stats: np.ndarray, group: np.ndarray
) -> tuple[float, Line | None]:
    """Return the top of a group of parts and its line, level, without slant and scaled; None if it has hardly ink."""
    left, top = stats[group, 0].min(), stats[group, 1].min()
    right = (stats[group, 0] + stats[group, 2]).max()
    bottom = (stats[group, 1] + stats[group, 3]).max()
    x0, y0 = max(0, left - LINE_PAD), max(0, top - LINE_PAD)
    window = slice(y0, bottom + LINE_PAD), slice(x0, right + LINE_PAD)
    member = np.isin(labels[window], group).astype(np.uint8)
    piece = np.where(cv2.dilate(member, np.ones((3, 3), np.uint8)) > 0, ink[window], 0)
    turn = _turn(piece, stats[group])
    if not (piece > 0.5).any():
        return float(top), None
    shear = np.array([[1, _slant(piece, turn)], [0, 1]]) @ turn
    line, forward = _warped(piece, shear)
    back = cv2.invertAffineTransform(forward)
    back[:, 2] += (x0, y0)
    return float(top), Line(line, back)


def _warped(piece: np.ndarray, shear: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return ink moved by a matrix, float (2, 2), and scaled, float32 (h, w), and the transform, float (2, 3)."""
    x1, y1, x2, y2 = _bounds(piece, shear)
    scale = HEIGHT / max(_text_height(piece, shear), 1e-6)
    scale = min(scale, LINE_LARGEST_SCALE, LINE_WIDEST / max(x2 - x1, 1), LINE_HIGHEST / max(y2 - y1, 1))
    forward = np.zeros((2, 3))
    forward[:, :2] = scale * shear
    forward[:, 2] = LINE_MARGIN - scale * np.array([x1, y1])
    size = round(scale * (x2 - x1)) + 2 * LINE_MARGIN, round(scale * (y2 - y1)) + 2 * LINE_MARGIN
    if scale < LINE_REDUCED:  # warpAffine alone would skip pixels
        piece = cv2.GaussianBlur(piece, (0, 0), LINE_REDUCED_BLUR / scale)
    flags = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_LINEAR
    return np.clip(cv2.warpAffine(piece, forward, size, flags=flags), 0, 1).astype(np.float32), forward


def _turn(piece: np.ndarray, stats: np.ndarray) -> np.ndarray:
    """Return the rotation, at most 25 degrees, that makes a line of several digits level: float (2, 2)."""
    large = stats[stats[:, 3] > LINE_TILT_HEIGHT * stats[:, 3].max()]
    rows, columns = np.nonzero(piece > 0.5)
    angle = 0.0
    if len(large) >= LINE_TILT_PARTS:
        x, y = large[:, 0] + large[:, 2] / 2, large[:, 1] + large[:, 3] / 2
        angle = _slope(x, y)
    elif columns.size and np.ptp(columns) > LINE_TILT_WIDE * np.ptp(rows):
        angle = _slope(columns, rows)
    angle = float(np.clip(angle, -LINE_STEEPEST, LINE_STEEPEST))
    c, s = np.cos(np.deg2rad(-angle)), np.sin(np.deg2rad(-angle))
    return np.array([[c, -s], [s, c]])


def _slope(x: np.ndarray, y: np.ndarray) -> float:
    """Return the slope of a straight line through points, in degrees: the median of those between them (Theil 1950)."""
    if len(x) > LINE_TILT_POINTS:
        return float(np.rad2deg(np.arctan(np.polyfit(x, y, 1)[0])))
    i, j = np.triu_indices(len(x), 1)
    far = np.abs(x[i] - x[j]) > LINE_TILT_FAR * np.ptp(x)
    if not far.any():  # one above the other
        return 0.0
    return float(np.rad2deg(np.arctan(np.median(((y[i] - y[j]) / np.where(far, x[i] - x[j], 1))[far]))))


def _slant(piece: np.ndarray, turn: np.ndarray) -> float:
    """Return the shear that makes the strokes upright: the one with the most nearly empty and nearly full columns."""
    rows, columns = np.nonzero(piece > 0.5)
    if rows.size < SLANT_PIXELS:
        return 0.0
    points = turn @ np.stack([columns, rows]).astype(float)
    height = np.ptp(points[1]) + 1
    if np.ptp(points[0]) < SLANT_WIDE * height:
        return 0.0  # one digit does not show its slant
    step = max(1.0, height / SLANT_COLUMNS)
    best, most = 0.0, -1.0
    for slant in np.arange(*SLANTS):
        x = (points[0] + slant * points[1]) / step
        filled = np.bincount((x - x.min()).astype(int)).astype(float)
        score = float((filled**2).sum()) * (1 - SLANT_COST * abs(slant))
        if score > most:
            best, most = float(slant), score
    return SLANT_TAKEN * best


def _bounds(piece: np.ndarray, matrix: np.ndarray) -> tuple[float, float, float, float]:
    """Return left, top, right and bottom of ink that is moved by a matrix, float (2, 2)."""
    rows, columns = np.nonzero(piece > LINE_EXTENT)
    points = matrix @ np.stack([columns, rows]).astype(float)
    (x1, y1), (x2, y2) = points.min(axis=1), points.max(axis=1) + 1
    return float(x1), float(y1), float(x2), float(y2)


def _text_height(piece: np.ndarray, matrix: np.ndarray) -> float:
    """Return the height that most of the ink is in when it is moved by a matrix, float (2, 2)."""
    rows, columns = np.nonzero(piece > LINE_HEIGHT_INK)
    if not rows.size:
        return float(piece.shape[0])
    y = (matrix @ np.stack([columns, rows]).astype(float))[1]
    low, high = np.quantile(y, LINE_HEIGHT_QUANTILES)
    return float(high - low + 1)
