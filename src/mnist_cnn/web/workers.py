"""Workers: threads that read, outside the event loop, and a queue before them that cannot pile up.

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
    """So many threads, so many more calls that may wait for one, and the seconds each may take, waiting included."""

    def __init__(self, threads: int, waiting: int, seconds: float) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="read")
        self._places = threading.BoundedSemaphore(threads + waiting)
        self._seconds = seconds

    async def run(self, work: Callable[..., Result], *arguments: Any) -> Result:
        """What `work` returns or raises. Raises Problem 503 if all places are taken or the time is up.

        A thread cannot be stopped: what takes too long keeps its place until it ends.
        """
        if not self._places.acquire(blocking=False):
            raise Problem(503, "busy", "expected a free place in the queue, found none", {"Retry-After": "1"})
        try:
            job = self._pool.submit(work, *arguments)
        except RuntimeError:  # it is being closed
            self._places.release()
            raise Problem(503, "shutting down", "the server ends", {"Retry-After": "10"}) from None
        job.add_done_callback(lambda _: self._places.release())
        try:
            return await asyncio.wait_for(asyncio.wrap_future(job), self._seconds)
        except TimeoutError:
            detail = f"expected an answer within {self._seconds:g} s, found none"
            raise Problem(503, "too slow", detail, {"Retry-After": "5"}) from None

    def close(self) -> None:
        """Finish what runs."""
        self._pool.shutdown()
