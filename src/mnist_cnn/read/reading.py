"""Reading: what is written on a picture, as rows of words of digits and signs.

    >>> reading = read_image("marks.jpg")                                                   # doctest: +SKIP
    >>> [row.text for row in reading.rows]                                                  # doctest: +SKIP
    ['1 21.5', '2 19', '3 -']

This module defines a reading once. JSON, the OpenAPI schema and the Parquet schema are derived from it; tests compare
CSV and JavaScript with it.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, get_type_hints

import numpy as np


class Value:
    """A value object with a form in JSON: an object with one key per attribute in `KEYS`, in that order."""

    KEYS: ClassVar[tuple[str, ...]]

    def to_dict(self) -> dict[str, Any]:
        """Return the form in JSON: dictionaries, lists, strings and numbers, fractions rounded to six digits."""
        return {key: _plain(getattr(self, key)) for key in self.KEYS}

    @classmethod
    def types(cls) -> dict[str, Any]:
        """Return the type of each key, as the class declares it."""
        fields = get_type_hints(cls)
        return {key: fields.get(key) or get_type_hints(getattr(cls, key).fget)["return"] for key in cls.KEYS}


def _plain(value: Any) -> Any:
    if isinstance(value, Value):
        return value.to_dict()
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return round(value, 6) if isinstance(value, float) else value


@dataclass(frozen=True)
class Box(Value):
    """A rectangle on the upright picture, in pixels. x goes right and y goes down from the top left corner."""

    KEYS = ("x", "y", "width", "height")

    x: int
    y: int
    width: int
    height: int


def around(boxes: Iterable[Box]) -> Box:
    """Return the smallest box that holds all boxes, at least one."""
    found = list(boxes)
    x, y = min(box.x for box in found), min(box.y for box in found)
    right, bottom = max(box.x + box.width for box in found), max(box.y + box.height for box in found)
    return Box(x, y, right - x, bottom - y)


@dataclass(frozen=True)
class Alternative(Value):
    """Another digit that a digit could be."""

    KEYS = ("digit", "confidence")

    digit: int
    confidence: float
    """Its probability, 0 to 1."""


def enclosing(corners: Sequence[float] | np.ndarray, scale: float) -> Box:
    """Return the smallest box of whole pixels around left, top, right and bottom times `scale`."""
    left, top, right, bottom = (float(v) * scale for v in corners)
    x, y = math.floor(left), math.floor(top)
    return Box(x, y, max(1, math.ceil(right) - x), max(1, math.ceil(bottom) - y))


@dataclass(frozen=True, eq=False)
class Digit(Value):
    """One digit."""

    KEYS = ("box", "digit", "confidence", "alternatives", "accepted", "reason")

    box: Box
    digit: int
    """The most probable digit."""
    confidence: float
    """Its probability, 0 to 1."""
    alternatives: tuple[Alternative, ...]
    """The next two digits."""
    accepted: bool
    reason: str | None
    """Why it is not accepted."""
    tile: np.ndarray
    """The digit as an image of MNIST: float32 (28, 28), 0 to 1."""
    probabilities: np.ndarray
    """Probabilities of the ten digits: float32 (10,). The rest to 1 is the probability that it is not a digit."""

    @property
    def text(self) -> str:
        return str(self.digit)


@dataclass(frozen=True)
class Sign(Value):
    """One sign between digits, or a mark that was not read."""

    KEYS = ("box", "sign", "confidence")

    box: Box
    sign: str
    """One of ``. , - / + x ÷ = ( )``, or "?" for a mark that was not read."""
    confidence: float
    """Its probability, 0 to 1."""

    @property
    def text(self) -> str:
        return self.sign


@dataclass(frozen=True, eq=False)
class Word(Value):
    """Digits and signs without a space between them."""

    KEYS = ("text", "number", "confidence", "accepted", "reason", "box", "digits", "signs")

    glyphs: tuple[Digit | Sign, ...]
    """At least one, from left to right."""
    confidence: float
    """Probability that the whole word is right, 0 to 1."""
    reason: str | None = None
    """Why the word as a whole is not accepted; None if it is, or if only some of its digits are not."""

    @property
    def text(self) -> str:
        """What is written, with its signs: "21.5"."""
        return "".join(glyph.text for glyph in self.glyphs)

    @property
    def number(self) -> str:
        """The digits alone: "215"."""
        return "".join(digit.text for digit in self.digits)

    @property
    def digits(self) -> tuple[Digit, ...]:
        return tuple(glyph for glyph in self.glyphs if isinstance(glyph, Digit))

    @property
    def signs(self) -> tuple[Sign, ...]:
        return tuple(glyph for glyph in self.glyphs if isinstance(glyph, Sign))

    @property
    def box(self) -> Box:
        return around(glyph.box for glyph in self.glyphs)

    @property
    def accepted(self) -> bool:
        """Whether the word can be used without looking: all digits are accepted, and there is no reason against it."""
        return self.reason is None and all(digit.accepted for digit in self.digits)


@dataclass(frozen=True, eq=False)
class Row(Value):
    """Words at one height of the page, from left to right, at any distance."""

    KEYS = ("number", "text", "confidence", "accepted", "reason", "box", "words")

    words: tuple[Word, ...]
    """At least one."""
    reason: str | None = None
    """Why the row as a whole is not accepted; None if it is, or if only some of its words are not."""

    @property
    def text(self) -> str:
        """What is written: the words with a space between them, "60 125" or "21.5"."""
        return " ".join(word.text for word in self.words)

    @property
    def number(self) -> str:
        """The digits alone, of all words."""
        return "".join(word.number for word in self.words)

    @property
    def digits(self) -> tuple[Digit, ...]:
        return tuple(digit for word in self.words for digit in word.digits)

    @property
    def box(self) -> Box:
        return around(word.box for word in self.words)

    @property
    def confidence(self) -> float:
        """Probability that all words are right, if they are independent."""
        return math.prod(word.confidence for word in self.words)

    @property
    def accepted(self) -> bool:
        """Whether the row can be used without looking: all words are accepted, and there is no reason against it."""
        return self.reason is None and all(word.accepted for word in self.words)


@dataclass(frozen=True, eq=False)
class Reading(Value):
    """What is written on a picture."""

    KEYS = ("number", "confidence", "accepted", "reason", "width", "height", "turned", "rows", "others")

    rows: tuple[Row, ...]
    """From the top down."""
    width: int
    height: int
    """Size of the upright picture that boxes refer to, in pixels."""
    others: tuple[Box, ...] = ()
    """Places with marks, letters or print that are not numbers."""
    turned: int = 0
    """Degrees by which the picture was turned clockwise to be upright: 0, 90, 180 or 270."""
    reason: str | None = None
    """Why the reading as a whole is not accepted; None if it is, or if only some of its rows are not."""

    @property
    def number(self) -> str:
        """All digits, row after row."""
        return "".join(row.number for row in self.rows)

    @property
    def digits(self) -> tuple[Digit, ...]:
        return tuple(digit for row in self.rows for digit in row.digits)

    @property
    def confidence(self) -> float:
        """Probability that all rows are right, if they are independent; 0 if there are none."""
        return math.prod(row.confidence for row in self.rows) if self.rows else 0.0

    @property
    def accepted(self) -> bool:
        """Whether the reading can be used without looking: there are digits, and all rows are accepted."""
        return self.reason is None and bool(self.number) and all(row.accepted for row in self.rows)
