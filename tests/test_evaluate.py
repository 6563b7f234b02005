"""Evaluation: the report of a run, and models that cannot be scored."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from mnist_cnn import mnist
from mnist_cnn.errors import ModelError, RunError
from mnist_cnn.learn.evaluate import Evaluation, evaluate, load
from mnist_cnn.learn.recipes import DENSE, SEED, record
from mnist_cnn.learn.run import Run


def test_the_report_of_a_run_has_the_score_of_its_model(
    run: Run, evaluation: Evaluation, dataset: mnist.Dataset
) -> None:
    report = json.loads((run.path / "report.json").read_text())
    assert evaluation.file == run.path / "report.json"
    predictions = load(run).predict(mnist.as_input(dataset.test.images), verbose=0).argmax(axis=1)
    assert report["score"]["errors"] == (predictions != dataset.test.labels).sum()
    assert report["score"]["images"] == 10_000
    assert 0.8 < report["score"]["accuracy"] < 0.97, "the expected accuracy after two epochs on 3,000 images"
    assert report["corrected"]["images"] == 9_995
    assert report["training"]["epochs"] == 2


def test_scores_on_other_data_are_stored_separately(run: Run, evaluation: Evaluation) -> None:
    before = (run.path / "report.json").read_bytes()
    random = np.random.default_rng(0)
    digits = mnist.Digits(random.integers(0, 256, (20, 28, 28), dtype=np.uint8), np.arange(20, dtype=np.uint8) % 10)
    other = evaluate(run, mnist.Dataset(digits, digits), "somewhere/noise.npz")
    assert re.fullmatch(r"report-noise-[0-9a-f]{8}\.json", other.file.name)
    assert other.score.images == 20
    assert other.corrected is None
    assert json.loads(other.file.read_text())["corrected"] is None
    assert (run.path / "report.json").read_bytes() == before


def test_a_file_that_is_not_a_model_is_an_error(run: Run, tmp_path: Path) -> None:
    copy = Run(tmp_path)
    copy.write_json("config.json", run.config())
    with pytest.raises(RunError, match=r"expected a trained model.keras, found none"):
        load(copy)
    for content in (b"", b"not a zip", run.model.read_bytes()[:5000]):
        copy.model.write_bytes(content)
        with pytest.raises(ModelError, match=r"model.keras: expected a Keras model, found: .+") as raised:
            load(copy)
        assert "\n" not in str(raised.value)


@pytest.mark.parametrize("kind", ["flipped", "other recipe", "no network"])
def test_a_damaged_or_foreign_model_is_named(kind: str, run: Run, tmp_path: Path) -> None:
    copy = Run(tmp_path)
    config = run.config()
    content = bytearray(run.model.read_bytes())
    if kind == "flipped":
        content[len(content) // 2 : len(content) // 2 + 200] = bytes(200)
    elif kind == "other recipe":
        config["recipe"] = record({"seed": DENSE, "dense": SEED}[config["recipe"]["name"]])
    copy.write_json("config.json", config)
    copy.model.write_bytes(b"PK" if kind == "no network" else content)
    with pytest.raises(ModelError, match=r"model.keras: expected .*, found.+"):
        load(copy)
