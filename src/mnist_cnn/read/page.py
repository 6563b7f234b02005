"""Page: the rows of words on a grey picture, found and read by the two page networks.

    >>> rows, others, reason = PageReader().read(gray, Classifier())[:3]                          # doctest: +SKIP

The finder finds glyphs. Glyphs near each other are a run, and the string network reads a strip of each run. Each mark
that it reads is matched with a glyph that was found. The classifier reads the tile of each digit too, and the two are
combined. Runs at one height are a row, and gaps part a row into words.
"""

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mnist_cnn.read import rows as layout
from mnist_cnn.read import strips
from mnist_cnn.read.classifier import Classifier
from mnist_cnn.read.constants import (
    ACCEPTED,
    ACCEPTED_DIGIT,
    CLOSE_UP_SIDE,
    GLYPH_HEAT,
    PAGE_RUNS,
    TURN_EXTRA,
    TURN_RUNS,
    TURN_TIMES,
    VIEW_SCALES,
)
from mnist_cnn.read.decision import Found, confidence_of_all, judged, likely_rows
from mnist_cnn.read.finder import DIGIT, OTHER, Finder
from mnist_cnn.read.glyphs import bounds, is_line, with_faint_as_other, with_tall_signs_as_digits
from mnist_cnn.read.labels import OTHER_WRITING
from mnist_cnn.read.letters import lost, without_letters
from mnist_cnn.read.marks import Run, with_marks, without_small
from mnist_cnn.read.reading import Box, Row, Sign, around, enclosing
from mnist_cnn.read.runs import runs, slope
from mnist_cnn.read.strings import Strings
from mnist_cnn.read.tiles import content
from mnist_cnn.read.views import Second
from mnist_cnn.read.words import Known, Member, classified, words

MODELS = Path(__file__).parent / "models"


class Sight(NamedTuple):
    """What was found on a page, before any of it is accepted."""

    glyphs: np.ndarray
    """The glyphs of the finder, float (n, 6)."""
    rows: list[list[Found]]
    """The words of each row."""
    runs: list[list[np.ndarray]]
    """The runs of each row: their glyphs, float (n, 6)."""
    others: list[Box]
    """Places of other writing."""
    reason: str | None
    """Why not all of the page was read."""
    lost: list[bool]
    """For each row whether a piece of it that the finder took for digits was not read."""


class Page(NamedTuple):
    """What was read on a page."""

    rows: list[Row]
    """From the top down."""
    others: list[Box]
    """Places of other writing."""
    reason: str | None
    """Why not all of the page was read."""
    sight: Sight

    @property
    def found_digits(self) -> int:
        """Number of digits that the finder found, read or not; -1 if it found other writing too."""
        kinds = self.sight.glyphs[:, 4]
        return -1 if (kinds == OTHER).any() else int((kinds == DIGIT).sum())


