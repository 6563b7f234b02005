"""Words: the marks of each row as words, with the values that tell how sure they are."""

import math
from collections.abc import Sequence

import numpy as np

from mnist_cnn.read.classifier import Classifier
from mnist_cnn.read.constants import (
    BESIDE_GAP,
    BESIDE_OVERLAP,
    CLASSIFIER_FLOOR,
    CLASSIFIER_WEIGHT,
    FEATURE_CLASSIFIER_FLOOR,
    FEATURE_FLOOR,
    MIXED_SIGNS,
    OWN_SHARE,
    SECOND_DOUBT,
    STRING_FLOOR,
    VIEW_SCALES,
)
from mnist_cnn.read.decision import ALONE, ONCE, TWICE, Found
from mnist_cnn.read.finder import OTHER
from mnist_cnn.read.labels import NAMES, OTHER_WRITING, text
from mnist_cnn.read.marks import Mark, Run
from mnist_cnn.read.reading import Alternative, Box, Digit, Sign, enclosing
from mnist_cnn.read.rows import words_of_page
from mnist_cnn.read.tiles import Tile, tiles

_DASHES = "-+x÷="
"""Signs that are a word without digits, for example a dash in an empty cell."""

Known = tuple[Tile, np.ndarray] | None
"""The tile of a digit and the probabilities of the classifier, float32 (10,); None for a sign."""
Member = tuple[Mark, Known, Run]
"""A mark of a row, what the classifier says about it, and its run."""


def classified(gray: np.ndarray, read: list[Run], classifier: Classifier) -> list[list[Known]]:
    """Return for each mark of each run its tile and the probabilities of the classifier; None for signs.

    gray: the picture, uint8 (h, w).
    """
    cut = [tiles(gray, run.strip, [mark.box for mark in run.marks], [m.label < 10 for m in run.marks]) for run in read]
    flat = [tile for run in cut for tile in run if tile is not None]
    if not flat:
        return [[None] * len(run) for run in cut]
    answers = iter(classifier.probabilities(np.stack([tile.image for tile in flat])[..., None]))
    return [[None if tile is None else (tile, next(answers)) for tile in run] for run in cut]


def words(rows: list[list[Member]], glyphs: np.ndarray, scale: float) -> list[list[Found]]:
    """Return the words of each row of marks, from left to right.

    glyphs: those of the finder on the page, float (n, 6).
    scale: pixels of the boxes per pixel of the picture.
    """
    own = [[member for member in row if member[0].label != OTHER_WRITING] for row in rows]
    heights = [float(np.median([m.box[3] - m.box[1] for m, _, _ in row if m.label < 10])) for row in own]
    boxes = [_boxes(row, height) for row, height in zip(own, heights, strict=True)]
    unread = [tuple(glyph[:4]) for glyph in glyphs[glyphs[:, 4] == OTHER]]
    unread += [mark.box for row in rows for mark, _, _ in row if mark.label == OTHER_WRITING]
    found: list[list[Found]] = []
    for row, height, indices in zip(own, heights, words_of_page(boxes), strict=True):
        found.append([])
        for members in ([row[i] for i in word] for word in indices):
            letters = text(mark.label for mark, _, _ in members)
            if any(letter.isdigit() for letter in letters) or not letters.strip(_DASHES):
                found[-1].append(_found(members, unread, height, scale))
    if len(found) == 1 and len(found[0]) == 1 and found[0][0].how == TWICE and len(found[0][0].glyphs) == 1:
        return [[found[0][0]._replace(how=ALONE)]]
    return found


def _boxes(row: list[Member], height: float) -> list[Box]:
    """Return the boxes of the marks of a row, all as high as a digit, in sixteenths of a pixel.

    Signs are lower than digits, and still count as this high.
    """
    boxes = []
    for mark, _, _ in row:
        left, top, right, bottom = mark.box
        middle = (top + bottom) / 2
        boxes.append(enclosing((left, middle - height / 2, right, middle + height / 2), 16))
    return boxes


