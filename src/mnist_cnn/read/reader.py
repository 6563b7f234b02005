"""Reader: reads the numbers on a picture, each accepted or with the reason why not.

    >>> reading = read_image("number.jpg")                                                  # doctest: +SKIP
    >>> reading.rows[0].text, round(reading.confidence, 2), reading.accepted                # doctest: +SKIP
    ('47.11', 0.98, True)

A picture in MNIST's form goes to the classifier as it is. Any other picture is a page: see ``page``. If it has one row
at most, ``number`` reads it too, and the two readings are compared.
"""

import functools
import math
from dataclasses import replace

import numpy as np

from mnist_cnn.read.classifier import Classifier
from mnist_cnn.read.form import SIDE, has_form
from mnist_cnn.read.number import read_number
from mnist_cnn.read.page import ACCEPTED, UNSURE, PageReader
from mnist_cnn.read.picture import Picture, gray
from mnist_cnn.read.reading import Box, Digit, Reading, Row, Word, around

_FEW = 12
"""Pictures with one row and at most so many other marks are read as a number too."""
_TURNED, _TURNED_SHARE = 4, 0.3
"""Least number and share of digits that have to be accepted on a page after it was turned."""
_FLOOR = 0.01
"""Probability that neither network goes below in a product of both: none can rule a digit out alone."""
_PLAUSIBLE = 0.07
"""Tiles with a lower probability of being any digit are not digits."""


