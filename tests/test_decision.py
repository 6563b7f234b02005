"""Decision: the confidence of a word follows from its features, and the first reason against it is given."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnist_cnn.read.constants import DOUBTFUL, LIKELY, WEIGHTS
from mnist_cnn.read.decision import (
    ALONE,
    FEATURES,
    ONCE,
    TWICE,
    UNSURE,
    Found,
    confidence,
    confidence_of_all,
    judged,
    likely_rows,
)
from mnist_cnn.read.reading import Alternative, Box, Digit, Sign

features = st.lists(st.floats(-5, 5), min_size=len(FEATURES), max_size=len(FEATURES)).map(tuple)


def digit(value: int, confidence: float) -> Digit:
    alternatives = (Alternative(8, 0.1), Alternative(0, 0.1))
    return Digit(
        Box(0, 0, 9, 9), value, confidence, alternatives, True, None, np.zeros((28, 28)), np.full(10, 0.1, np.float32)
    )


def word(probability: float, *confidences: float, missed: float = 0.0) -> Found:
    """Return a word of 3s with a sign between them that is right with this probability."""
    odds = math.log(probability / (1 - probability)) - missed * WEIGHTS[ONCE][FEATURES.index("missed")]
    values = [0.0] * len(FEATURES)
    values[0], values[FEATURES.index("missed")] = odds / WEIGHTS[ONCE][0], missed
    glyphs = (*(digit(3, one) for one in confidences or (0.95,)), Sign(Box(9, 9, 2, 2), ".", 0.2))
    return Found(glyphs, tuple(values), beside=False, mixed=False, how=ONCE)


@given(features, st.sampled_from([ONCE, TWICE, ALONE]), st.integers(0, len(FEATURES) - 1), st.floats(0.01, 5))
def test_the_confidence_follows_the_sign_of_each_weight(
    values: tuple[float, ...], how: int, i: int, more: float
) -> None:
    found = word(0.5)._replace(features=values, how=how)
    larger = found._replace(features=(*values[:i], values[i] + more, *values[i + 1 :]))
    assert 0 < confidence(found) < 1
    assert np.sign(WEIGHTS[how][i]) * (confidence(larger) - confidence(found)) >= 0


@given(st.floats(0.001, 0.999))
def test_the_confidence_is_the_logistic_function_of_the_odds(probability: float) -> None:
    assert confidence(word(probability)) == pytest.approx(probability)


def test_all_words_are_right_with_the_product_of_their_confidences() -> None:
    assert confidence_of_all([[word(0.9), word(0.8)], [], [word(0.5)]]) == pytest.approx(0.36)
    assert confidence_of_all([[], []]) == confidence_of_all([]) == 0


def test_doubtful_rows_are_left_out_beside_a_likely_word() -> None:
    doubtful, likely = word(DOUBTFUL - 0.01), word(LIKELY + 0.01)
    assert likely_rows([[doubtful], [], [doubtful, likely]]) == [2]
    assert likely_rows([[doubtful], [], [word(LIKELY - 0.01)]]) == [0, 2]
    assert likely_rows([[word(DOUBTFUL + 0.01)], [likely]]) == [0, 1]
    assert likely_rows([]) == []


@given(st.floats(0.01, 0.99), st.floats(0.01, 0.99), st.floats(0.01, 0.99), st.floats(0.01, 0.99))
def test_a_word_is_accepted_from_both_thresholds_on(value: float, least: float, one: float, least_digit: float) -> None:
    found = word(value, one, 0.995)
    made = judged(found, least, least_digit)
    assert made.confidence == confidence(found)
    assert made.accepted == (confidence(found) >= least and one >= least_digit)
    assert [digit.accepted for digit in made.digits] == [one >= least_digit, True]
    assert made.digits[0].reason == (None if one >= least_digit else "unsure: 3 or 8")
    assert made.reason == (UNSURE if confidence(found) < least and one >= least_digit else None)
    assert made.text == "33."


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (word(0.9, missed=1), "a mark in it was not read"),
        (word(0.9, missed=1)._replace(letters=True), "in a column of letters"),
        (word(0.9, missed=1)._replace(letters=True, mixed=True), "a mark in it is a digit or a sign"),
        (word(0.9)._replace(mixed=True, beside=True), "a mark beside it was not read"),
    ],
)
def test_a_sure_word_with_a_reason_is_not_accepted(found: Found, reason: str) -> None:
    made = judged(found, 0.0, 0.0)
    assert (made.accepted, made.reason) == (False, reason)
    assert all(digit.accepted for digit in made.digits)
