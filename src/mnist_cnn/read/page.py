"""Page: the rows of words on a grey picture, found and read by the two page networks.

    >>> rows, others, reason = PageReader().read(gray, Classifier())                              # doctest: +SKIP

The finder finds glyphs. Glyphs near each other are a run, and the string network reads a strip of each run. Each mark
that it reads is matched with a glyph that was found. The classifier reads the tile of each digit too, and the two are
combined. Runs at one height are a row, and gaps part a row into words.
"""

import math
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mnist_cnn.read import rows as layout
from mnist_cnn.read import strings, strips
from mnist_cnn.read.classifier import Classifier
from mnist_cnn.read.finder import DIGIT, OTHER, SIGN, Finder
from mnist_cnn.read.reading import Alternative, Box, Digit, Row, Sign, Word, around
from mnist_cnn.read.runs import runs, slope
from mnist_cnn.read.strings import NAMES, Second, Seen, Strings, is_usual, maybe_slash, often_slash
from mnist_cnn.read.tiles import Tile, content, tiles

MODELS = Path(__file__).parent / "models"
SURE = 0.4
"""Heat from which a place is a glyph."""
FAINT = 0.33
"""A digit with less contrast than this part of the contrast of most digits on the page is none.

Set on the score sheet of the development pages: wood has 0.1 to 0.35, writing 0.6 and more.
"""
BEYOND = 0.6
"""How far beyond the glyphs of its run a strip is read, in digit heights."""
RUNS = 300
"""Maximum number of runs that are read on one picture: those with the most heat."""
CLASSIFIER = 0.75
"""Weight of the classifier's log probabilities beside those of the string network."""
_BESIDE = 0.5
"""A mark nearer to a word than this, in digit heights, should have been part of it."""
_TURNED_RUNS = 40
"""Number of runs by which the direction of a page is decided."""
_TURNED = 1.5
"""A page is turned if that gives so many times more sure digits."""
LIKELY, DOUBTFUL = 0.6, 0.3
"""If the surest word of a page has at least the first confidence, rows of words with less than the second are none."""
CLOSE_UP = 200
"""Pictures of at most so many pixels on each side may show one piece of writing that fills them."""
VIEWS = (0.88, 1.14)
"""Each run is read at these sizes too. What is not read alike at all sizes is often wrong."""
_LINE = 3.0
"""A picture lower than so many digit heights is a crop of one line."""
LOST, SURE_OF_OTHER = 0.6, 0.5
"""Writing that was not read may be a digit from the first heat on, and below the second probability of what was read.

On the pages that this was set on, lost numbers have a heat of 0.66 to 0.88 and a probability of 0.21 to 0.44. Letters
have 0.6.
"""
_LEVEL = 0.4
"""Writing belongs to a row if its middle is less than this away, in word heights."""
_LETTERS, _SHORT = 3, 2.0
"""Least number of letters in a column of letters, and the widest of them, in its own height."""
_SMALL = 0.55
"""A run lower than this, in heights of a run beside it, is a part of that one."""
_AS_TALL = 0.7
"""Height of a sign that may be a digit, in heights of the digits: dashes, points and commas are lower."""
_SURELY = 0.003
"""Doubt of a second reader that is as sure as it can be."""
_OWN = 0.01
"""Weight of a digit's own probabilities beside those in the strings that both readers tried."""
SIGN_OF_DIGIT = 0.1
"""Factor of the probability of a sign that the string network reads where the finder found a digit."""
MIXED, MIXED_OFTEN = 0.01, 0.003
"""Probability of a slash from which a 1 is not accepted, and the other way round; and where 1/2 or a date could be.

A composed 1/2 was accepted as 112 with 0.015. Composed pictures of 112 have up to 0.0024. With 0.03 in place of 0.01,
the same right ones of 520 composed numbers are accepted, and one more that is wrong: 1/10 as 1110.
"""
MIXED_SIGNS = 0.2
"""Share of the strings with the same digits and other signs from which a word is not accepted.

Of 520 composed numbers, with and without signs, 175 right and 20 wrong ones are accepted without it. With it, 165 and
17 are.
"""
_UNREAD = len(NAMES) - 1
"""Label of other writing."""
_SIGNS = range(10, _UNREAD)
"""Labels of signs."""
FEW = 12
"""Pictures with one row and at most so many other marks are read by the second reader too."""
ACCEPTED, ACCEPTED_DIGIT = 0.93, 0.6
"""Confidence from which a word is accepted, and each of its digits."""
AGREED = 0.88
"""Confidence from which a word is accepted if the page networks read the same alone, and the second reader accepts it.

Of 232 words of composed validation pages that are so sure, and that the second reader gives 0.74 or more, 4 were wrong.
"""
UNSURE = "unsure"
FEATURES = (
    "bias",
    "string",
    "digit",
    "classifier",
    "other",
    "unseen",
    "missed",
    "heat",
    "disagree",
    "strokes",
    "second",
)
ONCE, TWICE, ALONE = range(3)
"""Who read a word: the page networks; two readers; two readers, and it is one digit and all that is on the picture."""
WEIGHTS = (
    (3.88, 0.68, 2.23, 0.13, 0.73, 0.14, 0.13, 2.53, -0.63, -0.55, 0.0),
    (3.59, 0.24, 1.08, 0.2, -0.04, -0.8, -0.09, 0.85, -0.93, 0.93, 0.21),
    (0.54, 3.06, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.66),
)
"""Weight of each of ``FEATURES`` in the log odds that a word is right, for each of the three, fitted by
``learn.acceptance``."""


