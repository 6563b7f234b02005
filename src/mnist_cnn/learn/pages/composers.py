"""Composers: processes that compose training batches and put them into a queue."""

import multiprocessing as mp
import queue as queues
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.process import BaseProcess
from typing import Any

import cv2
import numpy as np

from mnist_cnn import mnist
from mnist_cnn.errors import RunError
from mnist_cnn.learn.pages import finder_examples, string_examples

_KEPT = 100
"""Number of the last batches that may be used again."""


def start(kind: str, seeds: Sequence[int], n: int) -> tuple[Any, list[BaseProcess]]:
    """Start one process per seed and return their queue of batches of n examples, and the processes."""
    context = mp.get_context("spawn")
    queue = context.Queue(2 * len(seeds) + 4)
    processes: list[BaseProcess] = [
        context.Process(target=compose, args=(kind, queue, seed, n), daemon=True) for seed in seeds
    ]
    for process in processes:
        process.start()
    return queue, processes


def compose(kind: str, queue: Any, seed: int, n: int) -> None:
    """Put batches of n examples for one network into the queue, without end."""
    cv2.setNumThreads(1)
    digits, _ = mnist.split(mnist.load().train)
    batches = _finder_batches if kind == "finder" else _string_batches
    for batch in batches(digits, np.random.default_rng(seed), n):
        _put(batch, queue)


def _finder_batches(digits: mnist.Digits, rng: np.random.Generator, n: int) -> Iterator[tuple[np.ndarray, ...]]:
    """Yield batches of pictures, float32 (n, 320, 320, 2), and targets, float32 (n, 80, 80, 8)."""
    while True:
        drawn = [finder_examples.example(digits, rng) for _ in range(n)]
        yield np.stack([x for x, _ in drawn]), np.stack([y for _, y in drawn])


def _string_batches(digits: mnist.Digits, rng: np.random.Generator, n: int) -> Iterator[tuple[np.ndarray, ...]]:
    """Yield batches of n strips of similar width, as ``string_examples.batch`` returns them."""
    pool: list[string_examples.Example] = []
    while True:
        while len(pool) < 4 * n:
            pool += string_examples.examples(digits, rng)
        order = sorted(range(len(pool)), key=lambda i: pool[i][0].shape[1])
        first = int(rng.integers(0, len(pool) - n + 1))
        chosen = set(order[first : first + n])
        if any(pool[i][2] for i in chosen):  # CTC needs a sequence
            yield string_examples.batch([pool[i] for i in chosen])
        pool = [strip for i, strip in enumerate(pool) if i not in chosen]


def _put(batch: tuple[np.ndarray, ...], queue: Any) -> None:
    """Put a batch into the queue. End this process if the training was killed."""
    training = mp.parent_process()
    while training is None or training.is_alive():
        try:
            return queue.put(batch, timeout=5)
        except queues.Full:
            pass
    queue.cancel_join_thread()
    raise SystemExit


def next_batch(queue: Any, processes: Sequence[BaseProcess]) -> Any:
    """Return the next batch. Raises RunError if a composer ended, because the wait would not end."""
    while True:
        try:
            return queue.get(timeout=10)
        except queues.Empty:
            for process in processes:
                if process.exitcode is not None:
                    raise RunError(
                        f"a process that composes scenes ended with exit code {process.exitcode}, "
                        "possibly out of memory; rerun the command to resume"
                    ) from None


def echoed(draw: Callable[[], Any], echo: int, rng: np.random.Generator) -> Iterator[Any]:
    """Yield new batches, and after each one `echo` random ones of the last ``_KEPT`` (data echoing, Choi et al. 2019).

    Composing a batch takes as much processor time as learning from it.
    """
    kept: list[Any] = []
    while True:
        batch = draw()
        yield batch
        kept = [*kept[-_KEPT + 1 :], batch]
        for _ in range(echo):
            yield kept[rng.integers(len(kept))]
