"""Reader: a picture in, the digits on it out, each with how sure it is, and the ones it refuses with the reason.

    >>> reading = read_image("number.jpg")                                                  # doctest: +SKIP
    >>> reading.number, round(reading.confidence, 2), reading.accepted                      # doctest: +SKIP
    ('4711', 0.98, True)

A line is cut in more places than it has digits. Every piece between two cuts is put to the network, which knows what
is no digit, and the way from the line's left end to its right that it believes most is what is read.
"""

import functools
import math
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np

from mnist_cnn.read.classifier import Classifier
from mnist_cnn.read.cuts import Cuts, Piece, cuts, pieces
from mnist_cnn.read.form import form, has_form
from mnist_cnn.read.ink import CLOSE_UP, ink
from mnist_cnn.read.lines import HEIGHT, Box, Line, lines
from mnist_cnn.read.picture import Picture, gray

_CROSSED = 0.08
"""What a cut costs for each pixel of ink it crosses, in nats."""
_SPLIT = 0.2
"""What each more digit gains, in nats: two in one piece look more like one than a cut one looks like itself."""
_DROPPED = 1.5
"""What leaving specks out of a piece costs, for all of its ink."""
_LOW = 2.2
"""What it costs to take a piece about half as high as the line for a digit; from 0.7 of it on, nothing."""
_SKIP_TALL = 6.0
"""What it costs to take a piece as high as the line for no digit: it is one more often than not."""
_TINY = 36
"""A picture smaller than this is a close-up without ruled lines and shadows."""
_SKIP_WIDE = 2.0
"""And so many times more if it is as wide as two digits."""
_SMALL = 0.45
"""What is no digit and lower than this part of the line is a dot or a dash, and not worth a word."""
_BELIEVED = 0.65
"""One digit of a line must be as probable as this, or the line is none; of two that were cut out of one piece, both on
average."""
_THROUGH, _CUT_OUT = 1.0, 0.9
"""A digit with a cut through more ink than the first, in pixels, has to be as sure as the second to be accepted: parts
of letters and scribbles look like digits."""
_NO_DIGIT = "not a digit"
_PLAUSIBLE = 0.07
"""A piece whose chance of being a digit at all is below this is called no digit."""


@dataclass(frozen=True, eq=False)
class Digit:
    """What was taken for one digit, or refused as none."""

    box: Box
    digit: int
    """The most probable one."""
    confidence: float
    """Its probability, 0 to 1."""
    alternatives: tuple[tuple[int, float], ...]
    """The next two digits and their probabilities."""
    accepted: bool
    reason: str | None
    """Why it is not accepted."""
    tile: np.ndarray
    """What the network saw: float32 (28, 28), 0 to 1."""
    probabilities: np.ndarray
    """Of the ten digits: float32 (10,); what they lack to 1 is the probability that it is none."""

    @property
    def is_digit(self) -> bool:
        """Whether it is taken for a digit, sure or not."""
        return self.reason != _NO_DIGIT

    def to_dict(self) -> dict[str, Any]:
        return {
            "box": self.box.to_dict(),
            "digit": self.digit,
            "confidence": round(self.confidence, 6),
            "alternatives": [{"digit": d, "confidence": round(p, 6)} for d, p in self.alternatives],
            "accepted": self.accepted,
            "reason": self.reason,
        }


@dataclass(frozen=True, eq=False)
class Number:
    """One line of writing: its digits from left to right."""

    digits: tuple[Digit, ...]
    """What was refused as no digit is among them."""

    @property
    def number(self) -> str:
        """The digits, unsure ones too; what is no digit is left out."""
        return "".join(str(d.digit) for d in self.digits if d.is_digit)

    @property
    def confidence(self) -> float:
        """The probability that all of its digits are right, were they independent; 0 if there are none."""
        return math.prod(d.confidence for d in self.digits if d.is_digit) if self.number else 0.0

    @property
    def accepted(self) -> bool:
        """Whether there are digits, more than of what is none, and each is accepted."""
        return 2 * len(self.number) > len(self.digits) and all(d.accepted for d in self.digits if d.is_digit)

    def to_dict(self) -> dict[str, Any]:
        digits = [d.to_dict() for d in self.digits]
        return {
            "number": self.number,
            "confidence": round(self.confidence, 6),
            "accepted": self.accepted,
            "digits": digits,
        }


