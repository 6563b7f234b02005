"""Numbers: digits written close together and cut as the reader cuts them, each piece with its label.

    >>> [label for ink, label in pieces(number(digits, rng))]                               # doctest: +SKIP
    [3, 10, 10, 5, 10, 7]

The reader uses the network to decide where to cut touching digits (``read.number``). So the network has to tell a
piece with one digit from pieces with two digits or with a part of one.
"""

from typing import NamedTuple

import cv2
import numpy as np

from mnist_cnn.learn import augment, outliers
from mnist_cnn.mnist import Digits
from mnist_cnn.read import cuts
from mnist_cnn.read.lines import HEIGHT
from mnist_cnn.read.normalise import normalise

_SLIM, _STRAIGHT = 0.4, 0.22
"""A part of a digit may be a 1 if its box is slimmer than this share of its height, or its ink than this ``_slimness``.
"""


class Number(NamedTuple):
    """A line of writing, and the ink of each digit on it."""

    line: np.ndarray
    """float32 (h, w), 0 to 1, as the lines of the reader: the writing is 64 pixels high."""
    owners: np.ndarray
    """float32 (k, h, w): the ink of each digit, or of the letter or scribble."""
    labels: np.ndarray
    """int (k,): the digits, or ``outliers.LABEL``."""


def draw(digits: Digits, rng: np.random.Generator, n: int, most: int) -> list[tuple[np.ndarray, int]]:
    """Return n normalised pieces, float32 (28, 28), with their labels.

    most: maximum number of pieces of one line.
    """
    drawn: list[tuple[np.ndarray, int]] = []
    while len(drawn) < n:
        found = pieces(number(digits, rng) if rng.random() < 0.8 else letter(rng))
        some = rng.permutation(len(found))[: min(most, n - len(drawn))]
        drawn += [(normalise(found[i][0]), found[i][1]) for i in some]
    return drawn


def number(digits: Digits, rng: np.random.Generator) -> Number:
    """Return two or three of the digits, side by side. Often they touch."""
    chosen = rng.integers(0, len(digits.images), rng.choice((2, 3), p=(0.65, 0.35)))
    labels = digits.labels[chosen].astype(int)
    owners = np.zeros((0, 104, 0), np.float32)
    for image, label in zip(digits.images[chosen], labels, strict=True):
        ink = augment.bend(augment.other_habits(augment.enlarge(image), label, rng), rng)
        columns = np.flatnonzero(ink.max(axis=0) > 0.3)
        ink = np.pad(ink[:, columns[0] : columns[-1] + 1] if columns.size else ink, ((10, 10), (0, 0)))
        owners = _beside(owners, np.roll(ink, int(np.clip(rng.normal(0, 4), -9, 9)), axis=0), rng)
    return _finish(owners, labels, rng)


def letter(rng: np.random.Generator) -> Number:
    """Return a letter or a scribble, which the reader may cut like a number."""
    ink = outliers.scribble(rng) if rng.random() < 0.5 else outliers.stroke_letter(rng)
    return _finish(augment.bend(ink, rng)[None], np.array([outliers.LABEL]), rng)


def pieces(number: Number) -> list[tuple[np.ndarray, int]]:
    """Return the ink of the pieces between two cuts, float32 (h, w), with their labels.

    Pieces without a certain label are left out.
    """
    line, owners, labels = number
    places = cuts.cuts(line)
    sums = np.pad(owners.cumsum(axis=2), ((0, 0), (0, 0), (1, 0)))
    # The ink of each digit to the left of each seam: (k, seams).
    before = sums[:, np.arange(line.shape[0]), places.seams].sum(axis=2)
    sides = [max(int((owner > 0.3).any(axis=axis).sum()) for axis in (0, 1)) for owner in owners]
    found = {}
    for piece in cuts.pieces(line, places, HEIGHT):
        shares = (before[:, piece.last] - before[:, piece.first]) / np.maximum(before[:, -1], 1e-6)
        label = _label(shares, sides, labels, piece)
        if label is not None:
            found[piece.left, piece.top, piece.ink.shape] = (
                piece.ink,
                label,
            )  # pieces may differ only in the empty space around them
    return list(found.values())


