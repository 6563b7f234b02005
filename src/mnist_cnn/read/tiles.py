"""Tiles: the digits of a strip in MNIST's form, for the classifier and for people to look at.

    >>> tiles(gray, strip, boxes, [True, True])[0].shape                                    # doctest: +SKIP
    (28, 28)

Only here ink is parted from paper, after the digits were read.
"""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from mnist_cnn.read import strips
from mnist_cnn.read.form import form

FINE = 2
"""Pixels of the ink per pixel of the strip."""
_PAD, _HIGH = 3, 5
"""How far the ink of a digit may go beyond its box, sideways and up or down, in pixels of the ink."""
_FAINT, _FULL = 0.25, 0.9
"""Contrast that is no ink and that is full ink, as parts of that between a piece's paper and its pen."""
_STRONG = 0.3
"""Ink above this is connected."""
_PART = 0.2
"""Parts of the writing on a close-up have at least this share of the largest part's area."""
_DOT = 0.35
"""Marks between two digits that are lower and narrower than this, in digit heights, may be a point or a comma."""
_LEAST_DOT = 4
"""Smallest area of such a mark, in pixels of the ink."""
_OUTER = 0.15
"""Ink that touches the edge of its piece and lies in this outer part of it belongs to something else."""


class Tile(NamedTuple):
    """A digit of a strip."""

    image: np.ndarray
    """float32 (28, 28), 0 to 1."""
    dotted: bool
    """Whether there is a small mark between the lower halves of this digit and the next one."""


def tiles(
    gray: np.ndarray, strip: strips.Strip, boxes: Sequence[tuple[float, ...]], wanted: Sequence[bool]
) -> list[Tile | None]:
    """Return the tile of each wanted box; None for the others.

    gray: uint8 (h, w).
    boxes: left, top, right and bottom of the glyphs on the strip, from left to right, in pixels of the picture.
    """
    if not any(wanted):
        return [None] * len(boxes)
    matrix = strip.matrix.copy()
    matrix[:, :2] /= FINE
    pixels = strips.cut(gray, strips.Strip(matrix, strip.width * FINE), strips.ROWS * FINE)
    back = cv2.invertAffineTransform(strip.matrix) * FINE
    places = [
        np.array([[left, top, 1], [right, bottom, 1], [(left + right) / 2, (top + bottom) / 2, 1]]) @ back.T
        for left, top, right, bottom in boxes
    ]
    pieces = []
    for i, ((left, top), (right, bottom), (middle, _)) in enumerate(places):
        x0, x1 = left - _PAD, right + _PAD
        if i > 0:
            x0 = max(x0, min(middle - 2, (places[i - 1][1][0] + left) / 2))
        if i + 1 < len(places):
            x1 = min(x1, max(middle + 2, (places[i + 1][0][0] + right) / 2))
        columns = slice(max(0, round(x0)), max(0, round(x1)))
        rows = slice(max(0, round(top - _HIGH)), max(0, round(bottom + _HIGH)))
        pieces.append(pixels[rows, columns] if wanted[i] else None)
    levels = [None if piece is None or not piece.size else _levels(piece) for piece in pieces]
    bright = sum(2 * above - 1 for level in levels if level for above in level[2:]) < 0
    found: list[Tile | None] = []
    for i, (piece, level) in enumerate(zip(pieces, levels, strict=True)):
        if piece is None:
            found.append(None)
            continue
        image = form(_own(_ink(piece, *level[:2], bright)) if level else np.zeros((1, 1), np.float32))
        dotted = False
        if level and i + 1 < len(places) and wanted[i + 1]:
            dotted = _dotted(pixels, places[i], places[i + 1], level, bright)
        found.append(Tile(image, dotted))
    return found