class Mark(NamedTuple):
    """A digit, a sign or other writing as the string network reads it, on the picture."""

    label: int
    """Index in ``NAMES``."""
    box: tuple[float, float, float, float]
    """Left, top, right and bottom in pixels."""
    probabilities: np.ndarray
    """Of all labels, float32 (21,)."""
    heat: float
    """Of the glyph that the finder found there, 0 to 1; 0 if it found none."""
    mixed: bool
    """Whether this is a digit that may be a sign, or the other way round, as one of the networks has it."""
    shares: np.ndarray | None
    """``strings.Mark.shares``."""


class Run(NamedTuple):
    """A run and what was read."""

    glyphs: np.ndarray
    """Those of the finder, float (n, 6)."""
    seen: Seen
    strip: strips.Strip
    """The view that was read."""
    marks: list[Mark]
    missed: int
    """Number of digits and signs that the finder found and the string network did not read."""


class Found(NamedTuple):
    """A word before it is accepted or not."""

    glyphs: tuple[Digit | Sign, ...]
    features: tuple[float, ...]
    """The values of ``FEATURES``."""
    beside: bool
    """Whether there is a mark beside it that was not read."""
    mixed: bool
    """Whether a mark of it may be a digit or a sign."""
    how: int
    """Who read it: ``ONCE``, ``TWICE`` or ``ALONE``."""
    letters: bool = False
    """Whether it is in a column of letters."""


