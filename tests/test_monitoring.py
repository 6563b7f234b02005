"""Monitoring: health checks and metrics, also without a token."""

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from mnist_cnn.read import Classifier
from mnist_cnn.web.app import create


def test_health_checks_are_text(client: TestClient) -> None:
    for path in ("/healthz", "/readyz"):
        answer = client.get(path)
        assert (answer.status_code, answer.text) == (200, "ok\n")
        assert answer.headers["content-type"].startswith("text/plain")


def test_a_server_that_is_not_ready_is_alive() -> None:
    client = TestClient(create(Classifier()))  # without startup
    assert client.get("/healthz").status_code == 200
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["retry-after"]) > 0


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_no_token_is_needed(path: str) -> None:
    with TestClient(create(Classifier(), token="secret")) as client:  # noqa: S106
        assert client.get("/v1/model").status_code == 401
        assert client.get(path).status_code == 200


def test_metrics_are_those_of_this_application(client: TestClient) -> None:
    def digits() -> float:
        answer = client.get("/metrics")
        assert answer.headers["content-type"].startswith("text/plain; version=")
        families = {family.name: family for family in text_string_to_metric_families(answer.text)}
        return sum(s.value for s in families["mnist_cnn_digits"].samples if s.name.endswith("_total"))

    before = digits()
    client.app.state.service.digits.labels("yes").inc(3)
    assert digits() == before + 3
    with TestClient(create(Classifier())) as other:
        assert "mnist_cnn_digits_total{" not in other.get("/metrics").text
