"""Rows: pieces of writing that stand side by side, at any distance, from left to right, and where words end.

>>> from mnist_cnn.read.reading import Box
>>> left, right, below = (Box(0, 12, 40, 60),), (Box(900, 0, 40, 60),), (Box(0, 110, 40, 60),)
>>> rows([(below, True), (right, True), (left, True)])
[[2, 1], [0]]

A page has one tilt, which is estimated from the pieces. Along that tilt, pieces of one row overlap vertically.
"""

from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass
from itertools import pairwise

from mnist_cnn.read.constants import (
    CELL_ROWS,
    ROW_ABOVE,
    ROW_CENTRED,
    ROW_GAIN_FURTHER,
    ROW_GAIN_SECOND,
    ROW_GAP_WEIGHT,
    ROW_HEIGHT_RATIO,
    ROW_OVERLAP,
    ROW_SPREAD,
    ROW_STEEPEST,
    ROW_TIGHT,
    ROW_TILT_COST,
    ROW_TILT_TIE,
    ROW_WOBBLE,
    ROW_WOBBLE_LIMIT,
    SPACE_CLEAR,
    SPACE_CLEAR_ALONE,
    SPACE_LEAST_GAP,
    SPACE_MANY,
    SPACE_TIMES,
    SPACE_TIMES_MANY,
    SPACE_WIDE,
    SPACE_WIDER,
)
from mnist_cnn.read.reading import Box


@dataclass(frozen=True)
class _Band:
    """The place of a piece on the level page, in pixels."""

    top: float
    left: float
    bottom: float
    right: float
    number: bool

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2


def rows(pieces: Sequence[tuple[Sequence[Box], bool]]) -> list[list[int]]:
    """Return the rows from the top down, each the indices of its pieces from left to right.

    pieces: the boxes of each piece, at least one, and whether it is a number. A piece that is not a number is in a row
    only between two numbers; elsewhere it is a row of its own.
    """
    if not pieces:
        return []
    slope = _slope([boxes for boxes, number in pieces if number])
    found = [_band(boxes, number, slope) for boxes, number in pieces]
    # Sorted first, so that the order of the pieces does not matter.
    order = sorted(range(len(found)), key=lambda i: astuple(found[i]))
    bands = [found[i] for i in order]
    row = [[i] for i in range(len(bands))]
    for _, n, m in sorted(_neighbours(bands)):
        one, other = row[n], row[m]
        if one is other or any(_are_apart(bands[i], bands[j]) for i in one for j in other):
            continue
        both = bands[n].number and bands[m].number
        # A mark that is not a number joins one row of numbers, not two.
        if both or not all(any(bands[i].number for i in part) for part in (one, other)):
            one += other
            for i in other:
                row[i] = one
    parts = [part for n, one in enumerate(row) if one[0] == n for part in _trimmed(one, bands)]
    parts.sort(key=min)  # bands are sorted by their tops
    return [[order[i] for i in one] for one in parts]


def words(pieces: Sequence[Sequence[Box]]) -> list[list[int]]:
    """Return the words of a row from left to right, each the indices of its pieces.

    pieces: the boxes of the digits of each piece, at least one, from left to right.

    Two pieces are two words if the gap between them is wider than 1.2 digit heights and than twice the narrowest gap
    between two digits of the row. So evenly spaced digits are one word at any distance. In a row of two digits there is
    no other gap, and only the width counts. A piece is never split.
    """
    digits = [box for boxes in pieces for box in boxes]
    gaps = [right.x - left.x - left.width for left, right in pairwise(digits)]
    space = SPACE_WIDE * sum(box.height for box in digits) / len(digits) if digits else 0.0
    if len(gaps) > 1:
        space = max(space, SPACE_WIDER * min(gaps))
    found: list[list[int]] = []
    end = 0
    for i, boxes in enumerate(pieces):
        if i == 0 or gaps[end - 1] > space:
            found.append([])
        found[-1].append(i)
        end += len(boxes)
    return found


