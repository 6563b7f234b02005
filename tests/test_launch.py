"""Launch: the reason that is reported after a process of a training ended."""

import contextlib
import multiprocessing
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from mnist_cnn.distributed import launch
from mnist_cnn.distributed.launch import _Worker
from mnist_cnn.distributed.world import LOST, UNREACHABLE, World
from mnist_cnn.errors import DistributedError


class Ending:
    """A process that closes its pipe a moment before it has an exit code."""

    sentinel = "ending"

    def __init__(self) -> None:
        self._codes = [-9, None, None]

    @property
    def exitcode(self) -> int | None:
        return self._codes.pop() if len(self._codes) > 1 else self._codes[0]

    def join(self, seconds: float) -> None:
        pass


def test_an_end_reported_before_its_exit_code_is_detected(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stopped = SimpleNamespace(sentinel="stopped", exitcode=None, join=lambda seconds: None)
    link = SimpleNamespace(poll=lambda: False)

    @contextlib.contextmanager
    def started(world: World, rank: int, run: Path | None, folder: Path) -> Iterator[_Worker]:
        yield _Worker(rank, cast("Any", stopped if rank else Ending()), cast("Any", link), tmp_path)

    def wait(going: list[str]) -> None:
        assert "ending" in going, "the wait would not end"

    monkeypatch.setattr("mnist_cnn.distributed.launch._started", started)
    monkeypatch.setattr("multiprocessing.connection.wait", wait)
    with pytest.raises(DistributedError, match="rank 0 was killed"):
        launch.train(World.local(2), None)


@pytest.mark.parametrize("consequence", [LOST, f"127.0.0.1:9000: {UNREACHABLE}"])
def test_the_cause_is_reported_instead_of_its_consequence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, consequence: str
) -> None:
    @contextlib.contextmanager
    def started(world: World, rank: int, run: Path | None, folder: Path) -> Iterator[_Worker]:
        here, there = multiprocessing.Pipe(duplex=False)
        if rank == 0:
            there.send(consequence)
        process = SimpleNamespace(exitcode=-9 if rank else 2, join=lambda seconds: None)
        yield _Worker(rank, cast("Any", process), here, tmp_path)

    monkeypatch.setattr("mnist_cnn.distributed.launch._started", started)
    with pytest.raises(DistributedError, match="rank 1 was killed"):
        launch.train(World.local(2), None)
