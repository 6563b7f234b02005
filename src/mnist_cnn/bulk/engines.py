"""Engines: distribute the units over processes on this machine, or over the actors of a Ray cluster."""

import concurrent.futures
import contextlib
import logging
import multiprocessing
import os
import pickle
import re
import signal
import socket
import threading
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

from mnist_cnn.bulk.plan import Unit
from mnist_cnn.bulk.step import Done, Settings, Step
from mnist_cnn.errors import BulkError

_step: Step | None = None


def local(settings: Settings, units: Iterator[Unit], workers: int) -> Iterator[Done]:
    """Read the units with processes on this machine, and yield each unit when it is finished.

    Units are taken from the iterator as processes become free. Raises BulkError if a process dies.
    """
    context = multiprocessing.get_context("spawn")
    pool = concurrent.futures.ProcessPoolExecutor(workers, context, _begin, (settings,))
    waiting: set[concurrent.futures.Future[Done]] = set()
    try:
        for unit in units:
            waiting.add(pool.submit(_run, unit))
            if len(waiting) >= 2 * workers:
                ended, waiting = concurrent.futures.wait(waiting, return_when=concurrent.futures.FIRST_COMPLETED)
                yield from (future.result() for future in ended)
        yield from (future.result() for future in concurrent.futures.as_completed(waiting))
    except BrokenProcessPool:
        raise BulkError(
            "a worker process was killed, possibly out of memory; rerun the command to resume, "
            "with fewer --workers to use less memory"
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def _begin(settings: Settings) -> None:
    """Prepare a worker process, which exits as soon as its parent is gone."""
    global _step
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C
    parent = multiprocessing.parent_process()
    assert parent  # noqa: S101

    def exit_with_parent() -> None:
        parent.join()
        os._exit(1)  # otherwise the process would wait for work forever

    threading.Thread(target=exit_with_parent, daemon=True).start()
    _step = Step(settings)


def _run(unit: Unit) -> Done:
    assert _step  # noqa: S101
    return _step.run(unit)


def ray(settings: Settings, units: Iterator[Unit], workers: int, address: str | None) -> Iterator[Done]:
    """Read the units with Ray Data, and yield each unit when it is finished. Each actor has its own classifier.

    If an actor dies, another one reads its unit.
    address: the address of the cluster; None: start Ray on this machine, with `workers` processors.
    """
    with cluster(address, workers) as ray:
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        context.print_on_execution_start = False
        packed = [{"unit": pickle.dumps(unit)} for unit in units]
        data = ray.data.from_items(packed, override_num_blocks=max(1, min(len(packed), 1000)))
        actors = ray.data.ActorPoolStrategy(size=workers)
        done = data.map_batches(_Actor, fn_constructor_args=(settings,), compute=actors, batch_size=1)
        for row in done.iter_rows():
            yield Done(int(row["unit"]), int(row["read"]), int(row["errors"]))


@contextlib.contextmanager
def cluster(address: str | None = None, cpus: int | None = None) -> Iterator[Any]:
    """Connect to the Ray cluster at `address`, or start Ray on this machine, and yield the module ``ray``.

    cpus: number of processors for Ray on this machine; None: all. Raises BulkError if there is no cluster.
    """
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "error")  # Ray raises its errors, and also logs them
    token = Path(os.environ.get("RAY_AUTH_TOKEN_PATH") or Path.home() / ".ray/auth_token")
    if address and ("RAY_AUTH_TOKEN" in os.environ or token.exists()):
        os.environ.setdefault("RAY_AUTH_MODE", "token")  # as `ray start` does
    if address and (place := re.fullmatch(r"\[?([^/]+?)\]?:(\d+)", address)):
        try:  # Ray itself tries for two minutes
            socket.create_connection((place[1], int(place[2])), timeout=10).close()
        except (OSError, OverflowError) as error:
            raise BulkError(f"{address}: expected a Ray cluster, found: {error}") from None
    import ray
    import ray.data

    options: dict[str, Any] = {"address": address} if address else {"num_cpus": cpus, "include_dashboard": False}
    try:
        ray.init(**options, log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, ValueError, RuntimeError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise BulkError(f"{address}: expected a Ray cluster, found: {reason[:200]}") from None
    try:
        yield ray
    finally:
        ray.shutdown()


class _Actor:
    """Reader of units in a process of Ray. A batch has one pickled unit."""

    def __init__(self, settings: Settings) -> None:
        self._step = Step(settings)

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[int]]:
        done = [self._step.run(pickle.loads(unit)) for unit in batch["unit"]]  # noqa: S301  packed above
        return {name: [getattr(one, name) for one in done] for name in Done._fields}
