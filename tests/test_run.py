"""The folder of a run: its files, its config and history, and the recipe that it was started with."""

import dataclasses
import json
import math
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import pytest
from conftest import leftovers

from mnist_cnn import mnist
from mnist_cnn.errors import FileError, ModelError, RunError
from mnist_cnn.learn.evaluate import evaluate
from mnist_cnn.learn.layers import SGD, Dense, Flatten
from mnist_cnn.learn.model import load
from mnist_cnn.learn.recipes import DENSE, RECIPES, SEED, Recipe, recall, record
from mnist_cnn.learn.run import Run, start
from mnist_cnn.learn.train import fit


def test_the_run_folder_has_its_files_and_its_config(run: Run, dataset: mnist.Dataset) -> None:
    assert {"config.json", "history.csv", "model.keras", "model.onnx"} <= {file.name for file in run.path.iterdir()}
    assert leftovers(run.path) == []
    config = run.config()
    assert config["seed"] == 0
    assert config["limit"] == 3000
    assert config["data"] == {"path": None, "sha256": mnist.SHA256}
    assert config["versions"]["keras"] == keras.__version__
    assert config["recipe"]["layers"][-1] == {"layer": "Dense", "units": 10, "activation": "softmax"}
    assert [epoch["epoch"] for epoch in run.history()] == [1, 2]


def test_a_run_keeps_the_recipe_it_was_started_with(dataset: mnist.Dataset, tmp_path: Path) -> None:
    """Another version can have another recipe of that name, or fewer settings."""
    other = dataclasses.replace(
        DENSE,
        layers=(Flatten(), Dense(16, "relu"), Dense(10, "softmax")),
        optimizer=SGD(0.5),
        epochs=1,
        learning_rate=0.1,
    )
    run = start(other, dataset, tmp_path / "run", limit=500)
    config = run.config()
    config["recipe"] = {key: value for key, value in config["recipe"].items() if key not in ("warping", "loss")}
    run.write_json("config.json", config)
    assert run.recipe() == other
    model = fit(run, dataset)
    assert model.count_params() == 784 * 16 + 16 + 160 + 10
    assert float(model.optimizer.momentum) == 0.5
    assert evaluate(run, dataset).score.errors < 9000
    with pytest.raises(ModelError, match=r"expected Dense\(units=512, .*\) as layer 2 of dense, found another"):
        load(run.model, DENSE)


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=lambda recipe: recipe.name)
def test_a_recorded_recipe_is_recalled_unchanged(recipe: Recipe) -> None:
    assert recall(json.loads(json.dumps(record(recipe)))) == recipe


@pytest.mark.parametrize(
    "change",
    [
        {"seed": -1},
        {"seed": 2**32},
        {"seed": True},
        {"limit": 0},
        {"trained_by": 5},
        {"machine": {}},
        {"data": {"path": None, "sha256": {}}},
        *(
            {"recipe": change}
            for change in (
                {"batch_size": 0},
                {"batch_size": True},
                {"epochs": -3},
                {"epochs": 1.5},
                {"target": math.nan},
                {"target": "much"},
                {"learning_rate": math.inf},
                {"held_out": "yes"},
                {"lessons": "none"},
                {"warping": [1]},
                {"warping": 5},
                {"layers": []},
                {"layers": [5]},
                {"layers": [{"layer": "Lambda"}]},
                {"layers": [{"layer": "Dense", "units": 10, "colour": "red"}]},
                {"optimizer": {"name": "Adam"}},
                {"optimizer": {"momentum": 0.5}},
                {"loss": {"name": "SGD"}},
                {"name": "dens"},
                {"colour": "red"},
            )
        ),
    ],
    ids=str,
)
def test_a_config_with_invalid_values_is_refused(
    change: dict[str, Any], dataset: mnist.Dataset, tmp_path: Path
) -> None:
    run = start(dataclasses.replace(DENSE, epochs=1), dataset, tmp_path / "run", limit=500)
    config = run.config()
    if recipe := change.get("recipe"):
        change = {"recipe": config["recipe"] | recipe}
    file = run.write_json("config.json", config | change)
    before = file.read_bytes()
    with pytest.raises(RunError, match=r"config\.json: expected .*, found .") as raised:
        fit(run, dataset)
    assert "\n" not in str(raised.value)
    assert file.read_bytes() == before


def limited() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20))


@pytest.mark.parametrize("kind", ["a file is in the way", "no room", "not empty", "read-only"])
def test_an_unusable_output_folder_is_reported_before_training(kind: str, tmp_path: Path) -> None:
    out = tmp_path / "run"
    expected = f"mnist-cnn: {out}: expected a writable folder with 40 MB of free space, found: "
    match kind:
        case "a file is in the way":
            out.write_text("precious")
            expected = f"mnist-cnn: {out}: expected a new or empty folder, found a file"
        case "no room":
            expected += "File too large"
        case "not empty":
            out.mkdir()
            (out / "thesis.txt").write_text("precious")
            expected = f"mnist-cnn: {out}: expected a new or empty folder, found files in it"
        case "read-only":
            out = Path("/proc/run")
            expected = "mnist-cnn: /proc/run: expected a writable folder with 40 MB of free space, found: "
    command = [sys.executable, "-m", "mnist_cnn", "train", "--out", str(out)]
    prepare = limited if kind == "no room" else None
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, preexec_fn=prepare)
    assert done.returncode == 2, done
    assert done.stderr.startswith(expected)
    assert done.stderr.count("\n") == 1
    assert "Epoch" not in done.stdout
    if kind == "not empty":
        assert [file.name for file in out.iterdir()] == ["thesis.txt"]
    if kind == "no room":
        assert list(out.iterdir()) == []


def test_default_folders_do_not_collide(
    dataset: mnist.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    paths = [start(SEED, dataset).path for _ in range(3)]
    assert len(set(paths)) == 3
    assert all(path.parent == Path("runs") and path.name.startswith("seed-2") for path in paths)


@pytest.mark.parametrize(
    ("history", "found"),
    [
        ("epoch,loss,accuracy\n2,0.1,0.9\n", "epochs that are not 1, 2, 3"),
        ("epoch,loss,accuracy\n1,x,0.9\n", "could not convert string to float"),
        ("epoch,loss,accuracy\n1,0.1,inf\n", "numbers that are not finite"),
        ("epoch\n1\n", "no columns 'loss' and 'accuracy'"),
        ("loss,accuracy\n0.1,0.9\n", "'epoch'"),
    ],
)
def test_an_invalid_history_is_named(history: str, found: str, tmp_path: Path) -> None:
    (tmp_path / "history.csv").write_text(history)
    with pytest.raises(RunError, match=rf"history.csv: expected one line per epoch, found: .*{found}"):
        Run(tmp_path).history()


def test_files_are_written_atomically(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run(tmp_path)
    run.write_text("config.json", "old")
    with (tmp_path / "config.json").open() as reader:
        run.write_text("config.json", "{}")
        assert reader.read() == "old", "an open file keeps the complete old content"

    def full(self: Path, *_: object, **__: object) -> None:
        os.truncate(self, 0) if self.exists() else self.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(FileError, match=r"config.json: cannot be written: No space left on device"):
        run.write_text("config.json", "something longer")
    assert (tmp_path / "config.json").read_text() == "{}"
    assert [file.name for file in tmp_path.iterdir()] == ["config.json"]
