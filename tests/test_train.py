"""Training: reproducible to the bit, resumable after a kill, and with every finished epoch kept."""

import csv
import dataclasses
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import keras
import numpy as np
import pytest
from conftest import leftovers

from mnist_cnn import mnist
from mnist_cnn.errors import RunError
from mnist_cnn.files import PARTIAL
from mnist_cnn.learn.model import build, load
from mnist_cnn.learn.recipes import DENSE, HANDWRITING, SEED
from mnist_cnn.learn.run import Run, start
from mnist_cnn.learn.train import KeepEpochs, Trainer, fit
from mnist_cnn.read.classifier import Classifier


def process(*arguments: object, cwd: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "mnist_cnn", "train", *map(str, arguments)]
    return subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def rows(run: Path) -> list[dict[str, str]]:
    file = run / "history.csv"
    return list(csv.DictReader(file.read_text().splitlines())) if file.exists() else []


def wait_for(condition: object, running: subprocess.Popen[str], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert running.poll() is None, running.communicate()
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize("recipe", [SEED, DENSE], ids=lambda recipe: recipe.name)
def test_training_memorises_eight_images_and_stops(
    recipe: object, dataset: mnist.Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = start(dataclasses.replace(recipe, epochs=60), dataset, tmp_path / "run", limit=8)  # type: ignore[type-var]
    model = fit(run, dataset)
    accuracies = [epoch["accuracy"] for epoch in run.history()]
    assert len(accuracies) < 60
    assert accuracies[-1] == 1 > max(accuracies[:-1])
    found = model.predict(mnist.as_input(dataset.train.images[:8]), verbose=0).argmax(axis=1)
    assert found.tolist() == dataset.train.labels[:8].tolist()
    assert f"Epoch {len(accuracies)}: training accuracy 1.00000 is above the target" in capsys.readouterr().out


def weights(run: Path) -> list[np.ndarray]:
    return keras.saving.load_model(run / "model.keras").get_weights()


@pytest.mark.slow
def test_the_same_seed_gives_the_same_weights_bit_for_bit(tmp_path: Path) -> None:
    names = {"a": 5, "b": 5, "other": 6}
    for name, seed in names.items():
        code = (
            "from dataclasses import replace; from pathlib import Path; from mnist_cnn import mnist;"
            "from mnist_cnn.learn import recipes, run as runs, train;"
            "data = mnist.load(); recipe = replace(recipes.SEED, epochs=2);"
            f"run = runs.start(recipe, data, Path('{name}'), seed={seed}, limit=2000, deterministic=True);"
            "train.fit(run, data)"
        )
        subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True, timeout=200)
    histories = {name: [(row["loss"], row["accuracy"]) for row in rows(tmp_path / name)] for name in names}
    assert histories["a"] == histories["b"] != histories["other"]
    a, b, other = (weights(tmp_path / name) for name in names)
    assert all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))
    assert not any(np.array_equal(x, y) for x, y in zip(a, other, strict=True))
    assert (tmp_path / "a/model.onnx").read_bytes() == (tmp_path / "b/model.onnx").read_bytes()


