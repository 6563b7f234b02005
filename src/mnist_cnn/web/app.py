"""The application: the reader's routes over HTTP, and the page.

    >>> app = create(Classifier())
    >>> sorted(route.path for route in app.routes if route.path.startswith("/v1"))
    ['/v1/classify', '/v1/explain', '/v1/model', '/v1/read']

`/v1/read` answers what `mnist-cnn read --json` prints for the same picture, to the last digit.
"""

import asyncio
import contextlib
import json
import os
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from http import HTTPStatus
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
from fastapi import Depends, FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import FileResponse, PlainTextResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, generate_latest
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from mnist_cnn.errors import ImageError
from mnist_cnn.read.classifier import Classifier
from mnist_cnn.read.reader import read_image
from mnist_cnn.read.reading import Reading
from mnist_cnn.web import page, schema
from mnist_cnn.web.body import images_of, kind_of, picture
from mnist_cnn.web.guard import Guard
from mnist_cnn.web.insight import Insight
from mnist_cnn.web.problem import Problem
from mnist_cnn.web.workers import Workers

WAITING, SECONDS = 64, 20.0
"""Maximum number of requests that wait for a thread, and maximum seconds per request."""
Token = Annotated[HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))]


def create(
    classifier: Classifier,
    *,
    token: str | None = None,
    origins: tuple[str, ...] = (),
    threads: int | None = None,
) -> FastAPI:
    """Return the application that reads with `classifier`.

    token: the bearer token that /v1 requires; None: /v1 is open.
    origins: other sites whose pages may call the server (CORS).
    threads: number of pictures read at the same time; by default one per core.
    """
    insight = Insight(classifier)
    registry = CollectorRegistry()
    read_digits = Counter("mnist_cnn_digits", "Digits read.", ["accepted"], registry=registry)
    its_card = classifier.card()
    workers: Workers | None = None  # None before startup and after shutdown

    async def run(request: Request, work: Callable[[], bytes]) -> Response:
        if workers is None:
            raise Problem(503, "not ready", "expected it to run", {"Retry-After": "1"})
        job, gone = asyncio.create_task(workers.run(work)), asyncio.create_task(_gone(request))
        # A job can fail after its client is gone; asyncio would log that nothing retrieved the exception.
        job.add_done_callback(lambda task: task.cancelled() or task.exception())
        try:
            await asyncio.wait({job, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not job.done():  # the client is gone: drop the job from the queue
                raise Problem(499, "gone", "the client hung up")
            return _answer(await job)
        finally:
            job.cancel()
            gone.cancel()

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        nonlocal workers
        cv2.setNumThreads(1)  # OpenCV's threads would compete with the workers
        workers = Workers(threads or os.cpu_count() or 1, WAITING, SECONDS)
        yield
        workers.close()
        workers = None

    app = FastAPI(
        title="mnist_cnn",
        version=version("mnist-cnn"),
        summary="Reads handwritten digits.",
        lifespan=lifespan,
        docs_url=None,  # Swagger's page loads scripts from another host
        redoc_url=None,
        redirect_slashes=False,
    )
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(ClientDisconnect, lambda *_: Problem(499, "gone", "the client hung up").response())
    app.add_exception_handler(ImageError, lambda _, error: Problem(422, "not a picture", str(error)).response())
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, lambda *_: Problem(500, "a bug", "this should not happen").response())

    def allowed(given: Token) -> None:
        sent = given.credentials.encode("latin-1") if given else b""  # as headers are decoded
        if not secrets.compare_digest(sent, (token or "").encode()):
            raise Problem(401, "no permission", "expected a valid bearer token", {"WWW-Authenticate": "Bearer"})

    guarded = [] if token is None else [Depends(allowed)]

    @app.post("/v1/read", dependencies=guarded, openapi_extra=schema.READ, responses=schema.answers(schema.Reading))
    async def read(
        request: Request,
        digits: Annotated[int | None, Query(ge=1, le=100, description="Number of digits in each row.")] = None,
        threshold: Annotated[
            float | None, Query(ge=0, le=1, description="Accept a digit from this confidence on.")
        ] = None,
        detail: Annotated[bool, Query(description="Add the ten probabilities and the tile of each digit.")] = False,
    ) -> Response:
        """Read the digits on a picture: PNG, JPEG, WebP, TIFF, BMP or GIF (HEIC with the extra `heic`).

        The picture is the body, or the field `image` of a form.
        """
        content = await picture(request)

        def work() -> bytes:
            reading = read_image(content, classifier=classifier, digits=digits, threshold=threshold)
            for digit in reading.digits:
                read_digits.labels("yes" if digit.accepted else "no").inc()
            return _json(detailed(reading) if detail else reading.to_dict())

        return await run(request, work)

    @app.post(
        "/v1/classify", dependencies=guarded, openapi_extra=schema.CLASSIFY, responses=schema.answers(schema.Answers)
    )
    async def classify(request: Request) -> Response:
        """Classify images in MNIST's form: 28 x 28, ink bright on dark, as JSON from 0 to 1, or as a .npy file."""
        content, kind = await request.body(), kind_of(request)

        def work() -> bytes:
            images = images_of(content, kind)
            probabilities = classifier.probabilities(images)
            return _json({"answers": [_classified(row, classifier.threshold) for row in probabilities]})

        return await run(request, work)

    @app.post(
        "/v1/explain", dependencies=guarded, openapi_extra=schema.EXPLAIN, responses=schema.answers(schema.Explanation)
    )
    async def explain(request: Request) -> Response:
        """Explain one 28 x 28 image: the maps of the first layer, and the saliency of each pixel."""
        content, kind = await request.body(), kind_of(request)

        def work() -> bytes:
            images = images_of(content, kind)
            if len(images) != 1:
                raise Problem(422, "not one image", f"expected one image, found {len(images)}")
            tile = images[0, :, :, 0]
            return _json({"maps": _rounded(insight.maps(tile)), "saliency": _rounded(insight.saliency(tile))})

        return await run(request, work)

    @app.get("/v1/model", dependencies=guarded, responses=schema.answers(schema.Card, body=False))
    async def model() -> Response:
        """Return the model card: training data, recipe and score."""
        return _answer(_json(its_card))

    @app.get("/healthz", response_class=PlainTextResponse)
    async def healthz() -> str:
        """Report that the server runs."""
        return "ok\n"

    @app.get(
        "/readyz", response_class=PlainTextResponse, responses={503: {"content": schema.PROBLEM, "description": "no"}}
    )
    async def readyz() -> str:
        """Report that the server takes requests."""
        if workers is None:
            raise Problem(503, "not ready", "expected it to run")
        return "ok\n"

    @app.get("/metrics", response_class=PlainTextResponse)
    async def metrics() -> Response:
        """Return metrics in the text format of Prometheus."""
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    for file in page("server"):  # a folder mounted at "/" would also answer wrong methods
        name = "" if file.name == "index.html" else file.name
        app.add_api_route(f"/{name}", _file(file), include_in_schema=False)
    if origins:
        app.add_middleware(
            CORSMiddleware, allow_origins=origins, allow_methods=["GET", "POST"], allow_headers=["authorization"]
        )
    app.add_middleware(Guard, registry=registry, cross_origin=bool(origins))
    return app


def _file(path: Path) -> Callable[[], Awaitable[FileResponse]]:
    async def get() -> FileResponse:
        return FileResponse(path, headers={"Cache-Control": "no-cache"})

    return get


async def _gone(request: Request) -> None:
    """Return when the client disconnects."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def detailed(reading: Reading) -> dict[str, Any]:
    """Return the reading as a dictionary, with the probabilities and the tile of each digit."""
    found = reading.to_dict()
    entries = [digit for row in found["rows"] for word in row["words"] for digit in word["digits"]]
    for digit, entry in zip(reading.digits, entries, strict=True):
        entry["probabilities"] = _rounded(digit.probabilities, 6)
        entry["tile"] = _rounded(digit.tile)
    return found


def _classified(probabilities: np.ndarray, threshold: float) -> dict[str, Any]:
    digit = int(probabilities.argmax())
    rounded = _rounded(probabilities, 6)
    return {
        "digit": digit,
        "confidence": rounded[digit],
        "accepted": bool(probabilities[digit] >= threshold),
        "probabilities": rounded,
        "no_digit": max(0.0, round(1 - float(probabilities.sum()), 6)),
    }


def _rounded(array: np.ndarray, digits: int = 4) -> Any:
    return np.round(array.astype(np.float64), digits).tolist()


def _json(content: dict[str, Any]) -> bytes:
    return json.dumps(content, allow_nan=False).encode()


def _answer(content: bytes) -> Response:
    return Response(content, media_type="application/json", headers={"Cache-Control": "no-store"})


async def _problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)  # noqa: S101
    return error.response()


async def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    first = error.errors()[0]
    return Problem(422, "a wrong parameter", f"{first['loc'][-1]}: {first['msg']}").response()


async def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    headers = dict(error.headers or {})
    title = HTTPStatus(error.status_code).phrase.lower()
    return Problem(error.status_code, title, " ".join(str(error.detail).split()), headers).response()
