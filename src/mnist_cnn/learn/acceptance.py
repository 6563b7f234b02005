"""Acceptance: the confidence of a word, and the threshold above which it can be used without checking.

    python -m mnist_cnn.learn.acceptance runs/finder/finder.onnx runs/strings/strings.onnx

The page reader reads composed pages with MNIST's validation digits. Each word that it finds is right or wrong. From
that, logistic regressions learn the weights of ``FEATURES``: one for words that the page networks read, one for
those that two readers read, and one for single digits that are alone on their picture. The threshold is the lowest
confidence at or above which at most ``WRONG`` of all words are wrong. The bias for single digits is set so that the
same threshold accepts ``NO_DIGITS`` of the pictures of one letter or scribble. The command prints these numbers. They
are constants of ``read.constants``.
"""

from typing import NamedTuple

import click
import cv2
import numpy as np

from mnist_cnn import mnist
from mnist_cnn.learn.pages.glyphs import OTHER, Glyph
from mnist_cnn.learn.pages.scenes import SIDE, Scene, alone, box_around, compose
from mnist_cnn.read.classifier import Classifier
from mnist_cnn.read.constants import SECOND_READER_MARKS
from mnist_cnn.read.decision import ALONE, FEATURES, ONCE, TWICE, Found
from mnist_cnn.read.labels import NAMES
from mnist_cnn.read.number import read_number
from mnist_cnn.read.page import PageReader, Sight
from mnist_cnn.read.reading import Box, Digit, around

PAGES = 1600
"""Number of composed pages. Half are close-ups of one row."""
WRONG = 0.02
"""Share of wrong words among those accepted, on composed pages."""
SINGLE_DIGITS = 2400
"""Number of composed pictures of one digit, letter or scribble. Half show a digit."""
NO_DIGITS = 0.01
"""Share of the pictures of one letter or scribble that are accepted as a digit."""
_SINGLE_DIGIT_FEATURES = [FEATURES.index(name) for name in ("bias", "string", "second")]
"""Features for single digits. More features do not change the number of accepted digits (LOG.md, 2026-11-28)."""
_CROPS = (24.0, 120.0)
"""Range of the longer side of the crops of single digits, in pixels. Half of the pictures are crops."""
_RIDGE = 1.0
"""Penalty of the weights, so that rare features do not get large weights."""


class Case(NamedTuple):
    """A word that was read."""

    features: tuple[float, ...]
    how: int
    """How it was read, as in ``decision.Found``: ``ONCE``, ``TWICE`` or ``ALONE``."""
    rejected: bool
    """Whether it is not accepted at any confidence."""
    right: bool
    text: str


def page_cases(page: PageReader, n: int, seed: int = 77) -> list[Case]:
    """Return the words read on n composed pages."""
    (_, digits), classifier = mnist.split(mnist.load().train), Classifier()
    rng = np.random.default_rng(seed)
    found = []
    for i in range(n):
        side = 640 if i % 10 == 0 else SIDE
        height = float(np.exp(rng.uniform(np.log(14), np.log(90 if i % 3 == 0 else 44))))
        scene = compose(digits, rng, side, height)
        close = i % 2 == 0
        if scene.rows and close:
            row = scene.rows[rng.integers(len(scene.rows))]
            glyphs = [scene.glyphs[j] for j in row]
            scene, _ = scene.crop(box_around(glyphs, max(glyphs[0].size, 4.0), rng))
            if min(scene.pixels.shape) < 8:
                continue
        found += _scene_cases(page, scene, classifier, close)
    return found


def _scene_cases(page: PageReader, scene: Scene, classifier: Classifier, close: bool) -> list[Case]:
    """Return the words read on one scene.

    close: whether it is a close-up. If not, words at its edges are left out: they are neither right nor wrong.
    """
    sight = _sight(page, scene.pixels, classifier)
    words = [word for row in sight.rows for word in row if any(isinstance(glyph, Digit) for glyph in word.glyphs)]
    read = [glyph.box for word in words for glyph in word.glyphs]
    height, width = scene.pixels.shape
    found = []
    for word in words:
        box = around(glyph.box for glyph in word.glyphs)
        room = 0.3 * box.height
        if (room < box.x < width - box.width - room and room < box.y < height - box.height - room) or close:
            found.append(_case(word, is_right(word, scene, read)))
    return found


