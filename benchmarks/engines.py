"""Engines that train the networks of many seeds: this machine, one after the other, or a Ray cluster in parallel.

>>> for seed, row in each(measure, [1, 2, 3], "ray", address="head:6379"):                  # doctest: +SKIP
...     store(row)

With Ray each seed is a task. If its machine dies, another machine retries the task. It resumes after its last epoch if
the machines share the disk with the runs. A seed whose row was returned is not computed again.
"""

import argparse
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from mnist_cnn.bulk.engines import cluster

Row = dict[str, Any]
RETRIES = 3


def options(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose an engine."""
    parser.add_argument("--engine", choices=("local", "ray"), default="local", help="ray: run the seeds in parallel")
    parser.add_argument("--address", metavar="HOST:PORT", help="Ray cluster to use (default: Ray on this machine)")
    parser.add_argument("--cpus", type=int, default=2, metavar="N", help="Ray: cores per seed (default 2)")


def each(
    work: Callable[[int], Row], seeds: Iterable[int], engine: str = "local", address: str | None = None, cpus: int = 2
) -> Iterator[tuple[int, Row]]:
    """Yield each seed with the row that `work` returns for it, in order of completion."""
    if engine == "local":
        yield from ((seed, work(seed)) for seed in seeds)
        return
    with cluster(address) as ray:
        task = ray.remote(num_cpus=cpus, max_retries=RETRIES, retry_exceptions=True)(work)
        waiting = {task.remote(seed): seed for seed in seeds}
        while waiting:
            [ready], _ = ray.wait(list(waiting), num_returns=1)
            yield waiting.pop(ready), ray.get(ready)
