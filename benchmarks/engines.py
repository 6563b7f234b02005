"""Engines: who trains the networks of many seeds. This machine one after the other, or a Ray cluster side by side.

>>> for seed, row in each(measure, [1, 2, 3], "ray", address="head:6379"):                  # doctest: +SKIP
...     store(row)

With Ray a seed is a task: one whose machine dies is tried again, elsewhere, and goes on from its last epoch if the
folder of runs is on a disk that the machines share. What is yielded is done; nobody does it twice.
"""

import argparse
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from mnist_cnn.bulk.engines import cluster

Row = dict[str, Any]
RETRIES = 3


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--engine", choices=("local", "ray"), default="local", help="ray: the seeds side by side")
    parser.add_argument("--address", metavar="HOST:PORT", help="a Ray cluster (default: Ray on this machine)")
    parser.add_argument("--cpus", type=int, default=2, metavar="N", help="of Ray's, for each seed (default 2)")


def each(
    work: Callable[[int], Row], seeds: Iterable[int], engine: str = "local", address: str | None = None, cpus: int = 2
) -> Iterator[tuple[int, Row]]:
    """Each seed with what `work` makes of it, as they come."""
    if engine == "local":
        yield from ((seed, work(seed)) for seed in seeds)
        return
    with cluster(address) as ray:
        task = ray.remote(num_cpus=cpus, max_retries=RETRIES, retry_exceptions=True)(work)
        waiting = {task.remote(seed): seed for seed in seeds}
        while waiting:
            [ready], _ = ray.wait(list(waiting), num_returns=1)
            yield waiting.pop(ready), ray.get(ready)
