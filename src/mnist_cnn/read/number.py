"""Number: reads pictures with one row of digits by cutting ink into digits.

    >>> rows, others, second = read_number(gray, Classifier(), (640, 200))                  # doctest: +SKIP

A line is cut in more places than it has digits. The classifier classifies every piece between two cuts, as a digit or
as not a digit, and the most probable path from the left end of the line to its right end is read. It reads clean
numbers better than the page networks do. It knows neither signs nor boxes nor tables.
"""

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import Any

import cv2
import numpy as np

from mnist_cnn.read.classifier import Classifier
from mnist_cnn.read.cuts import Cuts, Piece, cuts, pieces
from mnist_cnn.read.form import form
from mnist_cnn.read.ink import CLOSE_UP, ink
from mnist_cnn.read.lines import HEIGHT, Line, lines
from mnist_cnn.read.reading import Alternative, Box, Digit, Row, Word, around
from mnist_cnn.read.rows import rows, words
from mnist_cnn.read.strings import Second

_CROSSED = 0.08
"""Cost of a cut per pixel of ink it crosses, in nats."""
_SPLIT = 0.2
"""Gain of each digit, in nats: two digits in one piece look more like one than a cut digit looks like itself."""
_DROPPED = 1.5
"""Cost of leaving specks out of a piece, in nats, times the part of its ink that they are."""
_LOW = 2.2
"""Cost of reading a piece half as high as the line as a digit, in nats; from 0.7 of the height on, there is none."""
_SKIP_TALL = 6.0
"""Cost of reading a piece as high as the line as no digit, in nats: most of them are digits."""
_TINY = 36
"""A picture smaller than this is a close-up without ruled lines and shadows."""
_SKIP_WIDE = 2.0
"""How many times more that costs if the piece is as wide as two digits."""
_SMALL = 0.45
"""Marks lower than this part of the line are dots or dashes, and not reported."""
_BELIEVED = 0.65
"""The best digit of a line has at least this probability, or the line has no digits; for two digits that were cut out
of one piece, the average counts."""
_THROUGH, _CUT_OUT = 1.0, 0.9
"""A digit with a cut through more ink than the first, in pixels, is accepted from the confidence of the second on:
parts of letters and scribbles look like digits."""
_LEAST = 1e-4
"""Lowest probability of a digit in a piece: no digit is impossible."""
_NO_DIGIT, _MOSTLY_MARKS = "not a digit", "not more digits than marks"
_PLAUSIBLE = 0.07
"""Pieces with a lower probability of being any digit are not digits."""


@dataclass(frozen=True, eq=False)
class _Lattice:
    """The pieces of a line, and the cost of each as a digit and as no digit, in nats."""

    places: Cuts
    found: list[Piece]
    as_digit: np.ndarray
    """float (n, 10)."""
    as_none: np.ndarray
    """float (n,)."""

    def starting(self) -> dict[int, list[int]]:
        """Return the pieces that start at each cut."""
        starting: dict[int, list[int]] = {}
        for i, piece in enumerate(self.found):
            starting.setdefault(piece.first, []).append(i)
        return starting

    def empty(self) -> set[int]:
        """Return the cuts with nothing between them and the next one."""
        filled = {(piece.first, piece.last) for piece in self.found}
        return {cut for cut in range(len(self.places.seams) - 1) if (cut, cut + 1) not in filled}


@dataclass(frozen=True, eq=False)
class _Number:
    """One row as the algorithm reads it: digits, and marks that are not digits, from left to right."""

    digits: tuple[Digit, ...]
    """Marks have the reason ``_NO_DIGIT``."""
    reason: str | None = None
    """Why the row is not accepted, if its digits alone do not tell."""
    spaces: tuple[int, ...] = ()
    """Number of its digits, without marks, before each space."""
    lattices: tuple[_Lattice, ...] = ()
    """Of the lines that it was read from, from left to right."""

    @property
    def number(self) -> str:
        return "".join(digit.text for digit in self.digits if _is_digit(digit))

    @property
    def mostly_marks(self) -> bool:
        return 2 * len(self.number) <= len(self.digits)


