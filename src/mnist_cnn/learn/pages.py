"""Pages: training of the finder, which finds glyphs on a page, and the string network, which reads a strip.

    python -m mnist_cnn.learn.pages strings --out runs/strings                              # or finder

Both networks are fully convolutional and learn only from composed scenes (``scenes``). The finder sees a whole picture.
For each cell of 4 x 4 pixels it returns whether a digit, a sign or other writing is centred there, and its size. The
string network sees a strip (``read.strips``). Every 2 pixels it returns which glyph is centred there. It learns from a
label for each of these frames, and from the sequence of glyphs by CTC (Graves et al. 2006).
"""

import functools
import importlib.util
import itertools
import json
import multiprocessing as mp
import os
import queue as queues
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, NamedTuple

import click
import cv2
import numpy as np

from mnist_cnn import mnist
from mnist_cnn.errors import MnistCnnError, RunError
from mnist_cnn.files import replacing
from mnist_cnn.learn import scenes
from mnist_cnn.learn.writing import OTHER, Glyph
from mnist_cnn.mnist import Digits
from mnist_cnn.read import strips
from mnist_cnn.read.finder import MARGIN, STRIDE, framed
from mnist_cnn.read.labels import BLANK

CLASSES = BLANK + 1
SIZES = (12.0, 36.0)
"""Range of digit heights that the finder detects, in pixels. It sees a picture at several sizes to detect others."""
_HUGE = (scenes.HEIGHTS[1], 180.0)
"""Range of digit heights in a fifth of the pictures, in pixels: parts of large digits are not digits.

Without them the loop of an 8 that fills a picture was a 0 (LOG.md, 2026-11-28).
"""
HELD_OUT = 5000
"""Number of training images at the end of MNIST that are kept for validation."""
BATCHES = {"strings": 64, "finder": 12}
"""Examples per training step, for each network."""
_IGNORED = -1
_WARM_UP = 300
_KEPT = 100
"""Batches that may be used a second time."""
_LOGGED, _SAVED = 100, 300
"""Steps between two lines of the log, and between two checkpoints."""

_WIDTHS = (96, 128, 160, 224, 320, 640)
"""Widths of the batches of strips for JAX, in pixels: it compiles the step once for each."""
_LONGEST = 48
"""Glyphs in the sequences of such a batch, at most."""
_Step = Callable[..., float]
"""Training step: takes the arrays of a batch, updates the model and returns the loss. A gradient that is not finite
changes nothing but the optimizer's averages: there was one in training, and a single one would be in all weights for
ever (LOG.md, 2026-11-27)."""
Example = tuple[np.ndarray, np.ndarray, list[int]]
"""A strip to learn from: its pixels, the labels of its frames and its sequence, as ``frames`` returns them."""


class _Seen(NamedTuple):
    """A glyph on a strip, in pixels of the strip."""

    x: float
    y: float
    wide: float
    tall: float
    label: int


def frames(scene: scenes.Scene, row: list[int], rng: np.random.Generator) -> Example | None:
    """Return a strip of one run of a scene: its pixels, the label of each frame and the sequence of its glyphs.

    Pixels are uint8 (40, w). Labels are int32 (w / 2,): a class, ``BLANK``, or -1 for frames without a certain label.
    The sequence is empty if glyphs at the edge make it uncertain. The place of the strip has random errors, as boxes of
    the finder have. The result is None if the run gives no usable strip.
    """
    glyphs = [scene.glyphs[i] for i in row if shown(scene.glyphs[i], scene)]
    if not glyphs or (len(glyphs) == 1 and rng.random() < 0.4):  # lone digits would be too large a share
        return None
    size = float(np.median([g.size for g in [g for g in glyphs if g.label < 10] or glyphs]))
    glyphs = _neighbours(glyphs, size, rng)
    boxes = _found_boxes(glyphs, size, rng)
    if (boxes[:, 3] - boxes[:, 1]).min() < 3 or (boxes[:, 2] - boxes[:, 0]).max() > 400:
        return None
    if rng.random() < 0.25:
        scene, (x, y) = crop(scene, around(glyphs, size, rng))
        boxes = boxes - [x, y, x, y]
    strip = strips.band(boxes, float(rng.normal(0, 0.04)))
    if strip.width > 640:
        return None
    pixels = strips.cut(scene.pixels, strip)
    seen = _seen(scene, strip)
    labels, sequence = _labels(seen, strip.width)
    edge = any(not 0 < g.x < strip.width or not abs(g.y - strips.ROWS / 2) < 11 for g in seen if g.label < OTHER)
    repeats = sum(a == b for a, b in itertools.pairwise(sequence))
    if not sequence or len(sequence) + repeats > len(labels) - 2:
        return None
    return pixels, labels, ([] if edge and rng.random() < 0.7 else sequence)


