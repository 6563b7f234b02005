"""Worker: the share of each batch that one process of a training learns from.

The worker sets Keras to JAX, so it is imported in a process of its own.
"""

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest

from mnist_cnn import mnist
from mnist_cnn.errors import DistributedError


@pytest.fixture(scope="module")
def process() -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        yield pool


def shares(digits: mnist.Digits, world: int) -> tuple[list[list[np.ndarray]], list[np.ndarray]]:
    """Return the labels in each batch of each rank, and the labels in each whole batch."""
    from mnist_cnn.distributed.worker import Share
    from mnist_cnn.learn.batches import TrainingBatches
    from mnist_cnn.learn.recipes import SEED

    whole = TrainingBatches(SEED, digits, seed=0)
    ranks = [Share(TrainingBatches(SEED, digits, seed=0), rank, world) for rank in range(world)]
    for batches in (whole, *ranks):
        batches.on_epoch_end()
    return [[rank[i][1] for i in range(len(rank))] for rank in ranks], [whole[i][1] for i in range(len(whole))]


def first(digits: mnist.Digits, count: int) -> mnist.Digits:
    return mnist.Digits(digits.images[:count], digits.labels[:count])


@pytest.mark.parametrize(("count", "world", "kept"), [(70, 2, [32, 32, 6]), (67, 2, [32, 32, 2]), (65, 2, [32, 32])])
def test_the_ranks_share_each_batch(
    count: int, world: int, kept: list[int], digits: mnist.Digits, process: ProcessPoolExecutor
) -> None:
    """Rows that do not divide are left out, and so is a last batch with fewer rows than ranks."""
    ranks, whole = process.submit(shares, first(digits, count), world).result(120)
    for rank, batches in enumerate(ranks):
        assert [len(labels) for labels in batches] == [n // world for n in kept]
        for labels, all_labels, n in zip(batches, whole, kept, strict=False):
            assert np.array_equal(labels, all_labels[:n][rank::world])


def test_fewer_images_than_ranks_are_refused(digits: mnist.Digits, process: ProcessPoolExecutor) -> None:
    with pytest.raises(DistributedError, match="3 processes: expected at least 3 training images, found fewer"):
        process.submit(shares, first(digits, 2), 3).result(120)
