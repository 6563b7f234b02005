"""The reader's routes: they return the same results as the command line and the library."""

import io
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2 as httpx
import numpy as np
from conftest import PAGE, Server, png
from starlette.testclient import TestClient
from test_reader import two_words

from mnist_cnn import mnist
from mnist_cnn.read import Classifier, read_image
from mnist_cnn.web.insight import Insight


def scattered(dataset: mnist.Dataset) -> list[bytes]:
    """Return pictures: a digit in a corner, three digits in a row, one in MNIST's form, a photograph, a blank."""
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


def test_read_returns_what_the_command_line_prints(server: Server, dataset: mnist.Dataset, tmp_path: Path) -> None:
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


def test_a_row_has_its_words(server: Server, dataset: mnist.Dataset) -> None:
    pixels, text = two_words(dataset.test)
    [row] = httpx.post(f"{server.url}/v1/read", files={"image": png(pixels)}).json()["rows"]
    assert (row["number"], row["text"]) == (text.replace(" ", ""), text)
    assert [word["text"] for word in row["words"]] == text.split()
    schemas = httpx.get(f"{server.url}/openapi.json").json()["components"]["schemas"]
    assert {"Box", "Alternative", "Digit", "Sign", "Word", "Row", "Reading"} <= schemas.keys()
    assert schemas["Word"]["properties"]["text"]["type"] == "string"


def test_read_has_the_options_of_the_library(server: Server) -> None:
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


def test_classify_returns_the_probabilities_of_the_classifier(server: Server, dataset: mnist.Dataset) -> None:
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


def test_explain_returns_maps_and_saliency(dataset: mnist.Dataset, client: TestClient) -> None:
    tile = mnist.as_input(dataset.test.images[:1])[0, :, :, 0]
    insight = Insight(Classifier())
    found = client.post("/v1/explain", json={"images": [tile.tolist()]}).json()
    np.testing.assert_allclose(found["maps"], insight.maps(tile), atol=1e-4)
    np.testing.assert_allclose(found["saliency"], insight.saliency(tile), atol=1e-4)


def test_simultaneous_requests_get_their_own_results(server: Server, dataset: mnist.Dataset) -> None:
    images = [np.pad(255 - image, 20, constant_values=255) for image in dataset.test.images[:24]]
    expected = [read_image(image).to_dict() for image in images]
    with httpx.Client() as client, ThreadPoolExecutor(12) as pool:
        found = list(pool.map(lambda i: client.post(f"{server.url}/v1/read", files={"image": png(i)}).json(), images))
    assert found == expected