def read_number(
    pixels: np.ndarray,
    classifier: Classifier,
    size: tuple[int, int],
    digits: int | None = None,
    threshold: float | None = None,
) -> tuple[list[Row], list[Box], Second | None]:
    """Return the rows on a picture from the top down, the places of marks that are not digits, and the only row.

    The last is that row as evidence for the page networks; None if there is not one row.

    pixels: uint8 (h, w).
    size: width and height of the picture that boxes refer to.
    digits: number of digits in each row, if it is known. Rows with another number are not accepted.
    threshold: confidence, 0 to 1, below which a digit is not accepted; that of the classifier if None.
    """
    cut_out = max(classifier.threshold, _CUT_OUT) if threshold is None else threshold
    threshold = classifier.threshold if threshold is None else threshold
    page = _enlarge(pixels)
    small, tiny = min(pixels.shape) < CLOSE_UP, min(pixels.shape) < _TINY
    best: list[_Number] = []
    for broad in (small, not small) if not tiny else (True,):
        read = [
            _read(line, classifier, digits, (threshold, cut_out), size, page.shape[1] / size[0])
            for line in lines(ink(page, broad, not tiny))
        ]
        found = _rows([piece for piece in read if piece.number.digits], digits)
        if not best or _sure(found) > _sure(best):
            best = found
        if best and _sure(best) == 1:
            break
    read_rows, others = _parted(best)
    if len(read_rows) != 1:
        return read_rows, others, None
    [lattices] = [number.lattices for number in best if number.number]
    [row] = read_rows
    return read_rows, others, Second(row.number, row.confidence, functools.partial(_costs, lattices))


def _parted(found: list[_Number]) -> tuple[list[Row], list[Box]]:
    """Part each row into words; marks that are not digits, and rows without any digit, are places of other writing."""
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
    """Whether a piece was read as a digit, accepted or not."""
    return digit.reason != _NO_DIGIT


def _sure(found: list[_Number]) -> float:
    """The part of the digits and marks that is accepted; of two readings of a picture, the one with more is better."""
    digits = [digit for line in found for digit in line.digits]
    return sum(digit.accepted for digit in digits) / len(digits) if digits else 0.0


def _enlarge(pixels: np.ndarray) -> np.ndarray:
    """Enlarge small pictures to about 112 pixels on their shorter side, so that strokes are wider than one pixel."""
    scale = min(round(112 / min(pixels.shape)), 2000 // max(pixels.shape))
    return cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC) if scale > 1 else pixels


@dataclass(frozen=True, eq=False)
class _Piece:
    """The possible readings of one line, a piece of a row."""

    number: _Number
    """The most probable number."""
    costs: dict[int, float]
    """The cost of the best reading by number of digits, in nats; empty if that number is not given."""
    with_digits: Callable[[int], _Number]
    """The most probable number with so many digits, one of those in `costs`."""


def _rows(read: list[_Piece], digits: int | None) -> list[_Number]:
    """One number per row, from the top down, put together from the pieces on it."""
    places = []
    for piece in read:
        is_number = bool(piece.number.number)
        places.append(([d.box for d in piece.number.digits if _is_digit(d) or not is_number], is_number))
    found = []
    for row in rows(places):
        pieces = [read[i] for i in row]
        number = _join([piece.number for piece in pieces])
        if digits is not None:
            shares = _shares([piece.costs for piece in pieces], digits)
            chosen = [piece.with_digits(n) for piece, n in zip(pieces, shares, strict=True)] if shares else []
            number = _counted(_join(chosen) if chosen else number, number, digits)
        found.append(number)
    return [row for row in found if row.digits]


def _shares(costs: list[dict[int, float]], digits: int) -> tuple[int, ...] | None:
    """How many digits to read on each piece, the most probable that are `digits` in all; None if that cannot be."""
    best: dict[int, tuple[float, tuple[int, ...]]] = {0: (0.0, ())}
    for options in costs:
        further: dict[int, tuple[float, tuple[int, ...]]] = {}
        for total, (cost, shares) in best.items():
            for n, more in options.items():
                if total + n <= digits and cost + more < further.get(total + n, (math.inf,))[0]:
                    further[total + n] = cost + more, (*shares, n)
        best = further
    return best[digits][1] if digits in best else None


