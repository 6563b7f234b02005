"""Finder: where on a picture glyphs are, at any size, on whatever paper.

    >>> found = Finder("finder.onnx").glyphs(gray)                                          # doctest: +SKIP
    >>> found.shape                                                                         # doctest: +SKIP
    (12, 6)

The network sees the picture at several sizes, each half the one before, and tells for each cell of 4 x 4 pixels
whether a glyph has its middle there. What it says is brought together here: the highest places, once each.
"""

import os
from pathlib import Path

import cv2
import numpy as np
import onnxruntime

from mnist_cnn.read.strips import contrast

LONGEST = 1280
"""The longer side of the largest picture that the finder sees, in pixels."""
SHORTEST = 40
"""And the shorter side of the smallest."""
STRIDE = 4
"""Pixels per cell."""
LEAST = 0.3
"""Heat below this is no glyph."""
KINDS = ("digit", "sign", "other")
DIGIT, SIGN, OTHER = range(3)
_NEAR = 0.45
"""Two places nearer than this part of their width are one glyph, seen twice."""


class Finder:
    """The network that finds glyphs.

    path: its file, as ``learn.convnet_export`` writes it.
    """

    def __init__(self, path: str | os.PathLike[str], *, threads: int = 1) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        content = Path(path).read_bytes()
        self._session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])

    def glyphs(self, gray: np.ndarray) -> np.ndarray:
        """What is found on uint8 (h, w): float (n, 6): left, top, right, bottom in its pixels, kind, heat."""
        found = [self._at(gray, scale) for scale in _scales(gray.shape)]
        return _once(np.concatenate(found)) if found else np.zeros((0, 6))

    def _at(self, gray: np.ndarray, scale: float) -> np.ndarray:
        """What is found on the picture at one size."""
        height, width = (max(1, round(side * scale)) for side in gray.shape)
        flags = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        small = cv2.resize(gray, (width, height), interpolation=flags) if scale != 1 else gray
        margin = 2 * STRIDE
        right, bottom = -(width + 2 * margin) % 8, -(height + 2 * margin) % 8
        small = cv2.copyMakeBorder(small, margin, margin + bottom, margin, margin + right, cv2.BORDER_REPLICATE)
        said = self._session.run(None, {"picture": contrast(small)[None]})[0][0]
        heat = said[..., :3].max(axis=2)
        highest = cv2.dilate(heat, np.ones((3, 3), np.uint8))
        rows, columns = np.nonzero((heat >= highest) & (heat > LEAST))
        if not rows.size:
            return np.zeros((0, 6))
        values = said[rows, columns]
        tall, wide = 24 * np.exp(np.clip(values[:, 3], -3, 2)), 24 * np.exp(np.clip(values[:, 4], -3, 2))
        x = (columns + values[:, 5] + 0.5) * STRIDE - margin
        y = (rows + values[:, 6] + 0.5) * STRIDE - margin
        boxes = np.stack([x - wide / 2, y - tall / 2, x + wide / 2, y + tall / 2], axis=1) / scale
        return np.column_stack([boxes, values[:, :3].argmax(axis=1), heat[rows, columns]])


def _scales(shape: tuple[int, ...]) -> list[float]:
    """The sizes at which a picture is looked at."""
    first = min(1.0, LONGEST / max(shape))
    if max(shape) < 200:
        first = 2.0 if max(shape) >= 80 else 4.0
    scales = [first]
    while min(shape) * scales[-1] / 2 >= SHORTEST:
        scales.append(scales[-1] / 2)
    return scales


def _once(found: np.ndarray) -> np.ndarray:
    """Each glyph once, the hottest of those that are seen at several sizes (non-maximum suppression)."""
    kept: list[np.ndarray] = []
    for glyph in found[np.argsort(-found[:, 5], kind="stable")]:
        x, y = (glyph[0] + glyph[2]) / 2, (glyph[1] + glyph[3]) / 2
        wide, tall = glyph[2] - glyph[0], glyph[3] - glyph[1]
        for other in kept:
            dx, dy = abs(x - (other[0] + other[2]) / 2), abs(y - (other[1] + other[3]) / 2)
            w, t = max(wide, other[2] - other[0]), max(tall, other[3] - other[1])
            same = dx < _NEAR * w and dy < _NEAR * t
            small = min(wide, other[2] - other[0]) < 0.6 * w and min(tall, other[3] - other[1]) < 0.6 * t
            if same and not (small and dy > 0.25 * t):
                break
        else:
            kept.append(glyph)
    return np.array(kept) if kept else np.zeros((0, 6))
