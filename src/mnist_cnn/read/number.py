"""Number: reads pictures with one row of digits by cutting ink into digits. This is the second reader.

    >>> rows, others, second = read_number(gray, Classifier(), (640, 200))                  # doctest: +SKIP

A line is cut in more places than it has digits. The classifier classifies every piece between two cuts, as a digit or
as not a digit, and the most probable path from the left end of the line to its right end is read. This reads clean
numbers better than the page networks do. It does not know signs, boxes and tables.
"""

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

import cv2
import numpy as np

from mnist_cnn.read.classifier import Classifier
from mnist_cnn.read.constants import (
    CUT_OUT_ACCEPTED,
    CUT_THROUGH,
    DIGIT_PLAUSIBLE,
    ENLARGED_LONGEST,
    ENLARGED_SIDE,
    INK_CLOSE_UP,
    LINE_BELIEVED,
    MARK_LOW,
    TINY_SIDE,
)
from mnist_cnn.read.cuts import Cuts, Piece, cuts, pieces
from mnist_cnn.read.ink import ink
from mnist_cnn.read.lattice import Lattice, Path, best_paths, costs, lattice
from mnist_cnn.read.lines import HEIGHT, Line, lines
from mnist_cnn.read.normalise import normalise
from mnist_cnn.read.reading import Alternative, Box, Digit, Row, Word, around
from mnist_cnn.read.rows import rows, words
from mnist_cnn.read.views import Second

_NOT_A_DIGIT, _MOSTLY_MARKS = "not a digit", "not more digits than marks"


@dataclass(frozen=True, eq=False)
class _Number:
    """One row: digits, and marks that are not digits, from left to right."""

    digits: tuple[Digit, ...]
    """Marks have the reason ``_NOT_A_DIGIT``."""
    reason: str | None = None
    """Why the row as a whole is not accepted; None if it is, or if only some of its digits are not."""
    spaces: tuple[int, ...] = ()
    """Number of its digits, without marks, before each space."""
    lattices: tuple[Lattice, ...] = ()
    """Lattices of the lines that it was read from, from left to right."""

    @property
    def number(self) -> str:
        return "".join(digit.text for digit in self.digits if _is_digit(digit))

    @property
    def mostly_marks(self) -> bool:
        return 2 * len(self.number) <= len(self.digits)


@dataclass(frozen=True, eq=False)
class _LineReading:
    """The possible readings of one line, which is a part of a row."""

    number: _Number
    """The most probable number."""
    costs: dict[int, float]
    """Cost of the best reading by number of digits, in nats; empty if the number of digits is not given."""
    with_digits: Callable[[int], _Number]
    """Returns the most probable number with a number of digits, which is a key of `costs`."""


def read_number(
    pixels: np.ndarray,
    classifier: Classifier,
    size: tuple[int, int],
    digits: int | None = None,
    threshold: float | None = None,
) -> tuple[list[Row], list[Box], Second | None]:
    """Return the rows on a picture from the top down, the places of marks that are not digits, and the only row.

    The last value is that row as evidence for the page networks; None if there is not exactly one row.

    pixels: uint8 (h, w).
    size: width and height of the picture that boxes refer to.
    digits: number of digits in each row, if it is known. Rows with another number are not accepted.
    threshold: confidence, 0 to 1, below which a digit is not accepted; that of the classifier if None.
    """
    cut_out = max(classifier.threshold, CUT_OUT_ACCEPTED) if threshold is None else threshold
    threshold = classifier.threshold if threshold is None else threshold
    page = _enlarged(pixels)
    small, tiny = min(pixels.shape) < INK_CLOSE_UP, min(pixels.shape) < TINY_SIDE
    best: list[_Number] = []
    for broad in (small, not small) if not tiny else (True,):
        read = [
            _read(line, classifier, digits, (threshold, cut_out), size, page.shape[1] / size[0])
            for line in lines(ink(page, broad, not tiny))
        ]
        found = _rows([line for line in read if line.number.digits], digits)
        if not best or _accepted_share(found) > _accepted_share(best):
            best = found
        if best and _accepted_share(best) == 1:
            break
    read_rows, others = _rows_and_others(best)
    if len(read_rows) != 1:
        return read_rows, others, None
    [lattices] = [number.lattices for number in best if number.number]
    [row] = read_rows
    return read_rows, others, Second(row.number, row.confidence, functools.partial(costs, lattices))


