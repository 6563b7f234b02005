"""Ensemble: the mean of its members in one ONNX file."""

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from click.testing import CliRunner

from mnist_cnn import mnist
from mnist_cnn.cli import cli
from mnist_cnn.errors import RunError
from mnist_cnn.learn import ensemble
from mnist_cnn.learn.recipes import SEED
from mnist_cnn.learn.run import Run, start
from mnist_cnn.learn.train import fit
from mnist_cnn.read import Classifier


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


def test_the_command_writes_and_scores_an_ensemble(members: list[Run], tmp_path: Path) -> None:
    file = tmp_path / "both.onnx"
    done = CliRunner().invoke(cli, ["ensemble", *(str(run.path) for run in members), "--out", str(file)])
    assert done.exit_code == 0, done.output
    assert "errors of 10,000" in done.output
    assert f"{int(Classifier(file).metadata['test_errors']):,} errors of 10,000" in done.output


def test_runs_that_cannot_be_members_are_named(members: list[Run], dataset: mnist.Dataset, tmp_path: Path) -> None:
    one, _ = members
    file = tmp_path / "both.onnx"
    with pytest.raises(RunError, match="expected a network that differs from"):
        ensemble.write([one, one], file)
    empty = start(SEED, dataset, tmp_path / "empty", seed=1)
    with pytest.raises(RunError, match="expected a trained network, found none"):
        ensemble.write([one, empty], file)
    other = onnx.load(one.path / "model.onnx")
    next(entry for entry in other.metadata_props if entry.key == "dataset").value = "0" * 64
    onnx.save(other, empty.path / "model.onnx")
    empty.model.touch()
    with pytest.raises(RunError, match="expected the same training images as"):
        ensemble.write([one, empty], file)
    for key in ("recipe", "seed", "dataset", "commit"):
        other = onnx.load(one.path / "model.onnx")
        other.metadata_props.remove(next(entry for entry in other.metadata_props if entry.key == key))
        onnx.save(other, empty.path / "model.onnx")
        with pytest.raises(
            RunError, match=r"empty: expected a model\.onnx of this run, found another; `mnist-cnn export` rewrites it"
        ):
            ensemble.write([one, empty], file)
    (empty.path / "model.onnx").write_bytes(b"nonsense")
    with pytest.raises(RunError, match=r"expected a model\.onnx, found"):
        ensemble.write([one, empty], file)
    assert not file.exists()
    assert CliRunner().invoke(cli, ["ensemble", str(one.path)]).exit_code == 2
    before = (one.path / "model.onnx").read_bytes()
    with pytest.raises(RunError, match="expected a file outside the runs, found one in"):
        ensemble.write(members, one.path / "model.onnx")
    assert (one.path / "model.onnx").read_bytes() == before
    ensemble.write(members, file)
    shutil.copy(file, empty.path / "model.onnx")
    with pytest.raises(RunError, match="of this run, found another"):
        ensemble.write([one, empty], file)