class Sight(NamedTuple):
    """What was found on a page, before any of it is accepted."""

    glyphs: np.ndarray
    """Those of the finder, float (n, 6)."""
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
        threshold: confidence below which a digit or word is not accepted; ``ACCEPTED`` if None.
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
        """Return what is read on a page with one row, with what a second reader makes of that row.

        page: as it was read before. The other values are those of ``read``.
        """
        sight = self.find_again(gray, classifier, page.sight, second, digits, scale)
        return _page(sight, digits, threshold)

    def find(self, gray: np.ndarray, classifier: Classifier, digits: int | None = None, scale: float = 1.0) -> Sight:
        """Return the words of each row with what tells how sure they are."""
        glyphs = self._finder.glyphs(gray)
        glyphs = _with_tall_signs_as_digits(_without_faint(gray, glyphs[glyphs[:, 5] > SURE]))
        found = [glyphs[run] for run in runs(glyphs, slope(glyphs))]
        sight = self._find(gray, glyphs, found, classifier, digits, scale)
        if max(gray.shape) <= CLOSE_UP and (box := content(gray)) is not None:
            # Writing that fills a small picture is hard to find, and needs not be found.
            all_of_it = np.array([[*box, DIGIT, SURE]], float)
            whole = self._find(gray, all_of_it, [all_of_it], classifier, digits, scale)
            if _belief(whole.rows) > _belief(sight.rows):
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
        """Return what ``find`` does of a page with one row, read as one run with a second reader.

        Other writing is what it was. If the row has a slash nothing changes: the second reader knows none.
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
        """Return what ``find`` does, from the glyphs on the picture and those of each run, float (n, 6).

        second: what a second reader makes of the only run.
        """
        tilt = slope(glyphs)
        found = sorted(found, key=lambda run: -run[:, 5].sum())
        reason = None if len(found) <= RUNS else f"only {RUNS} of {len(found)} pieces of writing were read"
        known_digits = None if second is None else digits
        all_runs = self._runs(gray, found[:RUNS], tilt, known_digits, _is_line(gray, found), second)
        read = [run for run in all_runs if _count(run)]
        places = [([_box(m.box, 1) for m in run.marks if m.label < 10], True) for run in read]
        order = layout.rows(places)
        if digits is not None and second is None:  # a row of several runs may share its digits in any way
            alone = [row[0] for row in order if len(row) == 1 and _count(read[row[0]]) != digits]
            for i, run in zip(alone, self._runs(gray, [read[i].glyphs for i in alone], tilt, digits), strict=True):
                read[i] = run if _count(run) else read[i]
        known = _classified(gray, read, classifier)
        rows = [
            sorted(
                ((mark, p, read[i]) for i in row for mark, p in zip(read[i].marks, known[i], strict=True)),
                key=lambda m: m[0].box[0] + m[0].box[2],
            )
            for row in order
        ]
        words = _words(rows, glyphs, scale)
        others = [_box(m.box, scale) for run in read for m in run.marks if m.label == _UNREAD]
        others += [around(_box(g[:4], scale) for g in run.glyphs) for run in all_runs if not _count(run)]
        unread = glyphs[glyphs[:, 4] == OTHER].copy()
        unread[:, 4] = DIGIT  # so that letters that stand together are one place
        others += [around(_box(g[:4], scale) for g in unread[run]) for run in runs(unread, tilt)]
        words, letters = _without_letters(words, others, tilt)
        others += letters
        kept = _without_doubtful(words)
        others += [around(g.box for g in word.glyphs) for i, row in enumerate(words) if i not in kept for word in row]
        runs_of = [[read[i].glyphs for i in order[row]] for row in kept]
        rows_ = [words[i] for i in kept]
        unread_runs = [run for run in all_runs if not _count(run) and _may_be_digits(run)]
        pieces = [around(_box(g[:4], scale) for g in run.glyphs) for run in unread_runs]
        return Sight(glyphs, rows_, runs_of, others, reason, _lost(rows_, pieces, others, tilt))

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
            tilt = slope(glyphs)
            found = sorted((glyphs[run] for run in runs(glyphs, tilt)), key=lambda run: -run[:, 5].sum())[:_TURNED_RUNS]
            said = (
                self._strings.read([strips.cut(gray, strips.band(run[:, :4], tilt)) for run in found]) if found else []
            )
            scores[90 * quarter] = sum(
                s.probability * sum(float(m.probabilities[m.label]) for m in s.marks if m.label < 10) for s in said
            )
            if _TURNED * scores[0] + 1 >= len(glyphs):  # no direction has more digits than glyphs
                return 0
        best = max(scores, key=lambda degrees: scores[degrees])
        return best if scores[best] > _TURNED * scores[0] + 1 else 0

    def _runs(
        self,
        gray: np.ndarray,
        found: list[np.ndarray],
        tilt: float,
        digits: int | None = None,
        whole: bool = False,
        second: Second | None = None,
    ) -> list[Run]:
        """Return what was read on each run, the glyphs float (n, 6). Runs that are parts of others are left out.

        digits: number of digits of each run, if it is known. No run is left out then.
        whole: their strips go from the left to the right edge of the picture.
        second: what a second reader makes of the first run.
        """
        views = []
        for run in found:
            usual = strips.band(_bounds(run, gray.shape[1] if whole else None), tilt)
            views.append([usual, *(strips.view(usual, by) for by in VIEWS)])
        seen = self._strings.read_views([[strips.cut(gray, strip) for strip in some] for some in views], digits, second)
        parts = [Run(run, one, views[i][one.view], [], 0) for i, (run, one) in enumerate(zip(found, seen, strict=True))]
        if digits is None:
            parts = _outer(parts)
        read = []
        for part in parts:
            others = np.concatenate([np.zeros((0, 6)), *(other.glyphs for other in parts if other is not part)])
            marks, missed = _marks(part.glyphs, part.strip, part.seen.string, others)
            read.append(part._replace(marks=marks, missed=missed))
        return read


def _page(sight: Sight, digits: int | None, threshold: float | None) -> Page:
    """Return a page with its words accepted or not. The values are those of ``PageReader.read``."""
    least = (ACCEPTED, ACCEPTED_DIGIT) if threshold is None else (threshold, threshold)
    rows = []
    for row, lost in zip(sight.rows, sight.lost, strict=True):
        words = tuple(_word(word, *least) for word in row)
        n = sum(len(word.number) for word in words)
        if n:
            other = "a mark in this row was not read" if lost else None
            if digits not in (None, n):
                other = f"{n} {'digit' if n == 1 else 'digits'}, expected {digits}"
            rows.append(Row(words, other))
    return Page(rows, sight.others, sight.reason, sight)


def _without_faint(gray: np.ndarray, glyphs: np.ndarray) -> np.ndarray:
    """Return the glyphs, float (n, 6), with digits that are faint beside the others as other writing.

    They are marks of wood, cloth, folds or the other side of the paper.
    """
    digits = np.flatnonzero(glyphs[:, 4] == DIGIT)
    if not len(digits):
        return glyphs
    height, width = gray.shape
    contrast = []
    for left, top, right, bottom in glyphs[digits, :4].tolist():
        x, y = min(max(math.floor(left), 0), width - 1), min(max(math.floor(top), 0), height - 1)
        piece = gray[y : max(math.ceil(bottom), y + 1), x : max(math.ceil(right), x + 1)]
        contrast.append(int(piece.max()) - int(piece.min()))
    usual = sorted(contrast)[3 * (len(contrast) - 1) // 4]
    glyphs = glyphs.copy()
    glyphs[digits[np.array(contrast) < FAINT * usual], 4] = OTHER
    return glyphs


def _with_tall_signs_as_digits(glyphs: np.ndarray) -> np.ndarray:
    """Return the glyphs, float (n, 6), with signs that stand alone and are as high as digits as digits.

    The string network decides what they are. In no run, it would not see them.
    """
    alone = np.ones(len(glyphs), bool)
    for run in runs(glyphs, slope(glyphs)):
        alone[run] = False
    usual = _height(glyphs) if (glyphs[:, 4] == DIGIT).any() else 0.0
    tall = glyphs[:, 3] - glyphs[:, 1] > _AS_TALL * usual
    glyphs = glyphs.copy()
    glyphs[alone & tall & (glyphs[:, 4] == SIGN), 4] = DIGIT
    return glyphs


def _outer(parts: list[Run]) -> list[Run]:
    """Return the runs without those beside a mark of a run of much larger digits: a comma, a part of a digit."""
    kept = []
    for part in parts:
        x, y = _middle(part.glyphs)
        small = _height(part.glyphs)
        for other in parts:
            high = _height(other.glyphs)
            surer = other.seen.string.probability > part.seen.string.probability / 2
            away = abs(_places(other.strip, other.seen.string.marks) - (x, y))
            if surer and small < _SMALL * high and ((away[:, 0] < 0.4 * high) & (away[:, 1] < 0.8 * high)).any():
                break
        else:
            kept.append(part)
    return kept


def _places(strip: strips.Strip, marks: Sequence[strings.Mark]) -> np.ndarray:
    """Return the middles of marks on the picture, float (n, 2)."""
    return np.array([strip.matrix @ [m.x, strips.ROWS / 2, 1] for m in marks]).reshape(-1, 2)


def _middle(glyphs: np.ndarray) -> tuple[float, float]:
    return float((glyphs[:, 0] + glyphs[:, 2]).mean() / 2), float((glyphs[:, 1] + glyphs[:, 3]).mean() / 2)


def _height(glyphs: np.ndarray) -> float:
    """Return the median height of the digits among glyphs, float (n, 6)."""
    digits = glyphs[glyphs[:, 4] == DIGIT]
    return float(np.median(digits[:, 3] - digits[:, 1]))


def _belief(rows: list[list[Found]]) -> float:
    """Return the probability that all words are right, if they are independent; 0 if there are none."""
    return math.prod(_confidence(word) for row in rows for word in row) if any(rows) else 0.0


def _confidence(found: Found) -> float:
    """Return the probability that a word is right."""
    odds = sum(w * f for w, f in zip(WEIGHTS[found.how], found.features, strict=True))
    return 1 / (1 + math.exp(-float(np.clip(odds, -30, 30))))


def _count(run: Run) -> int:
    """Return the number of digits that were read on a run."""
    return sum(mark.label < 10 for mark in run.marks)


def _is_line(gray: np.ndarray, found: list[np.ndarray]) -> bool:
    """Return whether a picture is a crop of one line: it has one run, and is not much higher than its digits."""
    if len(found) != 1:
        return False
    return gray.shape[0] < _LINE * _height(found[0])


def _bounds(run: np.ndarray, width: int | None = None) -> np.ndarray:
    """Return the boxes of the digits of a run, float (n, 4), the outer ones widened by the signs beside them.

    width: of the picture, if they are widened to its edges.
    """
    boxes = run[run[:, 4] == DIGIT, :4].copy()
    first, last = np.argmin(boxes[:, 0]), np.argmax(boxes[:, 2])
    boxes[first, 0], boxes[last, 2] = run[:, 0].min(), run[:, 2].max()
    if width is not None:
        boxes[first, 0], boxes[last, 2] = min(boxes[first, 0], 0), max(boxes[last, 2], width)
    return boxes


def _marks(run: np.ndarray, strip: strips.Strip, string: strings.String, others: np.ndarray) -> tuple[list[Mark], int]:
    """Return the marks of a string within its run, and how many glyphs of the run were not read.

    run, others: glyphs of this run and of all other runs, float (n, 6).
    """
    margin = (strips.ROOM - BEYOND) * strips.DIGIT
    inside = [m for m in string.marks if margin < m.x < strip.width - margin]
    height = strips.DIGIT * float(np.sqrt(abs(np.linalg.det(strip.matrix[:, :2]))))
    places = _places(strip, inside)
    x, wide = (run[:, 0] + run[:, 2]) / 2, run[:, 2] - run[:, 0]
    away = abs(places[:, :1] - x)
    # Two marks can be as far from a glyph as each other. Rounding must not decide between them.
    pairs = sorted((math.floor(100 * away[i, j] / height + 0.5), i, j) for i, j in np.ndindex(away.shape))
    usual = is_usual(string.labels)
    matched: dict[int, int] = {}
    for _, i, j in pairs:
        if i not in matched and j not in matched.values() and away[i, j] < 0.45 * max(wide[j], 0.5 * height):
            matched[i] = j
    ox, oy = (others[:, 0] + others[:, 2]) / 2, (others[:, 1] + others[:, 3]) / 2
    marks = []
    for i, (m, (px, py)) in enumerate(zip(inside, places, strict=True)):
        if i in matched:
            j = matched[i]
            left, top, right, bottom = run[j, :4].tolist()
            label, p = m.label, m.probabilities
            differs = label != _UNREAD and (label < 10) != (run[j, 4] == DIGIT)
            mixed = _may_be_either(inside, i, differs)
            if differs and label >= 10 and not usual:  # a slanted 1 looks like a slash
                p = p * np.where(np.isin(np.arange(len(p)), _SIGNS), np.float32(SIGN_OF_DIGIT), 1)
                p = (p / p.sum()).astype(np.float32)
                label = int(p[:_UNREAD].argmax())
            marks.append(Mark(label, (left, top, right, bottom), p, float(run[j, 5]), mixed, m.shares))
        elif not ((abs(ox - px) < 0.3 * height) & (abs(oy - py) < 0.6 * height)).any():  # else of another run
            gaps = [abs(px - places[k][0]) for k in (i - 1, i + 1) if 0 <= k < len(places)]
            half = min([0.3 * height, *(g / 2 for g in gaps)])
            box = (px - half, py - height / 2, px + half, py + height / 2)
            marks.append(Mark(m.label, box, m.probabilities, 0.0, _may_be_either(inside, i, False), m.shares))
    read = {matched[i] for i, m in enumerate(inside) if i in matched and m.label != _UNREAD}
    return marks, len(run) - len(read)


def _may_be_either(marks: list[strings.Mark], i: int, differs: bool) -> bool:
    """Return whether a mark may well be a digit or a sign.

    differs: whether it is a digit for one of the networks and a sign for the other.
    """
    slash = NAMES.index("/")
    p, labels = marks[i].probabilities, [mark.label for mark in marks]
    if labels[i] == 1:  # nothing but a slash or a bracket looks like that, and not everywhere is a slash
        least = MIXED_OFTEN if often_slash(tuple(labels), i) else MIXED
        may_be_slash = (differs or p[slash] > least) and maybe_slash(tuple(labels), i)
        return may_be_slash or (differs and i in (0, len(marks) - 1))
    return differs or (labels[i] == slash and p[1] > MIXED)


Known = tuple[Tile, np.ndarray] | None
"""The tile of a digit and the classifier's probabilities."""


