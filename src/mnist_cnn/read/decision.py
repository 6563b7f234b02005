"""Decision: how probable it is that a word is right, and whether it is accepted."""

import math
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from mnist_cnn.read.constants import DOUBTFUL, LIKELY, WEIGHTS
from mnist_cnn.read.reading import Digit, Sign, Word

UNSURE = "unsure"
"""Reason of a word that is not accepted because of its confidence alone."""
FEATURES = (
    "bias",
    "string",
    "digit",
    "classifier",
    "other",
    "unseen",
    "missed",
    "heat",
    "disagree",
    "strokes",
    "second",
)
"""Names of the values that a word is judged by, in the order of ``constants.WEIGHTS``."""
ONCE, TWICE, ALONE = range(3)
"""Who read a word: the page networks; two readers; two readers, and it is one digit and the only word."""


class Found(NamedTuple):
    """A word before it is accepted or not."""

    glyphs: tuple[Digit | Sign, ...]
    features: tuple[float, ...]
    """The values of ``FEATURES``."""
    beside: bool
    """Whether there is a mark beside it that was not read."""
    mixed: bool
    """Whether a mark of it may be a digit or a sign."""
    how: int
    """Who read it: ``ONCE``, ``TWICE`` or ``ALONE``."""
    letters: bool = False
    """Whether it is in a column of letters."""


def confidence(found: Found) -> float:
    """Return the probability that a word is right."""
    odds = sum(w * f for w, f in zip(WEIGHTS[found.how], found.features, strict=True))
    return 1 / (1 + math.exp(-float(np.clip(odds, -30, 30))))


def confidence_of_all(rows: list[list[Found]]) -> float:
    """Return the probability that all words are right, if they are independent; 0 if there are none."""
    return math.prod(confidence(word) for row in rows for word in row) if any(rows) else 0.0


def likely_rows(rows: list[list[Found]]) -> list[int]:
    """Return the indices of the rows of words, without doubtful rows if there is a likely word."""
    likely = max((confidence(word) for row in rows for word in row), default=0.0) >= LIKELY
    return [i for i, row in enumerate(rows) if row and not (likely and max(map(confidence, row)) < DOUBTFUL)]


def judged(found: Found, least: float, least_digit: float) -> Word:
    """Return a word, accepted or with the reason why it is not.

    least, least_digit: confidence from which the word and each digit are accepted.
    """
    value = confidence(found)
    glyphs = tuple(_unsure(g) if isinstance(g, Digit) and g.confidence < least_digit else g for g in found.glyphs)
    reason = None
    if found.beside:
        reason = "a mark beside it was not read"
    elif found.mixed:
        reason = "a mark in it is a digit or a sign"
    elif found.letters:
        reason = "in a column of letters"
    elif found.features[FEATURES.index("missed")]:
        reason = "a mark in it was not read"
    elif value < least and glyphs == found.glyphs:
        reason = UNSURE
    return Word(glyphs, value, reason)


def _unsure(digit: Digit) -> Digit:
    """Return a digit as not accepted."""
    return replace(digit, accepted=False, reason=f"unsure: {digit.digit} or {digit.alternatives[0].digit}")
