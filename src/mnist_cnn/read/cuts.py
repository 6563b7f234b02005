"""Cuts: where a line of writing may be cut into digits, and the pieces between two cuts.

    >>> pieces(line_ink, cuts(line_ink))                                                    # doctest: +SKIP
    [Piece(first=0, last=1, ink=...), Piece(first=0, last=2, ...), ...]

A cut is a seam from the top of the line to its bottom that crosses as little ink as it can, so it follows the gap
between two slanted digits, and goes through two that touch where the joint is thinnest. Or it is straight, from a
valley of the ink's upper edge to one of its lower edge, and parts strokes that run into each other for a while. There
are more of them than digits: which are the right ones, the network decides.
"""

from dataclasses import dataclass

import cv2
import numpy as np

_SIDEWAYS = 0.12
"""What a step to the side costs a seam, in pixels of ink."""
_APART = 6
"""Cuts are so many pixels apart, at half height."""
_MOST_INK = 22.0
"""A seam that crosses more ink than this, in pixels, is no cut: two strokes of a thick pen."""
_LEANING = 0.3
"""A straight cut leans by so much of the line's height at most."""
_VALLEY, _DIP = 20, 3
"""A valley's sides rise by so many pixels (the second) within so many (the first)."""
_MOST_CUTS = 250
"""Of one line; what wants more is no number, and would take minutes."""
_DIFFERENT = 2.5
"""Two cuts are at least so many pixels apart, on average."""
_WIDEST = 1.55
"""No digit is wider than so many times the line's height."""


@dataclass(frozen=True, eq=False)
class Cuts:
    """Seams in order, the line's two ends among them."""

    seams: np.ndarray
    """int (k, h): where each seam is at each row."""
    crossed: np.ndarray
    """float (k,): how much ink each crosses, in pixels."""


@dataclass(frozen=True, eq=False)
class Piece:
    """The ink between two cuts."""

    first: int
    last: int
    """The numbers of the cuts to its left and its right."""
    ink: np.ndarray
    """float32 (h, w), cut to the ink."""
    left: int
    top: int
    """Where that is on the line."""
    dropped: float
    """The part of the ink between the cuts that was left out, 0 to 1."""


def cuts(line: np.ndarray) -> Cuts:
    """The candidate cuts of a line's ink, float32 (h, w), 0 to 1."""
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
    order = _apart(seams, crossed)
    seams = np.vstack([np.zeros(height, int), seams[order], np.full(height, width)])
    return Cuts(seams, np.array([0.0, *crossed[order], 0.0]))


def pieces(line: np.ndarray, cuts: Cuts, height: float) -> list[Piece]:
    """What lies between any two cuts and may be one digit; some twice, with and without their specks."""
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
            if right - left > _WIDEST * height and last > first + 1:
                break
            found += _variants(first, last, ink[top:bottom, left:right], x0 + left, top)
    return found


def _variants(first: int, last: int, ink: np.ndarray, left: int, top: int) -> list[Piece]:
    whole = Piece(first, last, ink, left, top, 0.0)
    count, labels, stats, _ = cv2.connectedComponentsWithStats((ink > 0.35).astype(np.uint8), connectivity=8)
    if count <= 2:
        return [whole]
    areas = stats[1:, cv2.CC_STAT_AREA]
    small = areas < 0.2 * areas.max()
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
    """The ink crossed by the best way from the first row to each pixel of the last, and the steps back: int (h, w)."""
    steps = np.zeros(line.shape, int)
    cost = line[0].astype(float)
    for row in range(1, len(line)):
        left = np.concatenate([[np.inf], cost[:-1]]) + _SIDEWAYS
        right = np.concatenate([cost[1:], [np.inf]]) + _SIDEWAYS
        best = np.minimum(cost, np.minimum(left, right))
        steps[row] = np.where(best == cost, 0, np.where(best == left, -1, 1))
        cost = best + line[row]
    return cost, steps