@pytest.mark.parametrize("finished", [0, 2])
@pytest.mark.slow
def test_a_killed_run_resumes_and_stops_at_its_target(finished: int, tmp_path: Path) -> None:
    """The process gets a SIGKILL in the middle of the epoch after `finished` complete ones."""
    run = tmp_path / "run"
    options = ("--limit", 6000, "--target", 0.985, "--epochs", 9, "--batch-size", 16)
    running = process(*options, "--out", run, cwd=tmp_path)
    wait_for(lambda: len(rows(run)) >= finished and (run / "config.json").exists(), running)
    if finished:
        wait_for(lambda: (run / f"epoch-{finished:02}.keras").exists(), running)
    else:
        assert running.stdout
        for line in running.stdout:
            if line.startswith("Epoch 1/"):
                break
    time.sleep(0.3)  # an epoch takes about two seconds
    running.send_signal(signal.SIGKILL)
    running.communicate()
    assert running.returncode == -signal.SIGKILL
    assert not (run / "model.keras").exists(), "killed too late to test anything"
    before = rows(run)
    assert len(before) == finished

    running = process("--resume", run, cwd=tmp_path)
    out, err = running.communicate(timeout=200)
    assert running.returncode == 0, out + err
    after = rows(run)
    assert [int(row["epoch"]) for row in after] == list(range(1, len(after) + 1))
    assert after[:finished] == before
    accuracies = [float(row["accuracy"]) for row in after]
    assert accuracies[-1] > 0.985 >= max(accuracies[:-1])
    assert len(accuracies) > finished
    if finished:
        assert accuracies[finished] > accuracies[0] + 0.02, "the run was resumed, not started again"
    assert Run.open(run).config()["resumed_after_epochs"] == ([finished] if finished else [])
    assert (run / "report.html").exists()
    assert leftovers(run) == []


@pytest.mark.slow
def test_handwriting_runs_end_to_end_and_resumes(tmp_path: Path) -> None:
    """The process gets a SIGKILL after the first epoch; the resumed run trains the second, calibrates and exports."""
    run = tmp_path / "run"
    options = ("--recipe", "handwriting", "--limit", 300, "--epochs", 2, "--out", run)
    running = process(*options, cwd=tmp_path)
    wait_for(lambda: (run / "epoch-01.keras").exists(), running)
    running.send_signal(signal.SIGKILL)
    running.communicate()
    assert not (run / "model.keras").exists(), "killed too late to test anything"
    before = rows(run)[:1]

    running = process("--resume", run, cwd=tmp_path)
    out, err = running.communicate(timeout=200)
    assert running.returncode == 0, out + err
    assert rows(run)[:1] == before
    assert [row["epoch"] for row in rows(run)] == ["1", "2"]
    assert before[0].keys() >= {"val_loss", "val_accuracy"}
    rate = float(load(run / "model.keras", HANDWRITING).optimizer.learning_rate)
    assert rate == pytest.approx(0, abs=1e-8), "resumed at its step: an epoch from the start would end at 1e-3"
    assert Run.open(run).config()["resumed_after_epochs"] == [1]
    assert leftovers(run) == []
    calibration = json.loads((run / "calibration.json").read_text())
    assert (calibration["images"], calibration["outliers"]) == (5000, 2000)
    assert 0.99 <= calibration["accepted"] / 5000 <= 1
    metadata = Classifier(run / "model.onnx").metadata
    assert metadata["recipe"] == "handwriting"
    assert {name: float(metadata[name]) for name in ("temperature", "threshold")} == {
        name: calibration[name] for name in ("temperature", "threshold")
    }


