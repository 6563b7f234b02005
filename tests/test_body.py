"""Bodies: arrays that are classified, and those that are rejected."""

import io

import numpy as np
from starlette.testclient import TestClient

from mnist_cnn.web.body import MAX_BATCH


def test_arrays_of_another_shape_type_or_range_are_rejected(client: TestClient) -> None:
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