def _label(shares: np.ndarray, sides: list[int], labels: np.ndarray, piece: cuts.Piece) -> int | None:
    """Return the label of a piece, or None if it is not certain.

    shares: share of the ink of each digit that is in the piece, 0 to 1.
    sides: longer side of each digit, in pixels.
    """
    most = int(shares.argmax())
    others = float(np.delete(shares, most).max(initial=0))
    height, width = piece.ink.shape
    if labels[most] != outliers.LABEL and shares[most] > 0.93 and others < 0.07 and piece.dropped < 0.1:
        whole = max(height, width) > 0.8 * sides[most]  # not a digit with gaps in its strokes
        return int(labels[most]) if whole else None
    if piece.dropped or height < 0.4 * HEIGHT:
        return None
    if others > 0.3:
        return outliers.LABEL
    part = shares[most] < 0.7 or labels[most] == outliers.LABEL
    return outliers.LABEL if part and width > _SLIM * height and _slimness(piece.ink) > _STRAIGHT else None


def _slimness(ink: np.ndarray) -> float:
    """Return the width of ink as a share of its length: 0 for a straight line, 1 for a disc."""
    spread = np.cov(np.stack(np.nonzero(ink > 0.35)))
    low, high = np.linalg.eigvalsh(spread) if np.isfinite(spread).all() else (0.0, 1.0)
    return float(np.sqrt(max(low, 0) / max(high, 1e-6)))


def _beside(owners: np.ndarray, ink: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the digits so far, (k, h, w), and one more on their right: (k + 1, h, w'). They are close or touch."""
    k, height, wide = owners.shape
    start = wide
    if k:
        line = owners.max(axis=0) > 0.3
        both = line.any(axis=1) & (ink > 0.3).any(axis=1)
        # The smallest distance of the strokes: slanted digits touch before their boxes do.
        edges = np.argmax(line[:, ::-1], axis=1) + np.argmax(ink > 0.3, axis=1)
        free = int(edges[both].min()) if both.any() else 0
        gap = rng.integers(-5, 4) if rng.random() < 0.6 else rng.integers(3, 20)
        start = max(0, wide - min(free, 24) + int(gap))
    width = max(wide, start + ink.shape[1])
    joined = np.zeros((k + 1, height, width), np.float32)
    joined[:k, :, :wide] = owners
    joined[k, :, start : start + ink.shape[1]] = ink
    return joined


def _finish(owners: np.ndarray, labels: np.ndarray, rng: np.random.Generator) -> Number:
    """Return a line with one pen for all digits, corrupted, and scaled to the height of the reader's lines."""
    owners = np.pad(owners, ((0, 0), (8, 8), (8, 8)))
    line = augment.corrupt(augment.other_pen(owners.max(axis=0), rng), rng)
    line = np.minimum(line / max(float(np.median(line[line > 0.5 * line.max()])), 0.1), 1) if line.any() else line
    rows, columns = np.flatnonzero(line.max(axis=1) > 0.3), np.flatnonzero(line.max(axis=0) > 0.3)
    if not rows.size:
        return Number(np.zeros((HEIGHT, HEIGHT), np.float32), np.ones((len(owners), HEIGHT, HEIGHT)), labels)
    window = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    scale = HEIGHT / len(rows)

    def fit(ink: np.ndarray) -> np.ndarray:
        flags = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
        size = max(4, round(scale * ink[window].shape[1])), HEIGHT
        return np.pad(np.clip(cv2.resize(ink[window], size, interpolation=flags), 0, 1), 16)

    return Number(fit(line), np.stack([fit(owner) for owner in owners]), labels)
