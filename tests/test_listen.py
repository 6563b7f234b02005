"""Listening: the socket and the URL of the server."""

import socket

import pytest

from mnist_cnn.errors import ServeError
from mnist_cnn.web.listen import listen, url


def test_the_socket_accepts_connections_without_delay() -> None:
    with listen("127.0.0.1", 0) as listening, socket.create_connection(listening.getsockname()) as client:
        accepted, address = listening.accept()
        with accepted:
            assert address == client.getsockname()
        assert listening.proto == socket.IPPROTO_TCP


def test_an_address_that_is_not_free_is_named() -> None:
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(ServeError, match=rf"port {port}: .* in use; try another --port"):
            listen("127.0.0.1", port)
    for host in ("192.0.2.1", "no.invalid", "a" * 70):
        with pytest.raises(ServeError, match=f"{host} port 0: expected a free address of this machine, found: "):
            listen(host, 0)


def test_the_url_is_one_that_a_browser_opens() -> None:
    with listen("127.0.0.1", 0) as listening:
        port = listening.getsockname()[1]
        assert url("127.0.0.1", listening) == f"http://127.0.0.1:{port}/"
        assert url("::1", listening) == f"http://[::1]:{port}/"
        assert url("0.0.0.0", listening).startswith(f"http://localhost:{port}/ (on other devices")  # noqa: S104