Member = tuple[Mark, Known, Run]
"""A mark of a row, what the classifier says of it, and its run."""


def _classified(gray: np.ndarray, read: list[Run], classifier: Classifier) -> list[list[Known]]:
    """Return for each mark of each run its tile and the classifier's probabilities; None for signs."""
    cut = [tiles(gray, run.strip, [mark.box for mark in run.marks], [m.label < 10 for m in run.marks]) for run in read]
    flat = [tile for run in cut for tile in run if tile is not None]
    if not flat:
        return [[None] * len(run) for run in cut]
    answers = iter(classifier.probabilities(np.stack([tile.image for tile in flat])[..., None]))
    return [[None if tile is None else (tile, next(answers)) for tile in run] for run in cut]


def _words(rows: list[list[Member]], glyphs: np.ndarray, scale: float) -> list[list[Found]]:
    """Return the words of each row of marks from left to right."""
    own = [[m for m in row if m[0].label != _UNREAD] for row in rows]
    heights = [float(np.median([m.box[3] - m.box[1] for m, _, _ in row if m.label < 10])) for row in own]
    boxes = []
    for row, height in zip(own, heights, strict=True):  # signs are lower than digits: they count as high as a digit
        middles = [(m.box[1] + m.box[3]) / 2 for m, _, _ in row]
        corners = [
            (m.box[0], y - height / 2, m.box[2], y + height / 2) for (m, _, _), y in zip(row, middles, strict=True)
        ]
        boxes.append([_box(c, 16) for c in corners])
    unread = [tuple(g[:4]) for g in glyphs[glyphs[:, 4] == OTHER]]
    unread += [m.box for row in rows for m, _, _ in row if m.label == _UNREAD]
    found: list[list[Found]] = []
    for row, height, words in zip(own, heights, layout.parted(boxes), strict=True):
        found.append([])
        for members in ([row[i] for i in word] for word in words):
            text = "".join(NAMES[m.label] for m, _, _ in members)
            if not any(letter.isdigit() for letter in text) and text.strip("-+x÷="):
                continue
            read = tuple(_glyph(mark, known, scale) for mark, known, _ in members)
            beside = _beside([m.box for m, _, _ in members], unread, height)
            mixed = any(m.mixed or run.seen.signs > MIXED_SIGNS for m, _, run in members)
            mixed |= any(known is not None and known[0].dotted for _, known, _ in members[:-1])
            how = TWICE if any(m.shares is not None for m, _, _ in members) else ONCE
            found[-1].append(Found(read, _features(members, read), beside, mixed, how))
    if len(found) == 1 and len(found[0]) == 1 and found[0][0].how == TWICE and len(found[0][0].glyphs) == 1:
        return [[found[0][0]._replace(how=ALONE)]]
    return found


