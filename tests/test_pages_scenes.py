"""Scenes: composed pages are repeatable, and their labels, boxes and runs are correct."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mnist_cnn import mnist
from mnist_cnn.learn.pages import fonts, scenes
from mnist_cnn.learn.pages.glyphs import OTHER, Glyph
from mnist_cnn.read import strips

SEEDS = range(30)


@pytest.fixture(scope="module")
def composed(digits: mnist.Digits) -> list[scenes.Scene]:
    return [scenes.compose(digits, np.random.default_rng(seed)) for seed in SEEDS]


@pytest.fixture
def without_fonts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(fonts, "FOLDERS", (str(tmp_path),))
    fonts.fonts.cache_clear()
    yield
    fonts.fonts.cache_clear()


def test_the_same_seed_gives_the_same_scene(digits: mnist.Digits) -> None:
    a, b, c = (scenes.compose(digits, np.random.default_rng(seed)) for seed in (5, 5, 6))
    assert np.array_equal(a.pixels, b.pixels)
    assert (a.glyphs, a.rows) == (b.glyphs, b.rows)
    assert not np.array_equal(a.pixels, c.pixels)


def test_a_scene_has_the_given_size(digits: mnist.Digits) -> None:
    scene = scenes.compose(digits, np.random.default_rng(0), 160, 20.0)
    assert (scene.pixels.shape, scene.pixels.dtype) == ((160, 160), np.uint8)


def test_labels_and_boxes_are_in_range(composed: list[scenes.Scene]) -> None:
    labels = [glyph.label for scene in composed for glyph in scene.glyphs]
    assert set(labels) <= set(range(OTHER + 1))
    assert set(range(10)) | {OTHER} <= set(labels), "30 scenes have every digit and other writing"
    for scene in composed:
        assert (scene.pixels.shape, scene.pixels.dtype) == ((scenes.SIDE, scenes.SIDE), np.uint8)
        for glyph in scene.glyphs:
            left, top, right, bottom = glyph.box
            assert left < right
            assert top < bottom
            assert glyph.size > 0


def test_rows_index_each_glyph_once_from_left_to_right(composed: list[scenes.Scene]) -> None:
    for scene in composed:
        indices = [i for row in scene.rows for i in row]
        assert sorted(indices) == list(range(len(scene.glyphs)))
        assert all(scene.rows)
        for row in scene.rows:
            lefts = [scene.glyphs[i].box[0] for i in row if scene.glyphs[i].label < 10]
            steps = np.diff(lefts)
            assert (steps > -0.7 * max((scene.glyphs[i].size for i in row), default=0)).all()


def test_contrast_is_higher_inside_the_boxes_of_digits(composed: list[scenes.Scene]) -> None:
    higher = []
    for scene in composed:
        contrast = np.abs(strips.contrast(scene.pixels)[..., 1])
        for glyph in scene.glyphs:
            left, top, right, bottom = (round(v) for v in glyph.box)
            if glyph.label < 10 and left >= 0 and top >= 0 and max(right, bottom) < scenes.SIDE:
                higher.append(contrast[top : bottom + 1, left : right + 1].mean() > contrast.mean())
    assert len(higher) > 200
    assert np.mean(higher) > 0.95


def test_glyphs_move_with_a_crop() -> None:
    glyphs = [Glyph(7, (100, 120, 130, 170), 50), Glyph(1, (200, 120, 210, 170), 50)]
    scene = scenes.Scene(np.full((320, 320), 200, np.uint8), glyphs, [[0, 1]])
    part, (x, y) = scene.crop((90.4, 110.2, 140, 180))
    assert part.pixels.shape == (180 - y, 140 - x)
    assert part.glyphs[0].box == (100 - x, 120 - y, 130 - x, 170 - y)
    whole, at = scene.crop((-50, -50, 900, 900))
    assert (whole.pixels.shape, at) == ((320, 320), (0, 0))


@pytest.mark.usefixtures("without_fonts")
def test_scenes_need_no_fonts_of_the_system(digits: mnist.Digits) -> None:
    hands, prints = fonts.fonts()
    assert hands == prints
    assert all("matplotlib" in font for font in hands)
    for seed in range(12):
        scene = scenes.compose(digits, np.random.default_rng(seed))
        assert scene.pixels.std() > 1
    line = fonts.text_line("Total", prints[0], 20, np.random.default_rng(0))
    assert [glyph.label for glyph in line.glyphs] == [OTHER] * 5
