"""What the tests share: the dataset, a quickly trained run, and the command line."""

import dataclasses
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mnist_cnn import mnist
from mnist_cnn.learn.evaluate import Evaluation, evaluate
from mnist_cnn.learn.recipes import RECIPES
from mnist_cnn.learn.run import Run
from mnist_cnn.learn.train import fit, start

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(autouse=True)
def _no_data_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(mnist.DATA_VARIABLE, raising=False)


@pytest.fixture(scope="session")
def dataset() -> mnist.Dataset:
    return mnist.load()


@pytest.fixture(scope="session", params=["seed", "dense"])
def run(request: pytest.FixtureRequest, dataset: mnist.Dataset, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A finished run of each recipe that so little teaches: 3,000 images, two epochs, about 90 % on the test set."""
    recipe = dataclasses.replace(RECIPES[request.param], epochs=2)
    made = start(recipe, dataset, tmp_path_factory.mktemp("runs") / recipe.name, limit=3000)
    fit(made, dataset)
    return made


@pytest.fixture(scope="session")
def evaluation(run: Run, dataset: mnist.Dataset) -> Evaluation:
    return evaluate(run, dataset)


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """Run ``mnist-cnn`` in a process of its own, in an empty folder."""

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
