"""The application: the reader's routes over HTTP, and the page.

    >>> app = create(Classifier())
    >>> sorted(path for path in app.openapi()["paths"] if path.startswith("/v1"))
    ['/v1/classify', '/v1/explain', '/v1/model', '/v1/read']

/v1/read returns the same JSON as ``mnist-cnn read --json``.
"""

import os
import secrets
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

from fastapi import Depends, FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import FileResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from mnist_cnn.read.classifier import Classifier
from mnist_cnn.web import monitoring, page_files, problem, routes
from mnist_cnn.web.guard import Guard
from mnist_cnn.web.problem import Problem
from mnist_cnn.web.service import Service

WAITING, SECONDS = 64, 20.0
"""Maximum number of requests that wait for a thread, and maximum seconds per request, waiting included."""
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
    service = Service(classifier, threads or os.cpu_count() or 1, WAITING, SECONDS)
    app = FastAPI(
        title="mnist_cnn",
        version=version("mnist-cnn"),
        summary="Reads handwritten digits.",
        lifespan=service.lifespan,
        docs_url=None,  # Swagger's page loads scripts from another host
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.service = service
    problem.handle(app)
    app.include_router(routes.router, dependencies=[] if token is None else [Depends(_required(token))])
    app.include_router(monitoring.router)
    for file in page_files("server"):  # a folder mounted at "/" would also respond to wrong methods
        name = "" if file.name == "index.html" else file.name
        app.add_api_route(f"/{name}", _file(file), include_in_schema=False)
    if origins:
        app.add_middleware(
            CORSMiddleware, allow_origins=origins, allow_methods=["GET", "POST"], allow_headers=["authorization"]
        )
    app.add_middleware(Guard, registry=service.registry, cross_origin=bool(origins))
    return app


def _required(token: str) -> Callable[[Token], None]:
    """Return the dependency that raises Problem 401 for requests without this bearer token."""

    def check(given: Token) -> None:
        sent = given.credentials.encode("latin-1") if given else b""  # the encoding of headers
        if not secrets.compare_digest(sent, token.encode()):
            raise Problem(401, "unauthorized", "expected a valid bearer token", {"WWW-Authenticate": "Bearer"})

    return check


def _file(path: Path) -> Callable[[], Awaitable[FileResponse]]:
    async def get() -> FileResponse:
        return FileResponse(path, headers={"Cache-Control": "no-cache"})

    return get
