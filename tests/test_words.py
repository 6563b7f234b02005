"""Words: marks become words of digits and signs, with the values that tell how sure they are."""

import math

import numpy as np
import pytest
from test_reader import written

from mnist_cnn import mnist
from mnist_cnn.read import ctc
from mnist_cnn.read.classifier import Classifier
from mnist_cnn.read.decision import ALONE, FEATURES, ONCE, TWICE, Found
from mnist_cnn.read.finder import OTHER
from mnist_cnn.read.labels import NAMES
from mnist_cnn.read.marks import Mark, Run
from mnist_cnn.read.reading import Box, Digit, Sign
from mnist_cnn.read.strips import band
from mnist_cnn.read.tiles import Tile
from mnist_cnn.read.views import Seen
from mnist_cnn.read.words import Member, classified, words

NONE = np.zeros((0, 6))


def mark(letter: str, x: float, sure: float = 0.9, heat: float = 0.8, shares: np.ndarray | None = None) -> Mark:
    p = np.full(len(NAMES), (1 - sure) / (len(NAMES) - 1), np.float32)
    p[NAMES.index(letter)] = sure
    return Mark(NAMES.index(letter), (x, 100, x + 20, 140), p, heat, False, shares)


def members(text: str, x: float = 100, missed: int = 0, by_classifier: float = 0.9, **options: float) -> list[Member]:
    """Return the marks of a run, 26 pixels apart. The classifier gives each digit the same probability."""
    marks = [mark(letter, x + 26 * i, **options) for i, letter in enumerate(text)]
    string = ctc.String((), 0.5)
    run = Run(NONE, Seen(string, 0, 2), band(np.array([one.box for one in marks])), marks, missed)
    made: list[Member] = []
    for one in marks:
        p = np.full(10, (1 - by_classifier) / 9, np.float32)
        known = None
        if one.label < 10:
            p[one.label] = by_classifier
            known = Tile(np.zeros((28, 28), np.float32), False), p
        made.append((one, known, run))
    return made


def values(found: Found) -> dict[str, float]:
    return dict(zip(FEATURES, found.features, strict=True))


def text(found: Found) -> str:
    return "".join(glyph.text for glyph in found.glyphs)


def test_marks_of_a_row_are_words_with_boxes_in_the_pixels_asked_for() -> None:
    [row] = words([[*members("21.5"), *members("7", 400)]], NONE, 0.5)
    assert [text(word) for word in row] == ["21.5", "7"]
    assert [type(glyph) for glyph in row[0].glyphs] == [Digit, Digit, Sign, Digit]
    assert [word.glyphs[0].box for word in row] == [Box(50, 50, 10, 20), Box(200, 50, 10, 20)]
    assert [word.how for word in row] == [ONCE, ONCE]


def test_signs_without_digits_are_a_word_only_if_they_are_dashes() -> None:
    [row] = words([[*members("12"), *members("-", 400), *members(".", 700)]], NONE, 1.0)
    assert [text(word) for word in row] == ["12", "-"]


def test_features_are_those_of_the_least_sure_mark() -> None:
    [[found]] = words([[*members("12", missed=2, heat=0.8)]], NONE, 1.0)
    assert values(found) == pytest.approx(
        {
            "bias": 1,
            "string": math.log(0.5),
            "digit": math.log(min(glyph.confidence for glyph in found.glyphs)),
            "classifier": math.log(0.9),
            "other": -0.1 / 20,
            "unseen": 0,
            "missed": 2,
            "heat": math.log(0.8),
            "disagree": values(found)["disagree"],
            "strokes": 0,
            "second": 0,
        },
        rel=1e-5,
    )
    [[unseen]] = words([members("1", heat=0)], NONE, 1.0)
    assert (values(unseen)["unseen"], values(unseen)["heat"], values(unseen)["strokes"]) == (1, 0, 1)


@pytest.mark.parametrize("least", [0.2, 0.5, 0.8])
def test_a_digit_is_less_sure_if_the_classifier_is(least: float) -> None:
    confidences = []
    for by_classifier in (least, least + 0.1, 0.95):
        [[found]] = words([members("3", by_classifier=by_classifier)], NONE, 1.0)
        [digit] = found.glyphs
        assert isinstance(digit, Digit)
        assert digit.confidence == pytest.approx(digit.probabilities[3])
        assert digit.probabilities.sum() <= 1
        confidences.append(digit.confidence)
    assert confidences == sorted(set(confidences))


def test_two_readers_are_known_by_the_shares_of_a_mark() -> None:
    def row(n: int) -> list[Member]:
        shares = np.eye(10)[3]
        return [(one._replace(shares=shares), known, run) for one, known, run in members("3" * n)]

    assert [word.how for word in words([row(2)], NONE, 1.0)[0]] == [TWICE]
    [[alone]] = words([row(1)], NONE, 1.0)
    assert alone.how == ALONE
    assert alone.glyphs[0].confidence > 0.98
    assert [word.how for found in words([row(1), row(1)], NONE, 1.0) for word in found] == [TWICE, TWICE]


@pytest.mark.parametrize(("left", "top", "beside"), [(155, 100, True), (200, 100, False), (155, 150, False)])
def test_other_writing_beside_a_word_is_known(left: float, top: float, beside: bool) -> None:
    glyph = np.array([[left, top, left + 20, top + 40, OTHER, 0.9]])
    [[found]] = words([members("12")], glyph, 1.0)
    assert found.beside == beside
    unread = [(one._replace(box=(left, top, left + 20, top + 40)), None, run) for one, _, run in members("#")]
    [[found]] = words([[*members("12"), *unread]], NONE, 1.0)
    assert (found.beside, text(found)) == (beside, "12")


def test_digits_have_tiles_that_the_classifier_knows_and_signs_have_none(dataset: mnist.Dataset) -> None:
    images, labels = list(dataset.test.images[:3]), dataset.test.labels[:3]
    page, corners = written(images)
    marks = [mark(str(label), 0)._replace(box=box) for label, box in zip(labels, corners, strict=True)]
    marks[1] = mark("-", 0)._replace(box=corners[1])
    run = Run(NONE, Seen(ctc.String((), 0.5), 0, 0), band(np.array(corners, float)), marks, 0)
    [[first, sign, last]] = classified(page, [run], Classifier())
    assert sign is None
    for known, label in ((first, labels[0]), (last, labels[2])):
        assert known is not None
        assert (known[0].image.shape, int(known[1].argmax())) == ((28, 28), label)
    assert classified(page, [run._replace(marks=[marks[1]])], Classifier()) == [[None]]