class PageReader:
    """The page networks.

    finder, strings: their files, as ``learn.pages`` writes them; by default those of this package.

    Raises ModelError if a file cannot be read or is not such a network.
    """

    def __init__(
        self,
        finder: str | os.PathLike[str] = MODELS / "finder.onnx",
        strings: str | os.PathLike[str] = MODELS / "strings.onnx",
    ) -> None:
        self._finder, self._strings = Finder(finder), Strings(strings)

    def read(
        self,
        gray: np.ndarray,
        classifier: Classifier,
        digits: int | None = None,
        threshold: float | None = None,
        scale: float = 1.0,
    ) -> Page:
        """Return what is read on a page.

        gray: uint8 (h, w).
        digits: number of digits in each row, if it is known. Other rows are not accepted.
        threshold: confidence below which a digit or word is not accepted; ``ACCEPTED`` and ``ACCEPTED_DIGIT`` if None.
        scale: pixels of the boxes per pixel of `gray`.
        """
        return _page(self.find(gray, classifier, digits, scale), digits, threshold)

    def again(
        self,
        gray: np.ndarray,
        classifier: Classifier,
        page: Page,
        second: Second,
        digits: int | None = None,
        threshold: float | None = None,
        scale: float = 1.0,
    ) -> Page:
        """Return what is read on a page with one row, together with a second reader.

        page: the page as it was read before.
        second: what the second reader reads in that row.
        The other values are those of ``read``.
        """
        sight = self.find_again(gray, classifier, page.sight, second, digits, scale)
        return _page(sight, digits, threshold)

    def find(self, gray: np.ndarray, classifier: Classifier, digits: int | None = None, scale: float = 1.0) -> Sight:
        """Return the words of each row, with what tells how sure they are. The values are those of ``read``."""
        glyphs = self._finder.glyphs(gray)
        glyphs = with_tall_signs_as_digits(with_faint_as_other(gray, glyphs[glyphs[:, 5] > GLYPH_HEAT]))
        found = [glyphs[run] for run in runs(glyphs, slope(glyphs))]
        sight = self._find(gray, glyphs, found, classifier, digits, scale)
        if max(gray.shape) <= CLOSE_UP_SIDE and (box := content(gray)) is not None:
            # Writing that fills a small picture is hard to find, and does not have to be found.
            all_of_it = np.array([[*box, DIGIT, GLYPH_HEAT]], float)
            whole = self._find(gray, all_of_it, [all_of_it], classifier, digits, scale)
            if confidence_of_all(whole.rows) > confidence_of_all(sight.rows):
                return whole._replace(glyphs=glyphs)
        return sight

    def find_again(
        self,
        gray: np.ndarray,
        classifier: Classifier,
        sight: Sight,
        second: Second,
        digits: int | None = None,
        scale: float = 1.0,
    ) -> Sight:
        """Return what ``find`` returns for a page with one row, read as one run together with a second reader.

        The places of other writing do not change. A row with a slash does not change at all, because the second reader
        does not know slashes.
        """
        if any(isinstance(g, Sign) and g.text == "/" for word in sight.rows[0] for g in word.glyphs):
            return sight
        run = np.concatenate(sight.runs[0])
        again = self._find(gray, run, [run], classifier, digits, scale, second)
        return again._replace(glyphs=sight.glyphs, others=sight.others, reason=sight.reason, lost=sight.lost)

    def _find(
        self,
        gray: np.ndarray,
        glyphs: np.ndarray,
        found: list[np.ndarray],
        classifier: Classifier,
        digits: int | None,
        scale: float,
        second: Second | None = None,
    ) -> Sight:
        """Return what ``find`` returns, from the glyphs on the picture and those of each run, float (n, 6).

        second: what a second reader reads in the only run.
        """
        tilt = slope(glyphs)
        found = _hottest(found)
        reason = None if len(found) <= PAGE_RUNS else f"only {PAGE_RUNS} of {len(found)} pieces of writing were read"
        known_digits = None if second is None else digits
        all_runs = self._runs(gray, found[:PAGE_RUNS], tilt, known_digits, is_line(gray, found), second)
        read = [run for run in all_runs if run.digits]
        order = layout.rows([([enclosing(m.box, 1) for m in run.marks if m.label < 10], True) for run in read])
        if digits is not None and second is None:
            read = self._with_digits(gray, read, order, tilt, digits)
        rows = _members(read, order, classified(gray, read, classifier))
        others = _others(glyphs, all_runs, read, tilt, scale)
        found_words, letters = without_letters(words(rows, glyphs, scale), others, tilt)
        others += letters
        kept = likely_rows(found_words)
        doubtful = [word for i, row in enumerate(found_words) if i not in kept for word in row]
        others += [around(glyph.box for glyph in word.glyphs) for word in doubtful]
        runs_of = [[read[i].glyphs for i in order[row]] for row in kept]
        kept_words = [found_words[i] for i in kept]
        unread = [run for run in all_runs if not run.digits and run.may_be_digits]
        pieces = [_place(run.glyphs, scale) for run in unread]
        return Sight(glyphs, kept_words, runs_of, others, reason, lost(kept_words, pieces, others, tilt))

    def _with_digits(
        self, gray: np.ndarray, read: list[Run], order: list[list[int]], tilt: float, digits: int
    ) -> list[Run]:
        """Return runs, with those that are a row of their own read again with the number of digits.

        A row of several runs may share its digits between them in any way.

        order: the indices of the runs of each row.
        """
        read = list(read)
        alone = [row[0] for row in order if len(row) == 1 and read[row[0]].digits != digits]
        for i, run in zip(alone, self._runs(gray, [read[i].glyphs for i in alone], tilt, digits), strict=True):
            read[i] = run if run.digits else read[i]
        return read

    def _runs(
        self,
        gray: np.ndarray,
        found: list[np.ndarray],
        tilt: float,
        digits: int | None = None,
        whole: bool = False,
        second: Second | None = None,
    ) -> list[Run]:
        """Return what was read on each run, the glyphs float (n, 6), without runs that are parts of others.

        digits: number of digits of each run, if it is known. No run is left out then.
        whole: the strips go from the left to the right edge of the picture.
        second: what a second reader reads in the first run.
        """
        views = []
        for run in found:
            usual = strips.band(bounds(run, gray.shape[1] if whole else None), tilt)
            views.append([usual, *(strips.view(usual, by) for by in VIEW_SCALES)])
        seen = self._strings.read_views([[strips.cut(gray, strip) for strip in some] for some in views], digits, second)
        parts = [Run(run, one, views[i][one.view], [], 0) for i, (run, one) in enumerate(zip(found, seen, strict=True))]
        if digits is None:
            parts = without_small(parts)
        read = []
        for part in parts:
            others = np.concatenate([np.zeros((0, 6)), *(other.glyphs for other in parts if other is not part)])
            read.append(with_marks(part, others))
        return read

    def turn(self, gray: np.ndarray, glyphs: np.ndarray) -> int:
        """Return by how many degrees a picture should be turned clockwise to be upright: 0, 90, 180 or 270.

        Glyphs of all kinds are read in all four directions. Another direction than 0 needs clearly more digits.

        glyphs: those found on the picture (``Sight.glyphs``).
        """
        glyphs = glyphs.copy()
        glyphs[:, 4] = DIGIT
        scores = {}
        for quarter in range(4):
            if quarter:  # a quarter clockwise
                gray = np.ascontiguousarray(np.rot90(gray, -1))
                high = gray.shape[1]
                left, top, right, bottom = glyphs[:, :4].T
                glyphs = np.column_stack([high - bottom, left, high - top, right, glyphs[:, 4:]])
            scores[90 * quarter] = self._sure_digits(gray, glyphs)
            if TURN_TIMES * scores[0] + TURN_EXTRA >= len(glyphs):  # no direction has more digits than glyphs
                return 0
        best = max(scores, key=lambda degrees: scores[degrees])
        return best if scores[best] > TURN_TIMES * scores[0] + TURN_EXTRA else 0

    def _sure_digits(self, gray: np.ndarray, glyphs: np.ndarray) -> float:
        """Return how many digits are read on a picture, each weighted by its probability and that of its string."""
        tilt = slope(glyphs)
        found = _hottest([glyphs[run] for run in runs(glyphs, tilt)])[:TURN_RUNS]
        read = self._strings.read([strips.cut(gray, strips.band(run[:, :4], tilt)) for run in found]) if found else []
        return sum(
            string.probability * sum(float(m.probabilities[m.label]) for m in string.marks if m.label < 10)
            for string in read
        )


