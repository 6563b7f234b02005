"""Accuracy: training uses no test image, ensembles are means, and the table shows the stored results."""

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import accuracy
import numpy as np
import onnx
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from mnist_cnn import mnist
from mnist_cnn.cli import cli
from mnist_cnn.errors import RunError
from mnist_cnn.learn import augment, ensemble, leaderboard
from mnist_cnn.learn.lessons import Lessons, targets
from mnist_cnn.learn.model import build
from mnist_cnn.learn.recipes import RECIPES, SEED
from mnist_cnn.learn.run import Run, start
from mnist_cnn.learn.train import fit
from mnist_cnn.mnist import idx
from mnist_cnn.read import Classifier


class Sealed(mnist.Dataset):
    """MNIST without test images and labels, with their hashes only."""

    def sha256(self) -> dict[str, str]:
        return mnist.SHA256


@pytest.mark.parametrize(("name", "held_out"), [*((name, False) for name in RECIPES), ("tiny", True)])
def test_no_training_sees_a_test_image(
    name: str, held_out: bool, dataset: mnist.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("training loaded data itself")

    monkeypatch.setattr(mnist, "load", refuse)
    monkeypatch.setattr(idx, "read", refuse)
    sealed = Sealed(dataset.train, None)  # type: ignore[arg-type]
    recipe = dataclasses.replace(RECIPES[name], epochs=1, held_out=held_out or RECIPES[name].held_out)
    run = start(recipe, sealed, tmp_path / "run", limit=64)
    fit(run, sealed)
    assert run.model.exists()
    assert len(run.history()) == 1


def test_held_out_images_are_not_trained_on(dataset: mnist.Dataset) -> None:
    training, validation = mnist.split(dataset.train)
    assert (len(training.labels), len(validation.labels)) == (55_000, 5_000)
    assert np.array_equal(np.concatenate([training.images, validation.images]), dataset.train.images)


def test_a_warped_digit_is_still_that_digit(dataset: mnist.Dataset) -> None:
    images, labels = dataset.train.images[:2000], dataset.train.labels[:2000]
    warped = augment.warp(images, np.random.default_rng(0))
    assert warped.shape == (2000, 28, 28)
    assert warped.dtype == np.float32
    assert 0 == warped.min() < warped.max() <= 1
    assert np.array_equal(warped, augment.warp(images, np.random.default_rng(0)))
    assert not np.array_equal(warped, augment.warp(images, np.random.default_rng(1)))
    assert (np.abs(warped - images / np.float32(255)).mean(axis=(1, 2)) > 0.005).mean() > 0.99
    found = Classifier(threads=2).probabilities(warped[..., None]).argmax(axis=1)
    assert (found == labels).mean() > 0.98


def test_warping_has_a_strength(dataset: mnist.Dataset) -> None:
    images = dataset.train.images[:500]
    plain = images / np.float32(255)
    assert np.array_equal(augment.warp(images, np.random.default_rng(0), 0.0), plain)
    changed = [np.abs(augment.warp(images, np.random.default_rng(0), s) - plain).mean() for s in (0.25, 0.5, 1.0)]
    assert changed == sorted(changed)
    assert changed[0] > 0


def test_warping_fades_from_epoch_to_epoch(dataset: mnist.Dataset) -> None:
    recipe = dataclasses.replace(RECIPES["tiny"], epochs=3, warping=(2.0, 0.0))
    assert [recipe.strength(epoch) for epoch in range(4)] == [2, 1, 0, 0]
    assert dataclasses.replace(recipe, epochs=1).strength(0) == 2
    digits = mnist.Digits(dataset.train.images[:10], dataset.train.labels[:10])
    lessons = Lessons(dataclasses.replace(recipe, batch_size=10), digits, 0)
    drawn = []
    for _ in range(recipe.epochs):
        images, labels = lessons[0]
        own = [digits.images[digits.labels == label] / np.float32(255) for label in labels]
        drawn.append(all((image[..., 0] == known).all((1, 2)).any() for image, known in zip(images, own, strict=True)))
        lessons.on_epoch_end()
    assert drawn == [False, False, True]


def test_label_smoothing_is_applied_to_one_hot_rows(dataset: mnist.Dataset) -> None:
    recipe, labels = RECIPES["accurate"], dataset.train.labels[:50]
    rows = targets(recipe, labels)
    assert rows.shape == (50, recipe.classes)
    assert (rows.sum(axis=1) == 1).all()
    assert (rows.argmax(axis=1) == labels).all()
    assert np.array_equal(targets(SEED, labels), labels)
    model = build(recipe)
    images = mnist.as_input(dataset.train.images[:50])
    logarithms = np.log(model.predict(images, verbose=0).astype(np.float64))
    expected = -(rows * 0.95 + 0.005) * logarithms  # 5 % of each label is distributed over the ten classes
    assert model.evaluate(images, rows, verbose=0)[0] == pytest.approx(expected.sum(axis=1).mean(), rel=1e-5)


def test_a_spline_of_equal_shifts_shifts_equally() -> None:
    np.testing.assert_allclose(augment._SPLINE @ np.ones(augment._KNOTS), 1, atol=1e-6)
    straight = augment._SPLINE @ np.arange(augment._KNOTS)  # knots on a straight line give pixels on a straight line
    np.testing.assert_allclose(np.diff(straight), np.diff(straight)[0], atol=1e-5)


@given(st.integers(0, 2**32), st.sampled_from([0, 255, None]), st.integers(0, 3))
def test_any_image_can_be_warped(seed: int, value: int | None, n: int) -> None:
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (n, 28, 28), np.uint8) if value is None else np.full((n, 28, 28), value, np.uint8)
    warped = augment.warp(images, rng)
    assert warped.shape == (n, 28, 28)
    assert np.isfinite(warped).all()
    assert n == 0 or 0 <= warped.min() <= warped.max() <= 1


