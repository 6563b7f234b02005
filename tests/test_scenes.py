"""Scenes: composed pages are repeatable, and their labels, boxes and runs are correct."""

import doctest
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from mnist_cnn import mnist
from mnist_cnn.learn import scenes, strokes, writing
from mnist_cnn.learn.writing import OTHER, Glyph, Writer
from mnist_cnn.read import strips
from mnist_cnn.read.labels import SIGNS

SEEDS = range(30)


@pytest.fixture(scope="module")
def digits(dataset: mnist.Dataset) -> mnist.Digits:
    return mnist.Digits(dataset.train.images[:2000], dataset.train.labels[:2000])


@pytest.fixture(scope="module")
def composed(digits: mnist.Digits) -> list[scenes.Scene]:
    return [scenes.compose(digits, np.random.default_rng(seed)) for seed in SEEDS]


@pytest.fixture
def without_fonts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(writing, "FOLDERS", (str(tmp_path),))
    writing.fonts.cache_clear()
    yield
    writing.fonts.cache_clear()


def test_the_examples_in_the_docstring_are_correct() -> None:
    assert doctest.testmod(strokes).failed == 0


@pytest.mark.parametrize("text", [*"0123456789", *SIGNS])
def test_every_digit_and_sign_is_drawn_inside_its_frame(text: str) -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        ink = strokes.draw(text, rng)
        assert (ink.shape, ink.dtype) == ((strokes.SIDE, strokes.SIDE), np.float32)
        assert 0 <= ink.min() < 0.01 < 0.9 < ink.max() <= 1
        edges = np.concatenate([ink[0], ink[-1], ink[:, 0], ink[:, -1]])
        assert (edges > 0.5).mean() < 0.06, "cut off"


def test_the_same_seed_gives_the_same_scene(digits: mnist.Digits) -> None:
    a, b, c = (scenes.compose(digits, np.random.default_rng(seed)) for seed in (5, 5, 6))
    assert np.array_equal(a.pixels, b.pixels)
    assert (a.glyphs, a.rows) == (b.glyphs, b.rows)
    assert not np.array_equal(a.pixels, c.pixels)


def test_other_images_at_the_same_address_are_not_mixed_up(dataset: mnist.Dataset) -> None:
    """The index of images per digit is cached by the labels' identity, which Python may reuse."""
    for first in range(0, 2000, 200):
        some = mnist.Digits(dataset.train.images[first : first + 200], dataset.train.labels[first : first + 200])
        for digit, places in enumerate(writing._places(some)):
            assert (some.labels[places] == digit).all()


def test_a_scene_has_the_given_size(digits: mnist.Digits) -> None:
    scene = scenes.compose(digits, np.random.default_rng(0), 160, 20.0)
    assert (scene.pixels.shape, scene.pixels.dtype) == ((160, 160), np.uint8)


@pytest.mark.parametrize("layout", ["_rows", "_table", "_boxes", "_form", "_lone", "_other"])
def test_every_layout_can_have_digits_half_as_high_as_the_picture(layout: str, digits: mnist.Digits) -> None:
    for seed in range(8):
        rng = np.random.default_rng(seed)
        sheet = scenes._Sheet(*(np.zeros((352, 352), np.float32) for _ in range(2)), np.zeros((352, 352), np.uint8))
        getattr(scenes, layout)(sheet, writing.Writer(digits, rng), 180.0, rng)
        assert sheet.ink.shape == (352, 352)
        assert all(np.isfinite(glyph.box).all() for glyph in sheet.glyphs)