def _rows_and_others(found: list[_Number]) -> tuple[list[Row], list[Box]]:
    """Return rows of words, and places of other writing: marks that are not digits, and rows without any digit."""
    read: list[Row] = []
    others: list[Box] = []
    for number in found:
        digits = [digit for digit in number.digits if _is_digit(digit)]
        marks = [digit.box for digit in number.digits if not _is_digit(digit)]
        if digits:
            parts = [tuple(digits[start:end]) for start, end in pairwise((0, *number.spaces, len(digits)))]
            reason = number.reason or (_MOSTLY_MARKS if number.mostly_marks else None)
            read.append(Row(tuple(Word(part, math.prod(d.confidence for d in part)) for part in parts), reason))
            others += marks
        else:
            others.append(around(marks))
    return read, others


def _is_digit(digit: Digit) -> bool:
    """Return whether a piece was read as a digit, accepted or not."""
    return digit.reason != _NOT_A_DIGIT


def _accepted_share(found: list[_Number]) -> float:
    """Return the share of the digits and marks that is accepted. The reading with the larger share counts."""
    digits = [digit for line in found for digit in line.digits]
    return sum(digit.accepted for digit in digits) / len(digits) if digits else 0.0


def _enlarged(pixels: np.ndarray) -> np.ndarray:
    """Return a small picture enlarged to about 112 pixels on its shorter side, and a large one unchanged."""
    scale = min(round(ENLARGED_SIDE / min(pixels.shape)), ENLARGED_LONGEST // max(pixels.shape))
    return cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC) if scale > 1 else pixels


def _rows(read: list[_LineReading], digits: int | None) -> list[_Number]:
    """Return one number per row, from the top down, put together from the lines on it."""
    places = []
    for line in read:
        is_number = bool(line.number.number)
        places.append(([d.box for d in line.number.digits if _is_digit(d) or not is_number], is_number))
    found = []
    for row in rows(places):
        parts = [read[i] for i in row]
        number = _joined([part.number for part in parts])
        if digits is not None:
            counts = _digits_of_parts([part.costs for part in parts], digits)
            chosen = [part.with_digits(n) for part, n in zip(parts, counts, strict=True)] if counts else []
            number = _checked(_joined(chosen) if chosen else number, number, digits)
        found.append(number)
    return [row for row in found if row.digits]


def _digits_of_parts(costs: list[dict[int, float]], digits: int) -> tuple[int, ...] | None:
    """Return the most probable number of digits of each part, `digits` in total; None if that is impossible."""
    best: dict[int, tuple[float, tuple[int, ...]]] = {0: (0.0, ())}
    for options in costs:
        further: dict[int, tuple[float, tuple[int, ...]]] = {}
        for total, (cost, counts) in best.items():
            for n, more in options.items():
                if total + n <= digits and cost + more < further.get(total + n, (math.inf,))[0]:
                    further[total + n] = cost + more, (*counts, n)
        best = further
    return best[digits][1] if digits in best else None


def _checked(row: _Number, free: _Number, digits: int) -> _Number:
    """Return the row, not accepted if it has another number of digits, or if digits were left out to reach it.

    free: the row as it is read without a given number of digits.
    """
    n = len(row.number)
    if n == digits and len(row.digits) - n > len(free.digits) - len(free.number):
        n = len(free.number)
    if n == digits or not row.number:
        return row
    return replace(row, reason=f"{n} {'digit' if n == 1 else 'digits'}, expected {digits}")


def _joined(numbers: list[_Number]) -> _Number:
    """Return the numbers of one row, from left to right, as one. It is not accepted if one of them has no digits."""
    if len(numbers) == 1:
        return numbers[0]
    reason = None
    if not all(number.number for number in numbers):
        reason = "a part without digits"
    elif any(number.mostly_marks for number in numbers):
        reason = "a part with more marks than digits"
    places = [boxes for number in numbers if (boxes := [digit.box for digit in number.digits if _is_digit(digit)])]
    lengths = (sum(len(places[i]) for i in word) for word in words(places))
    return _Number(
        tuple(digit for number in numbers for digit in number.digits),
        reason,
        tuple(accumulate(lengths))[:-1],
        tuple(lattice for number in numbers for lattice in number.lattices),
    )