def _found(members: list[Member], unread: list[tuple[float, ...]], height: float, scale: float) -> Found:
    """Return a word with what tells how sure it is.

    unread: boxes of marks that were not read.
    height: of a digit of the row, in pixels.
    """
    glyphs = tuple(_glyph(mark, known, scale) for mark, known, _ in members)
    beside = _has_beside([mark.box for mark, _, _ in members], unread, height)
    mixed = any(mark.mixed or run.seen.signs > MIXED_SIGNS for mark, _, run in members)
    mixed |= any(known is not None and known[0].dotted for _, known, _ in members[:-1])
    how = TWICE if any(mark.shares is not None for mark, _, _ in members) else ONCE
    return Found(glyphs, _features(members, glyphs), beside, mixed, how)


def _has_beside(boxes: list[tuple[float, ...]], unread: list[tuple[float, ...]], height: float) -> bool:
    """Return whether a mark that was not read is so near to the boxes of a word that it can be a part of it."""
    left, right = boxes[0][0], boxes[-1][2]
    top, bottom = min(box[1] for box in boxes), max(box[3] for box in boxes)
    for x0, y0, x1, y1 in unread:
        shared = min(y1, bottom) - max(y0, top)
        near = max(x0 - right, left - x1) < BESIDE_GAP * height
        if near and shared > BESIDE_OVERLAP * min(y1 - y0, bottom - top):
            return True
    return False


def _glyph(mark: Mark, known: Known, scale: float) -> Digit | Sign:
    """Return a sign, or a digit with the probabilities of the string network and the classifier combined."""
    box = enclosing(mark.box, scale)
    if known is None:
        return Sign(box, NAMES[mark.label], float(mark.probabilities[mark.label]))
    tile, by_classifier = known
    p = (mark.probabilities[:10] + STRING_FLOOR) * (by_classifier + CLASSIFIER_FLOOR) ** CLASSIFIER_WEIGHT
    p = p / p.sum() * mark.probabilities[:10].sum()
    if mark.shares is not None:
        p = (1 - OWN_SHARE) * mark.shares + OWN_SHARE * p
    p = p.astype(np.float32)
    (digit, confidence), *alternatives = [(d, float(p[d])) for d in np.argsort(-p, kind="stable")[:3].tolist()]
    return Digit(box, digit, confidence, tuple(Alternative(*one) for one in alternatives), True, None, tile.image, p)


def _features(members: list[Member], glyphs: Sequence[Digit | Sign]) -> tuple[float, ...]:
    """Return the values of ``decision.FEATURES`` for a word."""
    read = {id(run): run for _, _, run in members}.values()
    string = sum(math.log(max(run.seen.string.probability, FEATURE_FLOOR)) for run in read)
    digit = min(math.log(max(glyph.confidence, FEATURE_FLOOR)) for glyph in glyphs)
    by_classifier = [
        (float(known[1][g.digit]), float(mark.probabilities[OTHER_WRITING]))
        for (mark, known, _), g in zip(members, glyphs, strict=True)
        if known is not None and isinstance(g, Digit)
    ]
    classifier = min((math.log(max(p, FEATURE_CLASSIFIER_FLOOR)) for p, _ in by_classifier), default=0.0)
    other = -max((q for _, q in by_classifier), default=0.0)
    unseen = sum(mark.heat == 0 and mark.label < 10 for mark, _, _ in members)
    missed = sum(run.missed for run in read)
    heat = min((math.log(mark.heat) for mark, _, _ in members if mark.heat > 0), default=0.0)
    disagree = max(len(VIEW_SCALES) - run.seen.agree for run in read)
    # Wood, folds and ruled lines show strokes that look like a 1.
    strokes = float(all(not isinstance(g, Digit) or g.digit == 1 for g in glyphs))
    second = -sum(math.log(SECOND_DOUBT + 1 - run.seen.second) for run in read if run.seen.second is not None)
    return 1.0, string, digit, classifier, other, float(unseen), float(missed), heat, float(disagree), strokes, second
