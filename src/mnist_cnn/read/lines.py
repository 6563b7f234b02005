"""Lines: the lines of writing on a picture, each made level and scaled to one height.

>>> [line.box for line in lines(ink)]                                                   # doctest: +SKIP
[Box(x=112, y=80, width=420, height=96)]
"""

from dataclasses import dataclass

import cv2
import numpy as np

from mnist_cnn.read.reading import Box

HEIGHT = 64
"""Height of a line in pixels."""
_MARGIN = 16
"""Empty pixels around a line of that height."""


@dataclass(frozen=True, eq=False)
class Line:
    """A piece of the picture with one line on it."""

    ink: np.ndarray
    """float32 (h, w), 0 to 1: upright, not slanted, the writing about 64 pixels high."""
    to_picture: np.ndarray
    """float64 (2, 3): the affine map from pixels of `ink` to pixels of the picture."""

    def box(self, left: int, top: int, right: int, bottom: int, size: tuple[int, int], scale: float = 1) -> Box:
        """The upright rectangle around one on the line, on a picture of that width and height, so much smaller."""
        corners = np.array([[left, top, 1], [right, top, 1], [left, bottom, 1], [right, bottom, 1]], float)
        points = corners @ self.to_picture.T / scale
        x, y = np.clip(np.floor(points.min(axis=0)), 0, np.array(size) - 1).astype(int).tolist()
        right_, bottom_ = np.minimum(np.ceil(points.max(axis=0)), size).astype(int).tolist()
        return Box(x, y, max(1, right_ - x), max(1, bottom_ - y))


def lines(ink: np.ndarray) -> list[Line]:
    """The lines of writing on ink, float32 (h, w), from the top down."""
    mask = (ink > 0.35).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    parts = _written(stats[1:], ink.shape)
    if not parts.size:
        return []
    height = _height(stats[parts])
    groups = _groups(stats, parts, height)
    found = [_straighten(ink, labels, stats, group) for group in groups]
    return [line for _, line in sorted(((top, line) for top, line in found if line is not None), key=lambda f: f[0])]