def read_image(
    picture: Picture,
    *,
    classifier: Classifier | None = None,
    digits: int | None = None,
    threshold: float | None = None,
) -> Reading:
    """Read the numbers on a picture: a path, the bytes of a file, an array or a Pillow image (``picture.Picture``).

    classifier: of single digits; by default the one in this package.
    digits: number of digits in each row, if it is known. Rows with another number are not accepted.
    threshold: confidence, 0 to 1, below which digits and words are not accepted; by default those of the networks.

    Raises ImageError if the picture cannot be read, or has several pages: read each page of ``picture.pages``.
    """
    classifier = classifier or _classifier()
    pixels, (width, height) = gray(picture)
    tile = _tile(pixels)
    if tile is not None:
        return _of_tile(tile, classifier, digits, threshold, (width, height))
    page = _page()
    scale = width / pixels.shape[1]
    rows, others, reason, found_digits = page.read(pixels, classifier, digits, threshold, scale)
    if len(rows) <= 1 and len(others) <= _FEW:
        second = read_number(pixels, classifier, (width, height), digits, threshold)
        rows, others = _joined(rows, others, *second, digits, found_digits)
        rows = [_if_sure(row, ACCEPTED if threshold is None else threshold) for row in rows]
    reading = Reading(tuple(rows), width, height, tuple(others), 0, reason)
    if pixels.shape == (SIDE, SIDE) and reading.rows and not reading.accepted and digits in (None, 1):
        return _as_tile(reading, pixels, classifier)
    if _doubtful(reading) and (turned := page.turn(pixels)):
        pixels = np.ascontiguousarray(np.rot90(pixels, -turned // 90))
        rows, others, reason, _ = page.read(pixels, classifier, digits, threshold, scale)
        size = (height, width) if turned % 180 else (width, height)
        upright = Reading(tuple(rows), *size, tuple(others), turned, reason)
        # Letters on their side look like digits: only what is accepted counts.
        if _sure(upright) >= max(_TURNED, 2 * _sure(reading), _TURNED_SHARE * len(upright.digits)):
            return upright
    return reading


def _joined(
    rows: list[Row],
    others: list[Box],
    second: list[Row],
    second_others: list[Box],
    digits: int | None,
    found_digits: int,
) -> tuple[list[Row], list[Box]]:
    """Return one reading of a picture with at most one row, from that of the page networks and a second one.

    Where both have the same digits, see ``_agreed``. Where they differ, two cases are accepted. The page
    networks accept their reading and the second reader does not. Or the second reader accepts its own, and the string
    network misses some of those digits, all of which the finder found.

    digits: number of digits, if it is known.
    found_digits: number of digits that the finder found, -1 if it found other writing too.
    """
    if len(second) != 1:
        return rows, others
    if not rows:
        return [replace(second[0], reason=second[0].reason or UNSURE)], second_others
    first, other = rows[0], second[0]
    if first.number == other.number:
        return [_agreed(first, other)], others or second_others
    # The page networks sometimes miss a 1, or take it for a slash. The second reader takes every slash for a 1.
    all_found = found_digits == len(other.number)
    missed = other.accepted and len(other.number) > len(first.number)
    surer = missed or first.reason is not None or other.confidence > first.confidence
    slash = "/" in first.text
    better = other.reason is None and surer and (all_found or not slash)
    better = better or len(first.number) != digits == len(other.number)
    if first.accepted or not better:
        differ = other.accepted or not first.accepted
        reason = first.reason or (f"read as {first.number} or {other.number}" if differ else None)
        return [replace(first, reason=reason)], others
    if other.accepted and all_found and not slash and _lacks_some(first.number, other.number):
        return [other], second_others
    return [replace(other, reason=other.reason or f"read as {first.number} or {other.number}")], second_others


def _if_sure(row: Row, least: float) -> Row:
    """Return a row with words below a confidence as not accepted."""
    unsure = [word.reason is None and word.confidence < least for word in row.words]
    return replace(
        row, words=tuple(replace(w, reason=UNSURE) if u else w for w, u in zip(row.words, unsure, strict=True))
    )


def _as_tile(reading: Reading, pixels: np.ndarray, classifier: Classifier) -> Reading:
    """Return a reading of a picture of MNIST's size as one digit, which is not accepted.

    Such pictures mostly are MNIST's, with noise or other marks. The probabilities are those of the digit that was read,
    if it is one, times those of the classifier, which sees the picture as it is (product of experts, Hinton 2002).
    """
    middle = pixels[:, SIDE // 4 : -SIDE // 4]
    tile = (255 - pixels if np.median(middle) > 127 else pixels).astype(np.float32) / 255
    p = classifier.probabilities(tile[None, :, :, None])[0] + 1e-6
    p = p / p.sum()
    if len(reading.digits) == 1:
        p = (p + _FLOOR) * (reading.digits[0].probabilities + _FLOOR)
        p = p / p.sum()
    digit = _digit(p.astype(np.float32), tile, around(digit.box for digit in reading.digits), math.inf)
    confidence = min(digit.confidence, reading.confidence)
    return replace(reading, rows=(Row((Word((replace(digit, confidence=confidence),), confidence),), None),))


def _digit(p: np.ndarray, tile: np.ndarray, box: Box, least: float) -> Digit:
    """Return a digit with its probabilities, float32 (10,), accepted from the confidence `least` on."""
    (digit, confidence), *others = [(d, float(p[d])) for d in np.argsort(-p, kind="stable")[:3].tolist()]
    sure = confidence >= least
    reason = None if sure else f"unsure: {digit} or {others[0][0]}"
    return Digit(box, digit, confidence, tuple(others), sure, reason, tile, p)


def _lacks_some(number: str, of: str) -> bool:
    """Return whether a number is another one with digits left out, but not all of them."""
    rest = iter(of)
    return number != "" and all(digit in rest for digit in number)


def _signs(row: Row) -> bool:
    """Return whether a row has a sign."""
    return any(word.signs for word in row.words)


def _agreed(first: Row, other: Row) -> Row:
    """Return a row that both readers read, `first` that of the page networks. What one is sure of is not unsure."""
    signs = _signs(first)
    row = first if signs else other  # the second reader knows no signs, but its boxes are more exact
    reasons = [first.reason, *(word.reason for word in first.words if word.reason != UNSURE)]
    reason = next((r for r in (*reasons, None if signs else other.reason) if r is not None), None)
    if not (first.accepted or (other.accepted and not signs)):
        return replace(row, reason=reason)
    sure = [word.confidence for word in row.words]
    if [word.number for word in first.words] == [word.number for word in other.words]:
        sure = [
            # The second reader knows no slash: that it reads 112 too tells nothing of whether this is 1/2.
            a.confidence if "1" in a.number[1:-1] else 1 - (1 - a.confidence) * (1 - b.confidence)
            for a, b in zip(first.words, other.words, strict=True)
        ]
    words = [
        Word(
            tuple(replace(g, accepted=True, reason=None) if isinstance(g, Digit) else g for g in word.glyphs),
            confidence,
        )
        for word, confidence in zip(row.words, sure, strict=True)
    ]
    return Row(tuple(words), reason)


def _sure(reading: Reading) -> int:
    """Return the number of digits in words that are accepted."""
    return sum(len(word.digits) for row in reading.rows for word in row.words if word.accepted)


def _doubtful(reading: Reading) -> bool:
    """Return whether so little of a page was accepted that it may not be upright."""
    n = len(reading.digits) + len(reading.others)
    return n >= _TURNED and _sure(reading) < 0.5 * n


def _tile(pixels: np.ndarray) -> np.ndarray | None:
    """Return the tile, if the picture has MNIST's form, bright on dark or dark on bright: float32 (28, 28), 0 to 1."""
    for image in (pixels, 255 - pixels):
        if has_form(image):
            return image.astype(np.float32) / 255
    return None


def _of_tile(
    tile: np.ndarray, classifier: Classifier, digits: int | None, threshold: float | None, size: tuple[int, int]
) -> Reading:
    """Return the reading of a picture in MNIST's form."""
    box = Box(0, 0, *size)
    p = classifier.probabilities(tile[None, :, :, None])[0]
    if p.sum() < _PLAUSIBLE:
        return Reading((), *size, (box,))
    read = _digit(p, tile, box, classifier.threshold if threshold is None else threshold)
    row_reason = None if digits in (None, 1) else f"1 digit, expected {digits}"
    return Reading((Row((Word((read,), read.confidence),), row_reason),), *size)


@functools.cache
def _classifier() -> Classifier:
    return Classifier()


@functools.cache
def _page() -> PageReader:
    return PageReader()