def test_a_kill_between_history_and_checkpoint_loses_one_epoch(dataset: mnist.Dataset, tmp_path: Path) -> None:
    recipe = dataclasses.replace(DENSE, epochs=2)
    run = start(recipe, dataset, tmp_path / "run", limit=500)
    model = fit(run, dataset)
    first, _ = run.history()
    run.model.unlink()
    model.save(run.checkpoint_file(1))  # the history already has two epochs
    (run.path / f"{PARTIAL}1-epoch-02.keras").write_bytes(b"half of it")
    fit(run, dataset)
    assert leftovers(run.path) == []
    assert run.history()[0] == first
    assert [epoch["epoch"] for epoch in run.history()] == [1, 2]
    steps = int(load(run.model, recipe).optimizer.iterations)
    assert steps == 3 * -(-500 // 32), "the lost epoch was trained again, here from a model that had two epochs"


def test_a_finished_run_without_its_history_is_not_overwritten(dataset: mnist.Dataset, tmp_path: Path) -> None:
    run = start(dataclasses.replace(DENSE, epochs=1), dataset, tmp_path / "run", limit=500, seed=2**32 - 1)
    fit(run, dataset)
    (run.path / "history.csv").unlink()
    before = run.model.read_bytes()
    with pytest.raises(RunError, match=r"history.csv has . of the epochs of model.keras"):
        fit(run, dataset)
    assert run.model.read_bytes() == before


def test_a_run_killed_after_its_last_epoch_is_not_trained_further(dataset: mnist.Dataset, tmp_path: Path) -> None:
    run = start(dataclasses.replace(DENSE, epochs=5, target=0.3), dataset, tmp_path / "run", limit=500)
    model = fit(run, dataset)
    history = run.history()
    assert len(history) == 1
    model.save(run.checkpoint_file(1))
    run.model.unlink()
    fit(run, dataset)
    assert run.history() == history
    assert run.model.exists()


def test_a_run_with_other_history_columns_is_not_resumed(dataset: mnist.Dataset, tmp_path: Path) -> None:
    run = start(dataclasses.replace(DENSE, epochs=2), dataset, tmp_path / "run", limit=500)
    build(DENSE).save(run.checkpoint_file(1))
    run.write_history([{"epoch": 1, "loss": 1.0, "accuracy": 0.5}])
    before = {file.name: file.read_bytes() for file in run.path.iterdir()}
    with pytest.raises(RunError, match=r"history.csv: expected the columns accuracy, epoch, loss, s.*, found others"):
        fit(run, dataset)
    assert {file.name: file.read_bytes() for file in run.path.iterdir()} == before


@pytest.mark.slow
def test_ctrl_c_keeps_the_finished_epochs(tmp_path: Path) -> None:
    run = tmp_path / "run"
    running = process("--limit", 6000, "--epochs", 3, "--target", 1, "--out", run, "--batch-size", 16, cwd=tmp_path)
    wait_for(lambda: (run / "epoch-01.keras").exists(), running)
    time.sleep(0.3)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert running.returncode == 130, out + err
    assert "Stopped by Ctrl-C: 1 finished epoch is kept" in err
    assert f"mnist-cnn train --resume {run}" in err
    assert "Traceback" not in out + err
    assert len(rows(run)) == 1
    assert leftovers(run) == ["epoch-01.keras"]


def test_resuming_with_other_images_is_refused(dataset: mnist.Dataset, tmp_path: Path) -> None:
    run = start(DENSE, dataset, tmp_path / "run", limit=500)
    other = mnist.Dataset(dataset.test, dataset.test)
    with pytest.raises(RunError, match="expected the training images that the run began with, found others"):
        fit(run, other)


def test_tensorboard_logs_are_written_on_request(dataset: mnist.Dataset, tmp_path: Path) -> None:
    run = start(dataclasses.replace(DENSE, epochs=1), dataset, tmp_path / "run", limit=500, tensorboard=True)
    fit(run, dataset)
    assert list((run.path / "tensorboard").rglob("events.out.tfevents.*"))


def test_a_trainer_trains_the_run_outside_of_fit(dataset: mnist.Dataset, tmp_path: Path) -> None:
    """A trainer starts from the checkpoint of `fit` and keeps the history and checkpoints, as `launch.train` does."""
    run = start(dataclasses.replace(SEED, epochs=1), dataset, tmp_path / "run", limit=64)
    trained: list[np.ndarray] = []

    def train(given: Run) -> None:
        assert given == run
        model = build(SEED)
        model.set_weights(keras.saving.load_model(run.checkpoint_file(0), compile=False).get_weights())
        images, labels = mnist.as_input(dataset.train.images[:64]), dataset.train.labels[:64]
        model.fit(images, labels, callbacks=[KeepEpochs(run)], verbose=0)
        trained.extend(model.get_weights())

    model = fit(run, dataset, Trainer("somebody else", train))
    assert run.config()["trained_by"] == ["somebody else"]
    assert len(run.history()) == 1
    for own, expected in zip(model.get_weights(), trained, strict=True):
        np.testing.assert_array_equal(own, expected)
    assert leftovers(tmp_path / "run") == []
