"""Rows: which pieces of writing stand side by side, however far apart, and in which order.

>>> from mnist_cnn.read.reading import Box
>>> left, right, below = (Box(0, 12, 40, 60),), (Box(900, 0, 40, 60),), (Box(0, 110, 40, 60),)
>>> rows([(below, True), (right, True), (left, True)])
[[2, 1], [0]]

The picture is taken for a page with one tilt, which is estimated from the pieces. Along that tilt, pieces of one row
have height bands that overlap.
"""

from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass
from itertools import pairwise

from mnist_cnn.read.reading import Box

_STEEPEST = 27
"""The steepest tilt that is considered, in hundredths: 15 degrees."""
_LEVEL = 20.0
"""What a tilt costs per unit of slope, in nats: one nat for 3 degrees. Most pages are level."""
_WOBBLE, _MOST = 0.12, 0.4
"""Standard deviation of a digit's middle from the line through its piece, and the most that counts; in heights."""
_TIGHT, _SPREAD = 0.25, 0.6
"""Middles of pieces closer than the first, in heights, support a tilt; those of one row lie within the second."""
_FIRST, _FURTHER = 1.0, 3.0
"""What a tilt gains when a second piece comes to lie on a row, and each further one: any two points are on a line."""
_OVERLAP = 0.4
"""The part of the lower one's height by which two pieces of a row overlap."""
_RATIO, _CENTRED = 2.0, 0.25
"""A piece more times higher than the first than another one is in its row only if their middles differ by less than
the second, in heights of the higher one: the halves of a fraction do not."""
_ABOVE = 0.5
"""Pieces that share more than this part of the narrower one's width are one above the other."""
_SAME = 1e-9
"""Tilts whose gains differ by less are as good: neither rounding nor the order of the pieces decides between them."""
_GAP = 0.05
"""How much a gap of one height counts, compared with a difference in height, when neighbours are looked for."""
_CLEAR, _CLEAR_ALONE, _TIMES = 0.6, 0.75, 2.2
"""A space is wider than the first, in digit heights (the second where the page has one row), and than the third times
all gaps within words."""
_MANY, _TIMES_MANY = 5, 1.6
"""Where at least so many gaps are narrower and as many are wider, so many times is enough."""
_LONE = 3
"""Rows of a page with at least so many rows can be rows of cells with one digit each, some of them empty."""
_SPACE, _WIDER = 1.2, 2.0
"""A space is wider than the first, in digit heights, and than the second times the narrowest gap of its row."""


@dataclass(frozen=True)
class _Band:
    """Where a piece lies once the page is level."""

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
    """The rows from the top down, each the indices of its pieces from left to right.

    pieces: the boxes of each, at least one, and whether it is a number. One that is not a number is in a row only
    between two that are; elsewhere it is a row of its own.
    """
    if not pieces:
        return []
    slope = _slope([boxes for boxes, number in pieces if number])
    found = [_band(boxes, number, slope) for boxes, number in pieces]
    # Sorted first, so that the order of the pieces does not matter.
    order = sorted(range(len(found)), key=lambda i: astuple(found[i]))
    bands = [found[i] for i in order]
    row = [[i] for i in range(len(bands))]
    for _, n, m in sorted(_links(bands)):
        one, other = row[n], row[m]
        if one is other or any(_apart(bands[i], bands[j]) for i in one for j in other):
            continue
        both = bands[n].number and bands[m].number
        # A mark that is not a number joins one row of numbers, not two.
        if both or not all(any(bands[i].number for i in part) for part in (one, other)):
            one += other
            for i in other:
                row[i] = one
    parts = [part for n, one in enumerate(row) if one[0] == n for part in _trim(one, bands)]
    parts.sort(key=min)  # bands are sorted by their tops
    return [[order[i] for i in one] for one in parts]


def words(pieces: Sequence[Sequence[Box]]) -> list[list[int]]:
    """The words of a row from left to right, each the indices of its pieces.

    pieces: the boxes of the digits of each, at least one, from left to right.

    Two pieces are two words if the gap between them is wider than 1.2 digit heights and than twice the narrowest gap
    between two digits of the row. So digits that are spaced evenly are one word, however far apart they are; in a row
    of two digits there is nothing to compare their gap with, and only its width counts. A piece is never parted.
    """
    digits = [box for boxes in pieces for box in boxes]
    gaps = [right.x - left.x - left.width for left, right in pairwise(digits)]
    space = _SPACE * sum(box.height for box in digits) / len(digits) if digits else 0.0
    if len(gaps) > 1:
        space = max(space, _WIDER * min(gaps))
    found: list[list[int]] = []
    end = 0
    for i, boxes in enumerate(pieces):
        if i == 0 or gaps[end - 1] > space:
            found.append([])
        found[-1].append(i)
        end += len(boxes)
    return found


