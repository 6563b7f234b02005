"""Augmentation: changed digits are valid, repeatable, and still the same digits."""

import numpy as np
import pytest
from conftest import assert_tiles
from hypothesis import given
from hypothesis import strategies as st

from mnist_cnn import mnist
from mnist_cnn.learn import augment
from mnist_cnn.read import Classifier


@pytest.fixture(scope="module")
def digits(dataset: mnist.Dataset) -> mnist.Digits:
    images, labels = dataset.train
    return mnist.Digits(images[:300], labels[:300])


def test_some_digits_stay_unchanged(digits: mnist.Digits) -> None:
    rng = np.random.default_rng(0)
    pairs = [(image, augment.digit(image, label, rng)) for image, label in zip(*digits, strict=True)]
    same = [np.array_equal(image.astype(np.float32) / 255, tile) for image, tile in pairs]
    assert 0.2 < np.mean(same) < 0.4
    changed = [np.abs(image / 255 - tile).mean() for (image, tile), kept in zip(pairs, same, strict=True) if not kept]
    assert 0.02 < np.mean(changed) < 0.15


@pytest.mark.parametrize("label", [0, 1, 4, 7])
def test_other_habits_change_digits_and_no_empty_image(label: int, digits: mnist.Digits) -> None:
    rng = np.random.default_rng(0)
    inks = [augment.enlarge(image) for image in digits.images[digits.labels == label]]
    written = [augment.other_habits(ink, label, rng) for _ in range(4) for ink in inks]
    changed = [not np.array_equal(a, b) for a, b in zip(inks * 4, written, strict=True)]
    assert np.mean(changed) == pytest.approx({7: 0.3, 1: 0.45, 0: 0.07, 4: 0.2}[label], abs=0.12)
    assert any(changed)
    assert_tiles(np.stack(written))
    blank = np.zeros((84, 84), np.float32)
    assert not any(augment.other_habits(blank, label, rng).any() for _ in range(20))


def test_a_warped_digit_is_still_that_digit(dataset: mnist.Dataset) -> None:
    images, labels = dataset.train.images[:2000], dataset.train.labels[:2000]
    warped = augment.warp(images, np.random.default_rng(0))
    assert warped.shape == (2000, 28, 28)
    assert warped.dtype == np.float32
    assert 0 == warped.min() < warped.max() <= 1
    assert np.array_equal(warped, augment.warp(images, np.random.default_rng(0)))
    assert not np.array_equal(warped, augment.warp(images, np.random.default_rng(1)))
    assert (np.abs(warped - images / np.float32(255)).mean(axis=(1, 2)) > 0.005).mean() > 0.99
    found = Classifier(threads=2).probabilities(warped[..., None]).argmax(axis=1)
    assert (found == labels).mean() > 0.98


def test_warping_changes_more_with_more_strength(dataset: mnist.Dataset) -> None:
    images = dataset.train.images[:500]
    plain = images / np.float32(255)
    assert np.array_equal(augment.warp(images, np.random.default_rng(0), 0.0), plain)
    changed = [np.abs(augment.warp(images, np.random.default_rng(0), s) - plain).mean() for s in (0.25, 0.5, 1.0)]
    assert changed == sorted(changed)
    assert changed[0] > 0


def test_a_spline_of_equal_shifts_shifts_equally() -> None:
    np.testing.assert_allclose(augment._SPLINE @ np.ones(augment._KNOTS), 1, atol=1e-6)
    straight = augment._SPLINE @ np.arange(augment._KNOTS)  # a straight line of knots is one of pixels
    np.testing.assert_allclose(np.diff(straight), np.diff(straight)[0], atol=1e-5)


@given(st.integers(0, 2**32), st.sampled_from([0, 255, None]), st.integers(0, 3))
def test_all_images_can_be_warped(seed: int, value: int | None, n: int) -> None:
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (n, 28, 28), np.uint8) if value is None else np.full((n, 28, 28), value, np.uint8)
    warped = augment.warp(images, rng)
    assert warped.shape == (n, 28, 28)
    assert np.isfinite(warped).all()
    assert n == 0 or 0 <= warped.min() <= warped.max() <= 1
