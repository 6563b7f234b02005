"""Output: the lines of a reading in each form, with its remarks."""

import csv
import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_reading import reading as reading_of
from test_reading import word

from mnist_cnn.read import Box, Digit, Page, Reading, Row, Word, output


def test_reasons_of_rows_and_words_are_remarks() -> None:
    digit = Digit(Box(0, 0, 9, 9), 3, 0.6, ((8, 0.3),), False, "unsure: 3 or 8", np.zeros(0), np.zeros(0))
    sure = dataclasses.replace(digit, confidence=0.99, accepted=True, reason=None)
    one, two = Word((sure, digit), 0.6), Word((sure,), 0.99, reason="cut off")
    reading = Reading((Row((one, two), "3 digits, expected 2"), Row((two,)), Row((Word((sure,), 0.99),))), 9, 9)
    remarks = [output._remark(row, reading) for row in reading.rows]
    assert remarks == ["3 digits, expected 2; 3 cut off; digit 2 unsure: 3 or 8", "cut off", ""]
    doubted = dataclasses.replace(reading, reason="perhaps upside down")
    assert output._remark(doubted.rows[2], doubted) == "perhaps upside down"
    lines = list(csv.reader(output._csv("a.png", Page("a.png", 1, 1, b""), doubted)))
    assert [line[5] for line in lines] == ["no", "no", "no"]


@given(st.floats(0, 1))
def test_a_confidence_is_rounded_and_never_becomes_100_percent(confidence: float) -> None:
    text = output.percent(confidence)
    assert text.endswith(" %")
    value = float(text.removesuffix(" %"))
    assert value <= 99.9
    assert abs(value - 100 * confidence) <= 0.5 + 1e-9


@given(st.text())
def test_a_name_cannot_move_the_cursor(name: str) -> None:
    shown = output.printable(name)
    assert shown.isprintable()
    assert len(shown) == len(name)
    assert all(new in (old, "\N{REPLACEMENT CHARACTER}") for old, new in zip(name, shown, strict=True))


@given(st.text())
def test_csv_and_json_have_the_name_unchanged(name: str) -> None:
    found = reading_of(Row((word("21.5"), word("7", 150))), Row((word("3"),)))
    page = Page(name, 1, 1, b"")
    lines = list(csv.reader(line + "\r\n" for line in output.FORMS["csv"](name, page, found)))
    assert [line[:4] for line in lines] == [[name, "1", "21.5 7", "2157"], [name, "2", "3", "3"]]
    [line] = output.FORMS["json"](name, page, found)
    assert json.loads(line) == {"file": name, **found.to_dict()}


@pytest.mark.parametrize("form", ["text", "csv"])
def test_a_page_of_several_is_named_with_its_number(form: str) -> None:
    [line] = output.FORMS[form]("scan.pdf", Page("scan.pdf", 2, 3, b""), reading_of(Row((word("17"),))))
    assert line.startswith("scan.pdf#page=2")
    [line] = output.FORMS["json"]("scan.pdf", Page("scan.pdf", 2, 3, b""), reading_of())
    assert (json.loads(line)["file"], json.loads(line)["page"]) == ("scan.pdf", 2)


def test_a_table_names_the_places_of_unsure_words() -> None:
    page = Page("a.png", 1, 1, b"")
    doubted = reading_of(Row((word("21"), word("7", 150, accepted=False))), Row((word("3"),)))
    assert output.unsure_words("a.png", page, doubted) == "a.png: 1 word is unsure: row 1, column 2"
    assert output.unsure_words("a.png", page, reading_of(Row((word("3"),)))) is None
    assert output.unsure_words("a.png", page, reading_of()) == "a.png: no digit found"
    assert list(output.FORMS["table"]("a.png", page, reading_of(Row((word("21"), word("7", 150)))))) == ["21,7"]
