"""Rows: pieces of writing side by side, on level and tilted pages, at any distance and in any order."""

import itertools
import math
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mnist_cnn.read.reading import Box
from mnist_cnn.read.rows import rows, words, words_of_page

Piece = tuple[list[Box], bool]


def piece(x: float, y: float, n: int = 1, height: float = 60, slope: float = 0, number: bool = True) -> Piece:
    """n digits from the left at x, with the middle of their row at y where x is 0."""
    width = 0.6 * height
    lefts = [x + 0.8 * height * i for i in range(n)]
    middles = [y + slope * (left + width / 2) for left in lefts]
    boxes = [
        Box(round(left), round(middle - height / 2), round(width), round(height))
        for left, middle in zip(lefts, middles, strict=True)
    ]
    return boxes, number


def test_a_page_without_pieces_has_no_rows() -> None:
    assert rows([]) == []


@pytest.mark.parametrize("gap", [10, 200, 1000, 3000])
def test_pieces_far_apart_are_one_row(gap: int) -> None:
    wobble = [5, -8, 0, 9, -4]
    pieces = [piece(gap * i, 100 + dy) for i, dy in enumerate(wobble)] if gap > 60 else [piece(0, 100), piece(70, 105)]
    assert rows(pieces) == [list(range(len(pieces)))]


@pytest.mark.parametrize("degrees", [-15, -10, -5, -2, 0, 2, 5, 10, 15])
@pytest.mark.parametrize("digits", [2, 4])
def test_two_rows_of_three_columns_follow_the_tilt(digits: int, degrees: float) -> None:
    slope = math.tan(math.radians(degrees))
    places = itertools.product((500, 600), (0, 500, 1000))
    pieces = [piece(x, y, digits, slope=slope) for y, x in places]
    assert rows(pieces) == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize("degrees", [-14, 14])
def test_two_long_pieces_show_the_tilt(degrees: float) -> None:
    slope = math.tan(math.radians(degrees))
    assert rows([piece(900, 500, 5, slope=slope), piece(0, 500, 5, slope=slope)]) == [[1, 0]]


@pytest.mark.parametrize("digits", [1, 2, 5])
def test_two_level_numbers_on_different_rows_show_no_tilt(digits: int) -> None:
    assert rows([piece(700, 100, digits), piece(0, 200, digits)]) == [[0], [1]]


def test_a_column_of_numbers_stays_a_column() -> None:
    assert rows([piece(10 * (i % 3), 100 + 75 * i, 1 + i % 3) for i in range(10)]) == [[i] for i in range(10)]


def test_pieces_of_very_different_height_are_not_one_row() -> None:
    tall, upper, lower = piece(0, 200, height=200), piece(300, 140), piece(300, 260)
    assert rows([tall, upper, lower]) == [[0], [1], [2]]
    assert rows([tall, piece(300, 200)]) == [[0, 1]]
    assert rows([tall, piece(300, 160, height=110)]) == [[0, 1]]


def test_pieces_one_above_the_other_are_two_rows() -> None:
    assert rows([piece(0, 100), piece(10, 125)]) == [[0], [1]]


def test_a_mark_is_in_a_row_only_between_numbers() -> None:
    marks = [piece(x, 100, number=False) for x in (0, 200, 400)]
    assert rows([*marks, piece(100, 100), piece(300, 100)]) == [[0], [3, 1, 4], [2]]
    assert rows(marks) == [[0], [1], [2]]


def test_a_mark_does_not_join_two_rows() -> None:
    assert rows([piece(0, 100), piece(300, 141), piece(150, 120, number=False)]) in ([[0], [2], [1]], [[0], [1], [2]])


def row(*gaps: float | list[float]) -> list[list[Box]]:
    """Digits of 60 pixels height, with these gaps in heights: a number is between two pieces, a list within one."""
    found, x = [[Box(0, 0, 36, 60)]], 36.0
    for gap in gaps:
        for width in gap if isinstance(gap, list) else [gap]:
            x += 60 * width
            if not isinstance(gap, list):
                found.append([])
            found[-1].append(Box(round(x), 0, 36, 60))
            x += 36
    return found


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ([], []),
        (row([0.4]), [[0]]),
        (row([0.4], 3.2, [0.3, 0.4]), [[0], [1]]),  # 60 125
        (row([0.1], 5.6, [0.1], 5.8, [0.2]), [[0], [1], [2]]),  # 65 71 60
        (row(5.6, [0.1], 5.8), [[0], [1], [2]]),  # 6 57 1
        (row([0.4], 1.1, [0.4]), [[0, 1]]),
        (row([0.4], 0.7, [0.4], 1.3, [0.4]), [[0, 1], [2]]),
        (row([0.4, 9.0], 1.3), [[0], [1]]),
    ],
)
def test_a_wide_gap_between_pieces_separates_words(pieces: list[list[Box]], expected: list[list[int]]) -> None:
    assert words(pieces) == expected


