"""Ruled lines: the lines of ruled and squared paper, frames and edges of the page, taken out of a mask of ink.

They are long, and straight or a little bent. Strokes that cross them stay.
"""

import cv2
import numpy as np

from mnist_cnn.read.constants import (
    RULE_ALONE,
    RULE_ANGLES,
    RULE_CORNER,
    RULE_COVERED,
    RULE_COVERED_THROUGH,
    RULE_CROSSED,
    RULE_DASH,
    RULE_EDGE,
    RULE_ENDS,
    RULE_INSIDE,
    RULE_JOINED,
    RULE_LEAST_DASH,
    RULE_LEAST_SMOOTH,
    RULE_LEAST_THICK,
    RULE_LENGTH,
    RULE_LEVEL,
    RULE_REACHES,
    RULE_REDUCED,
    RULE_SMOOTH,
    RULE_SPAN,
    RULE_STEM,
    RULE_THICK,
    RULE_THICK_FRAME,
    RULE_THICK_HEIGHT,
)


def without_lines(mask: np.ndarray) -> np.ndarray:
    """Return a mask of ink, bool (h, w), without lines that cross most of the picture, straight or nearly so."""
    before, mask = mask, mask.copy()
    level, upright = 0, 0
    for columns, rows in _level_lines(mask):
        level += _erase(mask, before & ~mask, columns, rows)
    for columns, rows in _level_lines(mask.T):
        upright += _erase(mask.T, (before & ~mask).T, columns, rows)
    # A single line without other ink is a 1 that fills its picture. Several lines are paper without writing.
    if level + upright == 1 and mask.sum() <= RULE_ALONE * before.sum():
        return before
    # An upright line that all other ink is connected to is the stem of such a digit, a 7 or a 4.
    return before if (level, upright) == (0, 1) and _is_one_piece(before) else mask


def reduced(gray: np.ndarray, side: int) -> tuple[np.ndarray, float]:
    """Return a picture with at most `side` pixels per side, and its scale: 1 if it is not reduced."""
    height, width = gray.shape
    scale = side / max(height, width)
    if scale >= 1:
        return gray, 1.0
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return cv2.resize(gray, size, interpolation=cv2.INTER_AREA), scale


def _is_one_piece(mask: np.ndarray) -> bool:
    """Return whether nearly all ink is connected."""
    areas = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)[2][1:, cv2.CC_STAT_AREA]
    return areas.max() >= RULE_STEM * areas.sum()


