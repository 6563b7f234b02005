"""Glyphs: which of the places that the finder found are read, and how high their digits are.

All functions take glyphs as ``Finder.glyphs`` returns them: float (n, 6), left, top, right and bottom in pixels, kind
and heat.
"""

import math

import numpy as np

from mnist_cnn.read.constants import CROP_HEIGHT, FAINT_CONTRAST, FAINT_QUANTILE, TALL_SIGN
from mnist_cnn.read.finder import DIGIT, OTHER, SIGN
from mnist_cnn.read.runs import runs, slope


def with_faint_as_other(gray: np.ndarray, glyphs: np.ndarray) -> np.ndarray:
    """Return the glyphs, with digits that have little contrast as other writing.

    They are marks of wood, cloth, folds or the other side of the paper.

    gray: the picture, uint8 (h, w).
    """
    digits = np.flatnonzero(glyphs[:, 4] == DIGIT)
    if not len(digits):
        return glyphs
    height, width = gray.shape
    contrast = []
    for left, top, right, bottom in glyphs[digits, :4].tolist():
        x, y = min(max(math.floor(left), 0), width - 1), min(max(math.floor(top), 0), height - 1)
        piece = gray[y : max(math.ceil(bottom), y + 1), x : max(math.ceil(right), x + 1)]
        contrast.append(int(piece.max()) - int(piece.min()))
    usual = sorted(contrast)[int(FAINT_QUANTILE * (len(contrast) - 1))]
    glyphs = glyphs.copy()
    glyphs[digits[np.array(contrast) < FAINT_CONTRAST * usual], 4] = OTHER
    return glyphs


def with_tall_signs_as_digits(glyphs: np.ndarray) -> np.ndarray:
    """Return the glyphs, with signs that stand alone and are as high as digits as digits.

    The string network decides what they are. It would not see a glyph that is in no run.
    """
    alone = np.ones(len(glyphs), bool)
    for run in runs(glyphs, slope(glyphs)):
        alone[run] = False
    usual = digit_height(glyphs) if (glyphs[:, 4] == DIGIT).any() else 0.0
    tall = glyphs[:, 3] - glyphs[:, 1] > TALL_SIGN * usual
    glyphs = glyphs.copy()
    glyphs[alone & tall & (glyphs[:, 4] == SIGN), 4] = DIGIT
    return glyphs


def digit_height(glyphs: np.ndarray) -> float:
    """Return the median height of the digits among glyphs, at least one, in pixels."""
    digits = glyphs[glyphs[:, 4] == DIGIT]
    return float(np.median(digits[:, 3] - digits[:, 1]))


def middle(glyphs: np.ndarray) -> tuple[float, float]:
    """Return the mean x and y of the middles of glyphs."""
    return float((glyphs[:, 0] + glyphs[:, 2]).mean() / 2), float((glyphs[:, 1] + glyphs[:, 3]).mean() / 2)


def is_line(gray: np.ndarray, found: list[np.ndarray]) -> bool:
    """Return whether a picture is a crop of one line: it has one run and is not much higher than its digits.

    found: the glyphs of each run.
    """
    return len(found) == 1 and gray.shape[0] < CROP_HEIGHT * digit_height(found[0])


def bounds(run: np.ndarray, width: int | None = None) -> np.ndarray:
    """Return the boxes of the digits of a run, float (n, 4), with the outer ones widened by the signs beside them.

    width: width of the picture, if the outer ones are widened to its edges too.
    """
    boxes = run[run[:, 4] == DIGIT, :4].copy()
    first, last = np.argmin(boxes[:, 0]), np.argmax(boxes[:, 2])
    boxes[first, 0], boxes[last, 2] = run[:, 0].min(), run[:, 2].max()
    if width is not None:
        boxes[first, 0], boxes[last, 2] = min(boxes[first, 0], 0), max(boxes[last, 2], width)
    return boxes
