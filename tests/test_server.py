"""The server as a process: startup, signals, errors, and clients that are slow."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx2 as httpx
import numpy as np
import pytest
from conftest import PAGE, Serve, Server


@pytest.mark.slow
def test_the_server_starts_within_two_seconds_and_without_tensorflow(serve: Serve) -> None:
    server = serve()
    assert min(server.startup, serve().startup) < 2
    maps = Path(f"/proc/{server.process.pid}/maps")
    if maps.exists():
        assert "tensorflow" not in maps.read_text()


def test_wrong_options_are_one_line_errors(server: Server, tmp_path: Path) -> None:
    def error(*arguments: str, **variables: str) -> str:
        command = [sys.executable, "-m", "mnist_cnn", "serve", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, env=os.environ | variables)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
        return done.stderr

    assert "expected a free address of this machine, found: Address already in use" in error("--port", str(server.port))
    assert "expected a model file" in error("--model", str(tmp_path / "none.onnx"))
    assert "expected a free address of this machine" in error("--host", "no.such.host.invalid")
    assert "--host: expected an address, such as 127.0.0.1, found nothing" in error("--host", "")
    assert "--token or MNIST_CNN_TOKEN: expected ASCII" in error("--token", "") == error(MNIST_CNN_TOKEN="")
    assert "--token or MNIST_CNN_TOKEN: expected ASCII" in error("--token", "a b") == error("--token", "\udcff")
    assert "--allow-origin: expected https://HOST" in error("--allow-origin", "https://example.org/")


def test_small_responses_are_not_delayed(server: Server) -> None:
    with httpx.Client() as client:
        taken = []
        for _ in range(15):
            began = time.perf_counter()
            client.get(f"{server.url}/healthz")
            taken.append(time.perf_counter() - began)
    assert np.median(taken) < 0.03, "Nagle's algorithm with a delayed acknowledgement takes 0.04 s"


def test_slow_and_half_open_clients_do_not_block_others(server: Server) -> None:
    idle = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(100)]
    for i, connection in enumerate(idle):  # nothing, half of the headers, half of the body
        half = b"POST /v1/read HTTP/1.1\r\nhost: x\r\n"
        connection.sendall((b"", half, half + b"content-type: image/png\r\ncontent-length: 1000\r\n\r\nabc")[i % 3])
    began = time.perf_counter()
    assert httpx.post(f"{server.url}/v1/read", files={"image": PAGE.read_bytes()}).json()["number"] == "314159"
    assert time.perf_counter() - began < 5
    for connection in idle:
        connection.close()


@pytest.mark.slow
def test_connections_without_whole_headers_or_body_are_closed(serve: Serve) -> None:
    server = serve()
    half = b"POST /v1/read HTTP/1.1\r\nhost: x\r\n"
    body = half + b"content-type: image/png\r\ncontent-length: 1000\r\n\r\nabc"
    for content, least, most, answer in ((b"", 8, 15, b""), (half, 8, 15, b""), (body, 25, 40, b"HTTP/1.1 408 ")):
        with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
            began = time.perf_counter()
            connection.sendall(content)
            assert connection.recv(13) == answer
            assert least < time.perf_counter() - began < most


@pytest.mark.slow
def test_connections_that_read_no_response_are_closed(serve: Serve) -> None:
    server = serve()
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", server.port))
        connection.sendall(b"GET /app.js HTTP/1.1\r\nhost: x\r\n\r\n" * 2000)
        time.sleep(45)
        assert "mnist_cnn_requests_open 1.0" in httpx.get(f"{server.url}/metrics").text, "only this request is open"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_signal_ends_the_server(number: int, serve: Serve) -> None:
    server = serve()
    server.process.send_signal(number)
    assert server.process.wait(20) == 0
    assert "Traceback" not in server.log.read_text()


@pytest.mark.parametrize("delay", [0, 0.02, 0.1])
def test_a_signal_right_after_the_first_line_ends_the_server(delay: float) -> None:
    command = [sys.executable, "-m", "mnist_cnn", "serve", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        assert process.stderr.readline().startswith("Open http://")
        time.sleep(delay)
        process.terminate()
        assert process.wait(20) == 0
