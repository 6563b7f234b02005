"""Augmentation, outliers and calibration: the same for a seed, valid always, and honest about how sure one may be."""

import dataclasses
import itertools

import numpy as np
import pytest

from mnist_cnn import mnist
from mnist_cnn.learn import augment, numbers, outliers
from mnist_cnn.learn.calibrate import temperature
from mnist_cnn.learn.lessons import Lessons
from mnist_cnn.learn.recipes import RECIPES
from mnist_cnn.read.normalise import normalise

SMALL = dataclasses.replace(RECIPES["handwriting"], batch_size=64)


@pytest.fixture(scope="module")
def digits(dataset: mnist.Dataset) -> mnist.Digits:
    images, labels = dataset.train
    return mnist.Digits(images[:300], labels[:300])


def assert_tiles(tiles: np.ndarray) -> None:
    assert tiles.dtype == np.float32
    assert np.isfinite(tiles).all()
    assert 0 <= tiles.min() <= tiles.max() <= 1
    assert (tiles.max(axis=(1, 2)) > 0.3).all(), "an empty tile teaches nothing"


def test_batches_are_the_same_for_a_seed_and_others_in_another_epoch(digits: mnist.Digits) -> None:
    one, same, other, later = (Lessons(SMALL, digits, seed, epoch) for seed, epoch in ((1, 0), (1, 0), (2, 0), (1, 1)))
    same[1]  # nor does it matter what was asked for before
    for a, b in zip(one[0], same[0], strict=True):
        assert np.array_equal(a, b)
    for different in (other, later):
        assert not np.array_equal(one[0][0], different[0][0])
        assert not np.array_equal(one[0][1], different[0][1])
    one.on_epoch_end()
    assert np.array_equal(one[2][0], later[2][0])
    assert len({one[i][0].tobytes() for i in range(3)}) == 3


def test_an_epoch_has_every_digit_once_beside_outliers_and_pieces(digits: mnist.Digits) -> None:
    batches = Lessons(SMALL, digits, 0)
    own = 42
    assert len(batches) == -(-300 // own)
    drawn = [batches[i] for i in range(len(batches))]
    for images, labels in drawn[:-1]:
        assert images.shape == (64, 28, 28, 1)
        assert labels.shape == (64,)
        assert labels.dtype == np.int64
        assert_tiles(images[..., 0])
        assert 9 <= (labels == outliers.LABEL).sum() <= 22  # the outliers, and some or all of the pieces
    assert len(drawn[-1][1]) == 6 + 1 + 2
    firsts = np.concatenate([labels[: min(own, 300 - i * own)] for i, (_, labels) in enumerate(drawn)])
    assert np.array_equal(np.bincount(firsts), np.bincount(digits.labels))


def test_pieces_of_a_number_are_labelled_by_what_is_in_them(digits: mnist.Digits) -> None:
    """Two digits far apart: cut in the gap they are themselves, together they are none."""
    for seed in range(20):
        rng = np.random.default_rng(seed)
        inks = [augment.enlarge(digits.images[i]) for i in rng.integers(0, 300, 2)]
        owners = np.zeros((2, 84, 190), np.float32)
        owners[0, :, :84], owners[1, :, 106:] = inks
        labels = np.array([3, 7])
        line = owners.max(axis=0)
        found = numbers.pieces(numbers.Number(line, owners, labels))
        kinds = {label for _, label in found}
        assert kinds <= {3, 7, outliers.LABEL}
        assert {3, 7} <= kinds
        for ink, label in found:
            if label != outliers.LABEL:
                assert ink.sum() == pytest.approx(inks[label == 7].sum(), rel=0.12)


def test_letters_have_no_digits_in_them(digits: mnist.Digits) -> None:
    found = [numbers.pieces(numbers.letter(np.random.default_rng(seed))) for seed in range(40)]
    assert {label for pieces in found for _, label in pieces} == {outliers.LABEL}


def test_a_part_of_the_digits_stays_as_mnist_has_them(digits: mnist.Digits) -> None:
    rng = np.random.default_rng(0)
    pairs = [(image, augment.digit(image, label, rng)) for image, label in zip(*digits, strict=True)]
    same = [np.array_equal(image.astype(np.float32) / 255, tile) for image, tile in pairs]
    assert 0.2 < np.mean(same) < 0.4
    changed = [np.abs(image / 255 - tile).mean() for (image, tile), kept in zip(pairs, same, strict=True) if not kept]
    assert 0.02 < np.mean(changed) < 0.15


@pytest.mark.parametrize("label", [0, 1, 4, 7])
def testother_habits_change_digits_and_no_other_ink(label: int, digits: mnist.Digits) -> None:
    rng = np.random.default_rng(0)
    inks = [augment.enlarge(image) for image in digits.images[digits.labels == label]]
    written = [augment.other_habits(ink, label, rng) for _ in range(4) for ink in inks]
    changed = [not np.array_equal(a, b) for a, b in zip(inks * 4, written, strict=True)]
    assert np.mean(changed) == pytest.approx({7: 0.3, 1: 0.45, 0: 0.07, 4: 0.2}[label], abs=0.12)
    assert any(changed)
    assert_tiles(np.stack(written))
    blank = np.zeros((84, 84), np.float32)
    assert not any(augment.other_habits(blank, label, rng).any() for _ in range(20))


@pytest.mark.parametrize("kind", ["font_letter", "stroke_letter", "scribble", "half", "texture", "mark"])
def test_every_kind_of_outlier_is_a_valid_tile(kind: str, digits: mnist.Digits) -> None:
    draw = getattr(outliers, f"_{kind}")
    tiles = np.stack([draw(digits, np.random.default_rng(seed)) for seed in range(30)])
    assert tiles.shape == (30, 28, 28)
    assert_tiles(tiles)
    assert len({tile.tobytes() for tile in tiles}) > 28
    assert np.array_equal(tiles[7], draw(digits, np.random.default_rng(7)))


def test_all_letters_are_in_all_fonts() -> None:
    for font in outliers.FONTS:
        missing = normalise(outliers.letter("\ue000", font))
        drawn = [normalise(outliers.letter(text, font)) for text in outliers.LETTERS]
        assert not any(np.array_equal(tile, missing) for tile in drawn)
        assert not any(np.array_equal(a, b) for a, b in itertools.combinations(drawn, 2))


@pytest.mark.parametrize("true", [0.3, 1.0, 3.0])
def test_a_known_temperature_is_found(true: float) -> None:
    """Labels drawn from a softmax are likeliest at 1; so the same logits, times `true`, need that divisor."""
    rng = np.random.default_rng(1)
    logits = rng.normal(0, 2, (8_000, 11))
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = (chances.cumsum(axis=1) > rng.random((len(logits), 1))).argmax(axis=1)
    sharp = np.exp(true * (logits - logits.max(axis=1, keepdims=True)))
    found = temperature((sharp / sharp.sum(axis=1, keepdims=True)).astype(np.float32), labels)
    assert found == pytest.approx(true, rel=0.02)
