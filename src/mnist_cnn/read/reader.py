"""Reader: reads the numbers on a picture. Each is accepted, or has the reason why it is not.

    >>> reading = read_image("number.jpg")                                                  # doctest: +SKIP
    >>> reading.rows[0].text, round(reading.confidence, 2), reading.accepted                # doctest: +SKIP
    ('47.11', 0.98, True)

A picture that is normalised already goes to the classifier unchanged. Any other picture is a page: see ``page``. If it
has at most one row, ``number`` reads it too, and the reading is that of both readers together.
"""

import functools
import math
from dataclasses import replace

import numpy as np

from mnist_cnn.read.classifier import Classifier
from mnist_cnn.read.constants import (
    ACCEPTED,
    AGREED,
    CERTAIN,
    DIGIT_PLAUSIBLE,
    SECOND_READER_MARKS,
    TILE_FLOOR,
    TURN_DOUBTFUL,
    TURN_MARKS,
    TURNED_DIGITS,
    TURNED_SHARE,
    TURNED_TIMES,
)
from mnist_cnn.read.decision import UNSURE
from mnist_cnn.read.normalise import SIDE, is_normalised
from mnist_cnn.read.number import read_number
from mnist_cnn.read.page import Page, PageReader
from mnist_cnn.read.picture import Picture, gray
from mnist_cnn.read.reading import Alternative, Box, Digit, Reading, Row, Word, around
from mnist_cnn.read.slashes import may_have_slash


