"""Letters: words in a column of letters are letters, and level writing that was not read belongs to its row."""

import numpy as np
import pytest

from mnist_cnn.read.constants import WEIGHTS
from mnist_cnn.read.decision import FEATURES, ONCE, Found
from mnist_cnn.read.letters import lost as lost_of_rows
from mnist_cnn.read.letters import without_letters
from mnist_cnn.read.reading import Box, Digit


def found(x: int, y: int, log_odds: float) -> Found:
    """Return a word of one digit, 30 pixels high, with about these odds of being right."""
    p = np.full(10, 0.1, np.float32)
    digit = Digit(Box(x, y, 20, 30), 3, 0.9, (), True, None, np.zeros((28, 28), np.float32), p)
    features = (log_odds / WEIGHTS[ONCE][0], *[0.0] * (len(FEATURES) - 1))
    return Found((digit,), features, beside=False, mixed=False, how=ONCE)


@pytest.mark.parametrize(
    ("log_odds", "letters", "tilt", "kept", "marked"),
    [
        (1.0, 5, 0.0, False, True),
        (5.0, 5, 0.0, True, True),  # sure
        (1.0, 2, 0.0, True, False),  # too few letters
        (1.0, 5, 0.1, False, True),  # each row is 5 pixels further to the left on a tilted page
    ],
)
def test_words_in_a_column_of_letters_are_letters_or_not_accepted(
    log_odds: float, letters: int, tilt: float, kept: bool, marked: bool
) -> None:
    number, grade = found(50, 0, 1.0), found(200, 0, log_odds)
    others = [Box(round(200 - tilt * 50 * i), 50 * i, 24, 30) for i in range(1, letters + 1)]
    others.append(Box(20, 60, 300, 30))  # a line of text is not a letter
    rows, found_letters = without_letters([[number, grade]], others, tilt)
    assert rows == [[number, grade._replace(letters=marked)] if kept else [number]]
    assert found_letters == ([] if kept else [Box(200, 0, 20, 30)])


@pytest.mark.parametrize(
    ("box", "letters", "lost"),
    [
        (Box(20, 3, 20, 30), 0, True),
        (Box(20, 40, 20, 30), 0, False),  # below the row
        (Box(20, 0, 20, 80), 0, False),  # much higher
        (Box(20, 3, 20, 30), 4, False),  # in a column of letters
    ],
)
def test_a_row_lost_level_writing_that_may_be_digits(box: Box, letters: int, lost: bool) -> None:
    others = [box, *(Box(20, 60 * i, 20, 30) for i in range(1, letters + 1))]
    assert lost_of_rows([[found(200, 0, 5.0), found(300, 4, 5.0)]], [box], others, 0.0) == [lost]


def test_a_page_without_other_writing_keeps_all_words_and_loses_nothing() -> None:
    rows = [[found(50, 0, -2.0), found(200, 0, 5.0)], [], [found(50, 60, 1.0)]]
    assert without_letters(rows, [], 0.0) == (rows, [])
    assert lost_of_rows(rows, [], [], 0.0) == [False, False, False]


@pytest.mark.parametrize(("letters", "lost"), [(1, True), (2, False)])
def test_three_places_above_each_other_are_a_column_of_letters(letters: int, lost: bool) -> None:
    piece = Box(20, 3, 20, 30)
    others = [piece, *(Box(20, 60 * i, 20, 30) for i in range(1, letters + 1))]
    assert lost_of_rows([[found(200, 0, 5.0)]], [piece], others, 0.0) == [lost]