@dataclass(frozen=True, eq=False)
class Reading:
    """What was read on a picture."""

    lines: tuple[Number, ...]
    """From the top down."""
    width: int
    height: int
    """Of the upright picture that boxes refer to."""

    @property
    def number(self) -> str:
        """All the digits, line after line."""
        return "".join(line.number for line in self.lines)

    @property
    def confidence(self) -> float:
        return math.prod(line.confidence for line in self.lines if line.number) if self.number else 0.0

    @property
    def accepted(self) -> bool:
        """Whether there are digits and each is accepted."""
        return bool(self.number) and all(line.accepted for line in self.lines if line.number)

    def to_dict(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "confidence": round(self.confidence, 6),
            "accepted": self.accepted,
            "width": self.width,
            "height": self.height,
            "lines": [line.to_dict() for line in self.lines],
        }


def read_image(
    picture: Picture,
    *,
    classifier: Classifier | None = None,
    digits: int | None = None,
    threshold: float | None = None,
) -> Reading:
    """Read the digits on a picture: a path, a file's bytes, an array or an image of Pillow's (``picture.Picture``).

    classifier: by default the model in this package.
    digits: how many there are on each line, if that is known.
    threshold: the confidence, 0 to 1, below which a digit is not accepted; by default the model's own.
    Raises ImageError if the picture cannot be read.
    """
    classifier = classifier or _shipped()
    cut_out = max(classifier.threshold, _CUT_OUT) if threshold is None else threshold
    threshold = classifier.threshold if threshold is None else threshold
    pixels, (width, height) = gray(picture)
    tile = _as_it_is(pixels)
    if tile is not None:
        probabilities = classifier.probabilities(tile[None, :, :, None])[0]
        found = [Number((_digit(Box(0, 0, width, height), tile, probabilities, threshold),))]
    else:
        page = _enlarge(pixels)
        small, tiny = min(pixels.shape) < CLOSE_UP, min(pixels.shape) < _TINY
        best: list[Number] = []
        for broad in (small, not small) if not tiny else (True,):
            found = [
                _read(line, classifier, digits, (threshold, cut_out), (width, height), page.shape[1] / width)
                for line in lines(ink(page, broad, not tiny))
            ]
            found = [line for line in found if line.digits]
            if not best or _sure(found) > _sure(best):
                best = found
            if best and _sure(best) == 1:
                break
        found = best
    return Reading(tuple(found), width, height)


def _sure(found: list[Number]) -> float:
    """How good a reading is, to choose between two of one picture: the part of what was found that is accepted."""
    digits = [digit for line in found for digit in line.digits]
    return sum(digit.accepted for digit in digits) / len(digits) if digits else 0.0


def _as_it_is(pixels: np.ndarray) -> np.ndarray | None:
    """The tile, if the picture is one of MNIST's form already, bright on dark or the other way round."""
    for image in (pixels, 255 - pixels):
        if has_form(image):
            return image.astype(np.float32) / 255
    return None


def _enlarge(pixels: np.ndarray) -> np.ndarray:
    """Small pictures come to about 112 pixels on their shorter side, that strokes have more than a pixel's width."""
    scale = min(round(112 / min(pixels.shape)), 2000 // max(pixels.shape))
    return cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC) if scale > 1 else pixels


def _read(
    line: Line,
    classifier: Classifier,
    digits: int | None,
    thresholds: tuple[float, float],
    size: tuple[int, int],
    scale: float,
) -> Number:
    """The number on a line of a picture of that width and height; the page it was found on is `scale` times larger.

    thresholds: for digits that stand alone, and for those that were cut out of touching ink.
    """
    places = cuts(line.ink)
    found = pieces(line.ink, places, HEIGHT)
    if not found:
        return Number(())
    # Cuts through the same gap make the same piece: it is brought into form and put to the network once.
    known: dict[tuple[Any, bytes], int] = {}
    same = [known.setdefault((piece.ink.shape, piece.ink.tobytes()), i) for i, piece in enumerate(found)]
    first, kind = np.unique(same, return_inverse=True)
    tiles = np.stack([form(found[i].ink) for i in first])
    probabilities = classifier.probabilities(tiles[..., None])[kind]
    way = _way(places, found, probabilities, digits)
    chosen: list[Digit] = []
    doubtful, cut_out = [], []
    for i, is_digit in way:
        piece = found[i]
        height, width = piece.ink.shape
        if not is_digit and height < _SMALL * HEIGHT:
            continue
        box = line.box(piece.left, piece.top, piece.left + width, piece.top + height, size, scale)
        cut_out.append(bool(max(places.crossed[piece.first], places.crossed[piece.last]) > _THROUGH))
        digit = _digit(box, tiles[kind[i]], probabilities[i], thresholds[cut_out[-1]])
        chosen.append(digit if is_digit else replace(digit, accepted=False, reason=_NO_DIGIT))
        doubtful.append(is_digit and not digit.is_digit)
    if len(chosen) > 1 and _belief(chosen, len(chosen) == 2 and all(cut_out)) < _BELIEVED:  # a letter, cut in two
        return Number(tuple(replace(digit, accepted=False, reason=_NO_DIGIT) for digit in chosen))
    # Among digits a doubtful one is more likely a digit too than it is alone.
    if 2 * sum(digit.is_digit for digit in chosen) >= len(chosen) > 1:
        chosen = [replace(d, reason=_unsure(d)) if doubt else d for d, doubt in zip(chosen, doubtful, strict=True)]
    return Number(tuple(chosen))


