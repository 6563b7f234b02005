"""Slashes: the numbers that may contain one, and the 1s that may be misread slashes.

>>> is_usual((1, SLASH, 2)), is_slashed((2, SLASH, 3, 1, 5))
(True, False)
"""

import re

from mnist_cnn.read.labels import SLASH, text

_SLASHED = re.compile(
    r"(\d\d?/\d\d?(/(\d\d|(19|20)\d\d))?|\d{1,3}/\d\d0|1\d\d/\d{2,3}"
    r"|\d\d?/(19|20)\d\d|(19|20)\d\d/\d\d?(/\d\d?)?)-?|\d+/-"
)
"""Numbers with slashes that people write: fractions and scores, dates, blood pressure, prices such as 5/-.

A slash in any other number is a 1.
"""
_USUAL = re.compile(r"(1/[234]|2/3|3/4)|(0?[1-9]|[12]\d|3[01])/(0?[1-9]|[12]\d|3[01])/(\d\d|(19|20)\d\d)")
"""Common fractions, and dates with a possible day and month.

People write these far more often than a number that looks the same, such as 112 or 713124.
"""


def is_usual(labels: tuple[int, ...]) -> bool:
    """Return whether a string is a common fraction or a date."""
    return _USUAL.fullmatch(text(labels)) is not None


def is_slashed(labels: tuple[int, ...]) -> bool:
    """Return whether people write all numbers with slashes that are in a string."""
    numbers = re.findall(r"[0-9/]+-?", text(labels))
    return all(_SLASHED.fullmatch(number) for number in numbers if "/" in number)


def may_be_slash(labels: tuple[int, ...], i: int) -> bool:
    """Return whether the 1 at index i may be a slash: people write the string with one there, or also at another 1."""
    return any(map(is_slashed, _with_slash_at(labels, i)))


def is_often_slash(labels: tuple[int, ...], i: int) -> bool:
    """Return whether a slash for the 1 at index i, or also for another 1, gives a common fraction or date."""
    return any(map(is_usual, _with_slash_at(labels, i)))


def may_have_slash(number: str) -> bool:
    """Return whether any 1 of a number may be a slash."""
    labels = tuple(map(int, number))
    return any(label == 1 and may_be_slash(labels, i) for i, label in enumerate(labels))


def with_ones(labels: tuple[int, ...]) -> tuple[int, ...]:
    """Return a string with 1s in place of its slashes, unless people write such numbers with slashes."""
    if SLASH not in labels or is_slashed(labels):
        return labels
    return tuple(1 if label == SLASH else label for label in labels)


def with_slashes(strings: list[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """Return strings, followed by the common fractions and dates that they are with slashes for one or two 1s."""
    found = [
        slashed
        for labels in strings
        for i, label in enumerate(labels)
        if label == 1
        for slashed in _with_slash_at(labels, i)
        if is_usual(slashed)
    ]
    return [*strings, *found]


def _with_slash_at(labels: tuple[int, ...], i: int) -> list[tuple[int, ...]]:
    """Return a string with a slash at index i, and the strings with a second slash for another 1."""
    ones = [j for j, label in enumerate(labels) if label == 1]
    return [tuple(SLASH if k in (i, j) else label for k, label in enumerate(labels)) for j in ones]