def _dotted(
    pixels: np.ndarray, left: np.ndarray, right: np.ndarray, level: tuple[float, float, float], bright: bool
) -> bool:
    """Return whether there is a small mark between the lower halves of two digits.

    pixels: of the strip, uint8 (h, w).
    left, right: left top corner, right bottom corner and middle of each digit, float (3, 2).
    level: of the first digit, as ``_levels`` returns it.
    """
    tall = (left[1, 1] - left[0, 1] + right[1, 1] - right[0, 1]) / 2
    rows = slice(
        max(0, round((left[0, 1] + right[0, 1] + tall) / 2)), max(0, round(max(left[1, 1], right[1, 1]) + _DOT * tall))
    )
    columns = slice(max(0, round(left[1, 0])), max(0, round(right[0, 0])))
    piece = pixels[rows, columns]
    if min(piece.shape) < 3:
        return False
    ink = _ink(piece, *level[:2], bright) > _STRONG
    stats = cv2.connectedComponentsWithStats(ink.astype(np.uint8), connectivity=8)[2][1:]
    x, y, wide, high, area = stats.T
    inside = (x > 0) & (x + wide < piece.shape[1]) & (y > 0) & (y + high < piece.shape[0])
    return bool((inside & (np.maximum(wide, high) < _DOT * tall) & (area >= _LEAST_DOT)).any())


def content(gray: np.ndarray) -> tuple[int, int, int, int] | None:
    """Return the box around the writing on a close-up, uint8 (h, w): left, top, right, bottom; None if it is blank.

    Parts that are much smaller than the largest do not count.
    """
    dark, bright, above = _levels(gray)
    ink = _ink(gray, dark, bright, above < 0.5)
    count, _, stats, _ = cv2.connectedComponentsWithStats((ink > _STRONG).astype(np.uint8), connectivity=8)
    if count < 2:
        return None
    parts = stats[1:][stats[1:, cv2.CC_STAT_AREA] >= _PART * stats[1:, cv2.CC_STAT_AREA].max()]
    left, top = parts[:, :2].min(axis=0)
    right, bottom = (parts[:, :2] + parts[:, 2:4]).max(axis=0)
    return int(left), int(top), int(right), int(bottom)


def _levels(piece: np.ndarray) -> tuple[float, float, float]:
    """Return the mean of the dark and of the bright pixels of a piece, and the share of the bright ones (Otsu 1979)."""
    threshold, _ = cv2.threshold(piece, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    above = piece > threshold
    share = float(above.mean())
    if share in (0.0, 1.0):
        return float(piece.mean()), float(piece.mean()), share
    return float(piece[~above].mean()), float(piece[above].mean()), share


def _ink(piece: np.ndarray, dark: float, bright: float, bright_pen: bool) -> np.ndarray:
    """Return how much ink is at each pixel of a piece, uint8 (h, w): float32 (h, w), 0 to 1."""
    paper, pen = (dark, bright) if bright_pen else (bright, dark)
    if abs(paper - pen) < 1:
        return np.zeros(piece.shape, np.float32)
    amount = (piece.astype(np.float32) - np.float32(paper)) / np.float32(pen - paper)
    return np.clip((amount - _FAINT) / (_FULL - _FAINT), 0, 1)


def _own(piece: np.ndarray) -> np.ndarray:
    """Return the ink of a piece, float32 (h, w), without parts of other glyphs at its edges."""
    if not piece.size:
        return piece
    height, width = piece.shape
    count, labels, stats, centres = cv2.connectedComponentsWithStats((piece > _STRONG).astype(np.uint8), connectivity=8)
    kept = np.zeros(count, bool)
    for k in range(1, count):
        x, y, w, h = stats[k, :4]
        edge = x == 0 or x + w == width or y == 0 or y + h == height
        cx, cy = centres[k] / (width, height)
        kept[k] = not (edge and not (_OUTER < cx < 1 - _OUTER and _OUTER < cy < 1 - _OUTER))
    if not kept.any():
        return piece
    return piece * cv2.dilate(kept[labels].astype(np.uint8), np.ones((3, 3), np.uint8))
