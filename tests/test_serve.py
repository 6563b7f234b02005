"""The server: what the command line reads, over HTTP; limits that hold; errors that say what was expected."""

import contextlib
import http.client
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, get_args

import bodies  # noqa: F401  what is sent as a picture
import httpx2 as httpx
import numpy as np
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from prometheus_client.parser import text_string_to_metric_families
from pydantic import BaseModel
from starlette.testclient import TestClient
from test_reader import two_words

from mnist_cnn import mnist
from mnist_cnn.read import Box, Classifier, Digit, Reading, Row, Sign, Word, read_image
from mnist_cnn.web import schema as models
from mnist_cnn.web.app import create
from mnist_cnn.web.body import MAX_BATCH
from mnist_cnn.web.guard import MAX_BYTES
from mnist_cnn.web.insight import Insight
from mnist_cnn.web.problem import Problem
from mnist_cnn.web.workers import Workers

PAGE = Path(__file__).parents[1] / "docs/pictures/page.jpg"
Serve = Callable[..., "Server"]


class Server:
    """``mnist-cnn serve`` in a process of its own, on a free port."""

    def __init__(self, log: Path, *arguments: str) -> None:
        self.log = log
        began = time.perf_counter()
        command = [sys.executable, "-m", "mnist_cnn", "serve", "--port", "0", *arguments]
        with log.open("wb") as file:
            self.process = subprocess.Popen(command, stderr=file)
        while not (found := re.search(r"http://\S+?:(\d+)/", log.read_text())):
            assert self.process.poll() is None, log.read_text()
            time.sleep(0.01)
        self.port = int(found[1])
        self.url = f"http://127.0.0.1:{self.port}"
        while True:
            try:
                if httpx.get(f"{self.url}/readyz").status_code == 200:
                    break
            except httpx.TransportError:
                time.sleep(0.01)
        self.startup = time.perf_counter() - began

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    servers = []

    def begin(*arguments: str) -> Server:
        servers.append(Server(tmp_path / f"log-{len(servers)}", *arguments))
        return servers[-1]

    yield begin
    for server in servers:
        if server.process.poll() is None:
            server.process.kill()
            server.process.wait()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("server") / "log")
    yield server
    assert server.end() == 0, server.log.read_text()


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with TestClient(create(Classifier()), raise_server_exceptions=False) as client:
        yield client


def png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def scattered(dataset: mnist.Dataset) -> list[bytes]:
    """Real digits: one in a corner, three in a row, one as MNIST has it."""
    corner, row = np.full((200, 300), 255, np.uint8), np.full((60, 200), 255, np.uint8)
    corner[160:188, 10:38] -= dataset.test.images[0]
    for i in range(3):
        row[16:44, 20 + 50 * i : 48 + 50 * i] -= dataset.test.images[i]
    return [
        png(corner),
        png(row),
        png(dataset.test.images[4]),
        PAGE.read_bytes(),
        png(np.full((50, 50), 255, np.uint8)),
    ]


def test_it_reads_what_the_command_line_reads(server: Server, dataset: mnist.Dataset, tmp_path: Path) -> None:
    pictures = scattered(dataset)
    files = [tmp_path / f"{i}.png" for i in range(len(pictures))]
    for file, content in zip(files, pictures, strict=True):
        file.write_bytes(content)
    command = [sys.executable, "-m", "mnist_cnn", "read", "--json", *map(str, files)]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    for line, content in zip(lines, pictures, strict=True):
        expected = {key: value for key, value in json.loads(line).items() if key != "file"}
        raw = httpx.post(f"{server.url}/v1/read", content=content, headers={"content-type": "image/png"})
        form = httpx.post(f"{server.url}/v1/read", files={"image": content})
        assert raw.json() == form.json() == expected
    numbers = [json.loads(line)["number"] for line in lines]
    assert numbers == ["7", "721", "4", "314159", ""]


