"""Sheet: lines that are put on it, and its glyphs after everything is moved."""

import numpy as np

from mnist_cnn.learn.pages.glyphs import OTHER, Glyph, Line
from mnist_cnn.learn.pages.sheet import Sheet


def line_of(width: int, height: int = 20) -> Line:
    return Line(np.ones((height, width), np.float32), [Glyph(OTHER, (0, 0, width, height), 20)])


def test_a_sheet_has_no_room_where_it_is_taken_or_ends() -> None:
    sheet = Sheet.blank(68)
    assert sheet.place(line_of(30), 10, 10, sheet.ink)
    assert not sheet.place(line_of(30), 39, 10, sheet.ink), "overlaps the first line"
    assert sheet.place(line_of(30), 39, 10, sheet.ink, crowd=True)
    assert not sheet.place(line_of(30), 10, 85, sheet.ink), "ends below the sheet"
    assert not sheet.place(Line(np.ones((20, 5), np.float32)), 10, 50, sheet.ink), "has no glyphs"
    assert [glyph.box for glyph in sheet.glyphs] == [(10, 10, 40, 30), (39, 10, 69, 30)]
    assert sheet.rows == [[0], [1]]
    assert sheet.ink.sum() == 20 * 59


def test_glyphs_move_with_the_ink_of_the_sheet() -> None:
    for seed in range(5):
        sheet = Sheet.blank(68)
        sheet.place(line_of(30), 10, 10, sheet.ink)
        sheet.move(np.random.default_rng(seed))
        left, top, right, bottom = sheet.glyphs[0].box
        assert sheet.ink[int(top) : int(bottom), int(left) : int(right)].sum() == sheet.ink.sum() == 600
