"""Marks: what the string network reads on a run, at its place on the picture and matched with the finder's glyphs."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mnist_cnn.read import ctc, strips
from mnist_cnn.read.constants import (
    LOST_HEAT,
    LOST_PROBABILITY,
    MARK_HALF,
    MARK_NARROW,
    MARK_REACH,
    MIXED,
    MIXED_OFTEN,
    OTHER_RUN_X,
    OTHER_RUN_Y,
    RUN_MARGIN,
    SIGN_OF_DIGIT,
    SMALL_RUN,
    SMALL_RUN_SURER,
    SMALL_RUN_X,
    SMALL_RUN_Y,
    STRIP_MARGIN,
)
from mnist_cnn.read.finder import DIGIT
from mnist_cnn.read.glyphs import digit_height, middle
from mnist_cnn.read.labels import OTHER_WRITING, SLASH
from mnist_cnn.read.slashes import is_often_slash, is_usual, may_be_slash
from mnist_cnn.read.views import Seen

_SIGN_LABELS = range(10, OTHER_WRITING)


class Mark(NamedTuple):
    """A digit, a sign or other writing as the string network reads it, on the picture."""

    label: int
    """Index in ``labels.NAMES``."""
    box: tuple[float, float, float, float]
    """Left, top, right and bottom in pixels."""
    probabilities: np.ndarray
    """Probabilities of all labels: float32 (21,)."""
    heat: float
    """Heat of the glyph that the finder found there, 0 to 1; 0 if it found none."""
    mixed: bool
    """Whether one of the networks says that this digit may be a sign, or that this sign may be a digit."""
    shares: np.ndarray | None
    """``ctc.Mark.shares``."""


class Run(NamedTuple):
    """A run and what was read on it."""

    glyphs: np.ndarray
    """The glyphs of the finder, float (n, 6)."""
    seen: Seen
    strip: strips.Strip
    """The view that was read."""
    marks: list[Mark]
    missed: int
    """Number of digits and signs that the finder found and the string network did not read."""

    @property
    def digits(self) -> int:
        """Number of digits that were read."""
        return sum(mark.label < 10 for mark in self.marks)

    @property
    def may_be_digits(self) -> bool:
        """Whether a run that was not read may be digits: the finder is sure, and the string network is not."""
        return bool(self.glyphs[:, 5].max() > LOST_HEAT) and self.seen.string.probability < LOST_PROBABILITY


def without_small(parts: list[Run]) -> list[Run]:
    """Return runs without those beside a mark of a run of much larger digits: commas and parts of digits."""
    kept = []
    for part in parts:
        x, y = middle(part.glyphs)
        small = digit_height(part.glyphs)
        for other in parts:
            high = digit_height(other.glyphs)
            surer = other.seen.string.probability > part.seen.string.probability * SMALL_RUN_SURER
            away = abs(_places(other.strip, other.seen.string.marks) - (x, y))
            near = (away[:, 0] < SMALL_RUN_X * high) & (away[:, 1] < SMALL_RUN_Y * high)
            if surer and small < SMALL_RUN * high and near.any():
                break
        else:
            kept.append(part)
    return kept


def with_marks(run: Run, others: np.ndarray) -> Run:
    """Return a run with its marks, and with the number of its glyphs that were not read.

    others: the glyphs of all other runs, float (n, 6).
    """
    glyphs, strip, string = run.glyphs, run.strip, run.seen.string
    margin = (STRIP_MARGIN - RUN_MARGIN) * strips.DIGIT
    inside = [mark for mark in string.marks if margin < mark.x < strip.width - margin]
    height = strips.DIGIT * float(np.sqrt(abs(np.linalg.det(strip.matrix[:, :2]))))
    places = _places(strip, inside)
    matched = _matched(glyphs, places, height)
    usual = is_usual(string.labels)
    others_x, others_y = (others[:, 0] + others[:, 2]) / 2, (others[:, 1] + others[:, 3]) / 2
    marks = []
    for i, (x, y) in enumerate(places):
        if i in matched:
            marks.append(_at_glyph(inside, i, glyphs[matched[i]], usual))
            continue
        near = (abs(others_x - x) < OTHER_RUN_X * height) & (abs(others_y - y) < OTHER_RUN_Y * height)
        if not near.any():  # a mark near the glyph of another run belongs to that run
            marks.append(_without_glyph(inside, i, places, height))
    read = {matched[i] for i, mark in enumerate(inside) if i in matched and mark.label != OTHER_WRITING}
    return run._replace(marks=marks, missed=len(glyphs) - len(read))


def _matched(glyphs: np.ndarray, places: np.ndarray, height: float) -> dict[int, int]:
    """Return the index of the glyph of each mark that has one, the nearest pairs first.

    glyphs: float (n, 6).
    places: the middles of the marks, float (m, 2).
    height: of a digit, in pixels.
    """
    x, wide = (glyphs[:, 0] + glyphs[:, 2]) / 2, glyphs[:, 2] - glyphs[:, 0]
    away = abs(places[:, :1] - x)
    # Two marks can be equally far from a glyph. Rounding must not decide between them.
    pairs = sorted((math.floor(100 * away[i, j] / height + 0.5), i, j) for i, j in np.ndindex(away.shape))
    matched: dict[int, int] = {}
    for _, i, j in pairs:
        near = away[i, j] < MARK_REACH * max(wide[j], MARK_NARROW * height)
        if i not in matched and j not in matched.values() and near:
            matched[i] = j
    return matched


def _at_glyph(marks: list[ctc.Mark], i: int, glyph: np.ndarray, usual: bool) -> Mark:
    """Return mark i of a string at its glyph, float (6,). usual: whether the string is a common fraction or a date."""
    left, top, right, bottom, kind, heat = glyph.tolist()
    label, p = marks[i].label, marks[i].probabilities
    differs = label != OTHER_WRITING and (label < 10) != (kind == DIGIT)
    mixed = _may_be_either(marks, i, differs)
    if differs and label >= 10 and not usual:  # a slanted 1 looks like a slash
        p = p * np.where(np.isin(np.arange(len(p)), _SIGN_LABELS), np.float32(SIGN_OF_DIGIT), 1)
        p = (p / p.sum()).astype(np.float32)
        label = int(p[:OTHER_WRITING].argmax())
    return Mark(label, (left, top, right, bottom), p, heat, mixed, marks[i].shares)


def _without_glyph(marks: list[ctc.Mark], i: int, places: np.ndarray, height: float) -> Mark:
    """Return mark i of a string where the finder found no glyph, with a box that does not reach the next marks.

    places: the middles of all marks, float (n, 2).
    height: of a digit, in pixels.
    """
    x, y = places[i]
    gaps = [abs(x - places[k][0]) for k in (i - 1, i + 1) if 0 <= k < len(places)]
    half = min([MARK_HALF * height, *(gap / 2 for gap in gaps)])
    box = (x - half, y - height / 2, x + half, y + height / 2)
    mark = marks[i]
    return Mark(mark.label, box, mark.probabilities, 0.0, _may_be_either(marks, i, False), mark.shares)


def _may_be_either(marks: list[ctc.Mark], i: int, differs: bool) -> bool:
    """Return whether mark i may be a digit or a sign.

    differs: whether one network says that it is a digit, and the other that it is a sign.
    """
    p, labels = marks[i].probabilities, tuple(mark.label for mark in marks)
    if labels[i] == 1:  # only a slash or a bracket looks like that, and a slash is not possible everywhere
        least = MIXED_OFTEN if is_often_slash(labels, i) else MIXED
        slash = (differs or p[SLASH] > least) and may_be_slash(labels, i)
        return bool(slash or (differs and i in (0, len(marks) - 1)))
    return bool(differs or (labels[i] == SLASH and p[1] > MIXED))


def _places(strip: strips.Strip, marks: Sequence[ctc.Mark]) -> np.ndarray:
    """Return the middles of marks on the picture, float (n, 2)."""
    return np.array([strip.matrix @ [mark.x, strips.ROWS / 2, 1] for mark in marks]).reshape(-1, 2)
