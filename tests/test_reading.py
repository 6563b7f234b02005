"""The value objects of a reading: text, number, confidence, acceptance and reasons from the digit to the page."""

import json

import numpy as np
import pytest

from mnist_cnn.read.reading import Alternative, Box, Digit, Reading, Row, Sign, Word, around


def digit(value: int, x: int = 0, accepted: bool = True) -> Digit:
    reason = None if accepted else f"unsure: {value} or 8"
    return Digit(
        Box(x, 10, 20, 40), value, 0.9, (Alternative(8, 0.05),), accepted, reason, np.zeros((28, 28)), np.zeros(10)
    )


def word(text: str, x: int = 0, accepted: bool = True, reason: str | None = None) -> Word:
    glyphs = [
        digit(int(letter), x + 25 * i, accepted) if letter.isdigit() else Sign(Box(x + 25 * i, 45, 5, 5), letter, 0.8)
        for i, letter in enumerate(text)
    ]
    return Word(tuple(glyphs), 0.5, reason=reason)


def reading(*rows: Row, reason: str | None = None) -> Reading:
    return Reading(rows, 200, 100, reason=reason)


def test_text_has_signs_and_spaces_and_number_has_digits_alone() -> None:
    first, second = Row((word("21.5"), word("-", 150))), Row((word("7/3"),))
    assert (first.text, first.number, second.text, second.number) == ("21.5 -", "215", "7/3", "73")
    found = reading(first, second)
    assert found.number == "21573"
    assert "".join(one.text for one in found.digits) == found.number
    assert [sign.text for sign in first.words[0].signs] == ["."]


def test_confidences_are_multiplied_from_words_to_reading() -> None:
    found = reading(Row((word("1"), word("2", 50))), Row((word("3"),)))
    assert (found.rows[0].confidence, found.confidence) == (0.25, 0.125)
    assert reading().confidence == 0


def test_boxes_hold_everything_in_them() -> None:
    row = Row((word("21.5", 5), word("7", 150)))
    assert row.words[0].box == Box(5, 10, 95, 40)
    assert row.box == Box(5, 10, 165, 40)
    assert around([Box(3, 4, 5, 6)]) == Box(3, 4, 5, 6)


@pytest.mark.parametrize("level", ["digit", "word", "row", "reading"])
def test_a_reason_at_any_level_keeps_all_above_it_from_being_accepted(level: str) -> None:
    one = word("12", accepted=level != "digit", reason="cut off" if level == "word" else None)
    row = Row((one, word("3", 90)), "2 digits, expected 3" if level == "row" else None)
    found = reading(row, Row((word("4"),)), reason="several ways up" if level == "reading" else None)
    levels = ["digit", "word", "row", "reading"].index(level)
    assert [one.accepted, row.accepted, found.accepted] == [levels > 1, levels > 2, False]
    assert found.rows[1].accepted
    assert found.to_dict()["reason"] == found.reason


def test_a_reading_is_accepted_if_all_rows_are_and_there_are_digits() -> None:
    assert reading(Row((word("12"),)), Row((word("-"),))).accepted
    assert not reading().accepted
    assert not reading(Row((word("-"),))).accepted


def test_a_reading_without_rows_has_its_other_places() -> None:
    found = Reading((), 30, 20, (Box(1, 2, 3, 4),), 90, "no digit")
    assert found.to_dict() == {
        "number": "",
        "confidence": 0.0,
        "accepted": False,
        "reason": "no digit",
        "width": 30,
        "height": 20,
        "turned": 90,
        "rows": [],
        "others": [{"x": 1, "y": 2, "width": 3, "height": 4}],
    }


def test_a_reading_as_a_dictionary_is_json_of_the_same_values() -> None:
    found = reading(Row((word("21.5"), word("6", 120)), "a reason"))
    told = found.to_dict()
    assert json.loads(json.dumps(told)) == told
    [row] = told["rows"]
    first, second = row["words"]
    assert (row["text"], row["number"], row["reason"], row["accepted"]) == ("21.5 6", "2156", "a reason", False)
    assert (first["text"], first["number"], second["text"]) == ("21.5", "215", "6")
    assert [one["sign"] for one in first["signs"]] == ["."]
    assert first["digits"][0]["alternatives"] == [{"digit": 8, "confidence": 0.05}]
