"""Views: the combined reading of several strips of the same writing, and of the second reader.

>>> together(views).string.text                                                                       # doctest: +SKIP
'21.5'
"""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from mnist_cnn.read.constants import (
    DIGIT_GAIN,
    SECOND_COST_LIMIT,
    SECOND_COST_WEIGHT,
    USUAL_FACTOR,
    VIEW_STRINGS,
    VIEW_TIE,
)
from mnist_cnn.read.ctc import String, best_path, first_that_fits, fits, likelihoods, located, search
from mnist_cnn.read.labels import NAMES, OTHER_WRITING, SLASH
from mnist_cnn.read.slashes import is_usual, with_ones, with_slashes


class Seen(NamedTuple):
    """What is read on several views of one piece of writing."""

    string: String
    view: int
    """Index of the view on which the string is the most probable. The places of its marks are on that view."""
    agree: int
    """Number of views, without the first one, whose best path is that string."""
    second: float | None = None
    """Probability of its number by a second reader, 0 if that reads another one; None without a second reader."""
    signs: float = 0.0
    """Share of the strings with other signs among all that were tried with a second reader and have the same digits."""


class Second(NamedTuple):
    """What a second reader reads in the same writing. It reads digits only, and reads a slash as a 1."""

    number: str
    confidence: float
    costs: Callable[[Sequence[str]], np.ndarray]
    """Returns the cost of each of some numbers as its reading, in nats, float (n,); infinite if it is impossible."""


def together(views: list[np.ndarray], digits: int | None = None, second: Second | None = None) -> Seen:
    """Return the string that is the most probable one on average over views of the same writing.

    The most probable string of the first view is compared with the best paths of the others. With a second reader, the
    most probable strings of each view and its number are compared, and its cost counts too (product of experts, Hinton
    2002).

    views: the log probabilities of each view, float32 (t, 22).
    digits: number of digits, if it is known. A string with this number is preferred to a more probable one.
    """
    found = search(views[0])
    paths = [best_path(view) for view in views[1:]]
    if second is not None:
        return _with_second(views, _tried(views, found, digits, second), paths, second)
    best, score = first_that_fits(found, digits)
    labels = with_ones(best)
    others = {path for path in with_slashes([labels, *map(with_ones, paths)]) if path != labels and fits(path, digits)}
    view = 0
    if others or labels != best:
        tried = [labels, *sorted(others)]
        likely = np.array([likelihoods(view, tried) for view in views])
        scores = np.logaddexp.reduce(likely) - np.log(len(views))
        i = int((scores + _usual_gains(tried)).argmax())
        labels, score, view = tried[i], float(scores[i]), _likely_view(likely[:, i])
    return Seen(located(views[view], labels, score), view, sum(path == labels for path in paths))


def _tried(
    views: list[np.ndarray], found: list[tuple[tuple[int, ...], float]], digits: int | None, second: Second
) -> list[tuple[int, ...]]:
    """Return the strings that are tried with a second reader, each with a digit.

    found: the most probable strings of the first view, as ``search`` returns them.
    """
    tried = [labels for labels, _ in found]
    tried += [labels for view in views[1:] for labels, _ in search(view)[:VIEW_STRINGS]]
    tried = with_slashes([*map(with_ones, tried), tuple(map(int, second.number))])
    tried = list(dict.fromkeys(labels for labels in tried if labels and min(labels) < 10))
    return [labels for labels in tried if fits(labels, digits)] or tried


def _with_second(
    views: list[np.ndarray], tried: list[tuple[int, ...]], paths: list[tuple[int, ...]], second: Second
) -> Seen:
    """Return the string that both readers together find the most probable.

    tried: the strings that are compared, each with a digit.
    paths: the best paths of all views but the first.
    """
    likely = np.array([likelihoods(view, tried) for view in views])
    scores = np.logaddexp.reduce(likely) - np.log(len(views))
    costs = np.minimum(second.costs([_number(string, "1") for string in tried]), SECOND_COST_LIMIT)
    lengths = np.array([len(_number(string, "1")) for string in tried])
    both = scores - SECOND_COST_WEIGHT * costs + DIGIT_GAIN * lengths + _usual_gains(tried)
    shares = np.exp(both - np.logaddexp.reduce(both))
    numbers = [_number(string, "/") for string in tried]
    of_number = {number: sum(shares[i] for i, one in enumerate(numbers) if one == number) for number in numbers}
    number = max(of_number, key=lambda number: of_number[number])
    best = max((i for i, one in enumerate(numbers) if one == number), key=lambda i: shares[i])
    labels = tried[best]
    view = _likely_view(likely[:, best])
    string = _with_shares(located(views[view], labels, float(scores[best])), tried, shares)
    written = sum(share for share, one in zip(shares, tried, strict=True) if _written(one) == _written(labels))
    return Seen(
        string,
        view,
        sum(path == labels for path in paths),
        second.confidence if number == second.number else 0.0,
        1 - float(written / of_number[number]),
    )


def _with_shares(string: String, tried: list[tuple[int, ...]], shares: np.ndarray) -> String:
    """Return a string whose digits have the shares of the strings of the same length that have each digit there.

    shares: of the strings `tried`, float (n,), sum 1.
    """
    by_digit = np.zeros((len(_digits(string.labels)), 10))
    for digits, share in zip(map(_digits, tried), shares, strict=True):
        if len(digits) == len(by_digit):
            by_digit[np.arange(len(digits)), list(digits)] += share
    rest = iter(by_digit)
    marks = (mark._replace(shares=next(rest)) if mark.label < 10 else mark for mark in string.marks)
    return string._replace(marks=tuple(marks))


def _likely_view(likely: np.ndarray) -> int:
    """Return the first view on which a string has its highest log probability, or nearly so. likely: float (views,)."""
    return int(np.flatnonzero(likely >= likely.max() - VIEW_TIE)[0])


def _usual_gains(strings: Sequence[tuple[int, ...]]) -> np.ndarray:
    """Return the gain of each string for being a common fraction or date, in nats, float (n,)."""
    return np.array([math.log(USUAL_FACTOR) if is_usual(string) else 0.0 for string in strings])


def _written(labels: tuple[int, ...]) -> tuple[int, ...]:
    """Return a string without other writing."""
    return tuple(label for label in labels if label != OTHER_WRITING)


def _digits(labels: Iterable[int]) -> tuple[int, ...]:
    """Return the digits of a string."""
    return tuple(label for label in labels if label < 10)


def _number(labels: tuple[int, ...], slash: str) -> str:
    """Return the digits of a string and its slashes, these as the character `slash`."""
    return "".join(slash if label == SLASH else NAMES[label] for label in labels if label < 10 or label == SLASH)