def test_words_are_parted(server: Server, dataset: mnist.Dataset) -> None:
    pixels, text = two_words(dataset.test)
    [row] = httpx.post(f"{server.url}/v1/read", files={"image": png(pixels)}).json()["rows"]
    assert (row["number"], row["text"]) == (text.replace(" ", ""), text)
    assert [word["text"] for word in row["words"]] == text.split()
    schemas = httpx.get(f"{server.url}/openapi.json").json()["components"]["schemas"]
    assert {"Box", "Alternative", "Digit", "Sign", "Word", "Row", "Reading"} <= schemas.keys()
    assert schemas["Word"]["properties"]["text"]["type"] == "string"


def test_models_have_the_names_of_to_dict() -> None:
    digit = Digit(Box(0, 0, 1, 1), 1, 0.9, ((7, 0.1),), True, None, np.zeros((28, 28)), np.zeros(10))
    row = Row((Word((digit, Sign(Box(2, 0, 1, 1), ".", 0.8)), 0.7),))
    same_names(models.Reading, Reading((row,), 9, 9, (Box(5, 5, 1, 1),)).to_dict())


def same_names(model: type[BaseModel], told: dict[str, Any]) -> None:
    """Assert that a model and the models in it have the names and types of a dictionary, in their order."""
    assert [name for name in model.model_fields if name not in ("probabilities", "tile")] == list(told)
    for name, value in told.items():
        kind: Any = model.model_fields[name].annotation
        inner, first = (get_args(kind)[0], value[0]) if isinstance(value, list) else (kind, value)
        if isinstance(first, dict):
            same_names(inner, first)
        else:
            assert type(first) in (get_args(inner) or (inner,))


def test_options_are_those_of_the_command_line(server: Server) -> None:
    content = PAGE.read_bytes()
    found = httpx.post(f"{server.url}/v1/read?threshold=1", files={"image": content}).json()
    assert found == read_image(content, threshold=1.0).to_dict()
    assert not found["accepted"]
    found = httpx.post(f"{server.url}/v1/read?digits=9", files={"image": content}).json()
    assert found == read_image(content, digits=9).to_dict()
    assert not found["accepted"]
    detailed = httpx.post(f"{server.url}/v1/read?detail=true", files={"image": content}).json()
    found = [digit for row in detailed["rows"] for word in row["words"] for digit in word["digits"]]
    for digit, own in zip(found, read_image(content).digits, strict=True):
        assert np.argmax(digit["probabilities"]) == digit["digit"]
        np.testing.assert_allclose(digit.pop("tile"), own.tile, atol=1e-4)
        np.testing.assert_allclose(digit.pop("probabilities"), own.probabilities, atol=1e-6)
    assert detailed == read_image(content).to_dict()


def test_arrays_are_classified_as_by_the_classifier(server: Server, dataset: mnist.Dataset) -> None:
    images = dataset.test.images[:50]
    expected = Classifier().probabilities(mnist.as_input(images))
    file = io.BytesIO()
    np.save(file, images)
    npy = {"content-type": "application/x-npy"}
    answers = httpx.post(f"{server.url}/v1/classify", content=file.getvalue(), headers=npy).json()["answers"]
    floats = {"images": (images / np.float32(255)).tolist()}
    assert httpx.post(f"{server.url}/v1/classify", json=floats).json()["answers"] == answers
    np.testing.assert_allclose([answer["probabilities"] for answer in answers], expected, atol=1e-6)
    assert [answer["digit"] for answer in answers] == expected.argmax(axis=1).tolist()


def test_the_network_is_seen_from_inside(dataset: mnist.Dataset, client: TestClient) -> None:
    tile = mnist.as_input(dataset.test.images[:1])[0, :, :, 0]
    insight, classifier = Insight(Classifier()), Classifier()
    maps, saliency = insight.maps(tile), insight.saliency(tile)
    assert maps.shape == (24, 28, 28)
    assert maps.min() >= 0
    assert maps.std(axis=(1, 2)).max() > 0.05
    assert saliency.shape == (28, 28)
    assert not saliency[tile == 0].any()
    # What it says matters most, matters: without it the answer is less sure than without as much of the rest.
    inked = np.argwhere(tile > 0)
    order = inked[np.argsort([-saliency[y, x] for y, x in inked])]
    without = np.stack([tile, tile, tile])
    without[1][tuple(order[:20].T)] = 0
    without[2][tuple(order[-20:].T)] = 0
    whole, most, least = classifier.probabilities(without[..., None])[:, 7]
    assert whole - most > 5 * abs(whole - least)
    found = client.post("/v1/explain", json={"images": [tile.tolist()]}).json()
    np.testing.assert_allclose(found["maps"], maps, atol=1e-4)
    np.testing.assert_allclose(found["saliency"], saliency, atol=1e-4)