def _counted(row: _Number, free: _Number, digits: int) -> _Number:
    """The row, not accepted if it does not have so many digits, or only has because some were left out.

    free: the row as it is read if nothing is known of the number of digits.
    """
    n = len(row.number)
    if n == digits and len(row.digits) - n > len(free.digits) - len(free.number):
        n = len(free.number)
    if n == digits or not row.number:
        return row
    return replace(row, reason=f"{n} {'digit' if n == 1 else 'digits'}, expected {digits}")


def _join(numbers: list[_Number]) -> _Number:
    """The numbers of one row, from left to right, as one, which is not accepted if one of them was not."""
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
) -> _Piece:
    """What is on a line of a picture of that width and height; the page it was found on is `scale` times larger.

    thresholds: for digits that stand alone, and for digits that were cut out of touching ink.
    """
    places = cuts(line.ink)
    found = pieces(line.ink, places, HEIGHT)
    if not found:
        return _Piece(_Number(()), {}, lambda _: _Number(()))
    # Cuts through the same gap make the same piece: it is normalised and classified once.
    known: dict[tuple[Any, bytes], int] = {}
    same = [known.setdefault((piece.ink.shape, piece.ink.tobytes()), i) for i, piece in enumerate(found)]
    first, kind = np.unique(same, return_inverse=True)
    tiles = np.stack([form(found[i].ink) for i in first])
    probabilities = classifier.probabilities(tiles[..., None])[kind]
    lattice = _lattice(places, found, probabilities)
    paths = _best_paths(lattice, digits is not None)

    def number(count: int) -> _Number:
        chosen: list[Digit] = []
        doubtful, cut_out = [], []
        for i, is_digit in paths[count][1]:
            piece = found[i]
            height, width = piece.ink.shape
            if not is_digit and height < _SMALL * HEIGHT:
                continue
            box = line.box(piece.left, piece.top, piece.left + width, piece.top + height, size, scale)
            cut_out.append(bool(max(places.crossed[piece.first], places.crossed[piece.last]) > _THROUGH))
            digit = _digit(box, tiles[kind[i]], probabilities[i], thresholds[cut_out[-1]])
            chosen.append(digit if is_digit else replace(digit, accepted=False, reason=_NO_DIGIT))
            doubtful.append(is_digit and not _is_digit(digit))
        if len(chosen) > 1 and _belief(chosen, len(chosen) == 2 and all(cut_out)) < _BELIEVED:  # a letter, cut in two
            chosen = [replace(digit, accepted=False, reason=_NO_DIGIT) for digit in chosen]
            return _Number(tuple(chosen), lattices=(lattice,))
        # Among digits a doubtful one is more likely a digit too than it is alone.
        if 2 * sum(_is_digit(digit) for digit in chosen) >= len(chosen) > 1:
            chosen = [replace(d, reason=_unsure(d)) if doubt else d for d, doubt in zip(chosen, doubtful, strict=True)]
        return _Number(tuple(chosen), lattices=(lattice,))

    cheapest = number(min(paths, key=lambda n: paths[n][0]))
    if not cheapest.digits and digits in paths:
        cheapest = number(digits)
    costs = {n: cost for n, (cost, _) in paths.items()} if digits is not None else {}
    return _Piece(cheapest, costs, number)


def _belief(digits: list[Digit], average: bool) -> float:
    """The probability of the best digit, or the geometric mean of all of them."""
    confidences = [digit.confidence for digit in digits]
    return math.prod(confidences) ** (1 / len(confidences)) if average else max(confidences)


def _unsure(digit: Digit) -> str:
    return f"unsure: {digit.digit} or {digit.alternatives[0].digit}"


_Path = list[tuple[int, bool]]


def _lattice(places: Cuts, found: list[Piece], probabilities: np.ndarray) -> _Lattice:
    """Return the pieces with their costs, from the classifier's probabilities float (n, 10)."""
    none = 1 - probabilities.sum(axis=1)
    sizes = np.array([piece.ink.shape for piece in found]) / HEIGHT
    tall = np.clip((sizes[:, 0] - 0.3) / 0.4, 0, 1) * (1 + _SKIP_WIDE * np.clip((sizes[:, 1] - 0.75) / 0.5, 0, 1))
    low = np.clip((0.7 - sizes[:, 0]) / 0.2, 0, 1)
    of_any = -_SPLIT + _LOW * low + _DROPPED * np.array([piece.dropped for piece in found])
    as_digit = of_any[:, None] - np.log(np.maximum(probabilities, _LEAST))
    return _Lattice(places, found, as_digit, 0.5 - np.log(np.clip(none, 1e-3, 1)) + _SKIP_TALL * tall)


