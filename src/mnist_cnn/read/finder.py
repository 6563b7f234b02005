"""Finder: where on a picture glyphs are, at any size, on whatever paper.

    >>> found = Finder("finder.onnx").glyphs(gray)                                          # doctest: +SKIP
    >>> found.shape                                                                         # doctest: +SKIP
    (12, 6)

The network sees the picture at several sizes, each half the one before, and tells for each cell of 4 x 4 pixels
whether a glyph has its middle there. What it says is brought together here: the highest places, once each.
"""

import os

import cv2
import numpy as np

from mnist_cnn.read.network import load
from mnist_cnn.read.strips import contrast

LONGEST = 1280
"""The longer side of the largest picture that the finder sees, in pixels."""
SHORTEST = 24
"""And the shorter side of the smallest."""
STRIDE = 4
"""Pixels per cell of the network, in each direction."""
MARGIN = 2 * STRIDE
"""Pixels of repeated edge around a picture."""
MOST = 3000
"""Places that are looked at, at most, on one picture."""
LEAST = 0.3
"""Heat below this is no glyph."""
KINDS = ("digit", "sign", "other")
DIGIT, SIGN, OTHER = range(3)
_LIKELY = np.array([1.0, 1.0, 0.2], np.float32)
"""Weight of the heat of each kind, when the kind is chosen. The string network can still reject a digit."""
_COVERED, _AS_HOT = 0.7, 0.8
"""A glyph that covers two digits, lower than the first part of its height and hotter than the second part of its heat,
is not one."""
_PART = 0.5
"""A glyph lower than this part of the height of a hotter one around it is a part of that."""
_NEAR = 0.45
"""Two places nearer than this part of their width are one glyph, seen twice."""


class Finder:
    """The network that finds glyphs.

    path: its file, as ``learn.pages.convnet_export`` writes it.
    """

    def __init__(self, path: str | os.PathLike[str], *, threads: int = 1) -> None:
        self._session = load(path, [("picture", "tensor(float)", 4)], [("glyphs", "tensor(float)", 4)], threads)

    def glyphs(self, gray: np.ndarray) -> np.ndarray:
        """What is found on uint8 (h, w): float (n, 6): left, top, right, bottom in its pixels, kind, heat."""
        found = [self._at(gray, scale) for scale in _scales(gray.shape)]
        return _once(np.concatenate(found)) if found else np.zeros((0, 6))

    def _at(self, gray: np.ndarray, scale: float) -> np.ndarray:
        """What is found on the picture at one size."""
        height, width = (max(1, round(side * scale)) for side in gray.shape)
        flags = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        small = cv2.resize(gray, (width, height), interpolation=flags) if scale != 1 else gray
        said = self._session.run(None, {"picture": contrast(framed(small))[None]})[0][0]
        heat = said[..., :3].max(axis=2)
        highest = cv2.dilate(heat, np.ones((3, 3), np.uint8))
        rows, columns = np.nonzero((heat >= highest) & (heat > LEAST))
        if not rows.size:
            return np.zeros((0, 6))
        values = said[rows, columns]
        tall, wide = 24 * np.exp(np.clip(values[:, 3], -3, 2)), 24 * np.exp(np.clip(values[:, 4], -3, 2))
        x = (columns + values[:, 5] + 0.5) * STRIDE - MARGIN
        y = (rows + values[:, 6] + 0.5) * STRIDE - MARGIN
        boxes = np.stack([x - wide / 2, y - tall / 2, x + wide / 2, y + tall / 2], axis=1) / scale
        return np.column_stack([boxes, (values[:, :3] * _LIKELY).argmax(axis=1), heat[rows, columns]])


def framed(gray: np.ndarray) -> np.ndarray:
    """The picture, uint8 (h, w), with its edge repeated around it, so that 8 divides both sides."""
    right, bottom = (-(side + 2 * MARGIN) % 8 for side in gray.shape[::-1])
    return cv2.copyMakeBorder(gray, MARGIN, MARGIN + bottom, MARGIN, MARGIN + right, cv2.BORDER_REPLICATE)


def _scales(shape: tuple[int, ...]) -> list[float]:
    """The sizes at which a picture is looked at."""
    first = min(1.0, LONGEST / max(shape))
    if max(shape) < 200:
        first = 2.0
    scales = [first]
    while min(shape) * scales[-1] / 2 >= SHORTEST:
        scales.append(scales[-1] / 2)
    return scales


def _once(found: np.ndarray) -> np.ndarray:
    """Return each glyph once, the hottest of those seen at several sizes (non-maximum suppression): float (n, 6)."""
    found = found[np.argsort(-found[:, 5], kind="stable")][:MOST]
    x, y = (found[:, 0] + found[:, 2]) / 2, (found[:, 1] + found[:, 3]) / 2
    wide, tall = found[:, 2] - found[:, 0], found[:, 3] - found[:, 1]
    kept = np.zeros(0, int)
    for i in range(len(found)):
        dx, dy = abs(x[i] - x[kept]), abs(y[i] - y[kept])
        w, t = np.maximum(wide[i], wide[kept]), np.maximum(tall[i], tall[kept])
        same = (dx < _NEAR * w) & (dy < _NEAR * t)
        small = (np.minimum(wide[i], wide[kept]) < 0.6 * w) & (np.minimum(tall[i], tall[kept]) < 0.6 * t)
        if not (same & ~(small & (dy > 0.25 * t))).any():
            kept = np.append(kept, i)
    return _without_parts(_without_covers(found[kept]))


def _without_parts(glyphs: np.ndarray) -> np.ndarray:
    """Return the glyphs, float (n, 6), without digits inside a hotter glyph that is more than twice as high."""
    x, y = (glyphs[:, 0] + glyphs[:, 2]) / 2, (glyphs[:, 1] + glyphs[:, 3]) / 2
    tall = glyphs[:, 3] - glyphs[:, 1]
    part = np.zeros(len(glyphs), bool)
    for left, top, right, bottom, _, heat in glyphs:
        inside = (x > left) & (x < right) & (y > top) & (y < bottom)
        part |= inside & (tall < _PART * (bottom - top)) & (glyphs[:, 5] < heat)
    return glyphs[~(part & (glyphs[:, 4] == DIGIT))]


def _without_covers(glyphs: np.ndarray) -> np.ndarray:
    """Return the glyphs, float (n, 6), without those that cover two or more digits about as hot: rows seen as one."""
    digits = glyphs[glyphs[:, 4] == DIGIT]
    x, y = (digits[:, 0] + digits[:, 2]) / 2, (digits[:, 1] + digits[:, 3]) / 2
    tall = digits[:, 3] - digits[:, 1]
    kept = []
    for left, top, right, bottom, _, heat in glyphs:
        inside = (x > left) & (x < right) & (y > top) & (y < bottom) & (tall < _COVERED * (bottom - top))
        kept.append(int((inside & (digits[:, 5] > _AS_HOT * heat)).sum()) < 2)
    return glyphs[np.array(kept, bool)]