def test_a_polygon_has_the_corners_of_its_skeleton() -> None:
    def corners(straight: bool) -> int:
        ink = strokes.draw("8", np.random.default_rng(3), 2.0, straight)
        [outline, *_], _ = cv2.findContours((ink > 0.3).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        return len(cv2.approxPolyDP(outline, 1.0, True))

    assert corners(straight=True) < corners(straight=False)


def test_some_writers_have_drawn_digits_alone(digits: mnist.Digits) -> None:
    writers = [writing.Writer(digits, np.random.default_rng(seed)) for seed in range(300)]
    drawn = [writer for writer in writers if writer.drawn.all()]
    assert 0.09 < len(drawn) / 300 < 0.22
    assert 0 < sum(writer.straight for writer in writers) < len(drawn)


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


def test_boxes_of_written_glyphs_fit_their_ink(digits: mnist.Digits) -> None:
    rng = np.random.default_rng(0)
    for text in [*"0123456789", *"+x=()-"]:
        line = Writer(digits, rng).write(text, 40)
        (glyph,) = line.glyphs
        assert glyph.label == (int(text) if text.isdigit() else 10 + SIGNS.index(text))
        rows, columns = (np.flatnonzero(line.ink.max(axis=axis) > 0.2) for axis in (1, 0))
        found = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
        assert np.abs(np.array(glyph.box) - found).max() <= 2


def test_spaces_separate_words(digits: mnist.Digits) -> None:
    line = Writer(digits, np.random.default_rng(0)).write("12 3,4", 30, gap=3)
    assert [glyph.label for glyph in line.glyphs] == [1, 2, 3, 10 + SIGNS.index(","), 4]
    assert [glyph.word for glyph in line.glyphs] == [0, 0, 1, 1, 1]
    assert line.glyphs[2].box[0] - line.glyphs[1].box[2] > 2 * 30


def test_boxes_move_with_the_camera() -> None:
    glyph = Glyph(3, (10.0, 20.0, 30.0, 60.0), 40.0)
    assert scenes._moved(glyph, np.eye(3)) == glyph
    assert scenes._moved(glyph, np.array([[1.0, 0, 5], [0, 1, -7], [0, 0, 1]])).box == (15, 13, 35, 53)
    twice = scenes._moved(glyph, np.diag([2.0, 2, 1]))
    assert (twice.box, twice.size) == ((20, 40, 60, 120), 80)
    turned = scenes._moved(glyph, np.array([[np.cos(0.2), -np.sin(0.2), 0], [np.sin(0.2), np.cos(0.2), 0], [0, 0, 1]]))
    left, top, right, bottom = turned.box
    assert (right - left, bottom - top, turned.size) == pytest.approx((20, 40, 40)), "not the rectangle around it"


def test_boxes_are_where_the_ink_is_in_the_photograph() -> None:
    """A dot on the sheet and its box, through 20 random papers and cameras."""
    for seed in range(20):
        ink, printed = np.zeros((352, 352), np.float32), np.zeros((352, 352), np.float32)
        cv2.circle(ink, (190, 150), 12, 1.0, -1)
        sheet = scenes._Sheet(ink, printed, np.zeros((352, 352), np.uint8))
        sheet.glyphs.append(Glyph(0, (178.0, 138.0, 203.0, 163.0), 25.0))
        scene = scenes._photographed(sheet, 25.0, np.random.default_rng(seed), 320)
        left, top, right, bottom = scene.glyphs[0].box
        x, y = (left + right) / 2, (top + bottom) / 2
        pixels = scene.pixels[round(y) - 30 : round(y) + 31, round(x) - 30 : round(x) + 31].astype(float)
        yy, xx = np.mgrid[-30:31, -30:31]
        inner, outer = np.hypot(xx, yy) < 8, (np.hypot(xx, yy) > 18) & (np.hypot(xx, yy) < 26)
        marked = np.abs(pixels - np.median(pixels[outer])) > np.abs(pixels[inner].mean() - np.median(pixels[outer])) / 2
        marked &= np.hypot(xx, yy) < 18
        assert xx[marked].mean() == pytest.approx(0, abs=1.5)
        assert yy[marked].mean() == pytest.approx(0, abs=1.5)


def test_numbers_have_only_digits_signs_and_spaces() -> None:
    rng = np.random.default_rng(0)
    texts = [scenes.number(rng) for _ in range(2000)]
    assert set("".join(texts)) == set("0123456789 " + SIGNS)
    assert all(text.strip() == text and text for text in texts)
    assert np.mean([text.isdigit() for text in texts]) > 0.5


@pytest.mark.usefixtures("without_fonts")
def test_scenes_need_no_fonts_of_the_system(digits: mnist.Digits) -> None:
    hands, prints = writing.fonts()
    assert hands == prints
    assert all("matplotlib" in font for font in hands)
    for seed in range(12):
        scene = scenes.compose(digits, np.random.default_rng(seed))
        assert scene.pixels.std() > 1
    line = writing.text_line("Total", prints[0], 20, np.random.default_rng(0))
    assert [glyph.label for glyph in line.glyphs] == [OTHER] * 5
