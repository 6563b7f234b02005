"""Acceptance: the fit, the threshold, and when a word on a composed page is right."""

import numpy as np
import pytest

from mnist_cnn.learn import acceptance
from mnist_cnn.learn.pages.glyphs import OTHER, Glyph
from mnist_cnn.learn.pages.scenes import Scene
from mnist_cnn.read.decision import ONCE, Found
from mnist_cnn.read.reading import Box, Digit, Sign

HEIGHT = 40


def box(left: int) -> Box:
    return Box(left, 100, 24, HEIGHT)


def word(text: str, left: int = 100) -> Found:
    """A word whose glyphs are 30 pixels apart."""
    glyphs = tuple(
        Digit(box(left + 30 * i), int(c), 1.0, (), True, None, np.zeros((28, 28)), np.zeros(10))
        if c.isdigit()
        else Sign(box(left + 30 * i), c, 1.0)
        for i, c in enumerate(text)
    )
    return Found(glyphs, (), False, False, ONCE)


def scene(*labels: int, left: int = 100) -> Scene:
    glyphs = [
        Glyph(label, (left + 30 * i, 100, left + 30 * i + 24, 100 + HEIGHT), HEIGHT) for i, label in enumerate(labels)
    ]
    return Scene(np.zeros((320, 320), np.uint8), glyphs, [list(range(len(labels)))])


def right(read: Found, page: Scene) -> bool:
    return acceptance.is_right(read, page, [glyph.box for glyph in read.glyphs])


def test_a_word_is_right_if_all_its_glyphs_are() -> None:
    assert right(word("475"), scene(4, 7, 5))
    assert not right(word("475"), scene(4, 1, 5))
    assert right(word("4.5"), scene(4, 10, 5))
    assert not right(word("475"), scene(4, OTHER, 5))


def test_a_word_beside_an_unread_digit_is_wrong() -> None:
    assert not right(word("47"), scene(4, 7, 5))
    assert not right(word("75", 130), scene(4, 7, 5))


def test_the_fit_finds_the_weights_of_generated_data() -> None:
    rng = np.random.default_rng(0)
    x = np.column_stack([np.ones(20000), rng.normal(0, 1, (20000, 2))])
    truth = np.array([0.5, 2.0, -1.0])
    y = rng.random(20000) < 1 / (1 + np.exp(-x @ truth))
    assert acceptance.fit(x, y) == pytest.approx(truth, abs=0.1)


def test_the_threshold_limits_the_share_of_errors() -> None:
    p = np.linspace(1, 0, 1001)
    y = np.arange(1001) % 100 != 99  # every hundredth is wrong
    y[500:] = False
    assert acceptance.threshold(p, y, 0.02) == pytest.approx(p[504], abs=0.002)
    assert acceptance.threshold(p, y, 0.0) == pytest.approx(p[98])
    assert acceptance.threshold(p, np.zeros(1001, bool), 0.02) == 1.0
