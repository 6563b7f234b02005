"""Slashes: the numbers in which people write them."""

import pytest

from mnist_cnn.read.labels import NAMES
from mnist_cnn.read.slashes import is_often_slash, is_slashed, is_usual


@pytest.mark.parametrize(
    "text", ["1/2", "7/3/24", "12/10/2024", "45/100", "120/80", "3/1999", "2024/3/7", "500/-", "7", "5.2"]
)
def test_people_write_slashes_in_such_numbers(text: str) -> None:
    assert is_slashed(tuple(NAMES.index(c) for c in text))


@pytest.mark.parametrize("text", ["2/315", "/12", "4/1319", "65/6312", "1//2", "1/2/3/4", "12/"])
def test_people_do_not_write_slashes_in_other_numbers(text: str) -> None:
    assert not is_slashed(tuple(NAMES.index(c) for c in text))


@pytest.mark.parametrize("text", ["1/2", "3/4", "7/3/24", "31/12/2025", "01/02/99"])
def test_fractions_and_dates_are_usual(text: str) -> None:
    assert is_usual(tuple(NAMES.index(c) for c in text))
    as_ones = tuple(map(int, text.replace("/", "1")))
    assert is_often_slash(as_ones, text.index("/"))
    assert not is_often_slash(as_ones, 0)


@pytest.mark.parametrize("text", ["1/1", "4/3", "45/100", "32/12/25", "7/3", "0/3/24", "7/3/024"])
def test_other_numbers_with_slashes_are_not_usual(text: str) -> None:
    assert not is_usual(tuple(NAMES.index(c) for c in text))
