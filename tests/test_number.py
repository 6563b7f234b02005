"""Number: the second reader cuts a row into digits, and gives the cost of every other number there."""

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_reader import number, two_words, written

from mnist_cnn import mnist
from mnist_cnn.read import number as number_reader
from mnist_cnn.read.classifier import Classifier
from mnist_cnn.read.reader import read_image


@pytest.fixture(scope="module")
def digits(dataset: mnist.Dataset) -> mnist.Digits:
    return dataset.test


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier()


def test_a_row_with_as_many_marks_as_digits_is_not_accepted(digits: mnist.Digits) -> None:
    digit = read_image(digits.images[0]).digits[0]
    mark = dataclasses.replace(digit, accepted=False, reason="not a digit")
    rows, others = number_reader._rows_and_others(
        [number_reader._Number((digit, mark, digit, digit, mark), spaces=(2,))]
    )
    assert [word.text for word in rows[0].words] == ["77", "7"]
    assert rows[0].accepted
    assert others == [mark.box, mark.box]
    [doubtful], _ = number_reader._rows_and_others([number_reader._Number((digit, mark))])
    assert (doubtful.reason, doubtful.accepted) == ("not more digits than marks", False)
    assert number_reader._rows_and_others([number_reader._Number((mark, mark))]) == ([], [mark.box])


def test_a_number_costs_less_than_others_where_it_is_written(digits: mnist.Digits, classifier: Classifier) -> None:
    for seed in range(5):
        page, _ = written(number(digits, seed, 4)[0])
        [row], _, second = number_reader.read_number(page, classifier, page.shape[::-1])
        own = row.number
        others = [own[:i] + digit + own[i + 1 :] for i in range(len(own)) for digit in "0123456789" if digit != own[i]]
        others += [own[:i] + own[i + 1 :] for i in range(len(own))] + [own + own]
        assert second is not None
        assert (second.number, second.confidence) == (own, row.confidence)
        found = second.costs([own, *others, "1" * 400])
        assert found[0] == min(found)
        assert np.isinf(found[-1])  # the line has fewer pieces
        assert second.costs([own]) == pytest.approx(found[:1])  # alone, or among longer ones


def test_a_row_is_words_with_boxes_in_the_pixels_of_the_picture(digits: mnist.Digits, classifier: Classifier) -> None:
    page, text = two_words(digits)
    height, width = page.shape
    for size in ((width, height), (2 * width, 2 * height)):
        [row], others, second = number_reader.read_number(page, classifier, size)
        assert (row.text, others) == (text, [])
        assert second is not None
        assert second.number == row.number
        assert 0.8 * size[0] < row.box.x + row.box.width < size[0]


def test_a_blank_picture_has_no_row_and_no_evidence(classifier: Classifier) -> None:
    assert number_reader.read_number(np.full((90, 200), 230, np.uint8), classifier, (200, 90)) == ([], [], None)


@given(st.lists(st.dictionaries(st.integers(0, 4), st.integers(0, 100), min_size=1), min_size=1, max_size=4))
def test_the_digits_of_parts_are_the_cheapest_ones_that_add_up(costs: list[dict[int, int]]) -> None:
    for total in range(8):
        possible = [counts for counts in itertools.product(*costs) if sum(counts) == total]
        found = number_reader._digits_of_parts(costs, total)
        if not possible:
            assert found is None
            continue
        assert found in possible
        cheapest = min(sum(part[n] for part, n in zip(costs, counts, strict=True)) for counts in possible)
        assert sum(part[n] for part, n in zip(costs, found, strict=True)) == cheapest