def _level_lines(mask: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return pieces of long lines that are nearer to level than to upright: columns and the row at each, float (n,)."""
    small, scale = reduced(mask.astype(np.uint8) * 255, RULE_REDUCED)
    small = (small > RULE_LEVEL).astype(np.uint8)
    width = small.shape[1]
    joined = cv2.morphologyEx(small, cv2.MORPH_CLOSE, np.ones((RULE_JOINED, RULE_JOINED), np.uint8))
    longest = cv2.connectedComponentsWithStats(joined)[2][1:, cv2.CC_STAT_WIDTH].max(initial=0)
    if longest < RULE_LENGTH * width:
        return []
    dash = max(RULE_LEAST_DASH, width // RULE_DASH)
    left, top, columns, rows = cv2.boundingRect(small)  # there is nothing to look for outside of the ink
    left, top, right, bottom = max(0, left - dash), max(0, top - dash), left + columns + dash, top + rows + dash
    directions = _dashes(small[top:bottom, left:right], dash)
    found = []
    for three in zip(directions, directions[1:], directions[2:], strict=False):  # for lines that bend
        _, labels, stats, _ = cv2.connectedComponentsWithStats(np.maximum.reduce(three), connectivity=8)
        for i in np.flatnonzero(stats[1:, cv2.CC_STAT_WIDTH] > RULE_LENGTH * width) + 1:
            x, y, w, h = stats[i, :4]
            part = labels[y : y + h, x : x + w] == i
            middle = (part * np.arange(h)[:, None]).sum(axis=0) / part.sum(axis=0)
            found.append(((left + x + np.arange(w) + 0.5) / scale - 0.5, (top + y + middle + 0.5) / scale - 0.5))
    return found


def _dashes(mask: np.ndarray, length: int) -> list[np.ndarray]:
    """Return the ink that is a straight dash of at least a length, for each direction: uint8 (h, w) each."""
    found = []
    for angle in range(*RULE_ANGLES):
        dash = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, _dash(RULE_JOINED, angle))
        dash = cv2.morphologyEx(dash, cv2.MORPH_OPEN, _dash(length, angle))
        found.append(cv2.dilate(dash, np.ones((3, 1), np.uint8)))
    return found


def _dash(length: int, angle: float) -> np.ndarray:
    """Return a straight line as a kernel, uint8 (h, w). angle: in degrees."""
    radians = np.deg2rad(angle)
    x, y = round(length / 2 * np.cos(radians)), round(length / 2 * np.sin(radians))
    kernel = np.zeros((2 * abs(y) + 1, 2 * x + 1), np.uint8)
    cv2.line(kernel, (0, abs(y) - y), (2 * x, abs(y) + y), 1)
    return kernel


def _erase(mask: np.ndarray, gone: np.ndarray, columns: np.ndarray, rows: np.ndarray) -> bool:
    """Take a line out of a mask and return True, or return False if it is not a ruled line.

    A ruled line is hardly interrupted, and thin where nothing crosses it. It goes from edge to edge, or from one line
    that was taken out to another.

    gone: what was taken out before, bool (h, w).
    columns, rows: a piece of the line, float (n,).
    """
    places = _followed(mask, gone, columns, rows)
    if places is None:
        return False
    height, width = mask.shape
    at, near = _inside(places, height)
    edge = min(near.min(initial=height), height - 1 - near.max(initial=0)) < RULE_EDGE * height
    widest = (RULE_THICK_FRAME if edge else RULE_THICK) * width  # a frame may be thick, a ruled line is thin
    most = max(RULE_LEAST_THICK, round(min(RULE_THICK_HEIGHT * height, widest)))
    above, below = _reach(mask, at, near, -1, most), _reach(mask, at, near, 1, most)
    thickness = above + below
    covered = thickness > 0
    if not covered.any():
        return False
    usual = float(np.median(thickness[covered]))
    if usual > most:
        return False
    for i in np.flatnonzero(covered & (thickness <= RULE_CROSSED * usual + 1)):
        mask[max(0, near[i] - above[i]) : near[i] + below[i] + 1, at[i]] = False
    return True


def _followed(mask: np.ndarray, gone: np.ndarray, columns: np.ndarray, rows: np.ndarray) -> np.ndarray | None:
    """Return the row of a line at each column, float (w,); None if it is interrupted or does not go from edge to edge.

    The values are those of ``_erase``.
    """
    height, width = mask.shape
    places = _along(columns, rows, width)
    for reach in (max(least, height // ratio) for least, ratio in RULE_REACHES):
        at, near = _inside(places, height)
        if len(at) < RULE_INSIDE * width:
            return None
        window = np.clip(near[:, None] + np.arange(-reach, reach + 1), 0, height - 1)
        values = mask[window, at[:, None]]
        covered = values.any(axis=1)
        end = len(covered) // RULE_ENDS + 1
        through = covered[:end].any() and covered[-end:].any()  # the stem of a large 4 does not go through
        if covered.mean() < (RULE_COVERED_THROUGH if through else RULE_COVERED):
            span = np.flatnonzero(covered)
            if span.size < RULE_SPAN * width or covered[span[0] : span[-1] + 1].mean() < RULE_COVERED:
                return None
            ends = [(near[i], at[i]) for i in (span[0], span[-1])]
            if not all(_near(gone, y, x).any() for y, x in ends):
                return None
        middle = (values * window).sum(axis=1)[covered] / values.sum(axis=1)[covered]
        places = _along(at[covered], middle, width)
    return places


def _inside(places: np.ndarray, height: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the columns at which a line, float (w,), is inside the picture, and its row at each: int (n,)."""
    inside = (places >= 0) & (places <= height - 1)
    return np.flatnonzero(inside), np.round(places[inside]).astype(int)


def _near(mask: np.ndarray, y: int, x: int) -> np.ndarray:
    """Return the part of a mask near a pixel."""
    reach = RULE_CORNER
    return mask[max(0, y - reach) : y + reach + 1, max(0, x - reach) : x + reach + 1]


def _along(columns: np.ndarray, rows: np.ndarray, width: int) -> np.ndarray:
    """Return a smooth line through points, as its row at each column: float (width,); straight beyond the points."""
    steps = np.arange(width)
    straight = np.polyfit(columns, rows, 1)
    bend = np.interp(steps, columns, rows - np.polyval(straight, columns)).astype(np.float32)
    side = max(RULE_LEAST_SMOOTH, width // RULE_SMOOTH) | 1
    return np.polyval(straight, steps) + cv2.blur(bend[None], (side, 1), borderType=cv2.BORDER_REPLICATE)[0]


def _reach(mask: np.ndarray, columns: np.ndarray, rows: np.ndarray, direction: int, most: int) -> np.ndarray:
    """Return how far the mask continues from each (row, column), int (n,), in pixels, also beyond a gap of one pixel.

    direction: -1 for upwards, 1 for downwards.
    most: maximum number of pixels, less one.
    """
    offsets = direction * np.arange(0 if direction > 0 else 1, most + 2)
    places = rows[:, None] + offsets
    values = mask[np.clip(places, 0, len(mask) - 1), columns[:, None]] & (places >= 0) & (places < len(mask))
    values[:, 0] |= values[:, 1]
    return np.minimum.accumulate(values, axis=1).sum(axis=1)
