"""Cuts: where a line of writing may be cut into digits, and the pieces between two cuts.

    >>> pieces(line_ink, cuts(line_ink), lines.HEIGHT)                                      # doctest: +SKIP
    [Piece(first=0, last=1, ink=...), Piece(first=0, last=2, ...), ...]

A cut is a seam from the top of the line to its bottom that crosses as little ink as possible. It follows the gap
between two slanted digits, and goes through two touching digits where the joint is thinnest. Other cuts are straight.
They go from a valley of the ink's upper edge to a valley of its lower edge, and separate strokes that overlap over some
length. There are more cuts than digits; the classifier decides which are right.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from mnist_cnn.read.constants import (
    CUT_DIFFERENCE,
    CUT_DISTANCE,
    CUT_FREE,
    CUT_LEANING,
    CUT_MOST_INK,
    CUT_SIDEWAYS,
    CUT_SMOOTH,
    CUTS,
    LINE_INK,
    PIECE_SPECK,
    PIECE_WIDEST,
    VALLEY_DEPTH,
    VALLEY_REACH,
)


@dataclass(frozen=True, eq=False)
class Cuts:
    """Seams from left to right. The first and the last one are the ends of the line."""

    seams: np.ndarray
    """Column of each seam at each row: int (k, h)."""
    crossed: np.ndarray
    """Ink that each seam crosses, in pixels: float (k,)."""


@dataclass(frozen=True, eq=False)
class Piece:
    """The ink between two cuts."""

    first: int
    """Index of the cut to its left."""
    last: int
    """Index of the cut to its right."""
    ink: np.ndarray
    """float32 (h, w), cropped to the ink."""
    left: int
    """Left edge of the ink on the line."""
    top: int
    """Top edge of the ink on the line."""
    dropped: float
    """Share of the ink between the cuts that was left out, 0 to 1."""


def cuts(line: np.ndarray) -> Cuts:
    """Return the possible cuts of the ink of a line, float32 (h, w), 0 to 1."""
    height, width = line.shape
    middle = height // 2
    above, up = _cheapest(line[: middle + 1])
    below, down = _cheapest(line[middle:][::-1])
    cost = above + below - line[middle]
    at = _minima(cost)
    seams = np.empty((len(at), height), int)
    seams[:, middle] = at
    for rows, steps in ((range(middle, 0, -1), up), (range(height - 1 - middle, 0, -1), down)):
        x = at.copy()
        for i, row in enumerate(rows, 1):
            x = x + steps[row][x]
            seams[:, middle - i if steps is up else middle + i] = x
    straight = _between_valleys(line)
    crossed = np.array([*cost[at], *(_ink_along(line, seam) for seam in straight)])
    seams = np.vstack([seams, *straight])
    order = _without_similar(seams, crossed)
    seams = np.vstack([np.zeros(height, int), seams[order], np.full(height, width)])
    return Cuts(seams, np.array([0.0, *crossed[order], 0.0]))


def pieces(line: np.ndarray, cuts: Cuts, height: float) -> list[Piece]:
    """Return the ink between any two cuts that may be one digit, with its specks and without.

    line: ink, float32 (h, w), 0 to 1.
    height: of the writing, in pixels.
    """
    found = []
    columns = np.arange(line.shape[1])
    for first in range(len(cuts.seams) - 1):
        for last in range(first + 1, len(cuts.seams)):
            start, end = cuts.seams[first], cuts.seams[last]
            x0, x1 = int(start.min()), int(end.max())
            inside = (columns[x0:x1] >= start[:, None]) & (columns[x0:x1] < end[:, None])
            ink = np.where(inside, line[:, x0:x1], 0)
            box = _box(ink)
            if box is None:
                continue
            top, bottom, left, right = box
            if right - left > PIECE_WIDEST * height and last > first + 1:
                break
            found += _variants(first, last, ink[top:bottom, left:right], x0 + left, top)
    return found


def _variants(first: int, last: int, ink: np.ndarray, left: int, top: int) -> list[Piece]:
    """Return a piece, and the same piece without its specks if it has any."""
    whole = Piece(first, last, ink, left, top, 0.0)
    count, labels, stats, _ = cv2.connectedComponentsWithStats((ink > LINE_INK).astype(np.uint8), connectivity=8)
    if count <= 2:
        return [whole]
    areas = stats[1:, cv2.CC_STAT_AREA]
    small = areas < PIECE_SPECK * areas.max()
    if not small.any():
        return [whole]
    kept = np.isin(labels, 1 + np.flatnonzero(~small)).astype(np.uint8)
    clean = np.where(cv2.dilate(kept, np.ones((3, 3), np.uint8)) > 0, ink, 0)
    box = _box(clean)
    if box is None:
        return [whole]
    y0, y1, x0, x1 = box
    dropped = float(areas[small].sum() / areas.sum())
    return [whole, Piece(first, last, clean[y0:y1, x0:x1], left + x0, top + y0, dropped)]


def _cheapest(line: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the least ink that a seam from the first row crosses to each pixel of the last row, and its steps back.

    The ink is in pixels, float (w,), and the steps are -1, 0 or 1, int (h, w).
    """
    steps = np.zeros(line.shape, int)
    cost = line[0].astype(float)
    for row in range(1, len(line)):
        left = np.concatenate([[np.inf], cost[:-1]]) + CUT_SIDEWAYS
        right = np.concatenate([cost[1:], [np.inf]]) + CUT_SIDEWAYS
        best = np.minimum(cost, np.minimum(left, right))
        steps[row] = np.where(best == cost, 0, np.where(best == left, -1, 1))
        cost = best + line[row]
    return cost, steps


