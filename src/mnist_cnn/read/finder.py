"""Finder: where glyphs are on a picture, at any size and on any paper.

    >>> found = Finder("finder.onnx").glyphs(gray)                                          # doctest: +SKIP
    >>> found.shape                                                                         # doctest: +SKIP
    (12, 6)

The network sees the picture at several sizes, each half the size before. For each cell of 4 x 4 pixels it returns
whether a glyph has its middle there. Glyphs are the hottest places, each once.
"""

import os

import cv2
import numpy as np

from mnist_cnn.read.constants import (
    FINDER_COVERED_HEAT,
    FINDER_COVERED_HEIGHT,
    FINDER_DOT_BELOW,
    FINDER_DOT_SIZE,
    FINDER_ENLARGEMENT,
    FINDER_HEAT,
    FINDER_KIND_WEIGHTS,
    FINDER_LOG_SIZES,
    FINDER_LONGEST,
    FINDER_PART_HEIGHT,
    FINDER_PLACES,
    FINDER_SAME,
    FINDER_SHORTEST,
    FINDER_SMALL_PICTURE,
)
from mnist_cnn.read.network import load
from mnist_cnn.read.strips import contrast

STRIDE = 4
"""Pixels per cell of the network, in each direction."""
MARGIN = 2 * STRIDE
"""Pixels of repeated edge around a picture."""
UNIT = 24
"""Glyph size in pixels that the sizes of the network are relative to."""
KINDS = ("digit", "sign", "other")
DIGIT, SIGN, OTHER = range(3)


class Finder:
    """The network that finds glyphs.

    path: its file, as ``learn.pages.convnet_export`` writes it.
    threads: number of threads of ONNX Runtime.

    Raises ModelError if the file cannot be read or is not such a network.
    """

    def __init__(self, path: str | os.PathLike[str], *, threads: int = 1) -> None:
        self._session = load(path, [("picture", "tensor(float)", 4)], [("glyphs", "tensor(float)", 4)], threads)

    def glyphs(self, gray: np.ndarray) -> np.ndarray:
        """Return the glyphs of a picture, uint8 (h, w): float (n, 6), left, top, right, bottom, kind, heat."""
        found = [self._at(gray, scale) for scale in _scales(gray.shape)]
        return _once(np.concatenate(found)) if found else np.zeros((0, 6))

    def _at(self, gray: np.ndarray, scale: float) -> np.ndarray:
        """Return the glyphs that are found on a picture at one size, float (n, 6). scale: that size."""
        height, width = (max(1, round(side * scale)) for side in gray.shape)
        flags = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        small = cv2.resize(gray, (width, height), interpolation=flags) if scale != 1 else gray
        found = self._session.run(None, {"picture": contrast(framed(small))[None]})[0][0]
        heat = found[..., :3].max(axis=2)
        highest = cv2.dilate(heat, np.ones((3, 3), np.uint8))
        rows, columns = np.nonzero((heat >= highest) & (heat > FINDER_HEAT))
        if not rows.size:
            return np.zeros((0, 6))
        values = found[rows, columns]
        tall, wide = (UNIT * np.exp(np.clip(values[:, axis], *FINDER_LOG_SIZES)) for axis in (3, 4))
        x = (columns + values[:, 5] + 0.5) * STRIDE - MARGIN
        y = (rows + values[:, 6] + 0.5) * STRIDE - MARGIN
        boxes = np.stack([x - wide / 2, y - tall / 2, x + wide / 2, y + tall / 2], axis=1) / scale
        kinds = (values[:, :3] * np.array(FINDER_KIND_WEIGHTS, np.float32)).argmax(axis=1)
        return np.column_stack([boxes, kinds, heat[rows, columns]])


def framed(gray: np.ndarray) -> np.ndarray:
    """Return a picture, uint8 (h, w), with its edge repeated around it, so that both sides are multiples of 8."""
    right, bottom = (-(side + 2 * MARGIN) % 8 for side in gray.shape[::-1])
    return cv2.copyMakeBorder(gray, MARGIN, MARGIN + bottom, MARGIN, MARGIN + right, cv2.BORDER_REPLICATE)


def _scales(shape: tuple[int, ...]) -> list[float]:
    """Return the scales at which the finder sees a picture."""
    first = min(1.0, FINDER_LONGEST / max(shape))
    if max(shape) < FINDER_SMALL_PICTURE:
        first = FINDER_ENLARGEMENT
    scales = [first]
    while min(shape) * scales[-1] / 2 >= FINDER_SHORTEST:
        scales.append(scales[-1] / 2)
    return scales


def _once(found: np.ndarray) -> np.ndarray:
    """Return each glyph once, the hottest of those seen at several sizes (non-maximum suppression): float (n, 6)."""
    found = found[np.argsort(-found[:, 5], kind="stable")][:FINDER_PLACES]
    x, y = (found[:, 0] + found[:, 2]) / 2, (found[:, 1] + found[:, 3]) / 2
    wide, tall = found[:, 2] - found[:, 0], found[:, 3] - found[:, 1]
    kept = np.zeros(0, int)
    for i in range(len(found)):
        dx, dy = abs(x[i] - x[kept]), abs(y[i] - y[kept])
        w, t = np.maximum(wide[i], wide[kept]), np.maximum(tall[i], tall[kept])
        same = (dx < FINDER_SAME * w) & (dy < FINDER_SAME * t)
        narrow = np.minimum(wide[i], wide[kept]) < FINDER_DOT_SIZE * w
        low = np.minimum(tall[i], tall[kept]) < FINDER_DOT_SIZE * t
        if not (same & ~(narrow & low & (dy > FINDER_DOT_BELOW * t))).any():
            kept = np.append(kept, i)
    return _without_parts(_without_covers(found[kept]))


def _without_parts(glyphs: np.ndarray) -> np.ndarray:
    """Return the glyphs, float (n, 6), without digits inside a hotter glyph that is more than twice as high."""
    x, y = (glyphs[:, 0] + glyphs[:, 2]) / 2, (glyphs[:, 1] + glyphs[:, 3]) / 2
    tall = glyphs[:, 3] - glyphs[:, 1]
    part = np.zeros(len(glyphs), bool)
    for left, top, right, bottom, _, heat in glyphs:
        inside = (x > left) & (x < right) & (y > top) & (y < bottom)
        part |= inside & (tall < FINDER_PART_HEIGHT * (bottom - top)) & (glyphs[:, 5] < heat)
    return glyphs[~(part & (glyphs[:, 4] == DIGIT))]


def _without_covers(glyphs: np.ndarray) -> np.ndarray:
    """Return the glyphs, float (n, 6), without those that cover two or more digits of similar heat."""
    digits = glyphs[glyphs[:, 4] == DIGIT]
    x, y = (digits[:, 0] + digits[:, 2]) / 2, (digits[:, 1] + digits[:, 3]) / 2
    tall = digits[:, 3] - digits[:, 1]
    kept = []
    for left, top, right, bottom, _, heat in glyphs:
        inside = (x > left) & (x < right) & (y > top) & (y < bottom)
        inside &= tall < FINDER_COVERED_HEIGHT * (bottom - top)
        kept.append(int((inside & (digits[:, 5] > FINDER_COVERED_HEAT * heat)).sum()) < 2)
    return glyphs[np.array(kept, bool)]
