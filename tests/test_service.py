"""The service: clients that disconnect, and shutdown."""

import contextlib
import http.client
import json
import signal
import socket
import time

import httpx2 as httpx
import numpy as np
from conftest import PAGE, Serve, png
from starlette.testclient import TestClient

from mnist_cnn import mnist
from mnist_cnn.read import Classifier
from mnist_cnn.web.app import create


def test_a_client_that_disconnects_leaves_the_queue(serve: Serve, dataset: mnist.Dataset) -> None:
    """The page disconnects when it has a newer drawing."""
    server = serve()
    page = np.full((1600, 1600), 255, np.uint8)
    page[800:828, 800:828] -= dataset.test.images[0]
    content = png(page)
    head = f"POST /v1/read HTTP/1.1\r\nhost: x\r\ncontent-type: image/png\r\ncontent-length: {len(content)}\r\n\r\n"
    for _ in range(60):
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(head.encode() + content)
    assert httpx.post(f"{server.url}/v1/read", files={"image": PAGE.read_bytes()}).json()["number"] == "314159"
    log = [json.loads(line)["status"] for line in server.log.read_text().splitlines()[1:] if "/v1/read" in line]
    assert log.count(499) > 30


def test_a_client_that_disconnects_while_sending_is_logged_as_499(serve: Serve) -> None:
    server = serve()
    for kind in (b"image/png", b"multipart/form-data; boundary=b", b"application/json"):
        path = b"/v1/classify" if kind.endswith(b"json") else b"/v1/read"
        head = b"POST " + path + b" HTTP/1.1\r\nhost: x\r\ncontent-type: " + kind + b"\r\ncontent-length: 999\r\n\r\n"
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(head + b"--b\r\n")
            time.sleep(0.1)
    assert server.end() == 0
    entries = [json.loads(line) for line in server.log.read_text().splitlines()[1:]]  # without tracebacks
    assert [entry["status"] for entry in entries if entry["method"] == "POST"] == [499] * 3


def test_shutdown_finishes_open_requests(serve: Serve) -> None:
    server = serve()
    large = np.full((6000, 8000), 255, np.uint8)
    large[2000:4000, 3900:4100] = 0
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", server.port)) as connection:
        connection.request("POST", "/v1/read", png(large), {"content-type": "image/png"})
        while "mnist_cnn_requests_open 2.0" not in httpx.get(f"{server.url}/metrics").text:
            time.sleep(0.01)
        server.process.send_signal(signal.SIGTERM)
        answer = connection.getresponse()
        assert answer.status == 200
        assert json.loads(answer.read())["number"] == "1"
    assert server.process.wait(30) == 0


def test_the_service_is_ready_between_startup_and_shutdown() -> None:
    app = create(Classifier())
    with TestClient(app) as client:
        assert client.get("/readyz").text == "ok\n"
    client = TestClient(app)  # without startup
    for answer in (client.get("/readyz"), client.post("/v1/read", content=PAGE.read_bytes())):
        assert (answer.status_code, answer.json()["title"]) == (503, "not ready")
    assert client.get("/healthz").text == "ok\n"