def _written(stats: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The numbers of the connected parts that may be writing: no specks, no frames, no shadows at the edge."""
    x, y, width, height, area = stats.T
    side = np.maximum(width, height)
    big = side > 0.92 * max(shape)
    at_edge = (x <= 1) | (y <= 1) | (x + width >= shape[1] - 1) | (y + height >= shape[0] - 1)
    # A frame or the page's edge runs along the picture's edge; a 1 may touch it.
    level = (height < 0.1 * shape[0]) & (width > 0.5 * shape[1]) & ((y <= 1) | (y + height >= shape[0] - 1))
    upright = (width < 0.1 * shape[1]) & (height > 0.5 * shape[0]) & ((x <= 1) | (x + width >= shape[1] - 1))
    flat = (level | upright) & (side > 5 * np.minimum(width, height))
    hollow = area < 0.12 * width * height
    edges = (x <= 1) * 1 + (y <= 1) + (x + width >= shape[1] - 1) + (y + height >= shape[0] - 1)
    cover = (area > 0.6 * shape[0] * shape[1]) | ((area > 0.2 * shape[0] * shape[1]) & (edges >= 3))
    largest = side[~(at_edge & (flat | big))].max(initial=0)
    speck = (side < 0.12 * largest) | (area < 4)
    frame = (width > 0.6 * shape[1]) & (height > 0.6 * shape[0]) & hollow & at_edge
    kept = ~(at_edge & flat) & ~speck & ~cover & ~frame & ~(big & hollow & (edges >= 2))
    return np.flatnonzero(kept) + 1


def _height(stats: np.ndarray) -> float:
    """The height of the writing: the middle one of the parts' heights, larger parts counting more."""
    heights, weights = stats[:, cv2.CC_STAT_HEIGHT].astype(float), stats[:, cv2.CC_STAT_HEIGHT] ** 2.0
    order = np.argsort(heights)
    total = np.cumsum(weights[order])
    return float(heights[order][np.searchsorted(total, total[-1] / 2)])


def _groups(stats: np.ndarray, parts: np.ndarray, height: float) -> list[np.ndarray]:
    """Parts side by side make a line: neighbours that overlap in height and are not far apart."""
    x, y, w, h = (stats[parts, i].astype(float) for i in range(4))
    group = np.arange(len(parts))
    large = h > 0.4 * height
    for i in range(len(parts)):
        gap = np.maximum(x[i], x) - np.minimum(x[i] + w[i], x + w)
        overlap = np.minimum(y[i] + h[i], y + h) - np.maximum(y[i], y)
        ok = (gap < 2.2 * height) & (overlap > 0.35 * np.minimum(h[i], h)) & large & large[i]
        # A stroke above or below the rest of its digit: the bar of a 5, the foot of a 1.
        apart = np.maximum(y[i], y) - np.minimum(y[i] + h[i], y + h)
        ok |= (gap < -0.3 * np.minimum(w[i], w)) & (apart < 0.25 * height) & (np.minimum(h[i], h) < 0.7 * height)
        # Dots and dashes belong where they are level with the line.
        level = (y + h / 2 > y[i]) & (y + h / 2 < y[i] + 1.1 * h[i])
        ok |= large[i] & ~large & level & (gap < 1.2 * height)
        for j in np.flatnonzero(ok & (group != group[i])):
            group[group == group[j]] = group[i]
    groups = [parts[group == g] for g in np.unique(group)]
    return [g for g in groups if stats[g, cv2.CC_STAT_HEIGHT].max() > 0.4 * height]


def _straighten(ink: np.ndarray, labels: np.ndarray, stats: np.ndarray, group: np.ndarray) -> tuple[float, Line | None]:
    """Cut a group out of the picture, turn it level, take the slant out and scale it."""
    left, top = stats[group, 0].min(), stats[group, 1].min()
    right = (stats[group, 0] + stats[group, 2]).max()
    bottom = (stats[group, 1] + stats[group, 3]).max()
    pad = 2
    x0, y0 = max(0, left - pad), max(0, top - pad)
    window = slice(y0, bottom + pad), slice(x0, right + pad)
    member = np.isin(labels[window], group).astype(np.uint8)
    piece = np.where(cv2.dilate(member, np.ones((3, 3), np.uint8)) > 0, ink[window], 0)
    turn = _turn(piece, stats[group], (x0, y0))
    if not (piece > 0.5).any():
        return float(top), None
    slant = _slant(piece, turn)
    shear = np.array([[1, slant], [0, 1]]) @ turn
    x1, y1, x2, y2 = _bounds(piece, shear)
    scale = HEIGHT / max(_text_height(piece, shear), 1e-6)
    scale = min(scale, 12.0, 4000 / max(x2 - x1, 1), 400 / max(y2 - y1, 1))
    forward = np.zeros((2, 3))
    forward[:, :2] = scale * shear
    forward[:, 2] = _MARGIN - scale * np.array([x1, y1])
    size = round(scale * (x2 - x1)) + 2 * _MARGIN, round(scale * (y2 - y1)) + 2 * _MARGIN
    if scale < 0.7:  # warping alone would skip pixels
        piece = cv2.GaussianBlur(piece, (0, 0), 0.45 / scale)
    flags = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_LINEAR
    line = np.clip(cv2.warpAffine(piece, forward, size, flags=flags), 0, 1)
    back = cv2.invertAffineTransform(forward)
    back[:, 2] += (x0, y0)
    return float(top), Line(line.astype(np.float32), back)


def _turn(piece: np.ndarray, stats: np.ndarray, origin: tuple[int, int]) -> np.ndarray:
    """The rotation, at most 25 degrees, that makes a line of several digits level: float (2, 2)."""
    large = stats[stats[:, 3] > 0.5 * stats[:, 3].max()]
    rows, columns = np.nonzero(piece > 0.5)
    angle = 0.0
    if len(large) >= 3:
        x, y = large[:, 0] + large[:, 2] / 2, large[:, 1] + large[:, 3] / 2
        angle = _slope(x, y)
    elif columns.size and np.ptp(columns) > 2.5 * np.ptp(rows):
        angle = _slope(columns, rows)
    angle = float(np.clip(angle, -25, 25))
    c, s = np.cos(np.deg2rad(-angle)), np.sin(np.deg2rad(-angle))
    return np.array([[c, -s], [s, c]])


def _slope(x: np.ndarray, y: np.ndarray) -> float:
    """In degrees, of the straight line through points: the median of the slopes between them (Theil 1950)."""
    if len(x) > 60:
        return float(np.rad2deg(np.arctan(np.polyfit(x, y, 1)[0])))
    i, j = np.triu_indices(len(x), 1)
    far = np.abs(x[i] - x[j]) > 0.3 * np.ptp(x)
    if not far.any():  # one above the other
        return 0.0
    return float(np.rad2deg(np.arctan(np.median(((y[i] - y[j]) / np.where(far, x[i] - x[j], 1))[far]))))


def _slant(piece: np.ndarray, turn: np.ndarray) -> float:
    """The shear that makes the strokes upright: the one with the most nearly empty and nearly full columns."""
    rows, columns = np.nonzero(piece > 0.5)
    if rows.size < 8:
        return 0.0
    points = turn @ np.stack([columns, rows]).astype(float)
    height = np.ptp(points[1]) + 1
    if np.ptp(points[0]) < 1.6 * height:
        return 0.0  # one digit: what its slant is, only the network can tell
    step = max(1.0, height / 48)
    best, most = 0.0, -1.0
    for slant in np.arange(-0.3, 0.91, 0.1):
        x = (points[0] + slant * points[1]) / step
        filled = np.bincount((x - x.min()).astype(int)).astype(float)
        score = float((filled**2).sum()) * (1 - 0.05 * abs(slant))
        if score > most:
            best, most = float(slant), score
    return 0.75 * best


def _bounds(piece: np.ndarray, matrix: np.ndarray) -> tuple[float, float, float, float]:
    rows, columns = np.nonzero(piece > 0.2)
    points = matrix @ np.stack([columns, rows]).astype(float)
    (x1, y1), (x2, y2) = points.min(axis=1), points.max(axis=1) + 1
    return float(x1), float(y1), float(x2), float(y2)


def _text_height(piece: np.ndarray, matrix: np.ndarray) -> float:
    """The height that most of the ink lies in."""
    rows, columns = np.nonzero(piece > 0.4)
    if not rows.size:
        return float(piece.shape[0])
    y = (matrix @ np.stack([columns, rows]).astype(float))[1]
    low, high = np.quantile(y, [0.02, 0.98])
    return float(high - low + 1)
