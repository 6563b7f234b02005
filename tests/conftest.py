"""Shared fixtures: the dataset, a run with little training, the command line, a browser and the static site."""

import dataclasses
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from mnist_cnn import mnist
from mnist_cnn.learn.evaluate import Evaluation, evaluate
from mnist_cnn.learn.recipes import RECIPES
from mnist_cnn.learn.run import Run, start
from mnist_cnn.learn.train import fit

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


@pytest.fixture(autouse=True)
def _no_data_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(mnist.DATA_VARIABLE, raising=False)


@pytest.fixture(scope="session")
def dataset() -> mnist.Dataset:
    return mnist.load()


@pytest.fixture(scope="session", params=["seed", "dense"])
def run(request: pytest.FixtureRequest, dataset: mnist.Dataset, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Return a finished run of `seed` and of `dense`: 3,000 images, two epochs, about 90 % test accuracy."""
    recipe = dataclasses.replace(RECIPES[request.param], epochs=2)
    made = start(recipe, dataset, tmp_path_factory.mktemp("runs") / recipe.name, limit=3000)
    fit(made, dataset)
    return made


@pytest.fixture(scope="session")
def evaluation(run: Run, dataset: mnist.Dataset) -> Evaluation:
    return evaluate(run, dataset)


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """Return a function that runs ``mnist-cnn`` in a process of its own, in an empty folder."""

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


@pytest.fixture(scope="module")  # not per session: its event loop excludes others
def browser() -> Iterator[Browser]:
    program = shutil.which("chromium") or shutil.which("google-chrome")
    assert program, "these tests drive Chromium; on Debian: apt install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=CHROMIUM)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def site_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder with the static site that the command writes."""
    out = tmp_path_factory.mktemp("site") / "public"
    subprocess.run([sys.executable, "-m", "mnist_cnn", "site", out], check=True, timeout=600)
    return out


@pytest.fixture(scope="session")
def site(site_folder: Path) -> Iterator[str]:
    """Yield the address of the static site, served by Python's HTTP server below a folder of its host."""
    command = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory"]
    command.append(str(site_folder.parent))
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout
        port = re.search(r"port (\d+)", process.stdout.readline())
        assert port
        yield f"http://127.0.0.1:{port[1]}/{site_folder.name}/"
        process.terminate()
