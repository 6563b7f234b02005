"""The string network's output becomes text: compared with all strings, one by one, where that is possible."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnist_cnn.read.strings import (
    BLANK,
    COST,
    DIGIT,
    NAMES,
    Second,
    best_path,
    decode,
    is_usual,
    likelihoods,
    maybe_slashed,
    often_slash,
    slashed,
    together,
)


def frames(seed: int, t: int, labels: tuple[int, ...]) -> np.ndarray:
    """Random log probabilities, float32 (t, 22), of some labels and the blank; the others are all but impossible."""
    logits = np.full((t, BLANK + 1), -30.0)
    logits[:, [*labels, BLANK]] = np.random.default_rng(seed).normal(0, 2.5, (t, len(labels) + 1))
    return (logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))).astype(np.float32)


def by_enumeration(said: np.ndarray, labels: tuple[int, ...]) -> dict[tuple[int, ...], float]:
    """The probability of each string: the sum over all paths that collapse to it."""
    total: dict[tuple[int, ...], float] = {}
    for path in itertools.product((*labels, BLANK), repeat=len(said)):
        string = tuple(label for label, _ in itertools.groupby(path) if label != BLANK)
        total[string] = total.get(string, 0.0) + float(np.exp(said[range(len(said)), path].sum()))
    return total


@given(st.integers(0, 10**6), st.integers(1, 6))
def test_the_most_probable_string_is_found_as_nearly_as_pruning_lets_it(seed: int, t: int) -> None:
    said = frames(seed, t, (3, 7))
    expected = by_enumeration(said, (3, 7))
    found = decode(said)
    true = expected[tuple(mark.label for mark in found.marks)]
    assert true >= 0.9 * max(expected.values())
    assert 0.9 * true <= found.probability <= 1.0001 * true  # what the search drops is missing in its sum


@given(st.integers(0, 10**6), st.integers(1, 6))
def test_the_likelihood_of_a_string_is_the_sum_over_its_paths(seed: int, t: int) -> None:
    said = frames(seed, t, (3, 7))
    expected = by_enumeration(said, (3, 7))
    found = np.exp(likelihoods(said, list(expected)))  # all at once, the empty string too
    assert found == pytest.approx(list(expected.values()), rel=1e-4)


@given(st.integers(0, 10**6), st.integers(2, 6))
def test_views_are_read_together(seed: int, t: int) -> None:
    views = [frames(seed + i, t, (3, 7)) for i in range(3)]
    seen = together(views)
    expected = [by_enumeration(view, (3, 7)) for view in views]
    asked = {decode(views[0]).labels, *map(best_path, views[1:])}
    mean = {string: sum(each.get(string, 0.0) for each in expected) / 3 for string in asked}
    if len(asked) > 1:
        assert mean[seen.string.labels] == pytest.approx(max(mean.values()), rel=1e-4)
        assert seen.string.probability == pytest.approx(mean[seen.string.labels], rel=1e-4)
    assert seen.string.labels in asked
    assert seen.agree == sum(best_path(view) == seen.string.labels for view in views[1:])


def test_glyphs_are_where_their_frames_are() -> None:
    said = np.full((20, BLANK + 1), -12.0, np.float32)
    said[:, BLANK] = 0
    for at, label in ((3, 2), (9, 1), (10, 1), (13, NAMES.index(".")), (17, 5)):
        said[at] = -12
        said[at, label] = 0
    string = decode(said)
    assert string.text == "21.5"
    assert [mark.x for mark in string.marks] == pytest.approx([7, 20, 27, 35], abs=0.1)
    assert all(mark.probabilities.argmax() == mark.label for mark in string.marks)
    assert string.marks[0].probabilities.sum() == pytest.approx(1)


def test_two_equal_digits_with_a_gap_are_two() -> None:
    said = np.full((9, BLANK + 1), -12.0, np.float32)
    said[:, BLANK] = 0
    for at in (2, 6):
        said[at] = -12
        said[at, 0] = 0
    assert decode(said).text == "00"


def test_a_string_for_which_there_are_too_few_frames_is_not_found() -> None:
    said = np.full((3, BLANK + 1), -12.0, np.float32)
    said[:, 8] = 0
    assert decode(said, digits=3).text == "8"


def test_a_frame_that_nothing_can_start_with_does_no_harm() -> None:
    said = np.full((10, BLANK + 1), -2000.0, np.float32)
    said[:, BLANK] = 0
    said[3, [NAMES.index(","), BLANK]] = 0, -2000
    said[6, [7, BLANK]] = 0, -2000
    assert decode(said).text == "7"


def test_nothing_is_an_empty_string() -> None:
    said = np.full((9, BLANK + 1), -12.0, np.float32)
    said[:, BLANK] = 0
    assert decode(said) == ((), pytest.approx(1.0))


def test_a_known_number_of_digits_is_preferred() -> None:
    said = np.full((20, BLANK + 1), -12.0, np.float32)
    said[:, BLANK] = 0
    said[5, [2, BLANK]] = np.log([0.9, 0.1])
    said[12, [4, BLANK]] = np.log([0.4, 0.6])
    assert decode(said).text == "2"
    assert decode(said, 2).text == "24"
    assert decode(said, 2).probability == pytest.approx(0.36, abs=0.01)
    assert decode(said, 9).text == "2"


@given(st.integers(0, 10**6), st.integers(2, 5))
def test_the_cost_for_a_second_reader_counts_as_much_as_it_should(seed: int, t: int) -> None:
    views = [frames(seed + i, t, (3, 7)) for i in range(3)]
    prices = np.random.default_rng(seed).uniform(0, 20, 1000)
    second = Second("37", 0.8, lambda numbers: np.array([prices[int(number) % 1000] for number in numbers]))
    seen = together(views, second=second)
    everything = [by_enumeration(view, (3, 7)) for view in views]

    def score(string: tuple[int, ...]) -> float:
        mean = sum(each.get(string, 0.0) for each in everything) / 3
        cost = prices[int("".join(map(str, string))) % 1000]
        return float(mean * np.exp(DIGIT * len(string) - COST * cost))

    tried = {(3, 7), decode(views[0]).labels} - {()}
    assert score(seen.string.labels) >= 0.999 * max(map(score, tried))
    assert seen.second == (0.8 if seen.string.labels == (3, 7) else 0.0)
    for mark in seen.string.marks:
        assert mark.shares is not None
        assert 0 < mark.shares[mark.label] <= mark.shares.sum() <= 1 + 1e-9


@pytest.mark.parametrize(
    "text", ["1/2", "7/3/24", "12/10/2024", "45/100", "120/80", "3/1999", "2024/3/7", "500/-", "7", "5.2"]
)
def test_people_write_slashes_there(text: str) -> None:
    assert slashed(tuple(NAMES.index(c) for c in text))


@pytest.mark.parametrize("text", ["2/315", "/12", "4/1319", "65/6312", "1//2", "1/2/3/4", "12/"])
def test_nobody_writes_slashes_there(text: str) -> None:
    assert not slashed(tuple(NAMES.index(c) for c in text))


def test_a_slash_where_nobody_writes_one_is_a_1() -> None:
    said = np.full((30, BLANK + 1), -12.0, np.float32)
    said[:, BLANK] = 0
    for at, label in ((3, 2), (8, NAMES.index("/")), (13, 3), (18, 1), (23, 5)):
        said[at] = -12
        said[at, label] = -0.01
    assert together([said] * 3).string.text == "21315"
    assert maybe_slashed("112")
    assert maybe_slashed("713124")  # 7/3/24
    assert not maybe_slashed("21315")
    assert not maybe_slashed("57")


@pytest.mark.parametrize("text", ["1/2", "3/4", "7/3/24", "31/12/2025", "01/02/99"])
def test_fractions_and_dates_are_usual(text: str) -> None:
    assert is_usual(tuple(NAMES.index(c) for c in text))
    as_ones = tuple(map(int, text.replace("/", "1")))
    assert often_slash(as_ones, text.index("/"))
    assert not often_slash(as_ones, 0)


@pytest.mark.parametrize("text", ["1/1", "4/3", "45/100", "32/12/25", "7/3", "0/3/24", "7/3/024"])
def test_other_numbers_with_slashes_are_less_usual(text: str) -> None:
    assert not is_usual(tuple(NAMES.index(c) for c in text))


@pytest.mark.parametrize(
    ("slash", "text"), [(0.2, "7/3/24"), (0.002, "713124")], ids=["perhaps slashes", "hardly slashes"]
)
def test_what_may_be_a_date_is_read_as_one(slash: float, text: str) -> None:
    """No best path has the date: it is tried because of its form."""
    said = np.full((36, BLANK + 1), -12.0, np.float32)
    said[:, BLANK] = 0
    for at, label in ((3, 7), (13, 3), (23, 2), (29, 4)):
        said[at, [label, BLANK]] = -0.01, -12
    for at in (8, 18):
        said[at, [NAMES.index("/"), 1, BLANK]] = np.log([slash, 0.99 - slash, 0.01])
    assert decode(said).text == "713124"
    assert together([said] * 3).string.text == text
    assert (
        together([said] * 3, second=Second("713124", 0.9, lambda numbers: np.zeros(len(numbers)))).string.text == text
    )


def test_signs_that_may_be_there_are_told() -> None:
    """The point in 5.23 is as probable as no point."""
    said = np.full((24, BLANK + 1), -12.0, np.float32)
    said[:, BLANK] = 0
    for at, label in ((3, 5), (13, 2), (19, 3)):
        said[at, [label, BLANK]] = -0.01, -12
    said[8, [NAMES.index("."), BLANK]] = np.log([0.4, 0.6])
    seen = together([said] * 3, second=Second("523", 0.9, lambda numbers: np.zeros(len(numbers))))
    assert seen.string.text == "523"
    assert seen.signs == pytest.approx(0.4, abs=0.01)
