"""Guard: the middleware around every request. It limits the body, adds security headers, logs and counts.

It is plain ASGI, so it counts the bytes of a body as they arrive, before they are stored.
"""

import asyncio
import json
import logging
import time
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from mnist_cnn.web.problem import Problem

LOG = logging.getLogger("mnist_cnn.access")
MAX_BYTES = 16 * 2**20
"""Maximum size of a body."""
BODY_SECONDS = 30.0
"""Maximum time until a body has arrived."""
_HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(self), geolocation=(), microphone=()",
}


class Guard:
    """The middleware.

    registry: gets the metrics. cross_origin: whether pages of other sites may use responses.
    """

    def __init__(self, app: Any, registry: CollectorRegistry, cross_origin: bool = False) -> None:
        self._app = app
        names = ("method", "route", "status")
        self._requests = Counter("mnist_cnn_requests", "Finished requests.", names, registry=registry)
        self._seconds = Histogram("mnist_cnn_request_seconds", "Seconds per request.", ["route"], registry=registry)
        self._open = Gauge("mnist_cnn_requests_open", "Open requests.", registry=registry)
        headers = dict(_HEADERS)
        if cross_origin:
            del headers["cross-origin-resource-policy"]
        self._headers = [(name.encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        method, began, status = scope["method"], time.perf_counter(), 500
        # HEAD is allowed wherever GET is: uvicorn leaves out the body.
        scope = {**scope, "method": "GET" if method == "HEAD" else method}
        body = _Body(scope, receive)

        async def send_with_headers(message: dict[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", []), *self._headers]
            await send(message)

        self._open.inc()
        try:
            await self._app(scope, body.receive, send_with_headers)
        finally:
            seconds = time.perf_counter() - began
            self._open.dec()
            route = getattr(scope.get("route"), "path", "other")
            self._requests.labels(_known(method), route, status).inc()
            self._seconds.labels(route).observe(seconds)
            entry = {"method": method, "path": scope["path"], "status": status, "bytes": body.received}
            LOG.info(json.dumps({"time": round(time.time(), 3), **entry, "milliseconds": round(1000 * seconds, 1)}))


class _Body:
    """The body of a request, piece by piece as it arrives. `received` is its size so far, in bytes."""

    def __init__(self, scope: dict[str, Any], receive: Any) -> None:
        self.received = 0
        self._announced = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        self._receive, self._began, self._more = receive, time.perf_counter(), True

    async def receive(self) -> dict[str, Any]:
        """Return the next ASGI message. Raises Problem 413 if the body is too large, 408 if it is too slow."""
        if int(self._announced) > MAX_BYTES:
            raise _too_large()
        left = BODY_SECONDS - (time.perf_counter() - self._began)
        try:
            coming = asyncio.wait_for(self._receive(), max(left, 0)) if self._more else self._receive()
            message: dict[str, Any] = await coming
        except TimeoutError:
            detail = f"expected the whole body within {BODY_SECONDS:g} s"
            raise Problem(408, "request timeout", detail, {"Connection": "close"}) from None
        self.received += len(message.get("body", b""))
        self._more = message["type"] == "http.request" and message.get("more_body", False)
        if self.received > MAX_BYTES:
            raise _too_large()
        return message


def _too_large() -> Problem:
    detail = f"expected at most {MAX_BYTES >> 20} MB, found more"
    return Problem(413, "body too large", detail, {"Connection": "close"})


def _known(method: str) -> str:
    """Return the method, or "other": clients must not be able to add any number of metrics."""
    return method if method in ("GET", "HEAD", "POST", "OPTIONS") else "other"