def _without_doubtful(rows: list[list[Found]]) -> list[int]:
    """Return the indices of rows of words, without those that hardly can be right, if a word well can."""
    likely = max((_confidence(word) for row in rows for word in row), default=0.0) >= LIKELY
    return [i for i, row in enumerate(rows) if row and not (likely and max(map(_confidence, row)) < DOUBTFUL)]


def _without_letters(rows: list[list[Found]], others: list[Box], tilt: float) -> tuple[list[list[Found]], list[Box]]:
    """Return rows of words without the unsure ones in a column of letters, such as grades, and the places of these.

    Most marks in such a column are other writing that is no wider than a short word. Sure words in it are marked.

    others: places of other writing.
    tilt: of the page, dy / dx.
    """
    places = [[around(glyph.box for glyph in word.glyphs) for word in row] for row in rows]
    every = [box for row in places for box in row]
    short = [box for box in others if box.width < _SHORT * box.height]
    kept: list[list[Found]] = []
    letters = []
    for row, boxes in zip(rows, places, strict=True):
        kept.append([])
        for word, box in zip(row, boxes, strict=True):
            among = _among_letters(box, short, every, tilt)
            if among and _confidence(word) < ACCEPTED:
                letters.append(box)
            else:
                kept[-1].append(word._replace(letters=among))
    return kept, letters