def test_a_network_without_convolution_has_no_maps(tmp_path: Path) -> None:
    from mnist_cnn.learn import export
    from mnist_cnn.learn.model import build
    from mnist_cnn.learn.recipes import DENSE, TINY

    for recipe, shape in ((DENSE, (0, 1, 1)), (TINY, (8, 28, 28))):
        export.onnx(build(recipe), tmp_path / "model.onnx", {})
        assert Insight(Classifier(tmp_path / "model.onnx")).maps(np.ones((28, 28), np.float32)).shape == shape


@pytest.mark.parametrize(
    ("method", "path", "content", "kind", "status"),
    [
        ("POST", "/v1/read", b"no picture", "image/png", 422),
        ("POST", "/v1/read", b"", "image/png", 422),
        ("POST", "/v1/read", b"{}", "application/json", 415),
        ("POST", "/v1/read", b"x", "multipart/form-data", 400),
        ("POST", "/v1/read", b"--b--", "multipart/form-data; boundary=b", 422),
        ("POST", "/v1/read?digits=0", b"x", "image/png", 422),
        ("POST", "/v1/read?threshold=nan", b"x", "image/png", 422),
        ("POST", "/v1/classify", b"{", "application/json", 422),
        ("POST", "/v1/classify", b"[" * 100_000, "application/json", 422),
        ("POST", "/v1/classify", b'{"images": [[[1e999]]]}', "application/json", 422),
        ("POST", "/v1/classify", b'{"images": []}', "application/json", 422),
        ("POST", "/v1/classify", b"\x93NUMPY\x01\x00", "application/x-npy", 422),
        ("POST", "/v1/classify", b"x", "text/plain", 415),
        ("POST", "/v1/explain", b'{"images": []}', "application/json", 422),
        ("GET", "/v1/read", b"", "", 405),
        ("GET", "/nothing", b"", "", 404),
        ("POST", "/v1/classify", json.dumps({"images": [[["0.5"] * 28] * 28]}).encode(), "application/json", 422),
        ("POST", "/v1/classify", json.dumps({"images": [[[True] * 28] * 28]}).encode(), "application/json", 422),
        ("GET", "/..%2fapp.py", b"", "", 404),
    ],
)
def test_what_is_wrong_is_a_problem(
    method: str, path: str, content: bytes, kind: str, status: int, client: TestClient
) -> None:
    answer = client.request(method, path, content=content, headers={"content-type": kind} if kind else {})
    problem = answer.json()
    assert (answer.status_code, problem["status"]) == (status, status), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["title"]
    assert "\n" not in problem["detail"]
    assert "Traceback" not in answer.text


def test_wrong_arrays_are_problems(client: TestClient) -> None:
    def status(images: np.ndarray) -> int:
        file = io.BytesIO()
        np.save(file, images)
        return client.post(
            "/v1/classify", content=file.getvalue(), headers={"content-type": "application/x-npy"}
        ).status_code

    assert status(np.zeros((2, 28, 28), np.float64)) == 200
    assert status(np.zeros((MAX_BATCH, 28, 28, 1), np.uint8)) == 200
    for wrong in (
        np.zeros((MAX_BATCH + 1, 28, 28), np.uint8),
        np.zeros((2, 28, 27), np.float32),
        np.full((2, 28, 28), 1.1),
        np.full((2, 28, 28), np.nan),
        np.zeros((2, 28, 28), np.int64),
        np.zeros((2, 28, 28), "U1"),
        np.zeros(0),
    ):
        assert status(wrong) == 422
    file = io.BytesIO()
    np.save(file, np.array([{"a": 1}]), allow_pickle=True)
    assert client.post("/v1/classify", content=file.getvalue(), headers={"content-type": "application/x-npy"}).is_error


