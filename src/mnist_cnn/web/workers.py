"""Workers: threads that read outside the event loop, behind a queue of limited length.

>>> workers = Workers(threads=2, waiting=16, seconds=20)
>>> await workers.run(read_image, content)                                              # doctest: +SKIP
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from mnist_cnn.web.problem import Problem

Result = TypeVar("Result")


class Workers:
    """A pool of threads.

    threads: number of threads. waiting: maximum number of calls that wait for a thread. seconds: maximum time per
    call, waiting included.
    """

    def __init__(self, threads: int, waiting: int, seconds: float) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="read")
        self._places = threading.BoundedSemaphore(threads + waiting)
        self._seconds = seconds

    async def run(self, work: Callable[..., Result], *arguments: Any) -> Result:
        """Return what `work` returns. Raises what it raises, or Problem 503 if the queue is full or the time is up.

        A thread cannot be stopped: a call that takes too long keeps its place until it ends.
        """
        if not self._places.acquire(blocking=False):
            raise Problem(503, "server busy", "expected a free place in the queue, found none", {"Retry-After": "1"})
        try:
            job = self._pool.submit(work, *arguments)
        except RuntimeError:  # the pool is closed
            self._places.release()
            raise Problem(503, "not ready", "the server is shutting down", {"Retry-After": "10"}) from None
        job.add_done_callback(lambda _: self._places.release())
        try:
            return await asyncio.wait_for(asyncio.wrap_future(job), self._seconds)
        except TimeoutError:
            detail = f"expected a result within {self._seconds:g} s, found none"
            raise Problem(503, "timeout", detail, {"Retry-After": "5"}) from None

    def close(self) -> None:
        """Finish all calls, then end the threads."""
        self._pool.shutdown()
