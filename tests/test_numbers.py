"""Numbers: pieces of composed numbers have the right labels."""

import numpy as np
import pytest

from mnist_cnn import mnist
from mnist_cnn.learn import augment, numbers, outliers


@pytest.fixture(scope="module")
def digits(dataset: mnist.Dataset) -> mnist.Digits:
    images, labels = dataset.train
    return mnist.Digits(images[:300], labels[:300])


def test_pieces_have_the_label_of_their_digit(digits: mnist.Digits) -> None:
    """Of two digits far apart, a piece with one has its label, and a piece with both is an outlier."""
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


def test_pieces_of_letters_are_not_digits(digits: mnist.Digits) -> None:
    found = [numbers.pieces(numbers.letter(np.random.default_rng(seed))) for seed in range(40)]
    assert {label for pieces in found for _, label in pieces} == {outliers.LABEL}