def test_too_much_is_refused_while_it_comes(server: Server) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(MAX_BYTES // 2**20 + 4):
            yield bytes(2**20)

    for content in (bytes(MAX_BYTES + 1), pieces()):
        try:
            answer = httpx.post(f"{server.url}/v1/read", content=content, headers={"content-type": "image/png"})
        except httpx.WriteError:  # it may close before all was sent
            continue
        assert answer.status_code == 413
        assert answer.json()["detail"] == "expected at most 16 MB, found more"
    assert httpx.get(f"{server.url}/healthz").text == "ok\n"


def test_a_full_queue_says_when_to_come_again() -> None:
    import asyncio

    go, workers = threading.Event(), Workers(threads=1, waiting=1, seconds=30)

    async def crowd() -> list[object]:
        calls = [asyncio.create_task(workers.run(go.wait)) for _ in range(5)]
        await asyncio.sleep(0.05)
        go.set()
        return await asyncio.gather(*calls, return_exceptions=True)

    found = asyncio.run(crowd())
    assert found[:2] == [True, True]
    for problem in found[2:]:
        assert isinstance(problem, Problem)
        assert (problem.status, problem.headers) == (503, {"Retry-After": "1"})
    assert asyncio.run(workers.run(lambda: 7)) == 7, "a place that was given back"


def test_what_takes_too_long_is_given_up_and_keeps_its_place_until_it_ends() -> None:
    import asyncio

    go, workers = threading.Event(), Workers(threads=1, waiting=0, seconds=0.05)
    with pytest.raises(Problem, match=r"within 0\.05 s"):
        asyncio.run(workers.run(go.wait))
    with pytest.raises(Problem, match="free place"):
        asyncio.run(workers.run(go.wait))
    go.set()
    workers.close()


def test_slow_and_half_open_clients_do_not_block_others(server: Server) -> None:
    idle = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(100)]
    for i, connection in enumerate(idle):  # nothing, half a head, half a body
        half = b"POST /v1/read HTTP/1.1\r\nhost: x\r\n"
        connection.sendall((b"", half, half + b"content-type: image/png\r\ncontent-length: 1000\r\n\r\nabc")[i % 3])
    began = time.perf_counter()
    assert httpx.post(f"{server.url}/v1/read", files={"image": PAGE.read_bytes()}).json()["number"] == "314159"
    assert time.perf_counter() - began < 5
    for connection in idle:
        connection.close()


@pytest.mark.slow
def test_who_sends_no_whole_head_or_body_is_hung_up_on(serve: Serve) -> None:
    server = serve()
    half = b"POST /v1/read HTTP/1.1\r\nhost: x\r\n"
    body = half + b"content-type: image/png\r\ncontent-length: 1000\r\n\r\nabc"
    for content, least, most, answer in ((b"", 8, 15, b""), (half, 8, 15, b""), (body, 25, 40, b"HTTP/1.1 408 ")):
        with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
            began = time.perf_counter()
            connection.sendall(content)
            assert connection.recv(13) == answer
            assert least < time.perf_counter() - began < most


def test_who_hangs_up_leaves_the_queue(serve: Serve, dataset: mnist.Dataset) -> None:
    """As a page does that has something newer to ask."""
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


def test_many_at_once_get_each_their_own_answer(server: Server, dataset: mnist.Dataset) -> None:
    images = [np.pad(255 - image, 20, constant_values=255) for image in dataset.test.images[:24]]
    expected = [read_image(image).to_dict() for image in images]
    with httpx.Client() as client, ThreadPoolExecutor(12) as pool:
        found = list(pool.map(lambda i: client.post(f"{server.url}/v1/read", files={"image": png(i)}).json(), images))
    assert found == expected


