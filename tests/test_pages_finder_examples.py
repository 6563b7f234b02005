"""Examples of the finder: the target of a scene, and pictures with close-ups."""

import numpy as np
import pytest

from mnist_cnn import mnist
from mnist_cnn.learn.pages import finder_examples, scenes
from mnist_cnn.learn.pages.finder_examples import SIZES
from mnist_cnn.learn.pages.glyphs import OTHER, Glyph
from mnist_cnn.read.finder import MARGIN, framed


def scene_of(*glyphs: Glyph, side: int = 320) -> scenes.Scene:
    return scenes.Scene(np.full((side, side), 200, np.uint8), list(glyphs), [list(range(len(glyphs)))])


@pytest.mark.parametrize(("label", "channel"), [(0, 0), (9, 0), (10, 1), (OTHER - 1, 1), (OTHER, 2)])
@pytest.mark.parametrize("height", [12.5, 24.0, 35.5])
def test_the_target_is_1_at_the_cell_of_each_glyph(label: int, channel: int, height: float) -> None:
    glyphs = [
        Glyph(label, (x, y, x + 0.6 * height, y + height), height) for x, y in ((20.0, 33), (151, 150), (270, 21))
    ]
    target = finder_examples.target(scene_of(*glyphs))
    assert (target.shape, target.dtype) == ((80, 80, 8), np.float32)
    assert (target[..., 3] == 1).sum() == (target[..., channel] == 1).sum() == 3
    assert not target[..., [c for c in range(3) if c != channel]].any()
    for glyph in glyphs:
        left, top, right, bottom = glyph.box
        x, y = (left + right) / 2, (top + bottom) / 2
        row, column = round(y / 4 - 0.5), round(x / 4 - 0.5)
        cell = target[row, column]
        assert cell[channel] == cell[3] == 1
        tall, wide = 24 * np.exp(cell[4:6])
        assert (tall, wide) == pytest.approx((height, 0.6 * height), rel=1e-5)
        assert ((column + cell[6] + 0.5) * 4, (row + cell[7] + 0.5) * 4) == pytest.approx((x, y), abs=1e-4)


def test_composed_scenes_have_a_1_for_each_digit_in_the_size_range(digits: mnist.Digits) -> None:
    """The size of a digit is its height, or the size of the writing if it is much smaller than the rest."""
    found = 0
    for seed in range(15):
        scene = scenes.compose(digits, np.random.default_rng(seed))
        target = finder_examples.target(scene)
        assert target[..., :3].min() >= -1
        assert target[..., :3].max() <= 1
        for glyph in scene.glyphs:
            left, top, right, bottom = glyph.box
            row, column = round((top + bottom) / 8 - 0.5), round((left + right) / 8 - 0.5)
            size = bottom - top if bottom - top > 0.55 * glyph.size else glyph.size
            inside = 0 <= row < 80 and 0 <= column < 80
            if glyph.label < 10 and inside and scene.shows(glyph) and SIZES[0] <= size <= SIZES[1]:
                assert target[row, column, 0] == target[row, column, 3] == 1
                found += 1
    assert found > 50


@pytest.mark.parametrize(("height", "ignored"), [(5.0, False), (9.0, True), (45.0, True), (80.0, False)])
def test_glyphs_outside_the_size_range_are_ignored_or_background(height: float, ignored: bool) -> None:
    glyph = Glyph(5, (100.0, 100, 100 + 0.6 * height, 100 + height), height)
    target = finder_examples.target(scene_of(glyph))
    assert target.max() == 0
    assert (target.min() == -1) == ignored


def test_a_glyph_cut_off_by_the_edge_is_ignored() -> None:
    target = finder_examples.target(scene_of(Glyph(5, (-8, 100, 12, 124), 24)))
    assert target[..., 3].sum() == 0
    assert (target[27:29, 0, 0] == -1).any()


def test_close_ups_have_the_margin_of_the_finder(digits: mnist.Digits) -> None:
    rng = np.random.default_rng(1)
    drawn = [finder_examples.example(digits, rng) for _ in range(40)]
    assert all(x.shape == (320, 320, 2) and y.shape == (80, 80, 8) for x, y in drawn)
    mosaics = [(x, y) for x, y in drawn if not x[-4:].any() and not x[:, -4:].any()]
    assert 5 <= len(mosaics) <= 25
    for x, y in mosaics:
        empty = ~x.any(axis=2).reshape(80, 4, 80, 4).any(axis=(1, 3))
        assert not y[..., 3][empty].any(), "all glyphs are inside the pictures"
    assert framed(np.zeros((31, 50), np.uint8)).shape == (48, 72)
    assert MARGIN == 8