def _page(sight: Sight, digits: int | None, threshold: float | None) -> Page:
    """Return a page with its words accepted or not. The values are those of ``PageReader.read``."""
    least = (ACCEPTED, ACCEPTED_DIGIT) if threshold is None else (threshold, threshold)
    rows = []
    for row, is_lost in zip(sight.rows, sight.lost, strict=True):
        words = tuple(judged(word, *least) for word in row)
        n = sum(len(word.number) for word in words)
        if n:
            reason = "a mark in this row was not read" if is_lost else None
            if digits not in (None, n):
                reason = f"{n} {'digit' if n == 1 else 'digits'}, expected {digits}"
            rows.append(Row(words, reason))
    return Page(rows, sight.others, sight.reason, sight)


def _hottest(found: list[np.ndarray]) -> list[np.ndarray]:
    """Return runs, float (n, 6) each, those with the most heat first."""
    return sorted(found, key=lambda run: -run[:, 5].sum())


def _members(read: list[Run], order: list[list[int]], known: list[list[Known]]) -> list[list[Member]]:
    """Return the marks of each row from left to right, with what the classifier says about each.

    order: the indices of the runs of each row.
    """
    rows = [
        [(mark, one, read[i]) for i in row for mark, one in zip(read[i].marks, known[i], strict=True)] for row in order
    ]
    return [sorted(row, key=lambda member: member[0].box[0] + member[0].box[2]) for row in rows]


def _others(glyphs: np.ndarray, all_runs: list[Run], read: list[Run], tilt: float, scale: float) -> list[Box]:
    """Return the places of other writing: marks that were read as such, runs without digits, and unread glyphs.

    glyphs: those on the picture, float (n, 6).
    read: the runs with digits.
    """
    others = [enclosing(mark.box, scale) for run in read for mark in run.marks if mark.label == OTHER_WRITING]
    others += [_place(run.glyphs, scale) for run in all_runs if not run.digits]
    unread = glyphs[glyphs[:, 4] == OTHER].copy()
    unread[:, 4] = DIGIT  # so that letters that stand together are one place
    return others + [_place(unread[run], scale) for run in runs(unread, tilt)]


def _place(glyphs: np.ndarray, scale: float) -> Box:
    """Return the box around glyphs, float (n, 6)."""
    return around(enclosing(glyph[:4], scale) for glyph in glyphs)
