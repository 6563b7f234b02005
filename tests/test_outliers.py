"""Outliers: every kind is a valid tile, and all letters are in all fonts."""

import itertools

import numpy as np
import pytest
from conftest import assert_tiles

from mnist_cnn import mnist
from mnist_cnn.learn import outliers
from mnist_cnn.read.normalise import normalise


@pytest.fixture(scope="module")
def digits(dataset: mnist.Dataset) -> mnist.Digits:
    images, labels = dataset.train
    return mnist.Digits(images[:300], labels[:300])


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
