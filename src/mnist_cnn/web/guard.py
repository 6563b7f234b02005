"""Guard: what surrounds every request: limits on its body, security headers, one line in the log, and the metrics.

A plain ASGI middleware: it sees each request's bytes as they come, before anything keeps them.
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
BODY_SECONDS = 30.0
"""A body that is not there after this is not waited for."""
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
    """The middleware; `registry` gets its metrics."""

    def __init__(self, app: Any, registry: CollectorRegistry, cross_origin: bool = False) -> None:
        self._app = app
        names = ("method", "route", "status")
        self._requests = Counter("mnist_cnn_requests", "Requests answered.", names, registry=registry)
        self._seconds = Histogram("mnist_cnn_request_seconds", "From headers to answer.", ["route"], registry=registry)
        self._open = Gauge("mnist_cnn_requests_open", "Requests being answered now.", registry=registry)
        headers = dict(_HEADERS)
        if cross_origin:
            del headers["cross-origin-resource-policy"]
        self._headers = [(name.encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # Wherever there is something to get there is a head of it: the server leaves out the rest.
        asked = scope["method"]
        scope = {**scope, "method": "GET" if asked == "HEAD" else asked}
        began, received, more, status = time.perf_counter(), 0, True, 500
        announced = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")

        async def limited() -> dict[str, Any]:
            nonlocal received, more
            if int(announced) > MAX_BYTES:
                raise _too_large()
            left = BODY_SECONDS - (time.perf_counter() - began)
            try:
                message = await asyncio.wait_for(receive(), max(left, 0)) if more else await receive()
            except TimeoutError:
                detail = f"expected the whole body within {BODY_SECONDS:g} s"
                raise Problem(408, "the body is too slow", detail, {"Connection": "close"}) from None
            received += len(message.get("body", b""))
            more = message["type"] == "http.request" and message.get("more_body", False)
            if received > MAX_BYTES:
                raise _too_large()
            return message

        async def watched(message: dict[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", []), *self._headers]
            await send(message)

        self._open.inc()
        try:
            await self._app(scope, limited, watched)
        finally:
            seconds = time.perf_counter() - began
            self._open.dec()
            route = getattr(scope.get("route"), "path", "other")
            self._requests.labels(_known(asked), route, status).inc()
            self._seconds.labels(route).observe(seconds)
            entry = {"method": asked, "path": scope["path"], "status": status, "bytes": received}
            LOG.info(json.dumps({"time": round(time.time(), 3), **entry, "milliseconds": round(1000 * seconds, 1)}))


def _too_large() -> Problem:
    detail = f"expected at most {MAX_BYTES >> 20} MB, found more"
    return Problem(413, "the body is too large", detail, {"Connection": "close"})


def _known(method: str) -> str:
    """A known one: whoever asks must not decide how many series there are."""
    return method if method in ("GET", "HEAD", "POST", "OPTIONS") else "other"
