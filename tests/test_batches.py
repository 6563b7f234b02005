"""Training batches: repeatable, each digit once per epoch, with outliers and pieces of numbers."""

import dataclasses

import numpy as np
import pytest
from conftest import assert_tiles

from mnist_cnn import mnist
from mnist_cnn.learn import outliers
from mnist_cnn.learn.batches import TrainingBatches, targets
from mnist_cnn.learn.model import build
from mnist_cnn.learn.recipes import RECIPES, SEED

SMALL = dataclasses.replace(RECIPES["handwriting"], batch_size=64)


@pytest.fixture(scope="module")
def digits(dataset: mnist.Dataset) -> mnist.Digits:
    images, labels = dataset.train
    return mnist.Digits(images[:300], labels[:300])


def test_batches_depend_on_the_seed_and_the_epoch(digits: mnist.Digits) -> None:
    one, same, other, later = (
        TrainingBatches(SMALL, digits, seed, epoch) for seed, epoch in ((1, 0), (1, 0), (2, 0), (1, 1))
    )
    same[1]  # earlier batches make no difference
    for a, b in zip(one[0], same[0], strict=True):
        assert np.array_equal(a, b)
    for different in (other, later):
        assert not np.array_equal(one[0][0], different[0][0])
        assert not np.array_equal(one[0][1], different[0][1])
    one.on_epoch_end()
    assert np.array_equal(one[2][0], later[2][0])
    assert len({one[i][0].tobytes() for i in range(3)}) == 3


def test_an_epoch_has_every_digit_once_and_outliers_and_pieces(digits: mnist.Digits) -> None:
    batches = TrainingBatches(SMALL, digits, 0)
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


def test_warping_gets_weaker_from_epoch_to_epoch(dataset: mnist.Dataset) -> None:
    recipe = dataclasses.replace(RECIPES["tiny"], epochs=3, warping=(2.0, 0.0))
    assert [recipe.strength(epoch) for epoch in range(4)] == [2, 1, 0, 0]
    assert dataclasses.replace(recipe, epochs=1).strength(0) == 2
    digits = mnist.Digits(dataset.train.images[:10], dataset.train.labels[:10])
    batches = TrainingBatches(dataclasses.replace(recipe, batch_size=10), digits, 0)
    drawn = []
    for _ in range(recipe.epochs):
        images, labels = batches[0]
        own = [digits.images[digits.labels == label] / np.float32(255) for label in labels]
        drawn.append(all((image[..., 0] == known).all((1, 2)).any() for image, known in zip(images, own, strict=True)))
        batches.on_epoch_end()
    assert drawn == [False, False, True]


def test_label_smoothing_needs_targets_with_a_1_at_each_label(dataset: mnist.Dataset) -> None:
    recipe, labels = RECIPES["accurate"], dataset.train.labels[:50]
    rows = targets(recipe, labels)
    assert rows.shape == (50, recipe.classes)
    assert (rows.sum(axis=1) == 1).all()
    assert (rows.argmax(axis=1) == labels).all()
    assert np.array_equal(targets(SEED, labels), labels)
    model = build(recipe)
    images = mnist.as_input(dataset.train.images[:50])
    logarithms = np.log(model.predict(images, verbose=0).astype(np.float64))
    expected = -(rows * 0.95 + 0.005) * logarithms  # 5 % of each label is divided among the ten classes
    assert model.evaluate(images, rows, verbose=0)[0] == pytest.approx(expected.sum(axis=1).mean(), rel=1e-5)