def _among_letters(box: Box, letters: list[Box], words: list[Box], tilt: float) -> bool:
    """Return whether a box is in a column with at least three letters, and more than twice as many as words."""

    def column(boxes: list[Box]) -> int:
        """Return how many boxes of about the same height stand above, below or at the box."""
        middle = box.x + box.width / 2 + tilt * (box.y + box.height / 2)
        alike = [other for other in boxes if 0.5 < other.height / box.height < 2]
        away = [abs(other.x + other.width / 2 + tilt * (other.y + other.height / 2) - middle) for other in alike]
        return sum(x < max(box.width, other.width) / 2 for x, other in zip(away, alike, strict=True))

    n = column(letters)
    return n >= _LETTERS and n > 2 * column(words)


def _lost(rows: list[list[Found]], pieces: list[Box], others: list[Box], tilt: float) -> list[bool]:
    """Return for each row whether a piece that was not read belongs to it. Pieces in a column of letters do not.

    pieces: places of writing that the finder took for digits and that was not read.
    others: places of all other writing.
    tilt: of the page, dy / dx.
    """
    words = [[around(glyph.box for glyph in word.glyphs) for word in row] for row in rows]
    every = [box for row in words for box in row]
    short = [box for box in others if box.width < _SHORT * box.height]
    pieces = [piece for piece in pieces if not _among_letters(piece, short, every, tilt)]
    found = []
    for row in words:
        nearest = [min(row, key=lambda word: abs(word.x - piece.x)) for piece in pieces] if row else []
        found.append(any(_in_row(piece, word, tilt) for piece, word in zip(pieces, nearest, strict=False)))
    return found