def single_digit_cases(page: PageReader, n: int, seed: int = 78) -> list[Case]:
    """Return the digits that two readers read on n composed pictures of one digit, or of one letter or scribble."""
    (_, digits), classifier = mnist.split(mnist.load().train), Classifier()
    rng = np.random.default_rng(seed)
    found = []
    for i in range(n):
        scene = alone(digits, rng, other=i % 2 == 1)
        pixels = scene.pixels
        if scene.glyphs and rng.random() < 0.5:
            part, _ = scene.crop(box_around(scene.glyphs, max(scene.glyphs[0].size, 4.0), rng))
            scale = min(1.0, float(np.exp(rng.uniform(*np.log(_CROPS)))) / max(part.pixels.shape))
            size = max(8, round(part.pixels.shape[1] * scale)), max(8, round(part.pixels.shape[0] * scale))
            pixels = cv2.resize(part.pixels, size, interpolation=cv2.INTER_AREA)
        for row in _sight(page, pixels, classifier).rows:
            for word in row:
                if word.how == ALONE and scene.glyphs:
                    found.append(_case(word, text(word) == NAMES[min(scene.glyphs[0].label, OTHER)]))
    return found


def _case(word: Found, right: bool) -> Case:
    return Case(word.features, word.how, word.beside or word.mixed or word.letters, right, text(word))


def _sight(page: PageReader, pixels: np.ndarray, classifier: Classifier) -> Sight:
    """Return the words of a picture, uint8 (h, w). A picture with one row is read by the second reader too."""
    sight = page.find(pixels, classifier)
    if len(sight.rows) == 1 and len(sight.others) <= SECOND_READER_MARKS:
        *_, second = read_number(pixels, classifier, pixels.shape[::-1])
        if second is not None:
            return page.find_again(pixels, classifier, sight, second)
    return sight


def text(word: Found) -> str:
    """Return the text of a word."""
    return "".join(glyph.text for glyph in word.glyphs)


def is_right(word: Found, scene: Scene, read: list[Box]) -> bool:
    """Return whether a word was read as it is on the scene, and no digit beside it was left out.

    read: boxes of all glyphs that were read on the scene.
    """
    boxes = [glyph.box for glyph in word.glyphs]
    height = max(box.height for box in boxes)
    left, right = min(b.x for b in boxes), max(b.x + b.width for b in boxes)
    top, bottom = min(b.y for b in boxes), max(b.y + b.height for b in boxes)

    def inside(glyph: Glyph, room: float) -> bool:
        x, y = (glyph.box[0] + glyph.box[2]) / 2, (glyph.box[1] + glyph.box[3]) / 2
        return left - room < x < right + room and top - 0.1 * height < y < bottom + 0.1 * height

    near = sorted((g for g in scene.glyphs if inside(g, 0.7 * height) and scene.shows(g)), key=_middle)
    own = [g for g in near if inside(g, 0.15 * height)]
    for glyph in near:
        if glyph not in own and glyph.label < 10 and not any(_holds(box, glyph) for box in read):
            return False
    return "".join(NAMES[g.label] if g.label < OTHER else "#" for g in own) == text(word)


def _middle(glyph: Glyph) -> float:
    return glyph.box[0] + glyph.box[2]


def _holds(box: Box, glyph: Glyph) -> bool:
    x, y = (glyph.box[0] + glyph.box[2]) / 2, (glyph.box[1] + glyph.box[3]) / 2
    return box.x <= x <= box.x + box.width and box.y <= y <= box.y + box.height


