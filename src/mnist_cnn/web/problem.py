"""Problems: errors over HTTP, all as JSON of one form (RFC 9457).

>>> Problem(413, "body too large", "expected at most 16 MB, found more").body()
{'type': 'about:blank', 'title': 'body too large', 'status': 413, 'detail': 'expected at most 16 MB, found more'}
"""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from mnist_cnn.errors import ImageError


class Problem(Exception):  # noqa: N818  the RFC's name
    """An error of a request: a status from 400 to 599, the title of this kind of error, and the details of this one."""

    def __init__(self, status: int, title: str, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.title, self.detail, self.headers = status, title, detail, headers or {}

    def body(self) -> dict[str, Any]:
        return {"type": "about:blank", "title": self.title, "status": self.status, "detail": self.detail}

    def response(self) -> JSONResponse:
        return JSONResponse(self.body(), self.status, self.headers, media_type="application/problem+json")


def client_gone() -> Problem:
    """Return the problem for the log of a client that disconnected. It is never sent."""
    return Problem(499, "client closed request", "the client disconnected before the response")


def handle(app: FastAPI) -> None:
    """Make the application respond with problems to all errors."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(ClientDisconnect, lambda *_: client_gone().response())
    app.add_exception_handler(ImageError, lambda _, error: Problem(422, "unreadable picture", str(error)).response())
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, lambda *_: _bug().response())


async def _problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)  # noqa: S101
    return error.response()


async def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    first = error.errors()[0]
    return Problem(422, "invalid parameter", f"{first['loc'][-1]}: {first['msg']}").response()


async def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    headers = dict(error.headers or {})
    title = HTTPStatus(error.status_code).phrase.lower()
    return Problem(error.status_code, title, " ".join(str(error.detail).split()), headers).response()


def _bug() -> Problem:
    return Problem(500, "internal server error", "unexpected error; the server's log has the details")
