"""String examples: strips of composed scenes that the string network learns from, with the label of each frame.

The network learns from a label for each frame, and from the sequence of glyphs by CTC (Graves et al. 2006).
"""

import itertools
from typing import NamedTuple

import cv2
import numpy as np

from mnist_cnn.learn.pages.glyphs import OTHER, Glyph
from mnist_cnn.learn.pages.scenes import Scene, box_around, compose
from mnist_cnn.mnist import Digits
from mnist_cnn.read import strips
from mnist_cnn.read.labels import BLANK

IGNORED = -1
"""Label of frames that the loss ignores."""
_WIDEST = 640
"""Maximum width of a strip, in pixels."""
_WIDTHS = (96, 128, 160, 224, 320, 640)
"""Widths of the batches of strips for JAX, in pixels. JAX compiles the step once for each of them."""
_LONGEST = 48
"""Maximum number of glyphs in the sequences of such a batch."""

Example = tuple[np.ndarray, np.ndarray, list[int]]
"""A strip to learn from: its pixels, the labels of its frames and its sequence, as ``example`` returns them."""


class Seen(NamedTuple):
    """A glyph on a strip, in pixels of the strip."""

    x: float
    y: float
    wide: float
    tall: float
    label: int


def examples(digits: Digits, rng: np.random.Generator) -> list[Example]:
    """Return strips of one new scene: of all runs with digits or signs, and of a quarter of the others."""
    height = float(np.exp(rng.uniform(np.log(15), np.log(60))))
    scene = compose(digits, rng, 320, height)
    found = []
    for row in scene.rows:
        numbers = any(scene.glyphs[i].label < OTHER for i in row)
        if numbers or rng.random() < 0.25:
            for _ in range(1 + (numbers and len(row) > 6)):
                strip = example(scene, row, rng)
                if strip is not None:
                    found.append(strip)
    empty = empty_example(scene, height, rng)
    return found if empty is None else [*found, empty]


def example(scene: Scene, row: list[int], rng: np.random.Generator) -> Example | None:
    """Return a strip of one run of a scene: its pixels, the label of each frame and the sequence of its glyphs.

    Pixels are uint8 (40, w). Labels are int32 (w / 2,): a class, ``BLANK``, or -1 for frames without a certain label.
    The sequence is empty if glyphs at the edge make it uncertain. The place of the strip has random errors, like the
    boxes of the finder. The result is None if the run gives no usable strip.
    """
    glyphs = [scene.glyphs[i] for i in row if scene.shows(scene.glyphs[i])]
    if not glyphs or (len(glyphs) == 1 and rng.random() < 0.4):  # the share of single digits would be too large
        return None
    size = float(np.median([g.size for g in [g for g in glyphs if g.label < 10] or glyphs]))
    glyphs = _neighbours(glyphs, size, rng)
    boxes = _found_boxes(glyphs, size, rng)
    if (boxes[:, 3] - boxes[:, 1]).min() < 3 or (boxes[:, 2] - boxes[:, 0]).max() > 400:
        return None
    if rng.random() < 0.25:
        scene, (x, y) = scene.crop(box_around(glyphs, size, rng))
        boxes = boxes - [x, y, x, y]
    strip = strips.band(boxes, float(rng.normal(0, 0.04)))
    if strip.width > _WIDEST:
        return None
    pixels = strips.cut(scene.pixels, strip)
    seen = _seen(scene, strip)
    labels, sequence = frame_labels(seen, strip.width)
    edge = any(not 0 < g.x < strip.width or not abs(g.y - strips.ROWS / 2) < 11 for g in seen if g.label < OTHER)
    repeats = sum(a == b for a, b in itertools.pairwise(sequence))
    if not sequence or len(sequence) + repeats > len(labels) - 2:
        return None
    return pixels, labels, ([] if edge and rng.random() < 0.7 else sequence)