def read_image(
    picture: Picture,
    *,
    classifier: Classifier | None = None,
    digits: int | None = None,
    threshold: float | None = None,
) -> Reading:
    """Read the numbers on a picture: a path, the bytes of a file, an array or a Pillow image (``picture.Picture``).

    classifier: classifies single digits; by default the one in this package.
    digits: number of digits in each row, if it is known. Rows with another number are not accepted.
    threshold: confidence, 0 to 1, below which digits and words are not accepted; by default those of the networks.

    Raises ImageError if the picture cannot be read, or has several pages: read each page of ``picture.pages``.
    """
    classifier = classifier or _classifier()
    pixels, (width, height) = gray(picture)
    tile = _tile(pixels)
    if tile is not None:
        return _read_tile(tile, classifier, digits, threshold, (width, height))
    scale = width / pixels.shape[1]
    page = _page().read(pixels, classifier, digits, threshold, scale)
    rows, others = page.rows, page.others
    if len(rows) <= 1 and len(others) <= SECOND_READER_MARKS:
        rows, others = _read_row(pixels, classifier, page, digits, threshold, (width, height))
    reading = Reading(tuple(rows), width, height, tuple(others), 0, page.reason)
    if pixels.shape == (SIDE, SIDE) and reading.rows and not reading.accepted and digits in (None, 1):
        return _as_tile(reading, pixels, classifier)
    if _is_doubtful(reading) and (turned := _page().turn(pixels, page.sight.glyphs)):
        pixels = np.ascontiguousarray(np.rot90(pixels, -turned // 90))
        page = _page().read(pixels, classifier, digits, threshold, scale)
        size = (height, width) if turned % 180 else (width, height)
        upright = Reading(tuple(page.rows), *size, tuple(page.others), turned, page.reason)
        # Letters on their side look like digits, so only accepted digits count.
        least = max(TURNED_DIGITS, TURNED_TIMES * _accepted_digits(reading), TURNED_SHARE * len(upright.digits))
        if _accepted_digits(upright) >= least:
            return upright
    return reading


def _read_row(
    pixels: np.ndarray,
    classifier: Classifier,
    page: Page,
    digits: int | None,
    threshold: float | None,
    size: tuple[int, int],
) -> tuple[list[Row], list[Box]]:
    """Return the row and the other writing on a picture with at most one row, as two readers read it.

    page: the page as the page networks read it.
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
    # The string network misses digits that are drawn with an even pen, as in print. The second reader reads no signs.
    missed = page.found_digits == len(other.number) and _has_missed_digits(first.text.replace(" ", ""), other.number)
    if other.accepted and not row.accepted and missed:
        return [_with_unsure(other, least)], second_others
    if not row.accepted and first.number == other.number and first.confidence > row.confidence:
        row = first
    if row.number != other.number:
        differ = f"read as {row.number} or {other.number}" if other.accepted else None
        return [replace(row, reason=row.reason or differ)], both.others
    row = _judged(row, first, other, AGREED if threshold is None else threshold)
    return [replace(_with_boxes(row, other), reason=row.reason or other.reason)], both.others


def _judged(row: Row, first: Row, other: Row, agreed: float) -> Row:
    """Return a row that the second reader reads too, with the words that are accepted because both readers agree.

    The second reader has to be nearly certain of a single digit, because scribbles look like one to both readers.

    first, other: the row as the page networks read it alone, and as the second reader reads it.
    agreed: confidence from which a word is accepted that both read and the second reader accepts.
    """
    alike = first.number == other.number and other.accepted
    single = len(row.number) == 1
    words = []
    for word in row.words:
        if may_have_slash(word.number):  # the second reader does not know slashes: it reads 112 for 1/2
            word = word if first.accepted else replace(word, reason=word.reason or UNSURE)
        elif alike and word.reason == UNSURE:
            sure = other.confidence >= CERTAIN if single else word.confidence >= agreed
            word = replace(word, reason=None if sure else UNSURE)
        words.append(word)
    return replace(row, words=tuple(words))


def _with_boxes(row: Row, other: Row) -> Row:
    """Return a row with the boxes of the second reader's row with the same digits, which are more exact."""
    boxes = iter([digit.box for word in other.words for digit in word.digits])
    words = (
        replace(word, glyphs=tuple(replace(g, box=next(boxes)) if isinstance(g, Digit) else g for g in word.glyphs))
        for word in row.words
    )
    return replace(row, words=tuple(words))


def _with_unsure(row: Row, least: float) -> Row:
    """Return a row whose words below a confidence are not accepted."""
    unsure = [word.reason is None and word.confidence < least for word in row.words]
    return replace(
        row, words=tuple(replace(w, reason=UNSURE) if u else w for w, u in zip(row.words, unsure, strict=True))
    )


def _as_tile(reading: Reading, pixels: np.ndarray, classifier: Classifier) -> Reading:
    """Return a reading of a picture of 28 x 28 pixels as one digit, which is not accepted.

    Such pictures are mostly images of MNIST with noise or other marks. The probabilities are those of the digit that
    was read, if there is only one, times those of the classifier for the whole picture (product of experts, Hinton
    2002).
    """
    middle = pixels[:, SIDE // 4 : -SIDE // 4]
    tile = (255 - pixels if np.median(middle) > 127 else pixels).astype(np.float32) / 255
    p = classifier.probabilities(tile[None, :, :, None])[0] + 1e-6
    p = p / p.sum()
    if len(reading.digits) == 1:
        p = (p + TILE_FLOOR) * (reading.digits[0].probabilities + TILE_FLOOR)
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


def _has_missed_digits(number: str, of: str) -> bool:
    """Return whether a number is the number `of` without some of its digits, but not without all of them."""
    rest = iter(of)
    return number not in ("", of) and all(digit in rest for digit in number)


def _accepted_digits(reading: Reading) -> int:
    """Return the number of digits in words that are accepted."""
    return sum(len(word.digits) for row in reading.rows for word in row.words if word.accepted)


def _is_doubtful(reading: Reading) -> bool:
    """Return whether so little of a page was accepted that it may not be upright."""
    n = len(reading.digits) + len(reading.others)
    return n >= TURN_MARKS and _accepted_digits(reading) < TURN_DOUBTFUL * n


def _tile(pixels: np.ndarray) -> np.ndarray | None:
    """Return the tile of a picture that is normalised, bright on dark or dark on bright: float32 (28, 28), 0 to 1."""
    for image in (pixels, 255 - pixels):
        if is_normalised(image):
            return image.astype(np.float32) / 255
    return None


def _read_tile(
    tile: np.ndarray, classifier: Classifier, digits: int | None, threshold: float | None, size: tuple[int, int]
) -> Reading:
    """Return the reading of a picture that is normalised already."""
    box = Box(0, 0, *size)
    p = classifier.probabilities(tile[None, :, :, None])[0]
    if p.sum() < DIGIT_PLAUSIBLE:
        return Reading((), *size, (box,))
    read = _digit(p, tile, box, classifier.threshold if threshold is None else threshold)
    row_reason = None if digits in (None, 1) else f"1 digit, expected {digits}"
    return Reading((Row((Word((read,), read.confidence),), row_reason),), *size)


@functools.cache
def _classifier() -> Classifier:
    """Return the classifier of this package."""
    return Classifier()


@functools.cache
def _page() -> PageReader:
    """Return the page networks of this package."""
    return PageReader()
