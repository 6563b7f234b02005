"""Annotate: boxes and their colours are where the reading has them, with the tiles of the digits below."""

import dataclasses

import numpy as np
import pytest
from PIL import Image

from mnist_cnn.read.annotate import _ACCEPTED, _OTHER, _UNSURE, annotate
from mnist_cnn.read.reading import Box, Digit, Reading, Row, Sign, Word

WHITE = (255, 255, 255)


def digit(box: Box, accepted: bool = True) -> Digit:
    reason = None if accepted else "unsure: 3 or 8"
    return Digit(box, 3, 0.75, (), accepted, reason, np.ones((28, 28), np.float32), np.zeros(10, np.float32))


def reading(*glyphs: Digit | Sign, others: tuple[Box, ...] = (), reason: str | None = None, turned: int = 0) -> Reading:
    rows = (Row((Word(glyphs, 0.9, reason),)),) if glyphs else ()
    size = (800, 600) if turned % 180 == 0 else (600, 800)
    return Reading(rows, *size, others, turned)


def coloured(image: Image.Image, colour: tuple[int, int, int], height: int = 600) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom of the pixels with a colour, above a height."""
    rows, columns = np.nonzero((np.asarray(image)[:height] == colour).all(axis=-1))
    return int(columns.min()), int(rows.min()), int(columns.max()), int(rows.max())


PAGE = np.full((600, 800), 255, np.uint8)
BOX = Box(300, 200, 100, 150)


@pytest.mark.parametrize(("accepted", "reason"), [(True, None), (False, None), (True, "cut off")])
def test_a_digit_has_a_box_in_the_colour_of_its_decision(accepted: bool, reason: str | None) -> None:
    found = annotate(PAGE, reading(digit(BOX, accepted), reason=reason))
    sure = accepted and reason is None
    colour, other = (_ACCEPTED, _UNSURE) if sure else (_UNSURE, _ACCEPTED)
    pixels = np.asarray(found)[:600]
    assert not (pixels == other).all(axis=-1).any()
    left, _, right, bottom = coloured(found, colour)
    assert (left, right, bottom) == pytest.approx((300, 400, 350), abs=6)
    assert found.getpixel((350, 275)) == WHITE, "the digit itself is not covered"
    assert (pixels[:150] == WHITE).all(), "the label is just above the box"


def test_other_writing_has_a_grey_box_and_no_label() -> None:
    found = annotate(PAGE, reading(others=(BOX,)))
    assert coloured(found, _OTHER) == pytest.approx((300, 200, 400, 350), abs=6)
    assert found.width == 800
    assert found.height > 600, "a note that there is no digit"
    below = np.asarray(found)[600:]
    assert (below < 255).any()


def test_a_sign_has_a_thinner_box_than_a_digit() -> None:
    def ink(glyph: Digit | Sign) -> int:
        pixels = np.asarray(annotate(PAGE, reading(glyph)))[250:300]  # the sides of the box
        return int((pixels == _ACCEPTED).all(axis=-1).sum())

    assert 0 < ink(Sign(BOX, "-", 0.9)) < ink(digit(BOX))


def test_the_tiles_of_all_digits_are_below_the_picture() -> None:
    dark = dataclasses.replace(digit(Box(500, 200, 100, 150)), tile=np.zeros((28, 28), np.float32))
    found = np.asarray(annotate(PAGE, reading(digit(BOX), dark)).convert("L"))[600:]
    side = 112  # 800 // 6 pixels, as a multiple of 28
    rows, columns = np.nonzero(found == 0)
    assert len(rows) == side**2
    assert (np.ptp(rows) + 1, np.ptp(columns) + 1) == (side, side)
    assert columns.min() > side, "the first tile is to its left"


@pytest.mark.parametrize("turned", [90, 180, 270])
def test_a_turned_picture_is_drawn_upright(turned: int) -> None:
    upright = np.full((600, 800) if turned == 180 else (800, 600), 255, np.uint8)
    upright[:50] = 0
    given_ = np.ascontiguousarray(np.rot90(upright, turned // 90))
    found = np.asarray(annotate(given_, reading(turned=turned)).convert("L"))
    np.testing.assert_array_equal(found[: len(upright)], upright)


def test_a_small_picture_is_enlarged_with_its_boxes() -> None:
    small = dataclasses.replace(reading(digit(Box(30, 20, 10, 15))), width=80, height=60)
    found = annotate(PAGE[:60, :80], small)
    assert found.width == 600
    left, _, right, bottom = coloured(found, _ACCEPTED, 450)
    assert (left, right, bottom) == pytest.approx((225, 300, 262), abs=6)
