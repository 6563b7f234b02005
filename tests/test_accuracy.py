"""Accuracy: no training uses a test image, and benchmarks/accuracy.py measures and resumes."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import accuracy
import numpy as np
import pytest
from click.testing import CliRunner

from mnist_cnn import mnist
from mnist_cnn.cli import cli
from mnist_cnn.errors import RunError
from mnist_cnn.learn.recipes import RECIPES
from mnist_cnn.learn.run import start
from mnist_cnn.learn.train import fit
from mnist_cnn.mnist import idx

SLOW = ("handwriting", "accurate")
"""Recipes whose epoch takes several seconds."""


class Sealed(mnist.Dataset):
    """MNIST without test images and labels, but with their hashes."""

    def sha256(self) -> dict[str, str]:
        return mnist.SHA256


@pytest.mark.parametrize(
    ("name", "held_out"),
    [
        pytest.param(name, held_out, marks=pytest.mark.slow if name in SLOW else ())
        for name, held_out in (*((name, False) for name in RECIPES), ("tiny", True))
    ],
)
def test_training_uses_no_test_image(
    name: str, held_out: bool, dataset: mnist.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("training reads data by itself")

    monkeypatch.setattr(mnist, "load", refuse)
    monkeypatch.setattr(idx, "read", refuse)
    sealed = Sealed(dataset.train, None)  # type: ignore[arg-type]
    recipe = dataclasses.replace(RECIPES[name], epochs=1, held_out=held_out or RECIPES[name].held_out)
    run = start(recipe, sealed, tmp_path / "run", limit=64)
    fit(run, sealed)
    assert run.model.exists()
    assert len(run.history()) == 1


def test_held_out_images_are_the_last_5000(dataset: mnist.Dataset) -> None:
    training, validation = mnist.split(dataset.train)
    assert (len(training.labels), len(validation.labels)) == (55_000, 5_000)
    assert np.array_equal(np.concatenate([training.images, validation.images]), dataset.train.images)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, dataset: mnist.Dataset) -> Path:
    """Limit the benchmark to 640 images and one epoch, in a temporary folder. Return the folder."""
    small = mnist.Dataset(mnist.Digits(*(array[:640] for array in dataset.train)), dataset.test)
    quick = {name: dataclasses.replace(RECIPES[name], epochs=1) for name in ("tiny", "accurate")}
    monkeypatch.setattr(mnist, "load", lambda *_: small)
    monkeypatch.setattr(mnist.Dataset, "sha256", lambda _: mnist.SHA256)
    monkeypatch.setattr(accuracy, "RECIPES", quick)
    monkeypatch.setattr(accuracy, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(accuracy, "RUNS", tmp_path / "runs")
    monkeypatch.setattr(accuracy, "MEMBERS", 2)
    return tmp_path


def measured(folder: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> dict[str, Any]:
    monkeypatch.setattr("sys.argv", ["accuracy.py", *arguments])
    accuracy.main()
    return json.loads((folder / "results" / f"accuracy-{arguments[1]}.json").read_text())


@pytest.mark.slow
def test_the_benchmark_resumes(few: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = measured(few, monkeypatch, "--recipe", "tiny", "--seeds", "1")
    both = measured(few, monkeypatch, "--recipe", "tiny", "--seeds", "2")
    assert [row["seed"] for row in both["rows"]] == [1, 2]
    assert both["rows"][0] == first["rows"][0]
    assert first["accuracy"]["sd"] is None
    assert both["accuracy"]["mean"] == pytest.approx(np.mean([row["accuracy"] for row in both["rows"]]))
    assert both["accuracy"]["mean"] == pytest.approx(1 - both["errors"]["mean"] / 10_000)
    joined = measured(few, monkeypatch, "--recipe", "ensemble")
    assert joined["rows"][0]["members"] == [1, 2]
    board = CliRunner().invoke(cli, ["leaderboard", "--results", str(few / "results")])
    assert board.exit_code == 0
    assert {line.split()[1] for line in board.output.splitlines()[2:]} == {"tiny", "ensemble"}


@pytest.mark.slow
def test_seconds_of_runs_from_another_machine_are_measured_here(few: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = accuracy.trained(accuracy.RECIPES["tiny"], 1, mnist.load())
    config = run.config()
    run.write_json("config.json", config | {"machine": config["machine"] | {"processor": "a GPU"}})
    run.write_history([epoch | {"seconds": 1e6} for epoch in run.history()])
    accuracy.epoch_here.cache_clear()
    found = measured(few, monkeypatch, "--recipe", "tiny", "--seeds", "2")
    assert [row.get("trained_on") for row in found["rows"]] == [{"a GPU": config["versions"]}, None]
    assert 0 < found["seconds"]["max"] < 100


def test_a_run_of_an_earlier_recipe_is_an_error(dataset: mnist.Dataset, few: Path) -> None:
    recipe = accuracy.RECIPES["tiny"]
    start(dataclasses.replace(recipe, batch_size=64), dataset, accuracy.RUNS / "tiny-1", seed=1)
    with pytest.raises(RunError, match="tiny-1: expected a run of the current recipe tiny, found another"):
        accuracy.trained(recipe, 1, dataset)


def test_validation_scores_are_not_written(
    few: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["accuracy.py", "--recipe", "tiny", "--validation"])
    accuracy.main()
    assert "tiny 1: " in capsys.readouterr().out
    assert not (few / "results").exists()