def crop(scene: scenes.Scene, box: Sequence[float] | np.ndarray) -> tuple[scenes.Scene, tuple[int, int]]:
    """Return a part of a scene, and its left and top on the scene, in pixels.

    box: left, top, right and bottom, in pixels; at least 8 x 8 pixels of it are on the scene.
    """
    height, width = scene.pixels.shape
    x, y = (int(np.clip(v, 0, most - 8)) for v, most in zip(box[:2], (width, height), strict=True))
    right, bottom = max(x + 8, min(width, round(box[2]))), max(y + 8, min(height, round(box[3])))
    glyphs = [scenes.shifted(glyph, -x, -y) for glyph in scene.glyphs]
    return scenes.Scene(scene.pixels[y:bottom, x:right], glyphs, scene.rows), (x, y)


def around(glyphs: Sequence[Glyph], size: float, rng: np.random.Generator) -> np.ndarray:
    """Return a box around glyphs with random margins, mostly small ones: float64 (4,)."""
    boxes = np.array([g.box for g in glyphs])
    ends = np.concatenate([boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)])
    return ends + np.array([-1, -1, 1, 1]) * rng.uniform(0.0, rng.choice((0.25, 1.0)), 4) * size


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


def _seen(scene: scenes.Scene, strip: strips.Strip) -> list[_Seen]:
    """Return the glyphs on a strip or touching it, from left to right."""
    back = cv2.invertAffineTransform(strip.matrix)
    scale = float(np.sqrt(abs(np.linalg.det(back[:, :2]))))
    seen = []
    for glyph in scene.glyphs:
        if not shown(glyph, scene):
            continue
        left, top, right, bottom = glyph.box
        x, y = back @ np.array([(left + right) / 2, (top + bottom) / 2, 1])
        wide, tall = (right - left) * scale, (bottom - top) * scale
        if -0.3 * wide < x < strip.width + 0.3 * wide and -tall / 2 < y < strips.ROWS + tall / 2:
            seen.append(_Seen(float(x), float(y), wide, tall, glyph.label))
    return sorted(seen)


