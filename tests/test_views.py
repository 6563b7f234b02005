"""Views: strips of the same writing are read together, also with a second reader."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_ctc import by_enumeration, frames

from mnist_cnn.read.constants import DIGIT_GAIN, SECOND_COST_WEIGHT
from mnist_cnn.read.ctc import best_path, decode
from mnist_cnn.read.labels import BLANK, NAMES
from mnist_cnn.read.slashes import may_have_slash
from mnist_cnn.read.views import Second, together


@given(st.integers(0, 10**6), st.integers(2, 6))
def test_views_are_combined(seed: int, t: int) -> None:
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


@given(st.integers(0, 10**6), st.integers(2, 5))
def test_the_cost_for_a_second_reader_has_its_weight(seed: int, t: int) -> None:
    views = [frames(seed + i, t, (3, 7)) for i in range(3)]
    prices = np.random.default_rng(seed).uniform(0, 20, 1000)
    second = Second("37", 0.8, lambda numbers: np.array([prices[int(number) % 1000] for number in numbers]))
    seen = together(views, second=second)
    everything = [by_enumeration(view, (3, 7)) for view in views]

    def score(string: tuple[int, ...]) -> float:
        mean = sum(each.get(string, 0.0) for each in everything) / 3
        cost = prices[int("".join(map(str, string))) % 1000]
        return float(mean * np.exp(DIGIT_GAIN * len(string) - SECOND_COST_WEIGHT * cost))

    tried = {(3, 7), decode(views[0]).labels} - {()}
    assert score(seen.string.labels) >= 0.999 * max(map(score, tried))
    assert seen.second == (0.8 if seen.string.labels == (3, 7) else 0.0)
    for mark in seen.string.marks:
        assert mark.shares is not None
        assert 0 < mark.shares[mark.label] <= mark.shares.sum() <= 1 + 1e-9


def test_an_unusual_slash_is_a_1() -> None:
    log_p = np.full((30, BLANK + 1), -12.0, np.float32)
    log_p[:, BLANK] = 0
    for at, label in ((3, 2), (8, NAMES.index("/")), (13, 3), (18, 1), (23, 5)):
        log_p[at] = -12
        log_p[at, label] = -0.01
    assert together([log_p] * 3).string.text == "21315"
    assert may_have_slash("112")
    assert may_have_slash("713124")  # 7/3/24
    assert not may_have_slash("21315")
    assert not may_have_slash("57")


@pytest.mark.parametrize(
    ("slash", "text"), [(0.2, "7/3/24"), (0.002, "713124")], ids=["perhaps slashes", "hardly slashes"]
)
def test_a_possible_date_is_read_as_a_date(slash: float, text: str) -> None:
    """No best path has the date. It is tried because it is a common date."""
    log_p = np.full((36, BLANK + 1), -12.0, np.float32)
    log_p[:, BLANK] = 0
    for at, label in ((3, 7), (13, 3), (23, 2), (29, 4)):
        log_p[at, [label, BLANK]] = -0.01, -12
    for at in (8, 18):
        log_p[at, [NAMES.index("/"), 1, BLANK]] = np.log([slash, 0.99 - slash, 0.01])
    assert decode(log_p).text == "713124"
    assert together([log_p] * 3).string.text == text
    assert (
        together([log_p] * 3, second=Second("713124", 0.9, lambda numbers: np.zeros(len(numbers)))).string.text == text
    )


def test_the_share_of_strings_with_other_signs_is_returned() -> None:
    """The point in 5.23 is as probable as no point."""
    log_p = np.full((24, BLANK + 1), -12.0, np.float32)
    log_p[:, BLANK] = 0
    for at, label in ((3, 5), (13, 2), (19, 3)):
        log_p[at, [label, BLANK]] = -0.01, -12
    log_p[8, [NAMES.index("."), BLANK]] = np.log([0.4, 0.6])
    seen = together([log_p] * 3, second=Second("523", 0.9, lambda numbers: np.zeros(len(numbers))))
    assert seen.string.text == "523"
    assert seen.signs == pytest.approx(0.4, abs=0.01)
