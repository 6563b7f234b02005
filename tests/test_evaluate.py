"""The scorer, compared with scikit-learn and SciPy."""

import json
import re
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn import metrics

from mnist_cnn import mnist
from mnist_cnn.errors import ModelError, RunError
from mnist_cnn.learn.evaluate import Evaluation, evaluate, load
from mnist_cnn.learn.recipes import DENSE, SEED, record
from mnist_cnn.learn.run import Run
from mnist_cnn.learn.score import BINS, score, score_corrected, wilson


def made_up(n: int, seed: int, sharpness: float = 3) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    labels = random.integers(0, 10, n)
    logits = random.normal(size=(n, 10)) + sharpness * np.eye(10)[labels]
    probabilities = np.exp(logits)
    return (probabilities / probabilities.sum(axis=1, keepdims=True)).astype(np.float32), labels


@settings(deadline=None, max_examples=40)
@given(n=st.integers(1, 400), seed=st.integers(0, 10**6), sharpness=st.floats(0, 6))
def test_every_score_equals_the_reference_implementation(n: int, seed: int, sharpness: float) -> None:
    probabilities, labels = made_up(n, seed, sharpness)
    found = score(probabilities, labels)
    predictions = probabilities.argmax(axis=1)
    digits = range(10)
    assert found.images == n
    assert found.errors == metrics.zero_one_loss(labels, predictions, normalize=False)
    assert found.accuracy == metrics.accuracy_score(labels, predictions)
    assert np.array_equal(found.confusion, metrics.confusion_matrix(labels, predictions, labels=digits))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn warns of ratios without a denominator
        precision, recall, _, _ = metrics.precision_recall_fscore_support(
            labels, predictions, labels=digits, zero_division=np.nan
        )
        expected_nll = metrics.log_loss(labels, probabilities.astype(float), labels=digits)
        expected_top2 = metrics.top_k_accuracy_score(labels, probabilities, k=2, labels=digits)
    for own, reference in ((found.precision, precision), (found.recall, recall)):
        assert np.allclose([np.nan if value is None else value for value in own], reference, equal_nan=True)
    assert found.negative_log_likelihood == pytest.approx(expected_nll, abs=1e-5)
    assert found.top2_accuracy == pytest.approx(expected_top2)
    interval = binomtest(n - found.errors, n).proportion_ci(method="wilson")
    assert found.interval == pytest.approx((interval.low, interval.high), abs=1e-12)


def test_calibration_error_follows_the_formula_of_the_paper() -> None:
    probabilities, labels = made_up(2000, 5, sharpness=2)
    confidences = probabilities.max(axis=1).astype(float)
    hits = probabilities.argmax(axis=1) == labels
    expected = 0.0
    for m in range(BINS):
        members = [i for i in range(2000) if m / BINS < confidences[i] <= (m + 1) / BINS]
        if members:
            gap = np.mean([hits[i] for i in members]) - np.mean([confidences[i] for i in members])
            expected += len(members) / 2000 * abs(gap)
    found = score(probabilities, labels)
    assert found.calibration_error == pytest.approx(expected)
    assert sum(b.images for b in found.bins) == 2000


def test_a_confident_and_right_network_scores_perfectly() -> None:
    found = score(np.eye(10, dtype=np.float32), np.arange(10))
    assert (found.errors, found.accuracy, found.calibration_error) == (0, 1, 0)
    assert found.negative_log_likelihood == pytest.approx(0)
    assert found.interval[1] == 1
    assert found.interval[0] < 0.75


def test_a_confident_and_wrong_network_has_a_finite_likelihood() -> None:
    found = score(np.eye(10, dtype=np.float32), (np.arange(10) + 1) % 10)
    assert found.errors == 10
    assert found.negative_log_likelihood == pytest.approx(-np.log(np.finfo(np.float32).eps))
    assert found.precision == (0.0,) * 10
    assert wilson(0, 10)[0] == 0


@pytest.mark.parametrize(
    ("probabilities", "found"),
    [
        (np.zeros((3, 9)), r"\(3, 9\)"),
        (np.zeros((2, 10)), r"\(2, 10\)"),
        (np.full((3, 10), 0.5), "other values"),
        (np.full((3, 10), np.nan), "other values"),
        (np.tile([2.0, -1.0, *[0.0] * 8], (3, 1)), "other values"),
    ],
)
def test_values_that_are_not_probabilities_are_refused(probabilities: np.ndarray, found: str) -> None:
    with pytest.raises(ModelError, match=f"probabilities: expected .*found {found}"):
        score(probabilities, np.zeros(3, int))


def test_corrected_labels_change_ten_and_leave_five_out(dataset: mnist.Dataset) -> None:
    labels = dataset.test.labels
    official = score(np.eye(10, dtype=np.float32)[labels], labels)
    corrected = score_corrected(np.eye(10, dtype=np.float32)[labels], labels)
    assert (official.errors, official.images) == (0, 10_000)
    assert (corrected.errors, corrected.images) == (10, 9_995)
    assert labels[947] == 8, "the dataset itself is unchanged"


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
