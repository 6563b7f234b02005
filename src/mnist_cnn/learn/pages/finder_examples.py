"""Finder examples: pictures that the finder learns from, with what it should return for each cell."""

import itertools

import cv2
import numpy as np

from mnist_cnn.learn.pages.glyphs import OTHER, Glyph
from mnist_cnn.learn.pages.scenes import HEIGHTS, SIDE, Scene, box_around, compose
from mnist_cnn.mnist import Digits
from mnist_cnn.read import strips
from mnist_cnn.read.finder import MARGIN, STRIDE, framed

SIZES = (12.0, 36.0)
"""Range of digit heights that the finder detects, in pixels. It sees a picture at several sizes to detect others."""
_HUGE = (HEIGHTS[1], 180.0)
"""Range of digit heights in a fifth of the pictures, in pixels: parts of large digits are not digits.

Without them the loop of an 8 that fills a picture was a 0 (LOG.md, 2026-11-28).
"""


def example(digits: Digits, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return the contrast of a picture of one new scene, float32 (320, 320, 2), and its ``target``.

    Two thirds of the pictures are whole scenes. The others show close-ups side by side. In a close-up, writing fills
    the crop or touches its edges. Each has the margin that the finder adds. A fifth of the scenes have digits that are
    too large to be found.
    """
    huge = float(np.exp(rng.uniform(*np.log(_HUGE)))) if rng.random() < 0.2 else None
    scene = compose(digits, rng, height=huge)
    if not scene.rows or rng.random() < 0.65:
        return strips.contrast(scene.pixels), target(scene)
    cell = (SIDE, 160, 104, 80)[rng.choice(4, p=(0.2, 0.3, 0.25, 0.25))]
    cells = SIDE // STRIDE
    contrast, expected = np.zeros((SIDE, SIDE, 2), np.float32), np.zeros((cells, cells, 8), np.float32)
    for y, x in itertools.product(range(0, SIDE - cell + 1, cell), repeat=2):
        view = _close_up(scene, cell - 8, rng)
        high, wide = view.pixels.shape
        contrast[y : y + high, x : x + wide] = strips.contrast(view.pixels)
        expected[y // STRIDE : (y + high) // STRIDE, x // STRIDE : (x + wide) // STRIDE] = target(view)
    return contrast, expected


def _close_up(scene: Scene, most: int, rng: np.random.Generator) -> Scene:
    """Return a crop of a scene at another size, with the finder's margin.

    most: maximum width and height of the result, in pixels.
    """
    row = scene.rows[rng.integers(len(scene.rows))]
    chosen = [scene.glyphs[i] for i in (row if rng.random() < 0.5 else [row[rng.integers(len(row))]])]
    size = max(chosen[0].size, 4.0)  # a letter that a font lacks has no height
    part, _ = scene.crop(box_around(chosen, size, rng))
    height, width = part.pixels.shape
    scale = float(np.exp(rng.uniform(np.log(12), np.log(40)))) / size
    scale = min(scale, 2.5, (most - 2 * MARGIN - 7) / max(height, width))
    new = max(4, round(width * scale)), max(4, round(height * scale))
    pixels = cv2.resize(part.pixels, new, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    by = new[0] / width, new[1] / height
    glyphs = [
        g._replace(
            box=tuple(float(v * by[i % 2] + MARGIN) for i, v in enumerate(g.box)),  # type: ignore[arg-type]
            size=g.size * by[1],
        )
        for g in part.glyphs
    ]
    return Scene(framed(pixels), glyphs, part.rows)


def target(scene: Scene) -> np.ndarray:
    """Return the target of the finder for a scene: float32 (h / 4, w / 4, 8).

    Channels 0 to 2 are the heat of digits, signs and other writing: 0 to 1, or -1 where the loss ignores it. Channel 3
    is 1 where a glyph is centred, else 0. There, channels 4 to 7 are log(height / 24), log(width / 24), and the x and y
    of the centre from the middle of the cell, in cells. Glyphs that are cut off by the edge are ignored.
    """
    out = np.zeros((scene.pixels.shape[0] // STRIDE, scene.pixels.shape[1] // STRIDE, 8), np.float32)
    for glyph in scene.glyphs:
        _mark(out, glyph, scene.shows(glyph))
    return out


def _mark(out: np.ndarray, glyph: Glyph, whole: bool) -> None:
    """Put a glyph on the target.

    whole: whether it is not cut off by the edge.
    """
    left, top, right, bottom = glyph.box
    x, y, wide, tall = (left + right) / 2, (top + bottom) / 2, max(right - left, 1.0), max(bottom - top, 1.0)
    size = tall if glyph.label < 10 and tall > 0.55 * glyph.size else glyph.size
    cx, cy = x / STRIDE - 0.5, y / STRIDE - 0.5
    i, j = round(cy), round(cx)
    if not (0 <= i < out.shape[0] and 0 <= j < out.shape[1]):
        return
    channel = 0 if glyph.label < 10 else 1 if glyph.label < OTHER else 2
    rows, columns = (np.arange(max(0, k - 5), min(n, k + 6)) for k, n in zip((i, j), out.shape, strict=False))
    dy, dx = (rows.astype(np.float32) - cy)[:, None], columns.astype(np.float32) - cx
    heat = out[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1, channel]  # a view
    if not whole or not SIZES[0] <= size <= SIZES[1]:
        if not whole or 0.6 * SIZES[0] <= size <= 1.6 * SIZES[1]:
            close = (np.abs(dy) < 0.2 * tall / STRIDE + 1) & (np.abs(dx) < 0.3 * wide / STRIDE + 1)
            heat[close & (heat < 0.9)] = -1
        return
    spread = max(0.6, 0.1 * size / STRIDE)
    narrow = max(0.5, min(spread, 0.3 * wide / STRIDE))
    np.maximum(heat, np.exp(-(dy**2) / (2 * spread**2) - dx**2 / (2 * narrow**2)), out=heat)
    out[i, j, channel] = 1
    out[i, j, 3:] = 1, np.log(tall / 24), np.log(wide / 24), cx - j, cy - i