def test_ending_finishes_what_runs(serve: Serve) -> None:
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


def test_a_token_is_asked_for(dataset: mnist.Dataset) -> None:
    with TestClient(create(Classifier(), token="geheim")) as client:  # noqa: S106
        for headers in (
            {},
            {"authorization": "Bearer other"},
            {"authorization": b"Bearer \xff"},
            {"authorization": "Basic x"},
        ):
            answer = client.get("/v1/model", headers=headers)
            assert (answer.status_code, answer.json()["title"]) == (401, "no permission")
            assert answer.headers["www-authenticate"] == "Bearer"
        right = {"authorization": "Bearer geheim"}
        assert client.get("/v1/model", headers=right).json()["metadata"]["recipe"] == "handwriting"
        assert client.get("/healthz").status_code == client.get("/").status_code == 200


def test_headers_are_strict_and_other_sites_are_not_let_in(client: TestClient) -> None:
    for path in ("/", "/v1/model", "/nothing"):
        headers = client.get(path, headers={"origin": "https://example.org"}).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in headers
    with TestClient(create(Classifier(), origins=("https://example.org",))) as open_client:
        headers = open_client.get("/v1/model", headers={"origin": "https://example.org"}).headers
        assert headers["access-control-allow-origin"] == "https://example.org"
        assert (
            "access-control-allow-origin" not in open_client.get("/", headers={"origin": "https://other.org"}).headers
        )


def test_metrics_count_and_the_log_tells_no_content(serve: Serve) -> None:
    server = serve()
    httpx.post(f"{server.url}/v1/read", files={"image": PAGE.read_bytes()})
    httpx.post(f"{server.url}/v1/read?secret=4711", content=b"314159", headers={"content-type": "image/png"})
    httpx.request("BREW", f"{server.url}/pot")
    families = {f.name: f for f in text_string_to_metric_families(httpx.get(f"{server.url}/metrics").text)}
    counts = {tuple(s.labels.values()): s.value for s in families["mnist_cnn_requests"].samples if "total" in s.name}
    assert counts["POST", "/v1/read", "200"] == counts["POST", "/v1/read", "422"] == 1
    assert counts["other", "other", "404"] == 1
    digits = {s.labels["accepted"]: s.value for s in families["mnist_cnn_digits"].samples if s.name.endswith("_total")}
    assert digits["yes"] == 6
    assert server.end() == 0
    text = server.log.read_text()
    entries = [json.loads(line) for line in text.splitlines()[1:]]
    assert [e["status"] for e in entries if e["path"] == "/v1/read"] == [200, 422]
    assert all(e.keys() == {"time", "method", "path", "status", "bytes", "milliseconds"} for e in entries)
    assert "4711" not in text
    assert "314159" not in text


def test_it_is_up_within_two_seconds_and_without_tensorflow(serve: Serve) -> None:
    server = serve()
    assert min(server.startup, serve().startup) < 2
    maps = Path(f"/proc/{server.process.pid}/maps")
    if maps.exists():
        assert "tensorflow" not in maps.read_text()


def test_what_cannot_be_served_is_one_line(server: Server, tmp_path: Path) -> None:
    def error(*arguments: str, **variables: str) -> str:
        command = [sys.executable, "-m", "mnist_cnn", "serve", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, env=os.environ | variables)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
        return done.stderr

    assert "expected a free address, found: Address already in use" in error("--port", str(server.port))
    assert "expected a model file" in error("--model", str(tmp_path / "none.onnx"))
    assert "expected a free address" in error("--host", "no.such.host.invalid")
    assert "--host: expected an address, found nothing" in error("--host", "")
    assert "--token: expected ASCII" in error("--token", "") == error(MNIST_CNN_TOKEN="")
    assert "--token: expected ASCII" in error("--token", "a b") == error("--token", "\udcff")
    assert "--allow-origin: expected https://HOST" in error("--allow-origin", "https://example.org/")


