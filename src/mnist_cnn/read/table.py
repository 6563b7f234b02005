"""Table: the rows of words of a reading as a grid, one line per row and one column per column of the page.

>>> table(read_image("marks.jpg"))                                                      # doctest: +SKIP
[['1', '21.5'], ['2', '19'], ['3', '-']]
"""

from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise

from mnist_cnn.read.constants import TABLE_NARROW, TABLE_STEEPEST, TABLE_TIE
from mnist_cnn.read.reading import Reading, Word


@dataclass(frozen=True, eq=False)
class _Piece:
    """One word as an interval on the level page."""

    word: Word
    row: int
    left: float
    right: float


def table(reading: Reading) -> list[list[str]]:
    """Return the texts of a reading as a grid: one line per row, all of one length.

    Words whose horizontal intervals overlap, also through other words, share a column. A word over several columns does
    not join them, unless there are more rows with such a word than rows with words in each of these columns. The tilt
    of the page is taken out before. Empty cells are "". Several words of a row in one column are joined by a space.
    """
    return [[" ".join(word.text for word in cell) for cell in line] for line in _grid(reading)]


def unsure(reading: Reading) -> list[tuple[int, int]]:
    """Return the places of the words that are not accepted: their line and column in `table`, counted from 1.

    If a row or the whole reading has a reason against it, all its words are among them.
    """
    found = []
    for number, (row, line) in enumerate(zip(reading.rows, _grid(reading), strict=True), 1):
        doubted = reading.reason is not None or row.reason is not None
        for column, cell in enumerate(line, 1):
            found += [(number, column) for word in cell if doubted or not word.accepted]
    return found


def _grid(reading: Reading) -> list[list[list[Word]]]:
    """Return the words of each cell, from left to right."""
    columns = _columns(_level(reading))
    grid: list[list[list[Word]]] = [[[] for _ in columns] for _ in reading.rows]
    for column, pieces in enumerate(columns):
        for piece in pieces:
            grid[piece.row][column].append(piece.word)
    return grid


def _level(reading: Reading) -> list[_Piece]:
    """Return the words on the level page, row by row and from left to right."""
    slope = _slope(reading)
    heights = sorted(digit.box.height for digit in reading.digits)
    least = TABLE_NARROW * heights[len(heights) // 2] if heights else 0.0
    pieces = []
    for number, row in enumerate(reading.rows):
        spans = []
        for word in row.words:
            box = word.box
            middle = box.x + box.width / 2 + slope * (box.y + box.height / 2)
            spans.append((middle - box.width / 2, middle + box.width / 2, word))
        spans.sort(key=lambda span: span[:2])
        for i, (left, right, word) in enumerate(spans):
            # A narrow word is widened by at most a third of the gap to the next word of its row.
            wider = max(least - (right - left), 0) / 2
            before = (left - spans[i - 1][1]) / 3 if i > 0 else wider
            after = (spans[i + 1][0] - right) / 3 if i + 1 < len(spans) else wider
            pieces.append(_Piece(word, number, left - max(0, min(wider, before)), right + max(0, min(wider, after))))
    return pieces


def _slope(reading: Reading) -> float:
    """Return the tilt of the page, in pixels down per pixel to the right: one slope for all rows, by least squares."""
    products = squares = 0.0
    for row in reading.rows:
        boxes = [word.box for word in row.words]
        x = [box.x + box.width / 2 for box in boxes]
        y = [box.y + box.height / 2 for box in boxes]
        mean = sum(x) / len(x)
        products += sum((a - mean) * b for a, b in zip(x, y, strict=True))
        squares += sum((a - mean) ** 2 for a in x)
    return min(max(products / squares, -TABLE_STEEPEST), TABLE_STEEPEST) if squares else 0.0


def _columns(pieces: list[_Piece]) -> list[list[_Piece]]:
    """Return the columns from left to right, each with its words in the order of `pieces`."""
    columns: list[list[_Piece]] = []
    waiting = [(pieces, -float("inf"), float("inf"))]  # from right to left
    while waiting:
        group, start, end = waiting.pop()
        if not group:
            continue
        place = _best_cut(group, start, end)
        if place is None:
            columns.append(group)
            continue
        # A word over the cut goes to the side with more of it. Only its part on that side counts.
        sides: tuple[list[_Piece], list[_Piece]] = ([], [])
        for piece in group:
            middle = (max(piece.left, start) + min(piece.right, end)) / 2
            sides[middle > place + TABLE_TIE].append(piece)
        waiting += [(sides[1], place, end), (sides[0], start, place)]
    return columns


def _best_cut(group: list[_Piece], start: float, end: float) -> float | None:
    """Return where to cut a group of words between start and end into columns; None if it is one column.

    A gap that no word covers is a cut. Elsewhere, more rows must have words on both sides than have a word over the
    cut, or as many; the place with the largest difference is cut first.
    """
    # By place: how the number of words over it changes, and how the number of rows with a gap there does.
    changes: dict[float, list[int]] = defaultdict(lambda: [0, 0])
    rows: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for piece in group:
        left, right = max(piece.left, start), min(piece.right, end)
        changes[left][0] += 1
        changes[right][0] -= 1
        rows[piece.row].append((left, right))
    for spans in rows.values():
        spans.sort()
        reach = spans[0][1]
        for left, right in spans[1:]:
            if left > reach:
                changes[reach][1] += 1
                changes[left][1] -= 1
            reach = max(reach, right)
    best: tuple[bool, int, int] | None = None
    place = None
    over = gaps = 0
    for at, following in pairwise(sorted(changes)):
        over, gaps = over + changes[at][0], gaps + changes[at][1]
        if following - at < TABLE_TIE or (over and gaps < over):
            continue
        value = over == 0, gaps - over, round(following - at)
        if best is None or value > best:
            best, place = value, (at + following) / 2
    return place
