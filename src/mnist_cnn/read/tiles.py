"""Tiles: the digits of a strip as 28 x 28 images in MNIST's format, for the classifier and for people to look at.

    >>> tiles(gray, strip, boxes, [True, True])[0].image.shape                              # doctest: +SKIP
    (28, 28)

Only here ink is separated from paper, after the digits were read.
"""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from mnist_cnn.read import strips
from mnist_cnn.read.constants import (
    CONTENT_PART,
    DOT_AREA,
    DOT_ROOM,
    DOT_SIZE,
    TILE_CONNECTED,
    TILE_INK,
    TILE_LEAST_HALF,
    TILE_OUTER,
    TILE_PAD_X,
    TILE_PAD_Y,
    TILE_PAPER,
    TILE_SCALE,
)
from mnist_cnn.read.normalise import normalise


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
    matrix[:, :2] /= TILE_SCALE
    pixels = strips.cut(gray, strips.Strip(matrix, strip.width * TILE_SCALE), strips.ROWS * TILE_SCALE)
    back = cv2.invertAffineTransform(strip.matrix) * TILE_SCALE
    places = [
        np.array([[left, top, 1], [right, bottom, 1], [(left + right) / 2, (top + bottom) / 2, 1]]) @ back.T
        for left, top, right, bottom in boxes
    ]
    pieces = [_piece(pixels, places, i) if wanted[i] else None for i in range(len(places))]
    levels = [None if piece is None or not piece.size else _levels(piece) for piece in pieces]
    bright = sum(2 * above - 1 for level in levels if level for above in level[2:]) < 0
    found: list[Tile | None] = []
    for i, (piece, level) in enumerate(zip(pieces, levels, strict=True)):
        if piece is None:
            found.append(None)
            continue
        image = normalise(_own(_ink(piece, *level[:2], bright)) if level else np.zeros((1, 1), np.float32))
        dotted = False
        if level and i + 1 < len(places) and wanted[i + 1]:
            dotted = _is_dotted(pixels, places[i], places[i + 1], level, bright)
        found.append(Tile(image, dotted))
    return found


def _piece(pixels: np.ndarray, places: list[np.ndarray], i: int) -> np.ndarray:
    """Return the pixels of a digit with a margin that does not reach into its neighbours.

    pixels: of the strip, uint8 (h, w).
    places: left top corner, right bottom corner and middle of each digit, float (3, 2).
    """
    (left, top), (right, bottom), (middle, _) = places[i]
    x0, x1 = left - TILE_PAD_X, right + TILE_PAD_X
    if i > 0:
        x0 = max(x0, min(middle - TILE_LEAST_HALF, (places[i - 1][1][0] + left) / 2))
    if i + 1 < len(places):
        x1 = min(x1, max(middle + TILE_LEAST_HALF, (places[i + 1][0][0] + right) / 2))
    columns = slice(max(0, round(x0)), max(0, round(x1)))
    rows = slice(max(0, round(top - TILE_PAD_Y)), max(0, round(bottom + TILE_PAD_Y)))
    return pixels[rows, columns]


def _is_dotted(
    pixels: np.ndarray, left: np.ndarray, right: np.ndarray, level: tuple[float, float, float], bright: bool
) -> bool:
    """Return whether there is a small mark between the lower halves of two digits.

    pixels: of the strip, uint8 (h, w).
    left, right: left top corner, right bottom corner and middle of each digit, float (3, 2).
    level: of the first digit, as ``_levels`` returns it.
    """
    tall = (left[1, 1] - left[0, 1] + right[1, 1] - right[0, 1]) / 2
    top = round((left[0, 1] + right[0, 1] + tall) / 2)
    bottom = round(max(left[1, 1], right[1, 1]) + DOT_SIZE * tall)
    columns = slice(max(0, round(left[1, 0])), max(0, round(right[0, 0])))
    piece = pixels[max(0, top) : max(0, bottom), columns]
    if min(piece.shape) < DOT_ROOM:
        return False
    ink = _ink(piece, *level[:2], bright) > TILE_CONNECTED
    stats = cv2.connectedComponentsWithStats(ink.astype(np.uint8), connectivity=8)[2][1:]
    x, y, wide, high, area = stats.T
    inside = (x > 0) & (x + wide < piece.shape[1]) & (y > 0) & (y + high < piece.shape[0])
    return bool((inside & (np.maximum(wide, high) < DOT_SIZE * tall) & (area >= DOT_AREA)).any())


def content(gray: np.ndarray) -> tuple[int, int, int, int] | None:
    """Return the box around the writing on a close-up, uint8 (h, w): left, top, right, bottom; None if it is blank.

    Parts that are much smaller than the largest one do not count.
    """
    dark, bright, above = _levels(gray)
    ink = _ink(gray, dark, bright, above < 0.5)
    count, _, stats, _ = cv2.connectedComponentsWithStats((ink > TILE_CONNECTED).astype(np.uint8), connectivity=8)
    if count < 2:
        return None
    parts = stats[1:][stats[1:, cv2.CC_STAT_AREA] >= CONTENT_PART * stats[1:, cv2.CC_STAT_AREA].max()]
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
    """Return how much ink is at each pixel of a piece: uint8 (h, w) -> float32 (h, w), 0 to 1."""
    paper, pen = (dark, bright) if bright_pen else (bright, dark)
    if abs(paper - pen) < 1:
        return np.zeros(piece.shape, np.float32)
    amount = (piece.astype(np.float32) - np.float32(paper)) / np.float32(pen - paper)
    return np.clip((amount - TILE_PAPER) / (TILE_INK - TILE_PAPER), 0, 1)


def _own(piece: np.ndarray) -> np.ndarray:
    """Return the ink of a piece, float32 (h, w), without parts of other glyphs at its edges."""
    if not piece.size:
        return piece
    height, width = piece.shape
    mask = (piece > TILE_CONNECTED).astype(np.uint8)
    count, labels, stats, centres = cv2.connectedComponentsWithStats(mask, connectivity=8)
    kept = np.zeros(count, bool)
    for k in range(1, count):
        x, y, w, h = stats[k, :4]
        edge = x == 0 or x + w == width or y == 0 or y + h == height
        cx, cy = centres[k] / (width, height)
        inner = TILE_OUTER < cx < 1 - TILE_OUTER and TILE_OUTER < cy < 1 - TILE_OUTER
        kept[k] = inner or not edge
    if not kept.any():
        return piece
    return piece * cv2.dilate(kept[labels].astype(np.uint8), np.ones((3, 3), np.uint8))
