"""Marks: what is read on a strip is matched with the glyphs on the picture, and doubtful marks are known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnist_cnn.read import ctc
from mnist_cnn.read.finder import DIGIT, SIGN
from mnist_cnn.read.labels import NAMES, OTHER_WRITING, SLASH
from mnist_cnn.read.marks import Run, with_marks, without_small
from mnist_cnn.read.strips import band
from mnist_cnn.read.views import Seen

NONE = np.zeros((0, 6))


def glyph(left: float, width: float = 20, kind: int = DIGIT, heat: float = 0.9, top: float = 100) -> list[float]:
    return [left, top, left + width, top + 40, kind, heat]


def run(text: str, glyphs: list[list[float]], middles: list[float], other: float = 0.0, sure: float = 0.9) -> Run:
    """Return a run with a string at middles on the picture. Each mark has the probability `other` of a slash or 1."""
    strip = band(np.array(glyphs)[:, :4])
    marks = []
    for letter, x in zip(text, middles, strict=True):
        p = np.zeros(len(NAMES), np.float32)
        p[NAMES.index(letter)] = 1 - other
        p[SLASH if letter == "1" else 1] += other
        marks.append(ctc.Mark(NAMES.index(letter), (x - strip.matrix[0, 2]) / strip.matrix[0, 0], p))
    return Run(np.array(glyphs), Seen(ctc.String(tuple(marks), sure), 0, 0), strip, [], 0)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=8), st.integers(0, 2**32 - 1))
def test_each_mark_near_a_glyph_gets_its_box_and_heat(digits: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    glyphs = [glyph(100 + 30 * i, heat=round(float(rng.uniform(0.3, 1)), 3)) for i in range(len(digits))]
    middles = [110 + 30 * i + float(rng.uniform(-4, 4)) for i in range(len(digits))]
    found = with_marks(run("".join(map(str, digits)), glyphs, middles), NONE)
    assert [mark.label for mark in found.marks] == digits
    assert [list(mark.box) for mark in found.marks] == [one[:4] for one in glyphs]
    assert [mark.heat for mark in found.marks] == [one[5] for one in glyphs]
    assert (found.digits, found.missed) == (len(digits), 0)


def test_glyphs_that_were_not_read_are_counted_and_marks_without_a_glyph_have_a_box_of_their_own() -> None:
    glyphs = [glyph(100), glyph(130), glyph(190)]
    found = with_marks(run("2#57", glyphs, [110, 140, 170, 200]), NONE)
    assert [NAMES[mark.label] for mark in found.marks] == ["2", "#", "5", "7"]
    assert found.missed == 1, "other writing is not read"
    assert [mark.heat for mark in found.marks] == [0.9, 0.9, 0, 0.9]
    left, top, right, bottom = found.marks[2].box
    assert (left + right, top + bottom) == pytest.approx((340, 240), abs=1)
    assert 155 <= left < right <= 185, "it does not reach the next marks"
    assert found.digits == 3


def test_a_mark_near_a_glyph_of_another_run_belongs_to_that_run() -> None:
    one = run("25", [glyph(100), glyph(130)], [110, 162])
    assert len(with_marks(one, NONE).marks) == 2
    assert [mark.label for mark in with_marks(one, np.array([glyph(152)])).marks] == [2]
    assert len(with_marks(one, np.array([glyph(152, top=300)])).marks) == 2


@pytest.mark.parametrize(
    ("text", "kinds", "other", "labels", "mixed"),
    [
        ("25", (DIGIT, DIGIT), 0.0, "25", [False, False]),
        ("2.", (DIGIT, SIGN), 0.0, "2.", [False, False]),
        ("25", (DIGIT, SIGN), 0.0, "25", [False, True]),  # the networks differ
        ("112", (DIGIT, DIGIT, DIGIT), 0.5, "112", [False, True, False]),  # perhaps 1/2
        ("1/2", (DIGIT, SIGN, DIGIT), 0.5, "1/2", [False, True, False]),  # perhaps 112
        ("1/2", (DIGIT, DIGIT, DIGIT), 0.4, "1/2", [False, True, False]),  # people write this fraction
        ("7/345", (DIGIT, DIGIT, DIGIT, DIGIT, DIGIT), 0.4, "71345", [False, True, False, False, False]),
    ],
)
def test_a_mark_that_may_be_a_digit_or_a_sign_is_mixed(
    text: str, kinds: tuple[int, ...], other: float, labels: str, mixed: list[bool]
) -> None:
    glyphs = [glyph(100 + 30 * i, kind=kind) for i, kind in enumerate(kinds)]
    made = run(text, glyphs, [110 + 30 * i for i in range(len(text))], other)
    found = with_marks(made, NONE).marks
    assert "".join(NAMES[mark.label] for mark in found) == labels
    assert [mark.mixed for mark in found] == mixed
    assert all(mark.probabilities.sum() == pytest.approx(1) for mark in found)
    assert OTHER_WRITING not in [mark.label for mark in found]


def test_a_small_run_at_a_mark_of_a_large_one_is_left_out() -> None:
    large = run("25", [glyph(100), glyph(130)], [110, 140])
    small = run("1", [[145, 130, 150, 142, DIGIT, 0.9]], [147])  # a comma
    far = run("1", [[345, 130, 350, 142, DIGIT, 0.9]], [347])
    assert without_small([large, small, far]) == [large, far]
    assert without_small([small]) == [small]
    doubtful = run("25", [glyph(100), glyph(130)], [110, 140], sure=0.1)
    assert without_small([doubtful, small]) == [doubtful, small], "the small one is surer"


def test_a_run_may_be_digits_if_the_finder_alone_is_sure() -> None:
    assert run("2", [glyph(100)], [110], sure=0.1).may_be_digits
    assert not run("2", [glyph(100)], [110], sure=0.9).may_be_digits
    assert not run("2", [glyph(100, heat=0.3)], [110], sure=0.1).may_be_digits