def _may_be_digits(run: Run) -> bool:
    """Return whether a run that was not read may be digits: the finder is sure, and the string network is not."""
    return bool(run.glyphs[:, 5].max() > LOST) and run.seen.string.probability < SURE_OF_OTHER


def _in_row(piece: Box, word: Box, tilt: float) -> bool:
    """Return whether a piece of writing has about the height of a word, and is level with it on the page."""
    rise = tilt * (piece.x + piece.width / 2 - word.x - word.width / 2)
    away = piece.y + piece.height / 2 - word.y - word.height / 2 - rise
    return 0.5 < piece.height / word.height < 2 and abs(away) < _LEVEL * word.height


def _beside(boxes: list[tuple[float, ...]], unread: list[tuple[float, ...]], height: float) -> bool:
    """Return whether something that was not read is so near to the boxes of a word that it can be a part of it."""
    left, right = boxes[0][0], boxes[-1][2]
    top, bottom = min(b[1] for b in boxes), max(b[3] for b in boxes)
    for x0, y0, x1, y1 in unread:
        shared = min(y1, bottom) - max(y0, top)
        if max(x0 - right, left - x1) < _BESIDE * height and shared > 0.3 * min(y1 - y0, bottom - top):
            return True
    return False


def _glyph(mark: Mark, known: Known, scale: float) -> Digit | Sign:
    """Return a digit, with the string network and the classifier combined, or a sign."""
    box = _box(mark.box, scale)
    if known is None:
        return Sign(box, NAMES[mark.label], float(mark.probabilities[mark.label]))
    tile, classified = known
    p = (mark.probabilities[:10] + 1e-4) * (classified + 1e-2) ** CLASSIFIER
    p = p / p.sum() * mark.probabilities[:10].sum()
    if mark.shares is not None:
        p = (1 - _OWN) * mark.shares + _OWN * p
    p = p.astype(np.float32)
    (digit, confidence), *alternatives = [(d, float(p[d])) for d in np.argsort(-p, kind="stable")[:3].tolist()]
    return Digit(box, digit, confidence, tuple(Alternative(*one) for one in alternatives), True, None, tile.image, p)