def words_of_page(page: Sequence[Sequence[Box]]) -> list[list[list[int]]]:
    """Return the words of each row of a page, each the indices of its glyphs from left to right.

    page: the boxes of the glyphs of each row, at least one, from left to right, all as high as a digit.

    Gaps within words and spaces are mostly two groups. Where they are not, a space is wider than 1.2 digit heights and
    than twice the narrowest gap, so evenly spaced digits are one word. If all gaps on a page of three or more rows are
    wide, and they differ, each digit is in a cell of its own, as in a sudoku.
    """
    gaps = []
    for row in page:
        height = sorted(box.height for box in row)[len(row) // 2]
        gaps.append([max((right.x - left.x - left.width) / height, SPACE_LEAST_GAP) for left, right in pairwise(row)])
    space = _space(sorted(gap for row in gaps for gap in row), len(page))
    found = []
    for row, between in zip(page, gaps, strict=True):
        words = [[0]] if row else []
        for i, gap in enumerate(between, 1):
            if gap > space:
                words.append([])
            words[-1].append(i)
        found.append(words)
    return found


def _space(gaps: list[float], rows: int) -> float:
    """Return the gap, in digit heights, above which two glyphs are two words. gaps: those of a page, sorted."""
    least = SPACE_CLEAR if rows > 1 else SPACE_CLEAR_ALONE
    for narrow, wide in pairwise(gaps):
        if wide >= least and wide > SPACE_TIMES * narrow and narrow < SPACE_WIDE:
            if narrow > SPACE_CLEAR and rows >= CELL_ROWS:
                break
            return (narrow + wide) / 2
    else:
        middle = range(SPACE_MANY, len(gaps) - SPACE_MANY + 1)
        clear = (i for i in middle if gaps[(i + len(gaps)) // 2] >= least)  # the median of the wider gaps
        times, i = max(((gaps[i] / gaps[i - 1], i) for i in clear), default=(0.0, 0))
        if times > SPACE_TIMES_MANY and gaps[i - 1] < SPACE_WIDE:
            return (gaps[i - 1] + gaps[i]) / 2
    if rows >= CELL_ROWS and gaps and gaps[0] > SPACE_CLEAR and gaps[-1] > SPACE_TIMES * gaps[0]:
        return 0.0
    return max(SPACE_WIDE, SPACE_WIDER * gaps[0]) if len(gaps) > 1 else SPACE_WIDE


def _neighbours(bands: list[_Band]) -> Iterator[tuple[tuple[bool, float], int, int]]:
    """Yield the distance and the indices of pairs of possible neighbours. At least one of the two is a number.

    bands: sorted by their tops.
    """
    for n, band in enumerate(bands):
        for m in range(n + 1, len(bands)):
            if bands[m].top >= band.bottom:
                break
            if (band.number or bands[m].number) and _can_be_neighbours(band, bands[m]):
                yield _distance(band, bands[m]), n, m


def _trimmed(row: list[int], bands: list[_Band]) -> list[list[int]]:
    """Return a row from left to right. Each piece before its first or after its last number is a row of its own."""
    row = sorted(row, key=lambda i: (bands[i].left, i))
    numbers = [n for n, i in enumerate(row) if bands[i].number]
    if not numbers:
        return [[i] for i in row]
    first, last = numbers[0], numbers[-1] + 1
    return [row[first:last], *([i] for i in row[:first] + row[last:])]


def _band(boxes: Sequence[Box], number: bool, slope: float) -> _Band:
    """Return the place of a piece on the level page. Its top and height are the means over its boxes."""
    tops = [box.y - slope * (box.x + box.width / 2) for box in boxes]
    top, height = sum(tops) / len(boxes), sum(box.height for box in boxes) / len(boxes)
    left, right = min(box.x for box in boxes), max(box.x + box.width for box in boxes)
    return _Band(top, left, top + height, right, number)


def _can_be_neighbours(a: _Band, b: _Band) -> bool:
    """Return whether two pieces can be neighbours in a row."""
    overlap = min(a.bottom, b.bottom) - max(a.top, b.top)
    lower, higher = sorted((a.height, b.height))
    if overlap < ROW_OVERLAP * lower or _are_apart(a, b):
        return False
    return higher <= ROW_HEIGHT_RATIO * lower or abs(a.middle - b.middle) < ROW_CENTRED * higher


def _are_apart(a: _Band, b: _Band) -> bool:
    """Return whether two pieces cannot be in one row."""
    shared = min(a.right, b.right) - max(a.left, b.left)
    return shared > ROW_ABOVE * min(a.right - a.left, b.right - b.left) or a.top >= b.bottom or b.top >= a.bottom


def _distance(a: _Band, b: _Band) -> tuple[bool, float]:
    """Return the distance between possible neighbours, in heights. Pairs of numbers come first."""
    gap = max(a.left, b.left) - min(a.right, b.right)
    away = abs(a.middle - b.middle) + ROW_GAP_WEIGHT * max(gap, 0)
    return not (a.number and b.number), away / min(a.height, b.height)


def _slope(pieces: list[Sequence[Box]]) -> float:
    """Return the most probable tilt of the page up to 15 degrees, in pixels down per pixel to the right."""
    best, most = 0.0, 0.0
    if len(pieces) < 2:
        return best
    for step in range(ROW_STEEPEST + 1):
        for slope in (step / 100, -step / 100):
            gain = _alignment(pieces, slope) - ROW_TILT_COST * abs(slope) - _bend(pieces, slope)
            if step == 0 or gain > most + ROW_TILT_TIE:
                best, most = slope, gain
    return best


def _bend(pieces: list[Sequence[Box]], slope: float) -> float:
    """Return the cost of the digits within pieces that are not level, in nats."""
    cost = 0.0
    for boxes in pieces:
        height = sum(box.height for box in boxes) / len(boxes)
        middles = [(box.y + box.height / 2 - slope * (box.x + box.width / 2)) / height for box in boxes]
        mean = sum(middles) / len(middles)
        cost += sum(min(abs(middle - mean), ROW_WOBBLE_LIMIT) ** 2 for middle in middles) / (2 * ROW_WOBBLE**2)
    return cost


def _alignment(pieces: list[Sequence[Box]], slope: float) -> float:
    """Return the gain of the pieces of the fullest row that are side by side, in nats."""
    bands = sorted((band.middle, band.height) for band in (_band(boxes, True, slope) for boxes in pieces))
    most = joined = 0.0
    start = bands[0][0] if bands else 0.0
    for (middle, height), (lower, other) in pairwise(bands):
        unit = min(height, other)
        near = max(0.0, 1 - (lower - middle) / (ROW_TIGHT * unit))
        if near == 0 or lower - start > ROW_SPREAD * unit:
            joined, start = 0.0, lower
        else:
            joined += near
        most = max(most, joined)
    return ROW_GAIN_SECOND * min(most, 1) + ROW_GAIN_FURTHER * max(most - 1, 0)
