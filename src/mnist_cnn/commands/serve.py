"""``mnist-cnn serve``: the page to draw on, and the reader over HTTP."""

import os
import re
from pathlib import Path

import click

from mnist_cnn.commands import extras
from mnist_cnn.commands.options import MODEL, Integer
from mnist_cnn.errors import ServeError
from mnist_cnn.web.listen import listen, url


@click.command(short_help="Serve a page to draw on, and the reader over HTTP.")
@click.option(
    "--host",
    metavar="HOST",
    default="127.0.0.1",
    show_default=True,
    help="Bind address; 0.0.0.0 for all network interfaces.",
)
@click.option(
    "--port",
    type=Integer(0, 65535),
    metavar="PORT",
    default=8000,
    show_default=True,
    help="Port; 0 for any free port.",
)
@MODEL
@click.option(
    "--token",
    metavar="TOKEN",
    help="Require this bearer token.  [default: the environment variable MNIST_CNN_TOKEN, else none]",
)
@click.option(
    "--allow-origin",
    "origins",
    multiple=True,
    metavar="ORIGIN",
    help="Allow pages of this origin to call the server (CORS): https://HOST, or * for all. Can be repeated.",
)
def serve(host: str, port: int, model: Path | None, token: str | None, origins: tuple[str, ...]) -> None:
    """Serve a page to draw digits on, and the reader over HTTP, until Ctrl-C.

    POST /v1/read takes a picture. POST /v1/classify takes 28 x 28 arrays. GET /openapi.json describes all routes.
    Each request is logged to standard error as one line of JSON. Needs the extra `web`.

    \b
    Examples:
      mnist-cnn serve                             then open http://127.0.0.1:8000/
      mnist-cnn serve --host 0.0.0.0 --port 80    for a phone on the same network
      curl -s --data-binary @photo.jpg -H 'content-type: image/jpeg' localhost:8000/v1/read
    """
    # click's `envvar` would treat an empty variable as missing, and the server would be open.
    token = os.environ.get("MNIST_CNN_TOKEN") if token is None else token
    _check(host, token, origins)
    extras.require("web")
    with listen(host, port) as listening:
        from mnist_cnn.web import server

        server.serve(listening, url(host, listening), model, token, origins)


def _check(host: str, token: str | None, origins: tuple[str, ...]) -> None:
    """Raise ServeError for wrong options: an option from an unset variable must not open the server to everyone."""
    if not host:
        raise ServeError("--host: expected an address, such as 127.0.0.1, found nothing")
    if token is not None and not re.fullmatch(r"[!-~]+", token):
        found = "another character" if token else "an empty token"
        raise ServeError(
            f"--token or MNIST_CNN_TOKEN: expected ASCII letters, digits and punctuation without spaces, found {found}"
        )
    for origin in origins:
        if not re.fullmatch(r"https?://[^/\s]+|\*", origin):
            raise ServeError(f"--allow-origin: expected https://HOST without a path, or *, found {origin[:80]!r}")
