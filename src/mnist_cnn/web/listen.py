"""Listening: the socket of the server, opened before anything heavy is imported."""

import errno
import socket

from mnist_cnn.errors import ServeError


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens on the address. Raises ServeError if the address is not free."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is explicit, as asyncio disables Nagle's algorithm only then: it adds 40 ms per request.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(1024)  # before the address is printed, so that clients can connect at once
    except (OSError, UnicodeError) as error:
        listening.close()
        reason = getattr(error, "strerror", None) or error
        hint = "; try another --port" if getattr(error, "errno", 0) in (errno.EADDRINUSE, errno.EACCES) else ""
        raise ServeError(
            f"{host} port {port}: expected a free address of this machine, found: {reason}{hint}"
        ) from None
    return listening


def url(host: str, listening: socket.socket) -> str:
    """Return the URL to open in a browser, and for which other devices it is reachable."""
    everywhere = host in ("0.0.0.0", "::")  # noqa: S104
    name = "localhost" if everywhere else f"[{host}]" if ":" in host else host
    where = " (on other devices, use the address of this machine)" if everywhere else ""
    return f"http://{name}:{listening.getsockname()[1]}/{where}"