def _minima(cost: np.ndarray) -> np.ndarray:
    """Where to cut: the middle of every gap, and where a joint is thinnest, the best first and not too close."""
    chosen: list[int] = []
    free = np.flatnonzero(np.diff(np.concatenate([[0], (cost < 1.0).astype(int), [0]])))
    for start, end in zip(free[::2], free[1::2], strict=True):
        chosen.append(int(start + end - 1) // 2)
    smooth = cv2.GaussianBlur(cost.astype(np.float32)[None], (0, 0), 1.0)[0]
    low = np.flatnonzero((smooth[1:-1] <= smooth[:-2]) & (smooth[1:-1] <= smooth[2:])) + 1
    for x in low[np.argsort(cost[low], kind="stable")]:
        if cost[x] <= _MOST_INK and all(abs(x - other) >= _APART for other in chosen):
            chosen.append(int(x))
    return np.array(sorted(chosen), int)


def _between_valleys(line: np.ndarray) -> list[np.ndarray]:
    """Straight cuts from where the ink's upper edge dips to where its lower edge rises, each int (h,).

    The way of the least ink would not do where two strokes share a length: it leaves sideways, through one of them.
    """
    height, width = line.shape
    inked = line > 0.35
    any_ink = inked.any(axis=0)
    above, below = (np.where(any_ink, side.argmax(axis=0), -1) for side in (inked, inked[::-1]))
    upper, lower = _valleys(above), _valleys(below)
    ends = [(x, min(lower, key=lambda other: abs(other - x), default=x)) for x in upper]
    ends += [(min(upper, key=lambda other: abs(other - x), default=x), x) for x in lower]
    found = {(u, v) for u, v in ends if abs(u - v) <= _LEANING * height}
    found |= {(x, x) for x in (*upper, *lower) if not any(x in pair for pair in found)}
    seams = []
    for u, v in sorted(found):
        top, bottom = int(above[u]), height - 1 - int(below[v])
        seam = np.interp(np.arange(height), [top, max(bottom, top + 1)], [u, v])
        seams.append(np.clip(np.round(seam), 0, width - 1).astype(int))
    return seams


def _ink_along(line: np.ndarray, seam: np.ndarray) -> float:
    """The ink that a seam crosses, where it goes far sideways within a row too."""
    turns = np.append(seam[1:], seam[-1])
    return sum(float(row[min(a, b) : max(a, b, a + 1)].sum()) for row, a, b in zip(line, seam, turns, strict=True))


def _valleys(depth: np.ndarray) -> list[int]:
    """The columns where the free depth is greatest far and wide, though not without end (-1)."""
    near = cv2.dilate(depth.astype(np.float32)[None], np.ones((1, 2 * _APART + 1), np.uint8))[0]
    found = []
    deepest = np.flatnonzero(np.diff(np.concatenate([[0], ((depth == near) & (depth >= 0)).astype(int), [0]])))
    for start, end in zip(deepest[::2], deepest[1::2], strict=True):
        sides = depth[max(0, start - _VALLEY) : start], depth[end : end + _VALLEY]
        if all(side.size and depth[start] - side[side >= 0].min(initial=depth[start]) >= _DIP for side in sides):
            found.append(int(start + end - 1) // 2)
    return found


def _apart(seams: np.ndarray, crossed: np.ndarray) -> list[int]:
    """The numbers of the seams from left to right, without those that hardly differ from one that crosses less."""
    kept: list[int] = []
    for i in np.argsort(crossed, kind="stable"):
        if len(kept) < _MOST_CUTS and all(np.abs(seams[i] - seams[j]).mean() >= _DIFFERENT for j in kept):
            kept.append(int(i))
    return sorted(kept, key=lambda i: float(seams[i].mean()))


def _box(ink: np.ndarray) -> tuple[int, int, int, int] | None:
    x, y, width, height = cv2.boundingRect((ink > 0.35).astype(np.uint8))
    return (y, y + height, x, x + width) if width else None