def test_who_hangs_up_while_sending_is_no_bug(serve: Serve) -> None:
    server = serve()
    for kind in (b"image/png", b"multipart/form-data; boundary=b", b"application/json"):
        path = b"/v1/classify" if kind.endswith(b"json") else b"/v1/read"
        head = b"POST " + path + b" HTTP/1.1\r\nhost: x\r\ncontent-type: " + kind + b"\r\ncontent-length: 999\r\n\r\n"
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(head + b"--b\r\n")
            time.sleep(0.1)
    assert server.end() == 0
    entries = [json.loads(line) for line in server.log.read_text().splitlines()[1:]]  # and no traceback among them
    assert [entry["status"] for entry in entries if entry["method"] == "POST"] == [499] * 3


def test_an_announced_size_is_refused_at_once(server: Server) -> None:
    head = b"POST /v1/read HTTP/1.1\r\nhost: x\r\ncontent-type: image/png\r\ncontent-length: 99999999999\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(head + b"expect: 100-continue\r\n\r\n")
        assert connection.recv(13) == b"HTTP/1.1 413 "


def test_there_is_a_head_of_what_can_be_got(server: Server) -> None:
    for path in ("/", "/healthz", "/v1/model", "/metrics", "/openapi.json"):
        answer = httpx.head(server.url + path)
        assert (answer.status_code, answer.content) == (200, b""), path
        assert int(answer.headers["content-length"]) > 2
    assert httpx.head(f"{server.url}/v1/read").status_code == 405


@pytest.mark.slow
def test_who_reads_nothing_is_hung_up_on(serve: Serve) -> None:
    server = serve()
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", server.port))
        connection.sendall(b"GET /app.js HTTP/1.1\r\nhost: x\r\n\r\n" * 2000)
        time.sleep(45)
        assert "mnist_cnn_requests_open 1.0" in httpx.get(f"{server.url}/metrics").text, "of itself"


def test_the_examples_of_the_openapi_document_work(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    for path in ("/v1/classify", "/v1/explain"):
        example = paths[path]["post"]["requestBody"]["content"]["application/json"]["example"]
        assert client.post(path, json=example).status_code == 200
    assert "ValidationError" not in json.dumps(paths)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.sampled_from(["/v1/read", "/v1/classify", "/v1/explain"]),
    kind=st.sampled_from(["image/png", "application/json", "application/x-npy", "multipart/form-data; boundary=b", ""]),
    start=st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b'{"images": [[', b"\x93NUMPY\x01\x00", b"--b\r\n"]),
    rest=st.binary(max_size=300),
)
def test_no_bytes_are_a_bug(path: str, kind: str, start: bytes, rest: bytes, client: TestClient) -> None:
    answer = client.post(path, content=start + rest, headers={"content-type": kind} if kind else {})
    assert 400 <= answer.status_code < 500
    assert answer.headers["content-type"] == "application/problem+json"


schema = schemathesis.openapi.from_asgi("/openapi.json", create(Classifier()))


@schema.parametrize()
@settings(max_examples=20, deadline=None)
def test_it_keeps_to_its_openapi_document(case: schemathesis.Case) -> None:
    case.call_and_validate()


def test_small_answers_are_not_held_back(server: Server) -> None:
    with httpx.Client() as client:
        taken = []
        for _ in range(15):
            began = time.perf_counter()
            client.get(f"{server.url}/healthz")
            taken.append(time.perf_counter() - began)
    assert np.median(taken) < 0.03, "Nagle's algorithm and a late acknowledgement are 0.04"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_is_not_needed(number: int, serve: Serve) -> None:
    server = serve()
    server.process.send_signal(number)
    assert server.process.wait(20) == 0
    assert "Traceback" not in server.log.read_text()


@pytest.mark.parametrize("delay", [0, 0.02, 0.1])
def test_a_signal_as_soon_as_it_has_spoken_is_enough(delay: float) -> None:
    command = [sys.executable, "-m", "mnist_cnn", "serve", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        assert process.stderr.readline().startswith("Draw on http://")
        time.sleep(delay)
        process.terminate()
        assert process.wait(20) == 0
