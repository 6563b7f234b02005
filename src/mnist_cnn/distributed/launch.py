"""Launch: start this machine's processes of a training, and end them together.

>>> World.local(2).train(run)                                                       # doctest: +SKIP
>>> World.join("10.0.0.1:9000", rank=1, size=2).train(None)       # on the second machine; doctest: +SKIP

They are new interpreters that import the program's main module: a script needs its ``if __name__ == "__main__"``.
"""

import contextlib
import ipaddress
import multiprocessing
import multiprocessing.connection
import os
import re
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from mnist_cnn.errors import DistributedError
from mnist_cnn.learn.run import Run

WAIT = 300
"""So many seconds all processes have to find each other, if not told otherwise."""
SILENCE = 20
"""After so many seconds without a sign of life a process counts as lost."""

LOST = "another process of the training ended, or cannot be reached any more"
UNREACHABLE = "they met there, but one ended or cannot reach another: every TCP port has to be open between them"


@dataclass(frozen=True)
class World:
    """All the processes of a training, and which of them are this machine's."""

    coordinator: str
    """HOST:PORT where rank 0 listens."""
    size: int
    """How many processes there are, over all machines."""
    ranks: range
    """This machine's."""
    wait: int = WAIT
    """Seconds until all have to be there."""
    data: Path | str | None = None
    """Where this machine has the images, as for ``mnist.load``."""

    @classmethod
    def local(cls, size: int) -> "World":
        """Processes of this machine alone."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            return cls(f"127.0.0.1:{free.getsockname()[1]}", size, range(size))

    @classmethod
    def join(cls, coordinator: str, rank: int, size: int, wait: int = WAIT) -> "World":
        """One process of a training on several machines.

        coordinator: HOST:PORT of rank 0, as the other machines reach it.
        Raises DistributedError if that is no such address, or rank 0 cannot listen there.
        """
        host, port = address(coordinator)
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        except (OSError, UnicodeError) as error:
            raise DistributedError(f"{coordinator}: expected the address of rank 0, found: {error}") from None
        if ipaddress.ip_address(str(found[4][0]).partition("%")[0]).is_unspecified:
            raise DistributedError(f"{coordinator}: expected the one address by which all machines reach rank 0")
        if rank == 0:
            if str(found[4][0]).startswith("127.") and host != "localhost" and not host.startswith("127."):
                # As Debian has it for a machine's own name; the others would look for rank 0 on themselves.
                raise DistributedError(
                    f"{coordinator}: expected an address that other machines reach, found that {host} means "
                    f"{found[4][0]} here: give the IP address, on all of them"
                )
            try:
                socket.create_server(found[4], family=found[0]).close()
            except OSError as error:
                raise DistributedError(
                    f"{coordinator}: expected an address of this machine and a free port, found: {error}"
                ) from None
        return cls(coordinator, size, range(rank, rank + 1), wait)

    def divide(self, batch_size: int) -> None:
        """Raises DistributedError if the processes cannot have equal shares of a batch."""
        if batch_size % self.size:
            raise DistributedError(f"{self.size} processes: expected a number that divides the batch of {batch_size}")

    def train(self, run: Run | None) -> None:
        """Train the run from its last checkpoint to its stop, by all processes; rank 0 keeps the checkpoints.

        run: for rank 0; the others get from it what they need.
        Raises DistributedError if a process is missing or ends too soon: the finished epochs are kept.
        """
        if others := self.size - len(self.ranks):
            print(f"Waiting for {others} of {self.size} processes, up to {self.wait} s", flush=True)
        with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
            workers = [
                stack.enter_context(_started(self, rank, run.path if run and rank == 0 else None, Path(folder)))
                for rank in self.ranks
            ]
            # Codes are asked for once a round: an end that is told a moment before its code would be missed for ever.
            while not any(codes := [worker.process.exitcode for worker in workers]):
                going = [worker.process.sentinel for worker, code in zip(workers, codes, strict=True) if code is None]
                if not going:
                    return
                multiprocessing.connection.wait(going)
            # When one ends the others do, and say that they lost one: what helps is why the first did.
            end = time.monotonic() + 2
            for worker in workers:
                worker.process.join(max(0, end - time.monotonic()))
            troubles = [trouble for worker in workers if (trouble := worker.trouble(self))]
            raise DistributedError(min(troubles, key=lambda trouble: trouble.endswith((LOST, UNREACHABLE))))


@dataclass(frozen=True)
class _Worker:
    rank: int
    process: multiprocessing.process.BaseProcess
    link: Connection
    errors: Path
    """What it and its libraries wrote to standard error."""

    def trouble(self, world: World) -> str | None:
        """Why it ended, in a line; None if it goes on or is done."""
        code = self.process.exitcode
        if not code:
            return None
        told = []
        with contextlib.suppress(EOFError, OSError):
            while self.link.poll():
                told.append(self.link.recv())
        if told and told[-1]:  # its own words, after it has met the others (None)
            return str(told[-1])
        if code == -signal.SIGABRT:  # JAX's way to end when a process is silent
            if told:
                return LOST
            return (
                f"{world.coordinator}: expected {world.size} processes to meet there in {world.wait} s, found fewer; "
                f"start each, with --rank 0 to {world.size - 1}, where it reaches that address"
            )
        if code < 0:
            return f"rank {self.rank} was killed ({signal.Signals(-code).name}), perhaps for want of memory"
        lines = self.errors.read_text("utf-8", "replace").strip().splitlines()  # it could not even begin
        return f"rank {self.rank} ended: {lines[-1] if lines else f'exit code {code}'}"


@contextlib.contextmanager
def _started(world: World, rank: int, run: Path | None, folder: Path) -> Iterator[_Worker]:
    """A process that does this rank's part; it is ended with us. In `folder` it keeps what nobody needs afterwards."""
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
    os.dup2(os.open(errors, os.O_WRONLY | os.O_APPEND), 2)  # JAX's C++ is loud, at start and when it ends
    if rank:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # rank 0 says what is to be said
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        del os.environ[name]  # JAX would go to the others by way of it
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's affair
    parent = multiprocessing.parent_process()
    assert parent  # noqa: S101

    def follow() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
    from mnist_cnn.distributed import worker

    worker.work(link, world, rank, folder)


def address(coordinator: str) -> tuple[str, int]:
    """HOST:PORT in its parts; [::1]:80 too. Raises DistributedError if it is none."""
    host, _, port = coordinator.rpartition(":")
    if not port.isascii() or not port.isdigit() or not 0 < int(port) < 2**16 or not host:
        raise DistributedError(f"{coordinator}: expected HOST:PORT, as in 10.0.0.1:9000")
    if not re.fullmatch(r"\[[^\[\]]+\]|[^\[\]:]+", host):
        raise DistributedError(f"{coordinator}: expected [HOST]:PORT, as in [2001:db8::1]:9000")
    return host.removeprefix("[").removesuffix("]"), int(port)