@pytest.fixture(scope="module")
def members(dataset: mnist.Dataset, tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    runs = []
    for seed in (1, 2):
        folder = tmp_path_factory.mktemp("members") / str(seed)
        runs.append(start(dataclasses.replace(SEED, epochs=1), dataset, folder, seed=seed, limit=1000))
        fit(runs[-1], dataset)
    return runs


def test_an_ensemble_is_the_mean_of_its_members(members: list[Run], dataset: mnist.Dataset, tmp_path: Path) -> None:
    ensemble.write(members, tmp_path / "both.onnx", test_errors="7")
    images = mnist.as_input(dataset.test.images)
    each = [Classifier(run.path / "model.onnx").probabilities(images) for run in members]
    joined = Classifier(tmp_path / "both.onnx")
    np.testing.assert_allclose(joined.probabilities(images), np.mean(each, axis=0), atol=1e-6)
    assert joined.metadata["members"] == "seed with seed 1, seed with seed 2"
    assert joined.metadata["dataset"] == mnist.SHA256["train-images-idx3-ubyte"]
    assert joined.metadata["test_errors"] == "7"
    onnx.checker.check_model(str(tmp_path / "both.onnx"), full_check=True)


def test_the_command_joins_and_scores(members: list[Run], tmp_path: Path) -> None:
    file = tmp_path / "both.onnx"
    done = CliRunner().invoke(cli, ["ensemble", *(str(run.path) for run in members), "--out", str(file)])
    assert done.exit_code == 0, done.output
    assert "errors of 10,000" in done.output
    assert f"{int(Classifier(file).metadata['test_errors']):,} errors of 10,000" in done.output


def test_networks_that_cannot_be_joined_are_named(members: list[Run], dataset: mnist.Dataset, tmp_path: Path) -> None:
    one, _ = members
    file = tmp_path / "both.onnx"
    with pytest.raises(RunError, match="expected another network than"):
        ensemble.write([one, one], file)
    empty = start(SEED, dataset, tmp_path / "empty", seed=1)
    with pytest.raises(RunError, match="expected a trained network, found none"):
        ensemble.write([one, empty], file)
    other = onnx.load(one.path / "model.onnx")
    next(entry for entry in other.metadata_props if entry.key == "dataset").value = "0" * 64
    onnx.save(other, empty.path / "model.onnx")
    empty.model.touch()
    with pytest.raises(RunError, match="expected a network of the same images"):
        ensemble.write([one, empty], file)
    for key in ("recipe", "seed", "dataset", "commit"):
        other = onnx.load(one.path / "model.onnx")
        other.metadata_props.remove(next(entry for entry in other.metadata_props if entry.key == key))
        onnx.save(other, empty.path / "model.onnx")
        with pytest.raises(
            RunError, match=r"empty: expected a model\.onnx of its own network; `export` writes it again"
        ):
            ensemble.write([one, empty], file)
    (empty.path / "model.onnx").write_bytes(b"nonsense")
    with pytest.raises(RunError, match=r"expected a model\.onnx, found"):
        ensemble.write([one, empty], file)
    assert not file.exists()
    assert CliRunner().invoke(cli, ["ensemble", str(one.path)]).exit_code == 2
    before = (one.path / "model.onnx").read_bytes()
    with pytest.raises(RunError, match="among its own"):
        ensemble.write(members, one.path / "model.onnx")
    assert (one.path / "model.onnx").read_bytes() == before
    ensemble.write(members, file)
    shutil.copy(file, empty.path / "model.onnx")
    with pytest.raises(RunError, match="of its own network"):
        ensemble.write([one, empty], file)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, dataset: mnist.Dataset) -> Path:
    """Run the benchmark on 640 images for one epoch, with a temporary folder for results."""
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
def test_the_seconds_of_runs_from_another_machine_are_measured_here(few: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = accuracy.trained(accuracy.RECIPES["tiny"], 1, mnist.load())
    config = run.config()
    run.write_json("config.json", config | {"machine": config["machine"] | {"processor": "a GPU"}})
    run.write_history([epoch | {"seconds": 1e6} for epoch in run.history()])
    accuracy.epoch_here.cache_clear()
    found = measured(few, monkeypatch, "--recipe", "tiny", "--seeds", "2")
    assert [row.get("trained_on") for row in found["rows"]] == [{"a GPU": config["versions"]}, None]
    assert 0 < found["seconds"]["max"] < 100


def test_a_run_of_an_earlier_recipe_is_refused(dataset: mnist.Dataset, few: Path) -> None:
    recipe = accuracy.RECIPES["tiny"]
    start(dataclasses.replace(recipe, batch_size=64), dataset, accuracy.RUNS / "tiny-1", seed=1)
    with pytest.raises(RunError, match="tiny-1: expected a run of the current recipe tiny, found another"):
        accuracy.trained(recipe, 1, dataset)


def test_validation_writes_no_result(
    few: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["accuracy.py", "--recipe", "tiny", "--validation"])
    accuracy.main()
    assert "tiny 1: " in capsys.readouterr().out
    assert not (few / "results").exists()


def test_the_table_is_sorted_and_invalid_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"expected results, accuracy-RECIPE\.json, found none"):
        leaderboard.read(tmp_path)
    value = {"mean": 0.99, "sd": None}
    result = {"recipe": "a", "n": 1, "parameters": 12345, "bytes": 54321, "rows": [{"seconds": 90}]} | dict.fromkeys(
        accuracy.COLUMNS, value
    )
    better = result | {"recipe": "b", "n": 5, "accuracy": {"mean": 0.9971, "sd": 0.0002}}
    for each in (result, better):
        (tmp_path / f"accuracy-{each['recipe']}.json").write_text(json.dumps(each))
    lines = leaderboard.table(leaderboard.read(tmp_path)).splitlines()
    assert [line.split()[1] for line in lines[2:]] == ["b", "a"]
    assert "99.71 ± 0.02 %" in lines[2]
    assert "12,345" in lines[3]
    assert "1.5 min" in lines[3]
    assert len({len(line) for line in lines}) == 1
    for content in ("", "[]", "{}", '{"accuracy": 3}'):
        (tmp_path / "accuracy-c.json").write_text(content)
        with pytest.raises(RunError, match=r"accuracy-c\.json: expected a result of"):
            leaderboard.read(tmp_path)
