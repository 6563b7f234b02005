"""Workers: a queue of limited length, and a time limit."""

import asyncio
import threading

import pytest

from mnist_cnn.web.problem import Problem
from mnist_cnn.web.workers import Workers


def test_a_full_queue_returns_503_with_retry_after() -> None:
    go, workers = threading.Event(), Workers(threads=1, waiting=1, seconds=30)

    async def crowd() -> list[object]:
        calls = [asyncio.create_task(workers.run(go.wait)) for _ in range(5)]
        await asyncio.sleep(0.05)
        go.set()
        return await asyncio.gather(*calls, return_exceptions=True)

    found = asyncio.run(crowd())
    assert found[:2] == [True, True]
    for problem in found[2:]:
        assert isinstance(problem, Problem)
        assert (problem.status, problem.headers) == (503, {"Retry-After": "1"})
    assert asyncio.run(workers.run(lambda: 7)) == 7, "places in the queue become free again"


def test_a_call_that_takes_too_long_keeps_its_place_until_it_ends() -> None:
    go, workers = threading.Event(), Workers(threads=1, waiting=0, seconds=0.05)
    with pytest.raises(Problem, match=r"within 0\.05 s"):
        asyncio.run(workers.run(go.wait))
    with pytest.raises(Problem, match="free place"):
        asyncio.run(workers.run(go.wait))
    go.set()
    workers.close()