def parted(page: Sequence[Sequence[Box]]) -> list[list[list[int]]]:
    """Return the words of each row of a page, each the indices of its glyphs from left to right.

    page: the boxes of the glyphs of each row, at least one, from left to right, all as high as a digit.

    Gaps within words and spaces mostly are two groups. Where they are not, a space is wider than 1.2 digit heights and
    than twice the narrowest gap, so evenly spaced digits are one word. But if nothing on a page of three or more rows
    is close together and the gaps differ, each digit is in a cell of its own, as in a sudoku.
    """
    gaps = []
    for row in page:
        height = sorted(box.height for box in row)[len(row) // 2]
        gaps.append([max((right.x - left.x - left.width) / height, 0.05) for left, right in pairwise(row)])
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
    """Return the gap, in digit heights, above which two glyphs are two words. `gaps` are those of a page, sorted."""
    least = _CLEAR if rows > 1 else _CLEAR_ALONE
    for narrow, wide in pairwise(gaps):
        if wide >= least and wide > _TIMES * narrow and narrow < _SPACE:
            if narrow > _CLEAR and rows >= _LONE:
                break
            return (narrow + wide) / 2
    else:
        middle = range(_MANY, len(gaps) - _MANY + 1)
        clear = (i for i in middle if gaps[(i + len(gaps)) // 2] >= least)  # the median of the wider gaps
        times, i = max(((gaps[i] / gaps[i - 1], i) for i in clear), default=(0.0, 0))
        if times > _TIMES_MANY and gaps[i - 1] < _SPACE:
            return (gaps[i - 1] + gaps[i]) / 2
    if rows >= _LONE and gaps and gaps[0] > _CLEAR and gaps[-1] > _TIMES * gaps[0]:
        return 0.0
    return max(_SPACE, _WIDER * gaps[0]) if len(gaps) > 1 else _SPACE


def _links(bands: list[_Band]) -> Iterator[tuple[tuple[bool, float], int, int]]:
    """Pairs of possible neighbours, at least one of them a number; bands are sorted by their tops."""
    for n, band in enumerate(bands):
        for m in range(n + 1, len(bands)):
            if bands[m].top >= band.bottom:
                break
            if (band.number or bands[m].number) and _together(band, bands[m]):
                yield _distance(band, bands[m]), n, m


def _trim(row: list[int], bands: list[_Band]) -> list[list[int]]:
    """A row from left to right; what stands before its first number and after its last is a row of its own each."""
    row = sorted(row, key=lambda i: (bands[i].left, i))
    numbers = [n for n, i in enumerate(row) if bands[i].number]
    if not numbers:
        return [[i] for i in row]
    first, last = numbers[0], numbers[-1] + 1
    return [row[first:last], *([i] for i in row[:first] + row[last:])]


def _band(boxes: Sequence[Box], number: bool, slope: float) -> _Band:
    """Its top and bottom are those of its boxes on average."""
    tops = [box.y - slope * (box.x + box.width / 2) for box in boxes]
    top, height = sum(tops) / len(boxes), sum(box.height for box in boxes) / len(boxes)
    left, right = min(box.x for box in boxes), max(box.x + box.width for box in boxes)
    return _Band(top, left, top + height, right, number)


def _together(a: _Band, b: _Band) -> bool:
    """Whether two pieces can be neighbours in a row."""
    overlap = min(a.bottom, b.bottom) - max(a.top, b.top)
    lower, higher = sorted((a.height, b.height))
    if overlap < _OVERLAP * lower or _apart(a, b):
        return False
    return higher <= _RATIO * lower or abs(a.middle - b.middle) < _CENTRED * higher


def _apart(a: _Band, b: _Band) -> bool:
    """Whether two pieces cannot be in one row."""
    shared = min(a.right, b.right) - max(a.left, b.left)
    return shared > _ABOVE * min(a.right - a.left, b.right - b.left) or a.top >= b.bottom or b.top >= a.bottom


def _distance(a: _Band, b: _Band) -> tuple[bool, float]:
    """Between possible neighbours; pairs of numbers come first."""
    gap = max(a.left, b.left) - min(a.right, b.right)
    away = abs(a.middle - b.middle) + _GAP * max(gap, 0)
    return not (a.number and b.number), away / min(a.height, b.height)


def _slope(pieces: list[Sequence[Box]]) -> float:
    """The tilt of the page, as pixels down per pixel to the right: the most probable one of those up to 15 degrees."""
    best, most = 0.0, 0.0
    if len(pieces) < 2:
        return best
    for step in range(_STEEPEST + 1):
        for slope in (step / 100, -step / 100):
            gain = _alignment(pieces, slope) - _LEVEL * abs(slope) - _bend(pieces, slope)
            if step == 0 or gain > most + _SAME:
                best, most = slope, gain
    return best


def _bend(pieces: list[Sequence[Box]], slope: float) -> float:
    """How far the digits within pieces are from level, in nats."""
    cost = 0.0
    for boxes in pieces:
        height = sum(box.height for box in boxes) / len(boxes)
        middles = [(box.y + box.height / 2 - slope * (box.x + box.width / 2)) / height for box in boxes]
        mean = sum(middles) / len(middles)
        cost += sum(min(abs(middle - mean), _MOST) ** 2 for middle in middles) / (2 * _WOBBLE**2)
    return cost


def _alignment(pieces: list[Sequence[Box]], slope: float) -> float:
    """How well the pieces of the fullest row lie side by side, in nats."""
    bands = sorted((band.middle, band.height) for band in (_band(boxes, True, slope) for boxes in pieces))
    most = joined = 0.0
    start = bands[0][0] if bands else 0.0
    for (middle, height), (lower, other) in pairwise(bands):
        unit = min(height, other)
        near = max(0.0, 1 - (lower - middle) / (_TIGHT * unit))
        if near == 0 or lower - start > _SPREAD * unit:
            joined, start = 0.0, lower
        else:
            joined += near
        most = max(most, joined)
    return _FIRST * min(most, 1) + _FURTHER * max(most - 1, 0)
