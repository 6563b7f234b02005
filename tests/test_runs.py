"""Runs: glyphs close together are one run in any order, and signs belong to the nearest digits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnist_cnn.read.constants import RUN_DIGITS
from mnist_cnn.read.finder import DIGIT, OTHER, SIGN
from mnist_cnn.read.runs import runs, slope


def glyph(left: float, top: float, kind: int = DIGIT, width: float = 20, height: float = 40) -> list[float]:
    return [left, top, left + width, top + height, kind, 0.9]


def test_two_words_of_a_row_are_two_runs() -> None:
    glyphs = np.array([glyph(0, 0), glyph(26, 2), glyph(150, 0), glyph(176, 1)])
    assert [run.tolist() for run in runs(glyphs, 0.0)] == [[0, 1], [2, 3]]


def test_rows_do_not_mix() -> None:
    glyphs = np.array([glyph(0, 0), glyph(2, 60), glyph(26, 0), glyph(28, 60)])
    assert sorted(run.tolist() for run in runs(glyphs, 0.0)) == [[0, 2], [1, 3]]


def test_a_point_belongs_to_the_digits_beside_it() -> None:
    glyphs = np.array([glyph(0, 0), glyph(25, 34, SIGN, 6, 6), glyph(38, 0), glyph(300, 0)])
    assert [run.tolist() for run in runs(glyphs, 0.0)] == [[0, 1, 2], [3]]


def test_single_signs_and_other_writing_are_not_runs() -> None:
    assert runs(np.array([glyph(0, 0, SIGN), glyph(50, 0, OTHER)]), 0.0) == []
    assert runs(np.zeros((0, 6)), 0.0) == []


@pytest.mark.parametrize("tilt", [-0.2, 0.0, 0.15])
def test_a_tilted_row_is_one_run(tilt: float) -> None:
    glyphs = np.array([glyph(30 * i, 100 + 30 * i * tilt) for i in range(8)])
    assert slope(glyphs) == pytest.approx(tilt, abs=0.01)
    assert [len(run) for run in runs(glyphs, slope(glyphs))] == [8]


@given(st.lists(st.tuples(st.floats(0, 500), st.floats(0, 500), st.sampled_from((DIGIT, SIGN, OTHER))), max_size=40))
def test_each_digit_is_in_one_run_from_left_to_right(places: list[tuple[float, float, int]]) -> None:
    glyphs = np.array([glyph(*place) for place in places]).reshape(-1, 6)
    found = runs(glyphs, 0.0)
    members = [i for run in found for i in run.tolist()]
    assert len(members) == len(set(members))
    assert {i for i in members if glyphs[i, 4] == DIGIT} == set(np.flatnonzero(glyphs[:, 4] == DIGIT).tolist())
    assert all((np.diff(glyphs[run, 0] + glyphs[run, 2]) >= 0).all() for run in found)
    assert all((glyphs[run, 4] == DIGIT).sum() <= RUN_DIGITS for run in found)
