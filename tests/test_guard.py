"""The guard: limits of the body, HEAD, metrics and the log."""

import json
import socket
from collections.abc import Iterator

import httpx2 as httpx
from conftest import PAGE, Serve, Server
from prometheus_client.parser import text_string_to_metric_families

from mnist_cnn.web.guard import MAX_BYTES


def test_a_body_that_is_too_large_is_rejected_while_it_arrives(server: Server) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(MAX_BYTES // 2**20 + 4):
            yield bytes(2**20)

    for content in (bytes(MAX_BYTES + 1), pieces()):
        try:
            answer = httpx.post(f"{server.url}/v1/read", content=content, headers={"content-type": "image/png"})
        except httpx.WriteError:  # the server may close the connection earlier
            continue
        assert answer.status_code == 413
        assert answer.json()["detail"] == "expected at most 16 MB, found more"
    assert httpx.get(f"{server.url}/healthz").text == "ok\n"


def test_an_announced_size_that_is_too_large_is_rejected_at_once(server: Server) -> None:
    head = b"POST /v1/read HTTP/1.1\r\nhost: x\r\ncontent-type: image/png\r\ncontent-length: 99999999999\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(head + b"expect: 100-continue\r\n\r\n")
        assert connection.recv(13) == b"HTTP/1.1 413 "


def test_head_is_allowed_wherever_get_is(server: Server) -> None:
    for path in ("/", "/healthz", "/v1/model", "/metrics", "/openapi.json"):
        answer = httpx.head(server.url + path)
        assert (answer.status_code, answer.content) == (200, b""), path
        assert int(answer.headers["content-length"]) > 2
    assert httpx.head(f"{server.url}/v1/read").status_code == 405


def test_metrics_count_requests_and_the_log_has_no_content(serve: Serve) -> None:
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
