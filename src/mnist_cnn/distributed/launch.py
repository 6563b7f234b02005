"""Launch: starts this machine's processes of a training, and ends them together.

>>> train(World.local(2), run)                                                                      # doctest: +SKIP
>>> train(World.join("10.0.0.1:9000", rank=1, size=2), None)      # on the second machine; doctest: +SKIP

The processes are new interpreters that import the program's main module, so a script needs its
``if __name__ == "__main__"``.
"""

import contextlib
import multiprocessing
import multiprocessing.connection
import os
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from mnist_cnn.distributed.world import LOST, UNREACHABLE, World
from mnist_cnn.errors import DistributedError
from mnist_cnn.learn.run import Run


def train(world: World, run: Run | None) -> None:
    """Train the run with all processes, from its last checkpoint to its last epoch; rank 0 keeps the checkpoints.

    run: the run of rank 0, which sends the other ranks what they need; None on machines without rank 0.
    Raises DistributedError if a process is missing or ends too soon. The finished epochs are kept.
    """
    if others := world.size - len(world.ranks):
        print(f"Waiting for {others} of {world.size} processes, up to {world.wait} s", flush=True)
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        workers = [
            stack.enter_context(_started(world, rank, run.path if run and rank == 0 else None, Path(folder)))
            for rank in world.ranks
        ]
        # Exit codes are read once per round: a process that ends between two reads would be missed.
        while not any(codes := [worker.process.exitcode for worker in workers]):
            going = [worker.process.sentinel for worker, code in zip(workers, codes, strict=True) if code is None]
            if not going:
                return
            multiprocessing.connection.wait(going)
        # When one process ends, the others end too and report a lost connection. The first reason is the useful one.
        end = time.monotonic() + 2
        for worker in workers:
            worker.process.join(max(0, end - time.monotonic()))
        troubles = [trouble for worker in workers if (trouble := worker.trouble(world))]
        raise DistributedError(min(troubles, key=lambda trouble: trouble.endswith((LOST, UNREACHABLE))))


@dataclass(frozen=True)
class _Worker:
    rank: int
    process: multiprocessing.process.BaseProcess
    link: Connection
    errors: Path
    """File with the standard error of the process."""

    def trouble(self, world: World) -> str | None:
        """Return in one line why the process failed; None if it runs or has finished."""
        code = self.process.exitcode
        if not code:
            return None
        told = []
        with contextlib.suppress(EOFError, OSError):
            while self.link.poll():
                told.append(self.link.recv())
        if told and told[-1]:  # its own message; None only means that it has met the others
            return str(told[-1])
        if code == -signal.SIGABRT:  # JAX aborts when another process is silent
            if told:
                return LOST
            return (
                f"{world.coordinator}: expected {world.size} processes to meet there in {world.wait} s, found fewer; "
                f"start each of them, with --rank 0 to {world.size - 1}, on a machine that reaches that address"
            )
        if code < 0:
            return f"rank {self.rank} was killed ({signal.Signals(-code).name}), possibly out of memory"
        lines = self.errors.read_text("utf-8", "replace").strip().splitlines()  # it failed before it could report
        return f"rank {self.rank} ended: {lines[-1] if lines else f'exit code {code}'}"


@contextlib.contextmanager
def _started(world: World, rank: int, run: Path | None, folder: Path) -> Iterator[_Worker]:
    """Start the process of one rank and kill it at the end. `folder` holds its temporary files."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    errors = folder / f"rank-{rank}.log"
    errors.touch()
    process = context.Process(target=_work, args=(there, world, rank, run or folder / f"rank-{rank}", errors))
    try:
        process.start()
        there.close()
        yield _Worker(rank, process, here, errors)
    finally:
        if process.pid:
            process.kill()
            process.join()
        here.close()


def _work(link: Connection, world: World, rank: int, folder: Path, errors: Path) -> None:
    os.dup2(os.open(errors, os.O_WRONLY | os.O_APPEND), 2)  # JAX's C++ code logs at its start and end
    if rank:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # rank 0 alone prints
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        del os.environ[name]  # JAX would connect to the other processes through the proxy
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent process handles Ctrl-C
    parent = multiprocessing.parent_process()
    assert parent  # noqa: S101

    def follow() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
    from mnist_cnn.distributed import worker

    worker.work(link, world, rank, folder)
