"""The service: the network, the worker threads and the metrics that all routes share.

>>> service = Service(Classifier(), threads=2, waiting=64, seconds=20)
>>> await service.run(request, lambda: b"{}")                                           # doctest: +SKIP
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Annotated

import cv2
from fastapi import Depends, FastAPI, Request
from prometheus_client import CollectorRegistry, Counter

from mnist_cnn.read.classifier import Classifier
from mnist_cnn.web.insight import Insight
from mnist_cnn.web.problem import Problem, client_gone
from mnist_cnn.web.workers import Workers


class Service:
    """A classifier with its worker threads; `threads`, `waiting` and `seconds` are those of ``Workers``."""

    def __init__(self, classifier: Classifier, threads: int, waiting: int, seconds: float) -> None:
        self.classifier, self.card, self.insight = classifier, classifier.card(), Insight(classifier)
        self.registry = CollectorRegistry()
        self.digits = Counter("mnist_cnn_digits", "Digits read.", ["accepted"], registry=self.registry)
        self._limits = (threads, waiting, seconds)
        self._workers: Workers | None = None  # None before startup and after shutdown

    @property
    def ready(self) -> bool:
        """Whether the worker threads run."""
        return self._workers is not None

    @contextlib.asynccontextmanager
    async def lifespan(self, _: FastAPI) -> AsyncIterator[None]:
        """Start the worker threads; at the end, finish their work and stop them."""
        cv2.setNumThreads(1)  # OpenCV's threads would compete with the workers
        self._workers = Workers(*self._limits)
        yield
        self._workers.close()
        self._workers = None

    async def run(self, request: Request, work: Callable[[], bytes]) -> bytes:
        """Return what `work` returns, called in a worker thread.

        Raises what `work` raises; Problem 503 if the service is not ready or too busy; Problem 499 if the client
        disconnects, which also removes the work from the queue.
        """
        if self._workers is None:
            raise not_ready()
        job, gone = asyncio.create_task(self._workers.run(work)), asyncio.create_task(_disconnected(request))
        # A job can fail after its client is gone; asyncio would log that nothing retrieved the exception.
        job.add_done_callback(lambda task: task.cancelled() or task.exception())
        try:
            await asyncio.wait({job, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not job.done():
                raise client_gone()
            return await job
        finally:
            job.cancel()
            gone.cancel()


def not_ready() -> Problem:
    return Problem(503, "not ready", "the server is starting or shutting down", {"Retry-After": "1"})


async def _disconnected(request: Request) -> None:
    """Return when the client disconnects."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _shared(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


Shared = Annotated[Service, Depends(_shared)]
"""The service, as a parameter of a route."""