def _costs(lattices: tuple[_Lattice, ...], numbers: Sequence[str]) -> np.ndarray:
    """Return the cost of the best path that reads each number, in nats, float (n,) (Viterbi 1967).

    lattices: of the lines of the row, from left to right.
    """
    lengths = [len(number) for number in numbers]
    wanted = np.array([[int(digit) for digit in number.ljust(max(lengths), "0")] for number in numbers], int)
    # By number, and by how many of its digits are read so far.
    cost = np.full((len(numbers), max(lengths) + 1), np.inf)
    cost[:, 0] = 0
    for lattice in lattices:
        at = np.full((len(lattice.places.seams), *cost.shape), np.inf)
        at[0] = cost
        starting, empty = lattice.starting(), lattice.empty()
        for cut in range(len(at) - 1):
            if cut in empty:
                np.minimum(at[cut + 1], at[cut], out=at[cut + 1])
            for i in starting.get(cut, []):
                last = lattice.found[i].last
                here = at[cut] + _CROSSED * float(lattice.places.crossed[last])
                np.minimum(at[last], here + lattice.as_none[i], out=at[last])
                further = here[:, :-1] + lattice.as_digit[i][wanted]
                np.minimum(at[last][:, 1:], further, out=at[last][:, 1:])
        cost = at[-1]
    return cost[np.arange(len(numbers)), lengths]


def _best_paths(lattice: _Lattice, counted: bool) -> dict[int, tuple[float, _Path]]:
    """The best paths from the first cut to the last: which pieces, and whether each is a digit (Viterbi 1967).

    By number of digits if they are counted, else the best of all as number 0; each with its cost in nats.
    """
    places, found = lattice.places, lattice.found
    as_digit, as_none = lattice.as_digit.min(axis=1), lattice.as_none
    ends = len(places.seams) - 1
    starting, empty = lattice.starting(), lattice.empty()
    # By cut and number of digits so far (always 0 if they are not counted): the cost, and the step that led there.
    costs: list[dict[int, tuple[float, Any]]] = [{} for _ in places.seams]
    costs[0][0] = (0.0, None)

    def step(to: int, count: int, cost: float, origin: Any) -> None:
        if count not in costs[to] or cost < costs[to][count][0]:
            costs[to][count] = (cost, origin)

    for cut in range(ends):
        for count, (cost, _) in list(costs[cut].items()):
            if cut in empty:
                step(cut + 1, count, cost, (cut, count, None, False))
            for i in starting.get(cut, []):
                last = found[i].last
                crossed = _CROSSED * float(places.crossed[last])
                more = count + 1 if counted else 0
                step(last, more, cost + float(as_digit[i]) + crossed, (cut, count, i, True))
                step(last, count, cost + float(as_none[i]) + crossed, (cut, count, i, False))
    paths: dict[int, tuple[float, _Path]] = {}
    for total, (cost, _) in costs[ends].items():
        path: _Path = []
        at, count = ends, total
        while (origin := costs[at][count][1]) is not None:
            at, count, i, is_digit = origin
            if i is not None:
                path.append((i, is_digit))
        paths[total] = cost, path[::-1]
    return paths


def _digit(box: Box, tile: np.ndarray, probabilities: np.ndarray, threshold: float) -> Digit:
    order = np.argsort(-probabilities, kind="stable")[:3].tolist()
    (digit, confidence), *alternatives = [(d, float(probabilities[d])) for d in order]
    found = Digit(
        box, digit, confidence, tuple(Alternative(*one) for one in alternatives), True, None, tile, probabilities
    )
    if probabilities.sum() < _PLAUSIBLE:
        return replace(found, accepted=False, reason=_NO_DIGIT)
    return found if confidence >= threshold else replace(found, accepted=False, reason=_unsure(found))