def _features(members: list[Member], glyphs: tuple[Digit | Sign, ...]) -> tuple[float, ...]:
    """Return the values of ``FEATURES`` for a word."""
    read = {id(run): run for _, _, run in members}.values()
    string = sum(math.log(max(run.seen.string.probability, 1e-6)) for run in read)
    digit = min(math.log(max(glyph.confidence, 1e-6)) for glyph in glyphs)
    classified = [
        (float(known[1][g.digit]), float(m.probabilities[_UNREAD]))
        for (m, known, _), g in zip(members, glyphs, strict=True)
        if known is not None and isinstance(g, Digit)
    ]
    classifier = min((math.log(max(p, 1e-3)) for p, _ in classified), default=0.0)
    other = -max((q for _, q in classified), default=0.0)
    unseen = sum(m.heat == 0 and m.label < 10 for m, _, _ in members)
    missed = sum(run.missed for run in read)
    heat = min((math.log(m.heat) for m, _, _ in members if m.heat > 0), default=0.0)
    disagree = max(len(VIEWS) - run.seen.agree for run in read)
    # Wood, folds and rules show strokes that look like a 1.
    strokes = float(all(not isinstance(g, Digit) or g.digit == 1 for g in glyphs))
    second = -sum(math.log(_SURELY + 1 - run.seen.second) for run in read if run.seen.second is not None)
    return 1.0, string, digit, classifier, other, float(unseen), float(missed), heat, float(disagree), strokes, second


def _word(found: Found, least: float, least_digit: float) -> Word:
    """Return a word, accepted or with the reason why not.

    least, least_digit: confidence from which the word and each digit are accepted.
    """
    confidence = _confidence(found)
    glyphs = tuple(_doubted(g) if isinstance(g, Digit) and g.confidence < least_digit else g for g in found.glyphs)
    reason = None
    if found.beside:
        reason = "a mark beside it was not read"
    elif found.mixed:
        reason = "a mark in it is a digit or a sign"
    elif found.letters:
        reason = "in a column of letters"
    elif found.features[FEATURES.index("missed")]:
        reason = "a mark in it was not read"
    elif confidence < least and glyphs == found.glyphs:
        reason = UNSURE
    return Word(glyphs, confidence, reason)


def _doubted(digit: Digit) -> Digit:
    """Return a digit as not accepted."""
    return replace(digit, accepted=False, reason=f"unsure: {digit.digit} or {digit.alternatives[0].digit}")


def _box(corners: tuple[float, ...] | np.ndarray, scale: float) -> Box:
    """Return the smallest box of whole pixels around corners times `scale`."""
    left, top, right, bottom = (float(v) * scale for v in corners)
    x, y = math.floor(left), math.floor(top)
    return Box(x, y, max(1, math.ceil(right) - x), max(1, math.ceil(bottom) - y))
