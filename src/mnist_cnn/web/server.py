"""The command ``mnist-cnn serve``: runs the application on uvicorn until Ctrl-C or SIGTERM.

Each request is logged to standard error as one JSON object: time, method, path, status, bytes and milliseconds, but
never its content.
"""

import asyncio
import contextlib
import logging
import signal
import socket
from pathlib import Path
from typing import Any

import click
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from mnist_cnn.read.classifier import Classifier
from mnist_cnn.web.app import create

HEAD_SECONDS = 10.0
"""Maximum time until the headers of a request have arrived. Then the connection is closed."""
READ_SECONDS = 30.0
"""Maximum time that a client reads nothing of its response. Then the connection is closed."""
CONNECTIONS, GRACE = 500, 30
"""Maximum number of connections, beyond which requests get 503, and seconds for open requests at shutdown."""


def serve(listening: socket.socket, url: str, model: Path | None, token: str | None, origins: tuple[str, ...]) -> None:
    """Serve on the socket until Ctrl-C or SIGTERM. Raises ModelError if the model is bad.

    url: the address that is printed once the server is ready.
    """
    app = create(Classifier(model), token=token, origins=origins)
    _log()
    config = uvicorn.Config(
        app,
        http=_TimedProtocol,
        log_config=None,
        access_log=False,
        server_header=False,
        limit_concurrency=CONNECTIONS,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=GRACE,
    )
    server = uvicorn.Server(config)

    def end(*_: object) -> None:
        server.should_exit = True

    # uvicorn replaces these handlers while it runs. They handle signals before that, and those it sends at its end.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    with contextlib.suppress(OSError):  # serve also when standard error cannot be written
        click.echo(f"Open {url} to draw. Press Ctrl-C to stop.", err=True)
    server.run([listening])


def _log() -> None:
    """Log requests, and errors of uvicorn, to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(message)s"))
    access = logging.getLogger("mnist_cnn.access")
    access.addHandler(handler)
    access.setLevel(logging.INFO)
    logging.getLogger("uvicorn.error").addHandler(handler)
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    logging.getLogger("python_multipart").setLevel(logging.CRITICAL)  # the response has the errors of a form


class _TimedProtocol(H11Protocol):
    """uvicorn's HTTP/1.1 with time limits for slow clients. uvicorn itself has none for headers and for reading."""

    _headers_timer: asyncio.TimerHandle | None = None
    _reading_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._time_headers()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._time_headers()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._time_headers()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._reading_timer = self.loop.call_later(READ_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._reading_timer:
            self._reading_timer.cancel()

    def connection_lost(self, exc: Exception | None) -> None:
        for timer in (self._headers_timer, self._reading_timer):
            if timer:
                timer.cancel()
        super().connection_lost(exc)

    def _time_headers(self) -> None:
        """Start the timer for headers if no request is open, and stop it if one is."""
        responding = self.cycle is not None and not self.cycle.response_complete
        if responding and self._headers_timer:
            self._headers_timer.cancel()
            self._headers_timer = None
        elif not responding and not self._headers_timer:
            self._headers_timer = self.loop.call_later(HEAD_SECONDS, self.transport.close)