def _belief(digits: list[Digit], average: bool) -> float:
    """How probable the best of the digits is, or all of them on average."""
    confidences = [digit.confidence for digit in digits]
    return math.prod(confidences) ** (1 / len(confidences)) if average else max(confidences)


def _unsure(digit: Digit) -> str:
    return f"unsure: {digit.digit} or {digit.alternatives[0][0]}"


def _way(places: Cuts, found: list[Piece], probabilities: np.ndarray, digits: int | None) -> list[tuple[int, bool]]:
    """The cheapest way from the first cut to the last: which pieces, and whether each is a digit (Viterbi 1967).

    With `digits` it is the cheapest of those with so many, if there is one.
    """
    best = probabilities.max(axis=1)
    none = 1 - probabilities.sum(axis=1)
    sizes = np.array([piece.ink.shape for piece in found]) / HEIGHT
    tall = np.clip((sizes[:, 0] - 0.3) / 0.4, 0, 1) * (1 + _SKIP_WIDE * np.clip((sizes[:, 1] - 0.75) / 0.5, 0, 1))
    low = np.clip((0.7 - sizes[:, 0]) / 0.2, 0, 1)
    as_digit = (
        -_SPLIT - np.log(np.maximum(best, 1e-6)) + _LOW * low + _DROPPED * np.array([piece.dropped for piece in found])
    )
    as_none = 0.5 - np.log(np.clip(none, 1e-3, 1)) + _SKIP_TALL * tall
    ends = len(places.seams) - 1
    starting: dict[int, list[int]] = {}
    for i, piece in enumerate(found):
        starting.setdefault(piece.first, []).append(i)
    filled = {(piece.first, piece.last) for piece in found}
    # By cut and number of digits so far (always 0 where that is not asked for): cost, and the step that led there.
    costs: list[dict[int, tuple[float, Any]]] = [{} for _ in places.seams]
    costs[0][0] = (0.0, None)

    def step(to: int, count: int, cost: float, origin: Any) -> None:
        if count not in costs[to] or cost < costs[to][count][0]:
            costs[to][count] = (cost, origin)

    for cut in range(ends):
        for count, (cost, _) in list(costs[cut].items()):
            if (cut, cut + 1) not in filled:
                step(cut + 1, count, cost, (cut, count, None, False))
            for i in starting.get(cut, []):
                last = found[i].last
                crossed = _CROSSED * float(places.crossed[last])
                more = count + 1 if digits is not None else 0
                step(last, more, cost + float(as_digit[i]) + crossed, (cut, count, i, True))
                step(last, count, cost + float(as_none[i]) + crossed, (cut, count, i, False))
    at, count = ends, digits if digits in costs[ends] else min(costs[ends], key=lambda n: costs[ends][n][0])
    way: list[tuple[int, bool]] = []
    while (origin := costs[at][count][1]) is not None:
        at, count, i, is_digit = origin
        if i is not None:
            way.append((i, is_digit))
    return way[::-1]


def _digit(box: Box, tile: np.ndarray, probabilities: np.ndarray, threshold: float) -> Digit:
    order = np.argsort(-probabilities, kind="stable")[:3].tolist()
    (digit, confidence), *alternatives = [(d, float(probabilities[d])) for d in order]
    found = Digit(box, digit, confidence, tuple(alternatives), True, None, tile, probabilities)
    if probabilities.sum() < _PLAUSIBLE:
        return replace(found, accepted=False, reason=_NO_DIGIT)
    return found if confidence >= threshold else replace(found, accepted=False, reason=_unsure(found))


@functools.cache
def _shipped() -> Classifier:
    return Classifier()