@pytest.mark.parametrize("gap", [0.5, 1.5, 3, 10])
def test_digits_that_are_spaced_evenly_are_one_word(gap: float) -> None:
    wobble = [1, 1.3, 0.8, 1.1, 1.5, 0.9]
    assert words(row(*(gap * w for w in wobble))) == [list(range(7))]


def test_only_the_width_of_the_gap_separates_two_digits() -> None:
    assert words(row(1.1)) == [[0, 1]]
    assert words(row(1.3)) == [[0], [1]]


@pytest.mark.parametrize(
    ("gaps", "expected"),
    [
        ([], [[0]]),
        ([0.4], [[0, 1]]),
        ([1.1], [[0, 1]]),
        ([1.3], [[0], [1]]),
        ([0.4, 3.2, 0.3, 0.4], [[0, 1], [2, 3, 4]]),  # 60 125
        ([0.1, 0.8, 0.15, 1.0, 0.02], [[0, 1], [2, 3], [4, 5]]),  # 30 27 28
        ([0.2, 0.4, 0.5, 0.3], [[0, 1, 2, 3, 4]]),
        ([0.5, 0.65, 0.4, 0.9, 0.75], [[0, 1, 2, 3, 4, 5]]),
        ([1.5, 1.9, 1.2, 1.6], [[0, 1, 2, 3, 4]]),  # evenly spaced
    ],
)
def test_a_gap_wider_than_those_within_words_separates_words(gaps: list[float], expected: list[list[int]]) -> None:
    assert words_of_page([spaced(*gaps)]) == [expected]


def test_all_gaps_of_a_page_count_for_each_row() -> None:
    rows = [spaced(0.1, 0.7, 0.2), spaced(0.65), spaced(0.15)]
    assert words_of_page(rows) == [[[0, 1], [2, 3]], [[0], [1]], [[0, 1]]]


def test_a_gap_between_the_two_groups_of_a_page_does_not_join_its_words() -> None:
    page = [spaced(0.12, 1.1, 0.15), spaced(0.27, 0.77, 0.1), spaced(0.11, 0.52, 0.16), spaced(0.18, 1.2, 0.14)]
    page += [spaced(0.13, 1.4, 0.17), spaced(0.14, 0.96, 0.18)]
    assert words_of_page(page) == [[[0, 1], [2, 3]]] * 6


def test_digits_in_separate_cells_are_words() -> None:
    rows = [spaced(1.0, 4.7), spaced(4.8, 1.1, 1.0), spaced(6.4), spaced(1.0)]
    assert words_of_page(rows) == [[[i] for i in range(len(row))] for row in rows]


def test_a_page_of_evenly_spaced_rows_has_one_word_per_row() -> None:
    rows = [spaced(1.0, 1.1, 0.8), spaced(0.9, 1.2, 1.0), spaced(1.1, 0.7, 0.9)]
    assert words_of_page(rows) == [[[0, 1, 2, 3]]] * 3


def spaced(*gaps: float) -> list[Box]:
    """Boxes of digits with such gaps, in digit heights."""
    found, x = [Box(0, 0, 600, 1000)], 600.0
    for gap in gaps:
        x += 1000 * gap
        found.append(Box(round(x), 0, 600, 1000))
        x += 600
    return found


@given(st.lists(st.lists(st.floats(-0.3, 6), max_size=8), max_size=6))
def test_each_glyph_is_in_one_word_and_in_order(gaps: list[list[float]]) -> None:
    page = [spaced(*row) for row in gaps]
    for row, found in zip(page, words_of_page(page), strict=True):
        assert [i for word in found for i in word] == list(range(len(row)))


boxes = st.builds(Box, *[st.integers(0, 400)] * 2, *[st.integers(1, 120)] * 2)
pieces = st.lists(st.tuples(st.lists(boxes, min_size=1, max_size=3), st.booleans()), max_size=8)


@settings(max_examples=300, deadline=None)
@given(pieces, st.randoms(use_true_random=False))
def test_the_order_of_the_pieces_does_not_matter(found: list[Piece], random: Random) -> None:
    shuffled = found[:]
    random.shuffle(shuffled)
    first, second = ([[some[i] for i in row] for row in rows(some)] for some in (found, shuffled))
    key = [[(place(boxes), number) for boxes, number in row] for row in first]
    assert key == [[(place(boxes), number) for boxes, number in row] for row in second]
    assert sorted(i for row in rows(found) for i in row) == list(range(len(found)))


def place(boxes: list[Box]) -> tuple[int, int]:
    return min(box.x for box in boxes), max(box.x + box.width for box in boxes)