def _minima(cost: np.ndarray) -> np.ndarray:
    """Return the columns of cuts: the middle of each gap, and the thinnest joints that are not too near to another cut.

    cost: ink that the best seam through each column crosses, float (w,).
    """
    chosen: list[int] = []
    free = np.flatnonzero(np.diff(np.concatenate([[0], (cost < CUT_FREE).astype(int), [0]])))
    for start, end in zip(free[::2], free[1::2], strict=True):
        chosen.append(int(start + end - 1) // 2)
    smooth = cv2.GaussianBlur(cost.astype(np.float32)[None], (0, 0), CUT_SMOOTH)[0]
    low = np.flatnonzero((smooth[1:-1] <= smooth[:-2]) & (smooth[1:-1] <= smooth[2:])) + 1
    for x in low[np.argsort(cost[low], kind="stable")]:
        if cost[x] <= CUT_MOST_INK and all(abs(x - other) >= CUT_DISTANCE for other in chosen):
            chosen.append(int(x))
    return np.array(sorted(chosen), int)


def _between_valleys(line: np.ndarray) -> list[np.ndarray]:
    """Return straight cuts from valleys of the ink's upper edge to valleys of its lower edge, each int (h,).

    A seam of the least ink does not separate two strokes that share a length: it leaves sideways through one of them.
    """
    height, width = line.shape
    inked = line > LINE_INK
    any_ink = inked.any(axis=0)
    above, below = (np.where(any_ink, side.argmax(axis=0), -1) for side in (inked, inked[::-1]))
    upper, lower = _valleys(above), _valleys(below)
    ends = [(x, min(lower, key=lambda other: abs(other - x), default=x)) for x in upper]
    ends += [(min(upper, key=lambda other: abs(other - x), default=x), x) for x in lower]
    found = {(u, v) for u, v in ends if abs(u - v) <= CUT_LEANING * height}
    found |= {(x, x) for x in (*upper, *lower) if not any(x in pair for pair in found)}
    seams = []
    for u, v in sorted(found):
        top, bottom = int(above[u]), height - 1 - int(below[v])
        seam = np.interp(np.arange(height), [top, max(bottom, top + 1)], [u, v])
        seams.append(np.clip(np.round(seam), 0, width - 1).astype(int))
    return seams


def _ink_along(line: np.ndarray, seam: np.ndarray) -> float:
    """Return the ink that a seam crosses, in pixels, also where it goes far sideways within a row."""
    turns = np.append(seam[1:], seam[-1])
    return sum(float(row[min(a, b) : max(a, b, a + 1)].sum()) for row, a, b in zip(line, seam, turns, strict=True))


def _valleys(depth: np.ndarray) -> list[int]:
    """Return the columns of valleys: the depth is greatest there, and less on both sides.

    depth: distance from the edge of the line to the first ink, in pixels, int (w,); -1 without ink.
    """
    near = cv2.dilate(depth.astype(np.float32)[None], np.ones((1, 2 * CUT_DISTANCE + 1), np.uint8))[0]
    found = []
    deepest = np.flatnonzero(np.diff(np.concatenate([[0], ((depth == near) & (depth >= 0)).astype(int), [0]])))
    for start, end in zip(deepest[::2], deepest[1::2], strict=True):
        sides = depth[max(0, start - VALLEY_REACH) : start], depth[end : end + VALLEY_REACH]
        falls = [depth[start] - side[side >= 0].min(initial=depth[start]) >= VALLEY_DEPTH for side in sides]
        if all(side.size and fall for side, fall in zip(sides, falls, strict=True)):
            found.append(int(start + end - 1) // 2)
    return found


def _without_similar(seams: np.ndarray, crossed: np.ndarray) -> list[int]:
    """Return the indices of the seams from left to right, without those similar to one that crosses less ink."""
    kept: list[int] = []
    for i in np.argsort(crossed, kind="stable"):
        if len(kept) < CUTS and all(np.abs(seams[i] - seams[j]).mean() >= CUT_DIFFERENCE for j in kept):
            kept.append(int(i))
    return sorted(kept, key=lambda i: float(seams[i].mean()))


def _box(ink: np.ndarray) -> tuple[int, int, int, int] | None:
    """Return top, bottom, left and right of ink, float32 (h, w); None without ink."""
    x, y, width, height = cv2.boundingRect((ink > LINE_INK).astype(np.uint8))
    return (y, y + height, x, x + width) if width else None
