"""Engines: who trains the networks of many seeds. This machine one after the other, or a Ray cluster side by side.

>>> for seed, row in each(measure, [1, 2, 3], "ray", address="head:6379"):                  # doctest: +SKIP
...     store(row)

With Ray a seed is a task: one whose machine dies is tried again, elsewhere, and goes on from its last epoch if the
folder of runs is on a disk that the machines share. What is yielded is done; nobody does it twice.
"""

import argparse
import logging
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

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
    token = Path(os.environ.get("RAY_AUTH_TOKEN_PATH") or Path.home() / ".ray/auth_token")
    if address and ("RAY_AUTH_TOKEN" in os.environ or token.exists()):
        os.environ.setdefault("RAY_AUTH_MODE", "token")  # as `ray start` decides it
    import ray

    ray.init(**({"address": address} if address else {"include_dashboard": False}), logging_level=logging.ERROR)
    try:
        task = ray.remote(num_cpus=cpus, max_retries=RETRIES, retry_exceptions=True)(work)
        waiting = {task.remote(seed): seed for seed in seeds}
        while waiting:
            [ready], _ = ray.wait(list(waiting), num_returns=1)
            yield waiting.pop(ready), ray.get(ready)
    finally:
        ray.shutdown()
