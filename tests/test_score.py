"""The scorer, compared with scikit-learn and SciPy."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn import metrics

from mnist_cnn import mnist
from mnist_cnn.errors import ModelError
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
