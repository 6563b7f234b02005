"""Shared fixtures: the dataset, a quickly trained run, the command line, servers and the browser."""

import dataclasses
import io
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import drawings
import httpx2 as httpx
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, sync_playwright
from starlette.testclient import TestClient

from mnist_cnn import mnist
from mnist_cnn.learn.evaluate import Evaluation, evaluate
from mnist_cnn.learn.recipes import RECIPES
from mnist_cnn.learn.run import Run, start
from mnist_cnn.learn.train import fit
from mnist_cnn.read import Classifier
from mnist_cnn.web.app import create

PAGE = Path(__file__).parents[1] / "docs/pictures/page.jpg"
"""A photograph of a page with the number 314159."""
BROKEN = b"\x89PNG\r\n\x1a\n, and then nothing"
"""The beginning of a PNG file."""
CHROMIUM = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
Command = Callable[..., subprocess.CompletedProcess[str]]
Serve = Callable[..., "Server"]


def png(pixels: np.ndarray) -> bytes:
    """Return grey or RGB pixels as a PNG file."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def leftovers(run: Path) -> list[str]:
    """Return the names of a run's checkpoints and temporary files."""
    return [file.name for file in run.iterdir() if file.name.startswith((".", "epoch-"))]


@pytest.fixture(autouse=True)
def _no_data_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(mnist.DATA_VARIABLE, raising=False)


@pytest.fixture(scope="session")
def dataset() -> mnist.Dataset:
    return mnist.load()


@pytest.fixture(scope="session")
def digits(dataset: mnist.Dataset) -> mnist.Digits:
    """The first 2,000 training images."""
    return mnist.Digits(dataset.train.images[:2000], dataset.train.labels[:2000])


def assert_tiles(tiles: np.ndarray) -> None:
    """Check tiles, float32 (n, 28, 28): from 0 to 1, and none is empty."""
    assert tiles.dtype == np.float32
    assert np.isfinite(tiles).all()
    assert 0 <= tiles.min() <= tiles.max() <= 1
    assert (tiles.max(axis=(1, 2)) > 0.3).all(), "an empty tile teaches nothing"


@pytest.fixture(scope="session")
def pictures() -> list[bytes]:
    """Drawings of one to three digits; every seventh is broken."""
    drawn = (drawings.drawing(1 + i % 3, np.random.default_rng(i))[0] for i in range(60))
    return [BROKEN if i % 7 == 3 else png(drawing) for i, drawing in enumerate(drawn)]


@pytest.fixture(scope="session", params=["seed", "dense"])
def run(request: pytest.FixtureRequest, dataset: mnist.Dataset, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A finished run of each recipe, with 3,000 images and two epochs: about 90 % accuracy on the test set."""
    recipe = dataclasses.replace(RECIPES[request.param], epochs=2)
    made = start(recipe, dataset, tmp_path_factory.mktemp("runs") / recipe.name, limit=3000)
    fit(made, dataset)
    return made


@pytest.fixture(scope="session")
def evaluation(run: Run, dataset: mnist.Dataset) -> Evaluation:
    return evaluate(run, dataset)


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """Run ``mnist-cnn`` in its own process, in an empty folder."""

    def call(*arguments: object, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "mnist_cnn", *map(str, arguments)],
            cwd=tmp_path,
            env=os.environ | variables,
            capture_output=True,
            text=True,
            timeout=300,
        )

    return call


class Server:
    """``mnist-cnn serve`` in its own process, on a free port."""

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
        """End the server with SIGTERM and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start a server, for tests that end it or read its log."""
    servers = []

    def begin(*arguments: str) -> Server:
        servers.append(Server(tmp_path / f"log-{len(servers)}", *arguments))
        return servers[-1]

    yield begin
    for server in servers:
        if server.process.poll() is None:
            server.process.kill()
            server.process.wait()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for all tests."""
    server = Server(tmp_path_factory.mktemp("server") / "log")
    yield server
    assert server.end() == 0, server.log.read_text()


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    """The application in this process."""
    with TestClient(create(Classifier()), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="module")  # while Playwright runs, no other event loop can run in this thread
def browser() -> Iterator[Browser]:
    program = shutil.which("chromium") or shutil.which("google-chrome")
    assert program, "these tests drive Chromium; on Debian: apt install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=CHROMIUM)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def site_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a static site, as the command writes it."""
    out = tmp_path_factory.mktemp("site") / "public"
    subprocess.run([sys.executable, "-m", "mnist_cnn", "site", out], check=True, timeout=600)
    return out


@pytest.fixture(scope="session")
def site(site_folder: Path) -> Iterator[str]:
    """The address of the static site, in a subfolder of a web server."""
    command = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory"]
    command.append(str(site_folder.parent))
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout
        port = re.search(r"port (\d+)", process.stdout.readline())
        assert port
        yield f"http://127.0.0.1:{port[1]}/{site_folder.name}/"
        process.terminate()
