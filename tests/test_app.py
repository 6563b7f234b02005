"""The application: its token, and pages of other sites."""

from starlette.testclient import TestClient

from mnist_cnn.read import Classifier
from mnist_cnn.web.app import create


def test_the_token_is_required() -> None:
    with TestClient(create(Classifier(), token="secret")) as client:  # noqa: S106
        for headers in (
            {},
            {"authorization": "Bearer other"},
            {"authorization": b"Bearer \xff"},
            {"authorization": "Basic x"},
        ):
            answer = client.get("/v1/model", headers=headers)
            assert (answer.status_code, answer.json()["title"]) == (401, "unauthorized")
            assert answer.headers["www-authenticate"] == "Bearer"
        right = {"authorization": "Bearer secret"}
        assert client.get("/v1/model", headers=right).json()["metadata"]["recipe"] == "handwriting"
        assert client.get("/healthz").status_code == client.get("/").status_code == 200


def test_only_allowed_origins_may_call_the_server(client: TestClient) -> None:
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
