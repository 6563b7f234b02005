"""Reader: reads the numbers on a picture, each accepted or with the reason why not.

    >>> reading = read_image("number.jpg")                                                  # doctest: +SKIP
    >>> reading.rows[0].text, round(reading.confidence, 2), reading.accepted                # doctest: +SKIP
    ('47.11', 0.98, True)

A picture in MNIST's form goes to the classifier as it is. Any other picture is a page: see ``page``. If it has one row
at most, ``number`` reads it too, and both readers decide together what it says.
"""

import functools
import math
from dataclasses import replace

import numpy as np

from mnist_cnn.read.classifier import Classifier
from mnist_cnn.read.form import SIDE, has_form
from mnist_cnn.read.number import read_number
from mnist_cnn.read.page import ACCEPTED, AGREED, FEW, UNSURE, Page, PageReader
from mnist_cnn.read.picture import Picture, gray
from mnist_cnn.read.reading import Alternative, Box, Digit, Reading, Row, Word, around
from mnist_cnn.read.strings import maybe_slashed

_TURNED, _TURNED_SHARE = 4, 0.3
"""Least number and share of digits that have to be accepted on a page after it was turned."""
_MARKS = 2
"""Least number of marks on a page that may be turned: of digits that lie on their side, many are not found."""
_CERTAIN = 0.985
"""Confidence of the second reader from which it decides that a single digit is accepted.

Of 1,196 composed pictures of a letter or scribble, 13 are accepted with it, and 11 without; of 1,200 composed digits,
836 and 830. The page networks are less sure of digits that are drawn with a thick, even pen.
"""
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
    scale = width / pixels.shape[1]
    page = _page().read(pixels, classifier, digits, threshold, scale)
    rows, others = page.rows, page.others
    if len(rows) <= 1 and len(others) <= FEW:
        rows, others = _of_one_row(pixels, classifier, page, digits, threshold, (width, height))
    reading = Reading(tuple(rows), width, height, tuple(others), 0, page.reason)
    if pixels.shape == (SIDE, SIDE) and reading.rows and not reading.accepted and digits in (None, 1):
        return _as_tile(reading, pixels, classifier)
    if _doubtful(reading) and (turned := _page().turn(pixels, page.sight.glyphs)):
        pixels = np.ascontiguousarray(np.rot90(pixels, -turned // 90))
        page = _page().read(pixels, classifier, digits, threshold, scale)
        size = (height, width) if turned % 180 else (width, height)
        upright = Reading(tuple(page.rows), *size, tuple(page.others), turned, page.reason)
        # Letters on their side look like digits: only what is accepted counts.
        if _sure(upright) >= max(_TURNED, 2 * _sure(reading), _TURNED_SHARE * len(upright.digits)):
            return upright
    return reading


def _of_one_row(
    pixels: np.ndarray,
    classifier: Classifier,
    page: Page,
    digits: int | None,
    threshold: float | None,
    size: tuple[int, int],
) -> tuple[list[Row], list[Box]]:
    """Return the row and the other writing on a picture with at most one row, which two readers read.

    page: as the page networks read it.
    The other values are those of ``read_image``.
    """
    seconds, second_others, second = read_number(pixels, classifier, size, digits, threshold)
    if second is None:
        return page.rows, page.others
    other = seconds[0]
    if not page.rows:
        return [replace(other, reason=other.reason or UNSURE)], second_others
    both = _page().again(pixels, classifier, page, second, digits, threshold, size[0] / pixels.shape[1])
    if not both.rows:
        return page.rows, page.others
    row = both.rows[0]
    least = ACCEPTED if threshold is None else threshold
    first = page.rows[0]
    # The string network misses digits that are drawn with an even pen, as in print. The second reader knows no signs.
    missed = page.found_digits == len(other.number) and _lacks_some(first.text.replace(" ", ""), other.number)
    if other.accepted and not row.accepted and missed:
        return [_if_sure(other, least)], second_others
    if not row.accepted and first.number == other.number and first.confidence > row.confidence:
        row = first
    if row.number != other.number:
        differ = f"read as {row.number} or {other.number}" if other.accepted else None
        return [replace(row, reason=row.reason or differ)], both.others
    row = _judged(row, first, other, AGREED if threshold is None else threshold)
    return [replace(_with_boxes(row, other), reason=row.reason or other.reason)], both.others


def _judged(row: Row, first: Row, other: Row, agreed: float) -> Row:
    """Return a row that the second reader reads too, accepted where that counts, and not where it does not.

    Of one digit the second reader has to be all but certain: scribbles look like one to both readers.

    first, other: as the page networks read it alone, and as the second reader does.
    agreed: confidence from which a word is accepted that both read and the second reader accepts.
    """
    alike = first.number == other.number and other.accepted
    single = len(row.number) == 1
    words = []
    for word in row.words:
        if maybe_slashed(word.number):  # the second reader knows no slash: it reads 112 where there is 1/2
            word = word if first.accepted else replace(word, reason=word.reason or UNSURE)
        elif alike and word.reason == UNSURE:
            sure = other.confidence >= _CERTAIN if single else word.confidence >= agreed
            word = replace(word, reason=None if sure else UNSURE)
        words.append(word)
    return replace(row, words=tuple(words))


def _with_boxes(row: Row, other: Row) -> Row:
    """Return a row with the boxes of another one with the same digits: those of the second reader are more exact."""
    boxes = iter([digit.box for word in other.words for digit in word.digits])
    words = (
        replace(word, glyphs=tuple(replace(g, box=next(boxes)) if isinstance(g, Digit) else g for g in word.glyphs))
        for word in row.words
    )
    return replace(row, words=tuple(words))


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
    return Digit(box, digit, confidence, tuple(Alternative(*one) for one in others), sure, reason, tile, p)


def _lacks_some(number: str, of: str) -> bool:
    """Return whether a number is another one with some digits left out, but not all of them."""
    rest = iter(of)
    return number not in ("", of) and all(digit in rest for digit in number)


def _sure(reading: Reading) -> int:
    """Return the number of digits in words that are accepted."""
    return sum(len(word.digits) for row in reading.rows for word in row.words if word.accepted)


def _doubtful(reading: Reading) -> bool:
    """Return whether so little of a page was accepted that it may not be upright."""
    n = len(reading.digits) + len(reading.others)
    return n >= _MARKS and _sure(reading) < 0.5 * n


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
