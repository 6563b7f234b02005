"""The command ``mnist-cnn serve``: the application on uvicorn, until Ctrl-C or SIGTERM.

Its log is a JSON object a request on standard error: method, path, status, bytes, milliseconds; never a picture.
"""

import asyncio
import contextlib
import errno
import logging
import re
import signal
import socket
from pathlib import Path
from typing import Any

import click
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from mnist_cnn.errors import ServeError
from mnist_cnn.read.classifier import Classifier
from mnist_cnn.web.app import create

HEAD_SECONDS = 10.0
"""A connection that has not sent a whole head after this is closed."""
READ_SECONDS = 30.0
"""And one that has not taken any of its answer."""
CONNECTIONS, GRACE = 500, 30
"""More connections than the first are answered 503; what runs at the end has so many seconds more."""


def serve(host: str, port: int, model: Path | None, token: str | None, origins: tuple[str, ...]) -> None:
    """Serve until it is told to stop. Raises ModelError if the model is bad, ServeError if the port cannot be had."""
    _check(host, token, origins)
    app = create(Classifier(model), token=token, origins=origins)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named, or asyncio would not turn off Nagle's algorithm: 40 ms a request.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, port))
            listening.listen(1024)  # so that who comes as soon as it has spoken is not turned away
        except (OSError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or error
            hint = "; try another --port" if getattr(error, "errno", 0) in (errno.EADDRINUSE, errno.EACCES) else ""
            raise ServeError(f"{host} port {port}: expected a free address, found: {reason}{hint}") from None
        _log()
        shown = f"[{host}]" if family == socket.AF_INET6 else host
        everywhere = host in ("0.0.0.0", "::")  # noqa: S104
        address = f"http://{'localhost' if everywhere else shown}:{listening.getsockname()[1]}/"
        where = ", elsewhere at this machine's own address" if everywhere else ""
        config = uvicorn.Config(
            app,
            http=_Impatient,
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

        # uvicorn takes them over once it runs, and sends them once more when it has ended.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, end)
        with contextlib.suppress(OSError):  # a full disk behind it does not keep it from serving
            click.echo(f"Draw on {address}{where}   (Ctrl-C stops it)", err=True)
        server.run([listening])


def _check(host: str, token: str | None, origins: tuple[str, ...]) -> None:
    """What an unset variable makes of an option must not open the server to more than was meant."""
    if not host:
        raise ServeError("--host: expected an address, found nothing")
    if token is not None and not re.fullmatch(r"[!-~]+", token):
        raise ServeError("--token: expected ASCII letters, digits and signs without spaces, found others or nothing")
    for origin in origins:
        if not re.fullmatch(r"https?://[^/\s]+|\*", origin):
            raise ServeError(f"--allow-origin: expected https://HOST without a path, found {origin[:80]!r}")


def _log() -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(message)s"))
    access = logging.getLogger("mnist_cnn.access")
    access.addHandler(handler)
    access.setLevel(logging.INFO)
    logging.getLogger("uvicorn.error").addHandler(handler)
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    logging.getLogger("python_multipart").setLevel(logging.CRITICAL)  # what is wrong with a form is in the answer


class _Impatient(H11Protocol):
    """uvicorn's HTTP, which by itself waits without end for who sends a byte an hour, or reads nothing."""

    _waiting: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._wait()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._wait()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread = self.loop.call_later(READ_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._unread:
            self._unread.cancel()

    def connection_lost(self, exc: Exception | None) -> None:
        for timer in (self._waiting, self._unread):
            if timer:
                timer.cancel()
        super().connection_lost(exc)

    def _wait(self) -> None:
        """Start the clock if no request is being answered, and stop it if one is."""
        answering = self.cycle is not None and not self.cycle.response_complete
        if answering and self._waiting:
            self._waiting.cancel()
            self._waiting = None
        elif not answering and not self._waiting:
            self._waiting = self.loop.call_later(HEAD_SECONDS, self.transport.close)
