"""Networks: the losses of the finder and of the string network. Their shapes are in test_pages_convnet_export.py."""

import keras
import numpy as np
import pytest

from mnist_cnn.learn.pages import networks
from mnist_cnn.learn.pages.networks import CLASSES
from mnist_cnn.read.labels import BLANK


def test_every_network_has_its_name_and_a_loss() -> None:
    assert networks.BUILD.keys() == networks.LOSS.keys()
    for name, build in networks.BUILD.items():
        assert build().name == name


@pytest.fixture
def target() -> np.ndarray:
    """One digit at one cell, and one cell to ignore."""
    cells = np.zeros((1, 4, 4, 8), np.float32)
    cells[0, 1, 2, [0, 3]] = 1
    cells[0, 1, 2, 4:8] = 0.3, -0.2, 0.1, 0.4
    cells[0, 3, 3, :3] = -1
    return cells


def perfect(target: np.ndarray) -> np.ndarray:
    """The output of a finder that is sure and right."""
    return np.concatenate([np.where(target[..., :3] == 1, 20, -20), target[..., 4:8]], axis=-1).astype(np.float32)


def finder_loss(found: np.ndarray, target: np.ndarray) -> float:
    return float(networks.finder_loss(keras.ops.convert_to_tensor(found), keras.ops.convert_to_tensor(target)))


def test_the_finder_loss_is_zero_for_a_right_output(target: np.ndarray) -> None:
    found = perfect(target)
    assert finder_loss(found, target) == pytest.approx(0, abs=1e-6)
    found[0, 3, 3, :3] = 20
    assert finder_loss(found, target) == pytest.approx(0, abs=1e-6), "cells to ignore have no loss"
    found[0, 0, 0, 3:] = 9
    assert finder_loss(found, target) == pytest.approx(0, abs=1e-6), "sizes count only at the cell of a glyph"


def test_wrong_sizes_and_wrong_cells_have_a_finder_loss(target: np.ndarray) -> None:
    found = perfect(target)
    found[0, 1, 2, 3:] += 1
    assert finder_loss(found, target) == pytest.approx((1 + 1 + 0.5 + 0.5) / 2, rel=1e-5)
    found = perfect(target)
    found[0, 0, 0, 0] = 20
    assert finder_loss(found, target) == pytest.approx(20 / 2, rel=1e-4)


def string_loss(read: list[int], labels: list[int], sequence: list[int]) -> float:
    """The loss of an output that is sure of one class per frame."""
    logits = 30 * np.eye(CLASSES, dtype=np.float32)[read][None]
    sequences, lengths = np.array([sequence], np.int32), np.array([len(read)], np.int32)
    arrays = (logits, np.array([labels], np.int32), sequences, lengths)
    return float(networks.string_loss(*map(keras.ops.convert_to_tensor, arrays)))


def test_the_string_loss_is_zero_for_a_right_output_only() -> None:
    right = [BLANK, 7, BLANK, 1, 1, BLANK]
    assert string_loss(right, right, [7, 1, -1]) == pytest.approx(0, abs=1e-5)
    assert string_loss(right, [BLANK, 7, BLANK, -1, 1, -1], [7, 1, -1]) == pytest.approx(0, abs=1e-5)
    assert string_loss(right, [-1, 7, -1, -1, -1, -1], [7, 2, -1]) == pytest.approx(0.5 * 10), "CTC, 10 at most"
    assert string_loss(right, [-1, 8, -1, -1, -1, -1], [-1, -1, -1]) == pytest.approx(30), "no sequence: no CTC"