def _read(
    line: Line,
    classifier: Classifier,
    digits: int | None,
    thresholds: tuple[float, float],
    size: tuple[int, int],
    scale: float,
) -> _LineReading:
    """Return what is on a line.

    thresholds: confidence from which digits are accepted: those that stand alone, and those cut out of touching ink.
    size, scale: as in ``Line.box``.
    """
    places = cuts(line.ink)
    found = pieces(line.ink, places, HEIGHT)
    if not found:
        return _LineReading(_Number(()), {}, lambda _: _Number(()))
    tiles, probabilities = _classified(found, classifier)
    lattice_ = lattice(places, found, probabilities)
    paths = best_paths(lattice_, digits is not None)

    def number(count: int) -> _Number:
        boxes = [
            line.box(p.left, p.top, p.left + p.ink.shape[1], p.top + p.ink.shape[0], size, scale)
            for p in (found[i] for i, _ in paths[count][1])
        ]
        chosen = _digits(paths[count][1], boxes, lattice_, tiles, probabilities, thresholds)
        return _Number(tuple(chosen), lattices=(lattice_,))

    cheapest = number(min(paths, key=lambda n: paths[n][0]))
    if not cheapest.digits and digits in paths:
        cheapest = number(digits)
    costs = {n: cost for n, (cost, _) in paths.items()} if digits is not None else {}
    return _LineReading(cheapest, costs, number)


def _classified(found: list[Piece], classifier: Classifier) -> tuple[list[np.ndarray], np.ndarray]:
    """Return the tile of each piece, float32 (28, 28), and its probabilities, float32 (n, 10).

    Cuts through the same gap make the same piece. It is normalised and classified once.
    """
    known: dict[tuple[tuple[int, ...], bytes], int] = {}
    same = [known.setdefault((piece.ink.shape, piece.ink.tobytes()), i) for i, piece in enumerate(found)]
    first, kind = np.unique(same, return_inverse=True)
    tiles = np.stack([normalise(found[i].ink) for i in first])
    return [tiles[k] for k in kind], classifier.probabilities(tiles[..., None])[kind]


def _digits(
    path: Path,
    boxes: list[Box],
    lattice: Lattice,
    tiles: list[np.ndarray],
    probabilities: np.ndarray,
    thresholds: tuple[float, float],
) -> list[Digit]:
    """Return the digits and marks on a path. The values are those of ``_read``, and the boxes those of the path."""
    chosen: list[Digit] = []
    doubtful, cut_out = [], []
    for (i, is_digit), box in zip(path, boxes, strict=True):
        if not is_digit and lattice.pieces[i].ink.shape[0] < MARK_LOW * HEIGHT:
            continue
        cut_out.append(_is_cut_out(lattice.cuts, lattice.pieces[i]))
        digit = _digit(box, tiles[i], probabilities[i], thresholds[cut_out[-1]])
        chosen.append(digit if is_digit else _as_mark(digit))
        doubtful.append(is_digit and not _is_digit(digit))
    if len(chosen) > 1 and _belief(chosen, len(chosen) == 2 and all(cut_out)) < LINE_BELIEVED:
        return [_as_mark(digit) for digit in chosen]  # a letter, cut in two
    # A doubtful digit among digits is more likely a digit than a doubtful digit alone.
    if 2 * sum(_is_digit(digit) for digit in chosen) >= len(chosen) > 1:
        return [replace(d, reason=_unsure(d)) if doubt else d for d, doubt in zip(chosen, doubtful, strict=True)]
    return chosen


def _is_cut_out(cuts: Cuts, piece: Piece) -> bool:
    """Return whether a piece was cut out of touching ink."""
    return bool(max(cuts.crossed[piece.first], cuts.crossed[piece.last]) > CUT_THROUGH)


def _belief(digits: list[Digit], average: bool) -> float:
    """Return the probability of the best digit, or the geometric mean of all of them if `average` is set."""
    confidences = [digit.confidence for digit in digits]
    return math.prod(confidences) ** (1 / len(confidences)) if average else max(confidences)


def _digit(box: Box, tile: np.ndarray, probabilities: np.ndarray, threshold: float) -> Digit:
    """Return a digit with its probabilities, float32 (10,), accepted from a confidence of `threshold` on."""
    order = np.argsort(-probabilities, kind="stable")[:3].tolist()
    (digit, confidence), *alternatives = [(d, float(probabilities[d])) for d in order]
    found = Digit(
        box, digit, confidence, tuple(Alternative(*one) for one in alternatives), True, None, tile, probabilities
    )
    if probabilities.sum() < DIGIT_PLAUSIBLE:
        return _as_mark(found)
    return found if confidence >= threshold else replace(found, accepted=False, reason=_unsure(found))


def _as_mark(digit: Digit) -> Digit:
    """Return a digit as a mark that is not a digit."""
    return replace(digit, accepted=False, reason=_NOT_A_DIGIT)


def _unsure(digit: Digit) -> str:
    """Return the reason of a digit with a low confidence."""
    return f"unsure: {digit.digit} or {digit.alternatives[0].digit}"
