"""Checkpoints of page networks: what is saved is restored, and other files are errors."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from mnist_cnn.errors import RunError
from mnist_cnn.learn.pages import checkpoint


def network(units: int = 3) -> tuple[Any, Any]:
    """A small network with a trained optimizer."""
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(units)], name="small")
    optimizer = keras.optimizers.Adam(0.1)
    optimizer.build(model.trainable_variables)
    optimizer.apply([keras.ops.ones(v.shape) for v in model.trainable_variables])
    return model, optimizer


def test_a_saved_network_is_restored_with_its_optimizer(tmp_path: Path) -> None:
    file = tmp_path / "weights.npz"
    saved, other = network(), network()
    checkpoint.save(*saved, 17, file)
    values = checkpoint.load(file)
    assert int(values["step"]) == 17
    assert not np.array_equal(saved[0].get_weights()[0], other[0].get_weights()[0])
    other[1].iterations.assign(5)
    checkpoint.restore(*other, values, file)
    for a, b in zip(saved[0].get_weights(), other[0].get_weights(), strict=True):
        assert np.array_equal(a, b)
    for a, b in zip(saved[1].variables, other[1].variables, strict=True):
        assert np.array_equal(np.asarray(a), np.asarray(b))


def test_the_checkpoint_of_another_network_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "weights.npz"
    checkpoint.save(*network(3), 1, file)
    model, optimizer = network(5)
    with pytest.raises(
        RunError, match=r"weights\.npz: expected a checkpoint of the network 'small', found one of another"
    ):
        checkpoint.restore(model, optimizer, checkpoint.load(file), file)


def test_files_that_are_not_checkpoints_are_named(tmp_path: Path) -> None:
    file = tmp_path / "weights.npz"
    with pytest.raises(RunError, match=r"weights\.npz: expected a checkpoint weights\.npz, found no file"):
        checkpoint.load(file)
    np.savez(file, w0=np.zeros(3))
    with pytest.raises(RunError, match="found another file or a damaged one"):
        checkpoint.load(file)
    file.write_bytes(b"PK nonsense")
    with pytest.raises(RunError, match="found another file or a damaged one"):
        checkpoint.load(file)