def _labels(seen: list[_Seen], width: int) -> tuple[np.ndarray, list[int]]:
    """Return the label of each frame, int32 (width / 2,), and the sequence of the glyphs in the middle rows."""
    at = np.arange(width // 2) * 2 + 1.0
    labels = np.full(len(at), BLANK, np.int32)
    near = [g for g in seen if abs(g.y - strips.ROWS / 2) < (11 if g.label < 10 else 14) and 0 < g.x < width]
    for g in seen:
        if g.tall > 2:
            labels[np.abs(at - g.x) < 0.42 * g.wide] = _IGNORED
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


def shown(glyph: Glyph, scene: scenes.Scene) -> bool:
    """Return whether at least most of a glyph is on the picture."""
    left, top, right, bottom = glyph.box
    height, width = scene.pixels.shape
    room = 0.25 * max(right - left, 2), 0.2 * max(bottom - top, 2)
    return left > -room[0] and right < width + room[0] and top > -room[1] and bottom < height + room[1]


def picture(digits: Digits, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return what the finder learns from, of one new scene: the contrast, float32 (320, 320, 2), and its ``truth``.

    Two thirds of the pictures are whole scenes. The others show crops, at other sizes, side by side: close-ups, in
    which writing fills a picture, or touches its edges. Each has the margin that the finder adds. A fifth of the scenes
    have digits that are too large to be found.
    """
    huge = float(np.exp(rng.uniform(*np.log(_HUGE)))) if rng.random() < 0.2 else None
    scene = scenes.compose(digits, rng, height=huge)
    side = scenes.SIDE
    if not scene.rows or rng.random() < 0.65:
        return strips.contrast(scene.pixels), truth(scene)
    cell = (side, 160, 104, 80)[rng.choice(4, p=(0.2, 0.3, 0.25, 0.25))]
    pixels, target = np.zeros((side, side, 2), np.float32), np.zeros((side // STRIDE, side // STRIDE, 8), np.float32)
    for y, x in itertools.product(range(0, side - cell + 1, cell), repeat=2):
        view = _close_up(scene, cell - 8, rng)
        high, wide = view.pixels.shape
        pixels[y : y + high, x : x + wide] = strips.contrast(view.pixels)
        place = slice(y // STRIDE, (y + high) // STRIDE), slice(x // STRIDE, (x + wide) // STRIDE)
        target[place] = truth(view)
    return pixels, target


def _close_up(scene: scenes.Scene, most: int, rng: np.random.Generator) -> scenes.Scene:
    """Return a crop of a scene at another size, with the finder's margin: at most `most` pixels wide and high."""
    row = scene.rows[rng.integers(len(scene.rows))]
    chosen = [scene.glyphs[i] for i in (row if rng.random() < 0.5 else [row[rng.integers(len(row))]])]
    size = max(chosen[0].size, 4.0)  # a letter that a font lacks has no height
    part, _ = crop(scene, around(chosen, size, rng))
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
    return scenes.Scene(framed(pixels), glyphs, part.rows)


def truth(scene: scenes.Scene) -> np.ndarray:
    """Return the target of the finder for a scene: float32 (h / 4, w / 4, 8).

    Channels 0 to 2 are the heat of digits, signs and other writing: 0 to 1, or -1 where the loss ignores it. Channel 3
    is 1 where a glyph is centred, else 0. There, channels 4 to 7 are log(height / 24), log(width / 24), and the x and y
    of the centre from the middle of the cell, in cells. Glyphs that are cut off by the edge are ignored.
    """
    high, wide_ = scene.pixels.shape[0] // STRIDE, scene.pixels.shape[1] // STRIDE
    out = np.zeros((high, wide_, 8), np.float32)
    yy, xx = np.mgrid[0:high, 0:wide_].astype(np.float32)
    for g in scene.glyphs:
        left, top, right, bottom = g.box
        x, y, wide, tall = (left + right) / 2, (top + bottom) / 2, max(right - left, 1.0), max(bottom - top, 1.0)
        size = tall if g.label < 10 and tall > 0.55 * g.size else g.size
        cx, cy = x / STRIDE - 0.5, y / STRIDE - 0.5
        i, j = round(cy), round(cx)
        if not (0 <= i < high and 0 <= j < wide_):
            continue
        channel = 0 if g.label < 10 else 1 if g.label < OTHER else 2
        window = slice(max(0, i - 5), i + 6), slice(max(0, j - 5), j + 6)
        dy, dx = yy[window] - cy, xx[window] - cx
        heat = out[window][..., channel]  # a view
        whole = shown(g, scene)
        if not whole or not SIZES[0] <= size <= SIZES[1]:
            if not whole or 0.6 * SIZES[0] <= size <= 1.6 * SIZES[1]:
                close = (np.abs(dy) < 0.2 * tall / STRIDE + 1) & (np.abs(dx) < 0.3 * wide / STRIDE + 1)
                heat[close & (heat < 0.9)] = -1
            continue
        spread = max(0.6, 0.1 * size / STRIDE)
        narrow = max(0.5, min(spread, 0.3 * wide / STRIDE))
        np.maximum(heat, np.exp(-(dy**2) / (2 * spread**2) - dx**2 / (2 * narrow**2)), out=heat)
        out[i, j, channel] = 1
        out[i, j, 3:] = 1, np.log(tall / 24), np.log(wide / 24), cx - j, cy - i
    return out


def build_strings() -> Any:
    """Return the string network, a Keras model: contrast (n, 40, w, 2) -> logits (n, w / 2, 22). 4 divides w."""
    import keras

    layers = keras.layers
    image = layers.Input((strips.ROWS, None, 2), name="strip")
    x = _conv(image, 32, 5, strides=2)
    x = layers.MaxPooling2D((2, 1))(_conv(x, 48, 3))
    x = layers.MaxPooling2D((2, 2))(_conv(x, 64, 3))
    x = _conv(_conv(x, 128, 3), 128, 3)
    for _ in range(3):
        x = layers.Add()([x, _conv(x, 128, 3)])
    x = layers.SpatialDropout2D(0.05)(x)
    x = _conv(layers.ZeroPadding2D((0, 1))(x), 128, (5, 3), padding="valid")
    x = layers.Dropout(0.1)(x)
    x = layers.Add()([x, _conv(x, 128, (1, 5))])
    x = layers.Add()([x, _conv(layers.Dropout(0.1)(x), 128, (1, 5))])
    x = layers.Conv2D(2 * CLASSES, 1, dtype="float32")(layers.Dropout(0.1)(x))
    return keras.Model(image, layers.Reshape((-1, CLASSES), dtype="float32")(x), name="strings")


def build_finder() -> Any:
    """Return the finder, a Keras model: contrast (n, h, w, 2) -> (n, h / 4, w / 4, 7). 8 divides h and w.

    The output has three logits of heat, then height, width, x and y as in ``truth``.
    """
    import keras

    layers = keras.layers
    image = layers.Input((None, None, 2), name="picture")
    x = _conv(image, 16, 5, strides=2)
    fine = _conv(_conv(x, 24, 3, strides=2), 24, 3)
    x = _conv(fine, 48, 3, strides=2)
    for step in (1, 2, 4, 1, 4, 2):
        x = layers.Add()([x, _conv(x, 48, 3, dilation_rate=step)])
    x = layers.UpSampling2D(2, interpolation="nearest")(x)
    x = _conv(layers.Concatenate()([fine, x]), 32, 1)
    x = _conv(x, 32, 3)
    x = layers.Add()([x, _conv(x, 32, 3)])
    bias = keras.initializers.Constant([-4, -4, -4, 0, 0, 0, 0])
    return keras.Model(image, layers.Conv2D(7, 1, dtype="float32", bias_initializer=bias)(x), name="finder")


def _conv(x: Any, filters: int, size: Any, padding: str = "same", **options: Any) -> Any:
    """Return x after a convolution, batch normalisation and ReLU."""
    from keras import layers

    x = layers.Conv2D(filters, size, padding=padding, use_bias=False, **options)(x)
    return layers.ReLU()(layers.BatchNormalization(momentum=0.98)(x))


def _strip_batch(drawn: list[Example]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
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


def _compose(kind: str, queue: Any, seed: int, n: int) -> None:
    """Put batches of n examples for one network into the queue, without end."""
    cv2.setNumThreads(1)
    digits = training_digits()
    rng = np.random.default_rng(seed)
    pool: list[Example] = []
    while True:
        if kind == "finder":
            drawn = [picture(digits, rng) for _ in range(n)]
            _hand_over((np.stack([x for x, _ in drawn]), np.stack([y for _, y in drawn])), queue)
            continue
        while len(pool) < 4 * n:
            pool += strips_of(digits, rng)
        order = sorted(range(len(pool)), key=lambda i: pool[i][0].shape[1])
        start = int(rng.integers(0, len(pool) - n + 1))
        chosen = set(order[start : start + n])  # of similar width
        if any(pool[i][2] for i in chosen):  # CTC needs a sequence
            _hand_over(_strip_batch([pool[i] for i in chosen]), queue)
        pool = [strip for i, strip in enumerate(pool) if i not in chosen]


def _hand_over(batch: tuple[np.ndarray, ...], queue: Any) -> None:
    """Put a batch into the queue; end this process where the training was killed and nobody takes batches any more."""
    training = mp.parent_process()
    while training is None or training.is_alive():
        try:
            return queue.put(batch, timeout=5)
        except queues.Full:
            pass
    queue.cancel_join_thread()
    raise SystemExit


def strips_of(digits: Digits, rng: np.random.Generator) -> list[Example]:
    """Return strips of one new scene: of all runs with digits or signs, and of a quarter of the others."""
    height = float(np.exp(rng.uniform(np.log(15), np.log(60))))
    scene = scenes.compose(digits, rng, 320, height)
    found = []
    for row in scene.rows:
        numbers = any(scene.glyphs[i].label < OTHER for i in row)
        if numbers or rng.random() < 0.25:
            for _ in range(1 + (numbers and len(row) > 6)):
                strip = frames(scene, row, rng)
                if strip is not None:
                    found.append(strip)
    empty = nothing(scene, height, rng)
    return found if empty is None else [*found, empty]


def nothing(scene: scenes.Scene, height: float, rng: np.random.Generator) -> Example | None:
    """Return a strip of a random place without glyphs, as ``frames`` does: paper, rules, patterns or a desk.

    height: of the digits of the scene, in pixels.
    """
    tall = height * float(rng.uniform(0.7, 1.4))
    wide = tall * float(rng.uniform(0.3, 4))
    high, across = scene.pixels.shape
    x, y = float(rng.uniform(0, max(1.0, across - wide))), float(rng.uniform(0, max(1.0, high - tall)))
    strip = strips.band(np.array([[x, y, x + wide, y + tall]]), float(rng.normal(0, 0.04)))
    if strip.width > 640 or _seen(scene, strip):
        return None
    return strips.cut(scene.pixels, strip), np.full(strip.width // 2, BLANK, np.int32), []


def training_digits() -> Digits:
    """Return MNIST's training images without the last 5,000, which other people wrote."""
    train, _ = mnist.load()
    return Digits(train.images[:-HELD_OUT], train.labels[:-HELD_OUT])


def validation_digits() -> Digits:
    """Return the last 5,000 of MNIST's training images."""
    train, _ = mnist.load()
    return Digits(train.images[-HELD_OUT:], train.labels[-HELD_OUT:])


def train(
    kind: str,
    out: Path,
    steps: int,
    threads: int,
    composers: int,
    rate: float,
    start: Path | None,
    batch: int | None = None,
    echo: int = 1,
    jax: bool = False,
    seed: int = 7,
) -> None:
    """Train a network, "strings" or "finder", up to a number of steps. Resume if `out` has a checkpoint.

    The checkpoint ``weights.npz`` has the arrays w0, w1, ... of ``model.get_weights()``, o0, o1, ... of the optimizer,
    and step. It is written every 300 steps and at the end.

    out: folder of the checkpoint; it is created.
    steps: total number of training steps, at least 1, those of the checkpoint included.
    threads: of TensorFlow, at least 1.
    composers: processes that compose scenes, at least 1.
    rate: peak learning rate, above 0, after a linear warm-up of 300 steps. A cosine decay to 1 % follows.
    start: a checkpoint whose weights to start from, if `out` has none.
    batch: examples per step, at least 1; as in ``BATCHES`` if None.
    echo: number of steps with earlier batches after each step with a new one, at least 0.
    jax: whether to train with JAX, which uses a GPU if it finds one, and not with TensorFlow.
    seed: of the scenes, at least 0.

    Raises RunError if an argument is out of range, or a file or folder cannot be used.
    """
    n = BATCHES[kind] if batch is None else batch
    for name, value in (("steps", steps), ("threads", threads), ("composers", composers), ("batch", n)):
        if value < 1:
            raise RunError(f"{name}: expected 1 or more, found {value}")
    if echo < 0:
        raise RunError(f"echo: expected 0 or more, found {echo}")
    if seed < 0:
        raise RunError(f"seed: expected 0 or more, found {seed}")
    if not 0 < rate < float("inf"):
        raise RunError(f"rate: expected a positive number, found {rate}")
    if jax and importlib.util.find_spec("jax") is None:
        raise RunError("--jax: JAX is not installed; install mnist-cnn with the extra distributed, or jax[cuda13]")
    given = None if start is None else _checkpoint(start)
    kept = _folder(out) / "weights.npz"
    resumed = _checkpoint(kept) if kept.exists() else None
    done = 0 if resumed is None else int(resumed["step"])
    os.environ["KERAS_BACKEND"] = "jax" if jax else "tensorflow"
    context = mp.get_context("spawn")
    queue = context.Queue(2 * composers + 4)
    seeds = [1000 * i + done + 10**6 * seed for i in range(composers)]
    processes = [context.Process(target=_compose, args=(kind, queue, seed, n), daemon=True) for seed in seeds]
    for process in processes:
        process.start()
    import keras

    if not jax:
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    keras.utils.set_random_seed(1)
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    model = build_strings() if kind == "strings" else build_finder()
    decay = max(1, steps - _WARM_UP)
    schedule = keras.optimizers.schedules.CosineDecay(
        0.1 * rate, decay, 0.01, warmup_target=rate, warmup_steps=_WARM_UP
    )
    optimizer = keras.optimizers.AdamW(schedule, weight_decay=0.01, beta_2=0.98, global_clipnorm=3.0)
    optimizer.build(model.trainable_variables)
    if resumed is not None:
        _restore(model, optimizer, resumed, kept)
    elif given is not None:
        _restore(model, None, given, start)
    loss_of = _string_loss if kind == "strings" else _finder_loss
    step = _jax_step(model, optimizer, loss_of) if jax else _tensorflow_step(model, optimizer, loss_of)
    began, mean = time.time(), None
    batches = _echoed(lambda: _next(queue, processes), echo, np.random.default_rng(done))
    for at in range(done + 1, steps + 1):
        batch_ = next(batches)
        loss = step(*(_padded(*batch_) if jax and kind == "strings" else batch_))
        if np.isfinite(loss):
            mean = loss if mean is None else 0.98 * mean + 0.02 * loss
        if at % _LOGGED == 0 or at == steps:
            row = {
                "step": at,
                "seconds": round(time.time() - began),
                "loss": round(mean or 0, 4),
                "queue": queue.qsize(),
            }
            print(json.dumps(row), flush=True)
        if at % _SAVED == 0 or at == steps:
            _save(model, optimizer, at, kept)
    export(kind, kept, out / f"{kind}.onnx")


def export(kind: str, weights: Path, file: Path) -> None:
    """Write the network of a checkpoint as an ONNX file, as ``read`` uses it.

    Raises RunError if the checkpoint is missing, damaged or of another network, or the file cannot be written.
    """
    import keras

    from mnist_cnn.learn import convnet_export

    keras.mixed_precision.set_global_policy("float32")  # training may have set another
    values = _checkpoint(weights)
    model = build_strings() if kind == "strings" else build_finder()
    _restore(model, None, {name: value.astype(np.float32) for name, value in values.items()}, weights)
    output = "log_probabilities" if kind == "strings" else "glyphs"
    content = convnet_export.onnx_file(model, output, {"recipe": kind, "steps": str(int(values["step"]))})
    with replacing(file) as temporary:
        temporary.write_bytes(content)


def _folder(out: Path) -> Path:
    """Create the folder of a training. Raises RunError if that is not possible."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"{out}: expected a folder or a new name, found: {error.strerror or error}") from None
    return out


def _checkpoint(file: Path) -> dict[str, np.ndarray]:
    """Return the arrays of a checkpoint. Raises RunError if the file is missing or is not a checkpoint."""
    try:
        with np.load(file) as content:
            return {name: content[name] for name in ("step", *content.files)}
    except FileNotFoundError:
        raise RunError(f"{file}: expected a checkpoint weights.npz, found no file") from None
    except (OSError, ValueError, KeyError, EOFError, AttributeError, zipfile.BadZipFile):
        raise RunError(f"{file}: expected a checkpoint weights.npz, found another file or a damaged one") from None


def _restore(model: Any, optimizer: Any, values: dict[str, np.ndarray], file: Path | None) -> None:
    """Set the weights of a model, and the state of its optimizer if there is one.

    Raises RunError if they are those of another network.
    """
    try:
        model.set_weights([values[f"w{i}"] for i in range(len(model.weights))])
        for i, variable in enumerate(optimizer.variables if optimizer else ()):
            variable.assign(values[f"o{i}"])
    except (KeyError, ValueError):
        raise RunError(f"{file}: expected a checkpoint of the network '{model.name}', found one of another") from None


def _save(model: Any, optimizer: Any, step: int, file: Path) -> None:
    """Write a checkpoint. Raises RunError if it cannot be written."""
    values: dict[str, Any] = {f"w{i}": np.asarray(w) for i, w in enumerate(model.get_weights())}
    values |= {f"o{i}": np.asarray(v) for i, v in enumerate(optimizer.variables)}
    with replacing(file) as temporary:
        np.savez(temporary, step=step, **values)


def _next(queue: Any, processes: Sequence[BaseProcess]) -> Any:
    """Return the next batch. Raises RunError if a composer ended, because the wait would not end."""
    while True:
        try:
            return queue.get(timeout=10)
        except queues.Empty:
            for process in processes:
                if process.exitcode is not None:
                    raise RunError(
                        f"a process that composes scenes ended with exit code {process.exitcode}, "
                        "possibly out of memory; repeat the command to resume"
                    ) from None


def _echoed(draw: Callable[[], Any], echo: int, rng: np.random.Generator) -> Iterator[Any]:
    """Yield new batches, and after each one `echo` of the last ``_KEPT`` again (data echoing, Choi et al. 2019).

    Composing a batch takes as much processor time as learning from it.
    """
    kept: list[Any] = []
    while True:
        batch = draw()
        yield batch
        kept = [*kept[-_KEPT + 1 :], batch]
        for _ in range(echo):
            yield kept[rng.integers(len(kept))]


def _padded(x: np.ndarray, labels: np.ndarray, sequences: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return a batch of strips as ``_strip_batch`` does, padded to one of ``_WIDTHS``."""
    more = next(width for width in _WIDTHS if width >= x.shape[2]) - x.shape[2]
    x = np.pad(x, ((0, 0), (0, 0), (0, more), (0, 0)))
    labels = np.pad(labels, ((0, 0), (0, more // 2)), constant_values=_IGNORED)
    sequences = np.where((sequences[:, _LONGEST:] >= 0).any(axis=1, keepdims=True), -1, sequences)[:, :_LONGEST]
    return x, labels, np.pad(sequences, ((0, 0), (0, _LONGEST - sequences.shape[1])), constant_values=-1), lengths


def _tensorflow_step(model: Any, optimizer: Any, loss_of: Callable[..., Any]) -> _Step:
    """Return one training step with TensorFlow."""
    import tensorflow as tf

    @functools.partial(tf.function, reduce_retracing=True)
    def step(x: Any, *targets: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = loss_of(model(x, training=True), *targets)
        gradients = tape.gradient(loss, model.trainable_variables)
        finite = tf.cast(tf.math.is_finite(tf.linalg.global_norm(gradients)), tf.float32)
        gradients = [tf.math.multiply_no_nan(g, tf.cast(finite, g.dtype)) for g in gradients]
        optimizer.apply(gradients, model.trainable_variables)
        return loss

    return lambda *batch: float(step(*map(tf.constant, batch)))


def _jax_step(model: Any, optimizer: Any, loss_of: Callable[..., Any]) -> _Step:
    """Return one training step with JAX. It compiles once for each shape of a batch."""
    import jax
    import jax.numpy as jnp

    click.echo(f"training on {jax.devices()[0].device_kind}", err=True)
    parts = model.trainable_variables, model.non_trainable_variables, optimizer.variables

    def loss_and_state(weights: Any, state: Any, x: Any, *targets: Any) -> Any:
        found, state = model.stateless_call(weights, state, x, training=True)
        return loss_of(found, *targets), state

    @functools.partial(jax.jit, donate_argnums=0)
    def step(values: Any, *batch: Any) -> Any:
        weights, state, memory = values
        (loss, state), gradients = jax.value_and_grad(loss_and_state, has_aux=True)(weights, state, *batch)
        finite = jnp.isfinite(sum(jnp.sum(jnp.square(g.astype(jnp.float32))) for g in gradients))
        gradients = [jnp.where(finite, g, 0) for g in gradients]
        weights, memory = optimizer.stateless_apply(memory, gradients, weights)
        return loss, (weights, state, memory)

    def run(*batch: Any) -> float:
        loss, values = step([[v.value for v in part] for part in parts], *batch)
        for part, new in zip(parts, values, strict=True):
            for variable, value in zip(part, new, strict=True):
                variable.assign(value)
        return float(loss)

    return run


def _string_loss(logits: Any, labels: Any, sequences: Any, lengths: Any) -> Any:
    """Return the loss of the string network: cross-entropy per frame, and CTC where a strip has a sequence."""
    from keras import ops

    weights = ops.where(labels < 0, 0.0, ops.where(labels == BLANK, 0.5, 1.0))
    per_frame = ops.sparse_categorical_crossentropy(ops.maximum(labels, 0), logits, from_logits=True)
    by_frame = ops.sum(per_frame * weights) / ops.sum(weights)
    count = ops.cast(ops.sum(sequences >= 0, axis=1), "float32")
    known = ops.cast(count > 0, "float32")
    per_strip = known * ops.minimum(_ctc(logits, sequences, lengths) / ops.maximum(count, 1.0), 10.0)
    return by_frame + 0.5 * ops.sum(per_strip) / ops.maximum(1.0, ops.sum(known))


def _ctc(logits: Any, sequences: Any, lengths: Any) -> Any:
    """Return the CTC loss of each strip, float32 (n,)."""
    import keras

    if keras.backend.backend() != "tensorflow":
        count = keras.ops.sum(keras.ops.cast(sequences >= 0, "int32"), axis=1)
        return keras.ops.ctc_loss(keras.ops.maximum(sequences, 0), logits, count, lengths, mask_index=BLANK)
    import tensorflow as tf  # on processors, its own function for sparse sequences takes less time

    sequences = tf.concat([tf.maximum(sequences[:, :1], 0), sequences[:, 1:]], axis=1)  # none may be empty
    places = tf.where(sequences >= 0)
    sparse = tf.SparseTensor(places, tf.gather_nd(sequences, places), tf.shape(sequences, out_type=tf.int64))
    return tf.nn.ctc_loss(sparse, logits, None, lengths, logits_time_major=False, blank_index=BLANK)


def _finder_loss(found: Any, target: Any) -> Any:
    """Return the loss of the finder: focal loss of the heat (Law and Deng 2018) and L1 loss of the sizes."""
    from keras import ops

    heat, logits = target[..., :3], found[..., :3]
    p = ops.sigmoid(logits)
    log_p, log_q = ops.log_sigmoid(logits), ops.log_sigmoid(-logits)
    hit, asked = ops.cast(heat == 1, "float32"), ops.cast(heat >= 0, "float32")
    loss = -hit * (1 - p) ** 2 * log_p - (1 - hit) * asked * (1 - ops.maximum(heat, 0.0)) ** 4 * p**2 * log_q
    sized = target[..., 3:4]
    by_size = ops.convert_to_tensor([1.0, 1.0, 0.5, 0.5])
    sizes = ops.sum(sized * ops.abs(found[..., 3:7] - target[..., 4:8]) * by_size)
    return (ops.sum(loss) + sizes) / (ops.sum(sized) + 1)


@click.command(context_settings={"show_default": True, "help_option_names": ["-h", "--help"]})
@click.argument("kind", type=click.Choice(list(BATCHES)))
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", required=True, help="Folder of the checkpoint.")
@click.option("--steps", type=int, default=12000, help="Total number of training steps.")
@click.option("--batch", type=int, help="Examples per step.  [default: 64 for strings, 12 for finder]")
@click.option("--echo", type=int, default=1, help="Repeats of earlier batches per new one.")
@click.option("--seed", type=int, default=7, help="Seed of the training scenes.")
@click.option("--jax", is_flag=True, help="Train with JAX, which uses a GPU if found.")
@click.option("--rate", type=float, default=3e-3, help="Peak learning rate, reached after 300 steps.")
@click.option("--threads", type=int, default=1, help="TensorFlow threads.")
@click.option("--composers", type=int, default=1, help="Processes that compose training scenes.")
@click.option(
    "--start",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Checkpoint whose weights a new training starts from.",
)
def command(kind: str, **options: Any) -> None:
    """Train one of the two networks that read pages, from composed scenes.

    The string network ("strings") reads a strip of digits and signs. The finder ("finder") finds digits, signs and
    other writing on a page. The result is DIR/strings.onnx or DIR/finder.onnx. The checkpoint DIR/weights.npz is saved
    every 300 steps. Interrupted trainings resume: repeat the command.

    \b
    Examples:
      python -m mnist_cnn.learn.pages strings --out runs/strings
      python -m mnist_cnn.learn.pages finder --out runs/finder --steps 2500 --threads 2
      python -m mnist_cnn.learn.pages finder --out runs/more --start runs/finder/weights.npz
    """
    train(kind, **options)


def main() -> None:
    """Run the command. An expected error is one line on standard error and exit code 2; Ctrl-C is exit code 130."""
    try:
        raise SystemExit(command.main(prog_name="python -m mnist_cnn.learn.pages", standalone_mode=False) or 0)
    except MnistCnnError as error:
        click.echo(f"mnist_cnn.learn.pages: {error}", err=True)
    except click.ClickException as error:
        click.echo(f"mnist_cnn.learn.pages: {' '.join(error.format_message().split())}", err=True)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted; repeat the command to resume", err=True)
        raise SystemExit(130) from None
    raise SystemExit(2)


if __name__ == "__main__":
    main()