def fit(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the weights of a logistic regression with a ridge penalty: float (n, k) and bool (n,) -> float (k,).

    The first feature is the bias, which has no penalty. The fit uses Newton's method.
    """
    penalty = np.full(x.shape[1], _RIDGE)
    penalty[0] = 1e-6
    weights = np.zeros(x.shape[1])
    for _ in range(40):
        p = _probability(x, weights)
        gradient = x.T @ (p - y) + penalty * weights
        curvature = (x * (p * (1 - p))[:, None]).T @ x + np.diag(penalty)
        weights -= np.linalg.solve(curvature, gradient)
    return weights


def threshold(p: np.ndarray, y: np.ndarray, wrong: float = WRONG) -> float:
    """Return the lowest confidence at or above which at most a share `wrong` of the words is wrong."""
    order = np.argsort(-p, kind="stable")
    share = np.cumsum(~y[order]) / np.arange(1, len(p) + 1)
    good = np.flatnonzero(share <= wrong)
    return float(p[order[good[-1]]]) if good.size else 1.0


@click.command()
@click.argument("finder", type=click.Path(exists=True, dir_okay=False))
@click.argument("strings", type=click.Path(exists=True, dir_okay=False))
@click.option("--pages", "n", default=PAGES, show_default=True, help="Number of composed pages.")
@click.option(
    "--single", "m", default=SINGLE_DIGITS, show_default=True, help="Number of pictures of one digit or scribble."
)
def main(finder: str, strings: str, n: int, m: int) -> None:
    """Print the weights of the features of a word, and the confidence from which a word is accepted.

    FINDER and STRINGS are the ONNX files that `python -m mnist_cnn.learn.pages` writes.
    """
    cv2.setNumThreads(1)
    page = PageReader(finder, strings)
    found = [case for case in page_cases(page, n) if not case.rejected]
    usual = [case for case in found if case.how != ALONE]
    x, y = _arrays(usual)
    how = np.array([case.how for case in usual])
    p = np.zeros(len(y))
    for name, some in (("read once", how == ONCE), ("read twice", how == TWICE)):
        weights = fit(x[some], y[some])
        p[some] = _probability(x[some], weights)
        _print_weights(f"{name}: {some.sum():,} words, {y[some].mean():.1%} right", weights)
    least = threshold(p, y)
    single = [case for case in single_digit_cases(page, m) if not case.rejected]
    x_single, y_single = _arrays(single + [case for case in found if case.how == ALONE])
    weights = _fit_single_digits(x_single, y_single, len(single), m / 2, least)
    _print_weights(f"one digit alone: {len(y_single):,} pictures, {y_single.mean():.1%} right", weights)
    click.echo(f"accepted from a confidence of {least:.3f}:")
    _print_accepted("of the words read once", p[how == ONCE], y[how == ONCE], least)
    _print_accepted("of the words read twice", p[how == TWICE], y[how == TWICE], least)
    _print_accepted("of the digits alone", _probability(x_single, weights), y_single, least)


def _fit_single_digits(x: np.ndarray, y: np.ndarray, pictures: int, others: float, least: float) -> np.ndarray:
    """Return the weights for single digits, float (k,), so that `least` is their threshold too.

    x, y: features and whether they are right. The first `pictures` of them are of pictures of one digit or scribble.
    others: number of pictures of one letter or scribble.
    """
    weights = np.zeros(len(FEATURES))
    weights[_SINGLE_DIGIT_FEATURES] = fit(x[:, _SINGLE_DIGIT_FEATURES], y)
    wrong = np.sort(_probability(x[:pictures], weights)[~y[:pictures]])[::-1]
    most = float(wrong[min(round(NO_DIGITS * others), len(wrong) - 1)])
    weights[0] += np.log(least / (1 - least)) - np.log(most / (1 - most))
    return weights


def _arrays(some: list[Case]) -> tuple[np.ndarray, np.ndarray]:
    """Return the features of words, float (n, k), and whether they are right, bool (n,)."""
    return np.array([case.features for case in some]), np.array([case.right for case in some])


def _probability(x: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the probability of a logistic regression: float (n, k) and (k,) -> float (n,)."""
    return 1 / (1 + np.exp(-np.clip(x @ weights, -30, 30)))


def _print_weights(title: str, weights: np.ndarray) -> None:
    click.echo(title)
    for feature, weight in zip(FEATURES, weights, strict=True):
        click.echo(f"  {feature:<12} {weight:8.3f}")


def _print_accepted(name: str, confidences: np.ndarray, right: np.ndarray, least: float) -> None:
    accepted = confidences >= least
    wrong = 1 - right[accepted].mean() if accepted.any() else 0.0
    click.echo(f"  {accepted.mean():.1%} {name}, {wrong:.2%} of these wrong; {accepted[right].mean():.1%} of the right")


if __name__ == "__main__":
    main()
