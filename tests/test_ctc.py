"""CTC: strings and marks of log probabilities, compared with all possible strings one by one."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnist_cnn.read.ctc import decode, likelihoods
from mnist_cnn.read.labels import BLANK, NAMES


def frames(seed: int, t: int, labels: tuple[int, ...]) -> np.ndarray:
    """Return random log probabilities of some labels and the blank, float32 (t, 22). Others are nearly impossible."""
    logits = np.full((t, BLANK + 1), -30.0)
    logits[:, [*labels, BLANK]] = np.random.default_rng(seed).normal(0, 2.5, (t, len(labels) + 1))
    return (logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))).astype(np.float32)


def by_enumeration(log_p: np.ndarray, labels: tuple[int, ...]) -> dict[tuple[int, ...], float]:
    """Return the probability of each string: the sum over all paths that give it."""
    total: dict[tuple[int, ...], float] = {}
    for path in itertools.product((*labels, BLANK), repeat=len(log_p)):
        string = tuple(label for label, _ in itertools.groupby(path) if label != BLANK)
        total[string] = total.get(string, 0.0) + float(np.exp(log_p[range(len(log_p)), path].sum()))
    return total


@given(st.integers(0, 10**6), st.integers(1, 6))
def test_search_finds_nearly_the_most_probable_string(seed: int, t: int) -> None:
    log_p = frames(seed, t, (3, 7))
    expected = by_enumeration(log_p, (3, 7))
    found = decode(log_p)
    true = expected[tuple(mark.label for mark in found.marks)]
    assert true >= 0.9 * max(expected.values())
    assert 0.9 * true <= found.probability <= 1.0001 * true  # what the search drops is missing in its sum


@given(st.integers(0, 10**6), st.integers(1, 6))
def test_the_likelihood_of_a_string_is_the_sum_over_its_paths(seed: int, t: int) -> None:
    log_p = frames(seed, t, (3, 7))
    expected = by_enumeration(log_p, (3, 7))
    found = np.exp(likelihoods(log_p, list(expected)))  # all at once, the empty string too
    assert found == pytest.approx(list(expected.values()), rel=1e-4)


def test_marks_are_at_the_place_of_their_frames() -> None:
    log_p = np.full((20, BLANK + 1), -12.0, np.float32)
    log_p[:, BLANK] = 0
    for at, label in ((3, 2), (9, 1), (10, 1), (13, NAMES.index(".")), (17, 5)):
        log_p[at] = -12
        log_p[at, label] = 0
    string = decode(log_p)
    assert string.text == "21.5"
    assert [mark.x for mark in string.marks] == pytest.approx([7, 20, 27, 35], abs=0.1)
    assert all(mark.probabilities.argmax() == mark.label for mark in string.marks)
    assert string.marks[0].probabilities.sum() == pytest.approx(1)


def test_two_equal_digits_with_a_gap_are_two() -> None:
    log_p = np.full((9, BLANK + 1), -12.0, np.float32)
    log_p[:, BLANK] = 0
    for at in (2, 6):
        log_p[at] = -12
        log_p[at, 0] = 0
    assert decode(log_p).text == "00"


def test_a_string_with_too_few_frames_is_not_found() -> None:
    log_p = np.full((3, BLANK + 1), -12.0, np.float32)
    log_p[:, 8] = 0
    assert decode(log_p, digits=3).text == "8"


def test_a_label_that_cannot_be_the_first_is_skipped() -> None:
    log_p = np.full((10, BLANK + 1), -2000.0, np.float32)
    log_p[:, BLANK] = 0
    log_p[3, [NAMES.index(","), BLANK]] = 0, -2000
    log_p[6, [7, BLANK]] = 0, -2000
    assert decode(log_p).text == "7"


def test_blank_frames_are_an_empty_string() -> None:
    log_p = np.full((9, BLANK + 1), -12.0, np.float32)
    log_p[:, BLANK] = 0
    assert decode(log_p) == ((), pytest.approx(1.0))


def test_a_known_number_of_digits_is_preferred() -> None:
    log_p = np.full((20, BLANK + 1), -12.0, np.float32)
    log_p[:, BLANK] = 0
    log_p[5, [2, BLANK]] = np.log([0.9, 0.1])
    log_p[12, [4, BLANK]] = np.log([0.4, 0.6])
    assert decode(log_p).text == "2"
    assert decode(log_p, 2).text == "24"
    assert decode(log_p, 2).probability == pytest.approx(0.36, abs=0.01)
    assert decode(log_p, 9).text == "2"
