"""Problems: wrong requests get a status from 400 to 499 and JSON that says what was expected."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient


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
def test_a_wrong_request_gets_a_problem(
    method: str, path: str, content: bytes, kind: str, status: int, client: TestClient
) -> None:
    answer = client.request(method, path, content=content, headers={"content-type": kind} if kind else {})
    problem = answer.json()
    assert (answer.status_code, problem["status"]) == (status, status), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["title"]
    assert "\n" not in problem["detail"]
    assert "Traceback" not in answer.text


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.sampled_from(["/v1/read", "/v1/classify", "/v1/explain"]),
    kind=st.sampled_from(["image/png", "application/json", "application/x-npy", "multipart/form-data; boundary=b", ""]),
    start=st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b'{"images": [[', b"\x93NUMPY\x01\x00", b"--b\r\n"]),
    rest=st.binary(max_size=300),
)
def test_any_bytes_get_a_problem(path: str, kind: str, start: bytes, rest: bytes, client: TestClient) -> None:
    answer = client.post(path, content=start + rest, headers={"content-type": kind} if kind else {})
    assert 400 <= answer.status_code < 500
    assert answer.headers["content-type"] == "application/problem+json"
