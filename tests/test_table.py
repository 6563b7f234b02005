"""The table: words of a page in the columns that they stand in."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnist_cnn.read.reading import Box, Digit, Reading, Row, Sign, Word
from mnist_cnn.read.table import table, unsure

HEIGHT, WIDTH, NARROW = 40, 24, 8


def word(text: str, x: float, y: float, accepted: bool = True, reason: str | None = None) -> Word:
    """Write a word with its left end at x and its middle at y. Digits are 24 pixels wide, a 1 is 8 pixels wide."""
    digits = []
    for letter in text:
        width = NARROW if letter == "1" else WIDTH
        box = Box(round(x), round(y) - HEIGHT // 2, width, HEIGHT)
        digits.append(Digit(box, int(letter), 0.9, (), accepted, None, np.zeros(0), np.zeros(0)))
        x += width + 4
    return Word(tuple(digits), 0.9, reason=reason)


def reading(*rows: list[Word] | Row) -> Reading:
    return Reading(tuple(row if isinstance(row, Row) else Row(tuple(row)) for row in rows), 2000, 2000)


def page(*rows: dict[float, str]) -> Reading:
    """Write rows 100 pixels apart, each its words by the place of their left end."""
    return reading(*([word(text, x, 100 * i) for x, text in row.items()] for i, row in enumerate(rows)))


def test_words_above_each_other_are_a_column() -> None:
    found = table(page({0: "1", 200: "215", 500: "6"}, {5: "2", 230: "19", 490: "40"}, {0: "3", 495: "7"}))
    assert found == [["1", "215", "6"], ["2", "19", "40"], ["3", "", "7"]]


def test_a_blank_page_is_an_empty_table() -> None:
    assert table(reading()) == []


def test_narrow_digits_that_miss_each_other_are_a_column() -> None:
    assert table(page({0: "1", 200: "22"}, {12: "1", 200: "33"})) == [["1", "22"], ["1", "33"]]


def test_narrow_words_side_by_side_are_two_columns() -> None:
    assert table(page({0: "1", 20: "1"}, {0: "1", 20: "1"})) == [["1", "1"], ["1", "1"]]


def test_a_wide_word_does_not_join_columns() -> None:
    assert table(page({0: "22345"}, {0: "12", 120: "34"})) == [["22345", ""], ["12", "34"]]
    found = table(page({0: "23", 100: "45", 200: "67"}, {60: "23456"}, {0: "76", 100: "54", 200: "32"}))
    assert found == [["23", "45", "67"], ["", "23456", ""], ["76", "54", "32"]]


def test_a_column_of_wide_words_is_not_parted_by_one_row_of_two_words() -> None:
    rows = [{0: "2345", 300: "7"} for _ in range(3)]
    assert table(page(*rows, {0: "23", 62: "45", 300: "7"}))[-1] == ["23 45", "7"]


def test_columns_with_one_word_per_row_stay_separate() -> None:
    assert table(page({0: "22"}, {300: "33"}, {0: "44"})) == [["22", ""], ["", "33"], ["44", ""]]


@st.composite
def grids(draw: st.DrawFn) -> list[list[str]]:
    """Rows of cells with a text in each column and in each row."""
    columns = draw(st.integers(1, 5))
    texts = st.text("0123456789", min_size=1, max_size=4)
    cells = draw(st.lists(st.lists(texts | st.just(""), min_size=columns, max_size=columns), min_size=1, max_size=6))
    full = draw(st.lists(texts, min_size=columns, max_size=columns))
    return [full, *[row for row in cells if any(row)]]


@given(grids(), st.integers(-14, 14), st.integers(0, 2**32 - 1))
def test_a_tilted_grid_gives_its_table(grid: list[list[str]], degrees: int, seed: int) -> None:
    """Columns are 180 pixels apart. The middles of words are up to 5 pixels from their place."""
    slope, rng = math.tan(math.radians(degrees)), np.random.default_rng(seed)
    rows = []
    for i, cells in enumerate(grid):
        row = []
        for j, text in enumerate(cells):
            # Words are centred, so that all words of a column overlap.
            span = sum((NARROW if letter == "1" else WIDTH) + 4 for letter in text) - 4
            x, y = 180 * j - span / 2 + rng.uniform(-5, 5), 90 * i + rng.uniform(-4, 4)
            if text:
                turned = x - slope * y if len(grid[0]) > 1 else x
                row.append(word(text, turned, y + slope * turned))
        rows.append(row)
    assert table(reading(*rows)) == grid


boxes = st.tuples(st.text("123", min_size=1, max_size=6), st.integers(0, 600), st.integers(0, 300), st.booleans())
layouts = st.lists(st.lists(boxes, min_size=1, max_size=5), max_size=6)


@given(layouts)
def test_every_word_is_in_the_table_once_and_in_its_row(layout: list[list[tuple[str, int, int, bool]]]) -> None:
    page = reading(*([word(*each) for each in row] for row in layout))
    found = table(page)
    assert len(found) == len(layout)
    assert len({len(line) for line in found}) <= 1
    assert all(any(line[column] for line in found) for column in range(len(found[0]) if found else 0))
    for row, line in zip(layout, found, strict=True):
        assert Counter(" ".join(cell for cell in line if cell).split()) == Counter(text for text, *_ in row)
    places = unsure(page)
    assert [row for row, _ in places] == [i for i, row in enumerate(layout, 1) for *_, accepted in row if not accepted]
    assert all(found[row - 1][column - 1] for row, column in places)


@given(layouts, st.integers(-500, 500), st.integers(-500, 500))
def test_a_table_does_not_depend_on_where_the_page_is(
    layout: list[list[tuple[str, int, int, bool]]], right: int, down: int
) -> None:
    one = reading(*([word(text, 4 * x, 4 * y) for text, x, y, _ in row] for row in layout))
    other = reading(*([word(text, 4 * x + right, 4 * y + down) for text, x, y, _ in row] for row in layout))
    assert [sum(map(bool, line)) for line in table(one)] == [sum(map(bool, line)) for line in table(other)]


def test_a_reason_against_a_row_makes_all_its_words_unsure() -> None:
    row = Row((word("2", 0, 0), word("3", 100, 0)), "a part without digits")
    assert unsure(reading(row, [word("4", 0, 100)])) == [(1, 1), (1, 2)]
    assert unsure(Reading((Row((word("4", 0, 0),)),), 9, 9, reason="several ways up")) == [(1, 1)]
    assert unsure(reading([word("5", 0, 0, reason="cut off")])) == [(1, 1)]


@pytest.mark.parametrize("columns", [1, 4, 20])
def test_a_page_with_many_rows_is_fast(columns: int) -> None:
    rows = [{150.0 * j + i % 7: str(i % 90 + 10) for j in range(columns)} for i in range(200)]
    found = table(page(*rows))
    assert {len(line) for line in found} == {columns}


def test_a_dash_beside_the_digits_above_it_is_in_their_column() -> None:
    dash = Word((Sign(Box(32, 97, 8, 6), "-", 0.9),), 0.9)
    assert table(reading([word("7", 0, 0), word("22", 300, 0)], [dash, word("33", 300, 100)])) == [
        ["7", "22"],
        ["-", "33"],
    ]