def empty_example(scene: Scene, height: float, rng: np.random.Generator) -> Example | None:
    """Return a strip, as ``example`` does, of a random place without glyphs. It shows paper, rules or a desk.

    height: of the digits of the scene, in pixels.
    """
    tall = height * float(rng.uniform(0.7, 1.4))
    wide = tall * float(rng.uniform(0.3, 4))
    high, across = scene.pixels.shape
    x, y = float(rng.uniform(0, max(1.0, across - wide))), float(rng.uniform(0, max(1.0, high - tall)))
    strip = strips.band(np.array([[x, y, x + wide, y + tall]]), float(rng.normal(0, 0.04)))
    if strip.width > _WIDEST or _seen(scene, strip):
        return None
    return strips.cut(scene.pixels, strip), np.full(strip.width // 2, BLANK, np.int32), []


def _neighbours(glyphs: list[Glyph], size: float, rng: np.random.Generator) -> list[Glyph]:
    """Return the glyphs around a random one, as far as no gap is wider than a random limit."""
    first = last = int(rng.integers(0, len(glyphs)))
    most = rng.uniform(0.8, 5) * size
    while first > 0 and glyphs[first].box[0] - glyphs[first - 1].box[2] < most:
        first -= 1
    while last + 1 < len(glyphs) and glyphs[last + 1].box[0] - glyphs[last].box[2] < most:
        last += 1
    return glyphs[first : last + 1]


def _found_boxes(glyphs: list[Glyph], size: float, rng: np.random.Generator) -> np.ndarray:
    """Return boxes of the digits, or of all glyphs if none is a digit, with random errors: float64 (n, 4)."""
    digits = [g for g in glyphs if g.label < 10]
    boxes = np.array([g.box for g in digits or glyphs], float)
    if not digits:  # the height of signs and letters is not that of a digit
        middle, half = (boxes[:, 1] + boxes[:, 3]) / 2, size / 2 * rng.uniform(0.85, 1.15)
        boxes[:, 1], boxes[:, 3] = middle - half, middle + half
    boxes = boxes + rng.normal(0, 0.06, boxes.shape) * size
    ends = np.array([g.box for g in glyphs])
    boxes[np.argmin(boxes[:, 0]), 0] = ends[:, 0].min() + rng.normal(0, 0.08) * size
    boxes[np.argmax(boxes[:, 2]), 2] = ends[:, 2].max() + rng.normal(0, 0.08) * size
    if rng.random() < 0.25:  # a large vertical error
        by = rng.normal(0, 0.13, 2) * size
        boxes[:, 1] += by[0]
        boxes[:, 3] += by[1]
    return boxes


def _seen(scene: Scene, strip: strips.Strip) -> list[Seen]:
    """Return the glyphs on a strip or touching it, from left to right."""
    back = cv2.invertAffineTransform(strip.matrix)
    scale = float(np.sqrt(abs(np.linalg.det(back[:, :2]))))
    seen = []
    for glyph in scene.glyphs:
        if not scene.shows(glyph):
            continue
        left, top, right, bottom = glyph.box
        x, y = back @ np.array([(left + right) / 2, (top + bottom) / 2, 1])
        wide, tall = (right - left) * scale, (bottom - top) * scale
        if -0.3 * wide < x < strip.width + 0.3 * wide and -tall / 2 < y < strips.ROWS + tall / 2:
            seen.append(Seen(float(x), float(y), wide, tall, glyph.label))
    return sorted(seen)


def frame_labels(seen: list[Seen], width: int) -> tuple[np.ndarray, list[int]]:
    """Return the label of each frame, int32 (width / 2,), and the sequence of the glyphs in the middle rows."""
    at = np.arange(width // 2) * 2 + 1.0
    labels = np.full(len(at), BLANK, np.int32)
    near = [g for g in seen if abs(g.y - strips.ROWS / 2) < (11 if g.label < 10 else 14) and 0 < g.x < width]
    for g in seen:
        if g.tall > 2:
            labels[np.abs(at - g.x) < 0.42 * g.wide] = IGNORED
    sequence: list[int] = []
    for g in near:
        if g.label == OTHER:
            labels[np.abs(at - g.x) <= max(1.0, g.wide / 2 + 1)] = OTHER
        if g.label != OTHER or not sequence or sequence[-1] != OTHER:
            sequence.append(g.label)
    for g in near:
        if g.label != OTHER:
            labels[np.abs(at - g.x) <= max(1.0, min(0.12 * g.wide, 3.0))] = g.label
    return labels, sequence


def batch(drawn: list[Example]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return a batch of strips, padded to the widest.

    Contrast is float32 (n, 40, w, 2), labels int32 (n, w / 2), sequences int32 (n, k), padded by -1, and the number of
    frames of each strip int32 (n,).
    """
    width = max(64, max(pixels.shape[1] for pixels, _, _ in drawn))
    most = max(1, max(len(sequence) for _, _, sequence in drawn))
    x = np.zeros((len(drawn), strips.ROWS, width, 2), np.float32)
    labels = np.full((len(drawn), width // 2), BLANK, np.int32)
    sequences, lengths = np.full((len(drawn), most), -1, np.int32), np.zeros(len(drawn), np.int32)
    for i, (pixels, frame, sequence) in enumerate(drawn):
        x[i, :, : pixels.shape[1]] = strips.contrast(pixels)
        labels[i, : len(frame)] = frame
        sequences[i, : len(sequence)] = sequence
        lengths[i] = len(frame)
    return x, labels, sequences, lengths


def padded(x: np.ndarray, labels: np.ndarray, sequences: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return a batch of strips as ``batch`` does, padded to one of ``_WIDTHS``."""
    more = next(width for width in _WIDTHS if width >= x.shape[2]) - x.shape[2]
    x = np.pad(x, ((0, 0), (0, 0), (0, more), (0, 0)))
    labels = np.pad(labels, ((0, 0), (0, more // 2)), constant_values=IGNORED)
    sequences = np.where((sequences[:, _LONGEST:] >= 0).any(axis=1, keepdims=True), -1, sequences)[:, :_LONGEST]
    return x, labels, np.pad(sequences, ((0, 0), (0, _LONGEST - sequences.shape[1])), constant_values=-1), lengths
