"""Rows: the words that a reader found are joined into rows, and the rows are scored against the labels."""

import re
import unicodedata
from pathlib import Path
from typing import Any, NamedTuple

import result_files

from mnist_cnn.learn.score import wilson

SIGNS = ".,-/+x=*"
"""The signs that are kept beside digits."""


class Word(NamedTuple):
    """A word or a line that a reader found, with its box in pixels."""

    text: str
    left: float
    top: float
    right: float
    bottom: float
    accepted: bool = False


class Row(NamedTuple):
    """A row of a picture as a reader returned it."""

    text: str
    accepted: bool

    @property
    def number(self) -> str:
        """Return the digits of the row without signs and spaces."""
        return re.sub(r"[^0-9]", "", self.text)


class Case(NamedTuple):
    """One picture, as one file per page, and its rows: as written, and as digits only."""

    name: str
    files: tuple[Path, ...]
    written: list[str]
    numbers: list[str]


Answer = list[Row]


# Rows -------------------------------------------------------------------------------------------------------------


def join_rows(words: list[Word]) -> list[Row]:
    """Return the rows of a picture from top to bottom, each with its words from left to right, separated by a space.

    Words share a row if they overlap vertically by at least half of the lower one's height; among several rows, a word
    joins the one with the largest overlap. A row's band is the mean of its words' tops and bottoms. A row is accepted
    if all of its words are. Words without a digit or sign are dropped.
    """
    kept = [word._replace(text=text) for word in words if (text := numeric(word.text))]
    rows: list[list[Word]] = []
    for word in sorted(kept, key=lambda word: word.top + word.bottom):
        overlaps = [_overlap(word, row) for row in rows]
        if overlaps and max(overlaps) >= 0.5:
            rows[overlaps.index(max(overlaps))].append(word)
        else:
            rows.append([word])
    rows.sort(key=lambda row: sum(_band(row)))
    ordered = [sorted(row, key=lambda word: word.left) for row in rows]
    return [Row(" ".join(word.text for word in row), all(word.accepted for word in row)) for row in ordered]


def _band(row: list[Word]) -> tuple[float, float]:
    return sum(word.top for word in row) / len(row), sum(word.bottom for word in row) / len(row)


def _overlap(word: Word, row: list[Word]) -> float:
    """Return the vertical overlap of a word and a row, as a share of the lower one's height."""
    top, bottom = _band(row)
    lower = min(word.bottom - word.top, bottom - top)
    return (min(word.bottom, bottom) - max(word.top, top)) / max(lower, 1e-6)


def numeric(text: str) -> str:
    """Return the digits and signs of a text. Words of letters are dropped; an x is kept between digits."""
    text = unicodedata.normalize("NFKC", text).translate(str.maketrans("×X−–—", "xx---"))
    pieces = [piece for piece in text.split() if re.search("[0-9]", piece) or not re.search(r"[^\W\d_]{2}", piece)]
    kept = re.sub(rf"[^0-9 {re.escape(SIGNS)}]", "", " ".join(pieces))
    return " ".join(re.sub(r"(?<![0-9 ])x|x(?![0-9 ])", "", kept).split())


def plain(text: str) -> str:
    """Return a row as written, in a form in which two ways to write it compare equal.

    Sums have no spaces. In other rows words are separated by one space, and a single dash or dot (an empty cell) is
    left out.
    """
    if re.search("[+x=*]", text):
        return text.replace(" ", "")
    return " ".join(word for word in text.split() if word.strip("-_."))


# Scores -----------------------------------------------------------------------------------------------------------


def in_order(found: list[str], expected: list[str]) -> int:
    """Return the number of expected rows that were found in order (longest common subsequence)."""
    best = [0] * (len(expected) + 1)
    for row in found:
        last = best[:]
        for j, other in enumerate(expected, 1):
            best[j] = max(last[j], best[j - 1], last[j - 1] + (row == other))
    return best[-1]


def score_pages(cases: list[Case], answers: list[Answer]) -> dict[str, Any]:
    """Return a reader's scores for a set of pages; rows without a digit do not count.

    rows: number of rows. digits, written: rows that are right, in order, as digits and as written.
    whole: pictures on which every row is right as digits and there is no other row.
    extra: rows output whose digits are not a row of the page.
    accepted_right, accepted_wrong: accepted rows whose digits are a row of the page, and the other accepted rows.
    """
    total = dict.fromkeys(("rows", "digits", "written", "whole", "extra", "accepted_right", "accepted_wrong"), 0)
    for case, answer in zip(cases, answers, strict=True):
        rows = [row for row in answer if row.number]
        numbers = [row.number for row in rows]
        right = in_order(numbers, case.numbers)
        total["rows"] += len(case.numbers)
        total["digits"] += right
        total["written"] += in_order([plain(row.text) for row in rows], [plain(row) for row in case.written])
        total["whole"] += right == len(case.numbers) == len(rows)
        total["extra"] += sum(number not in case.numbers for number in numbers)
        total["accepted_right"] += sum(row.accepted and row.number in case.numbers for row in rows)
        total["accepted_wrong"] += sum(row.accepted and row.number not in case.numbers for row in rows)
    return {"n": len(cases), **total}


def score_crops(cases: list[Case], answers: list[Answer]) -> dict[str, Any]:
    """Return a reader's scores for a set of crops; all digits of a crop are one number.

    whole: numbers that are right. interval: the 95 % interval of their share. digits: the share of digits that are
    right, by edit distance. empty: crops in which no digit was read. accepted_right, accepted_wrong: accepted numbers.
    """
    found = ["".join(row.number for row in answer) for answer in answers]
    expected = ["".join(case.numbers) for case in cases]
    accepted = [all(row.accepted for row in answer if row.number) for answer in answers]
    right = [one == other for one, other in zip(found, expected, strict=True)]
    wrong_digits = sum(result_files.edits(one, other) for one, other in zip(found, expected, strict=True))
    sure = [hit for hit, number, accept in zip(right, found, accepted, strict=True) if number and accept]
    return {
        "n": len(cases),
        "whole": sum(right),
        "interval": wilson(sum(right), len(cases)),
        "digits": max(0.0, 1 - wrong_digits / sum(map(len, expected))),
        "empty": sum(not number for number in found),
        "accepted_right": sum(sure),
        "accepted_wrong": len(sure) - sum(sure),
    }
