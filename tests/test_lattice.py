"""Lattice: the best path and the cost of each number are those of all paths, tried one by one."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnist_cnn.read.constants import CROSSED_COST
from mnist_cnn.read.cuts import Cuts, Piece
from mnist_cnn.read.lattice import Lattice, Path, best_paths, costs, lattice
from mnist_cnn.read.lines import HEIGHT


def piece(first: int, last: int, height: int = HEIGHT, width: int = 30, dropped: float = 0.0) -> Piece:
    return Piece(first, last, np.ones((height, width), np.float32), 0, 0, dropped)


def random(seed: int) -> Lattice:
    """Return a lattice of two to five cuts, with a gap between two of them now and then."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 6))
    pairs = [pair for pair in itertools.combinations(range(n), 2) if pair[1] - pair[0] > 1 or rng.random() < 0.8]
    pieces = [piece(*pair) for pair in pairs for _ in range(int(rng.integers(1, 3)))]
    cuts = Cuts(np.zeros((n, 1), int), rng.uniform(0, 40, n))
    return Lattice(cuts, pieces, rng.normal(0, 3, (len(pieces), 10)), rng.normal(0, 3, len(pieces)))


def all_paths(lattice: Lattice, cut: int = 0) -> list[list[int]]:
    """Return the indices of the pieces of each path from a cut to the last one."""
    if cut == len(lattice.cuts.seams) - 1:
        return [[]]
    here = [i for i, piece in enumerate(lattice.pieces) if piece.first == cut]
    found = [[i, *rest] for i in here for rest in all_paths(lattice, lattice.pieces[i].last)]
    if not any(lattice.pieces[i].last == cut + 1 for i in here):
        found += all_paths(lattice, cut + 1)
    return found


def cost_of(lattice: Lattice, path: list[int], digits: tuple[int | None, ...]) -> float:
    """Return the cost of a path whose pieces are read as these digits; None is not a digit."""
    total = 0.0
    for i, digit in zip(path, digits, strict=True):
        total += lattice.as_mark[i] if digit is None else lattice.as_digit[i, digit]
        total += CROSSED_COST * lattice.cuts.crossed[lattice.pieces[i].last]
    return total


def readings(lattice: Lattice) -> dict[int, float]:
    """Return the least cost of all readings by number of digits."""
    least: dict[int, float] = {}
    for path in all_paths(lattice):
        for kinds in itertools.product((True, False), repeat=len(path)):
            best = (int(lattice.as_digit[i].argmin()) if kind else None for i, kind in zip(path, kinds, strict=True))
            cost = cost_of(lattice, path, tuple(best))
            least[sum(kinds)] = min(cost, least.get(sum(kinds), np.inf))
    return least


def is_path(lattice: Lattice, path: Path) -> bool:
    return [i for i, _ in path] in all_paths(lattice)


@given(st.integers(0, 10**6))
def test_the_best_paths_are_the_cheapest_of_all_paths(seed: int) -> None:
    given_ = random(seed)
    expected, found = readings(given_), best_paths(given_, counted=True)
    assert {count: cost for count, (cost, _) in found.items()} == pytest.approx(expected)
    for count, (cost, path) in found.items():
        assert is_path(given_, path)
        assert sum(kind for _, kind in path) == count
        read = tuple(int(given_.as_digit[i].argmin()) if kind else None for i, kind in path)
        assert cost_of(given_, [i for i, _ in path], read) == pytest.approx(cost)
    uncounted = best_paths(given_, counted=False)
    assert {count: cost for count, (cost, _) in uncounted.items()} == pytest.approx({0: min(expected.values())})


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_the_cost_of_a_number_is_that_of_its_cheapest_path(seed: int, other: int) -> None:
    row = (random(seed), random(other))
    numbers = ["", "0", "7", "07", "123", "1" * 20]
    expected = dict.fromkeys(numbers, np.inf)
    each: list[dict[str, float]] = []
    for lattice_ in row:
        each.append({})
        for path in all_paths(lattice_):
            for read in itertools.product((None, 0, 1, 2, 3, 7), repeat=len(path)):
                number = "".join(str(digit) for digit in read if digit is not None)
                each[-1][number] = min(cost_of(lattice_, path, read), each[-1].get(number, np.inf))
    for number in numbers:
        for at in range(len(number) + 1):
            both = each[0].get(number[:at], np.inf) + each[1].get(number[at:], np.inf)
            expected[number] = min(expected[number], both)
    assert costs(row, numbers) == pytest.approx([expected[number] for number in numbers])
    assert np.isinf(costs(row, numbers)[-1])


def test_a_piece_costs_less_as_the_digit_that_it_looks_like() -> None:
    whole, low, torn = piece(0, 1), piece(0, 1, HEIGHT // 8), piece(0, 1, dropped=0.3)
    p = np.full((3, 10), 0.01)
    p[:, 4] = 0.9
    found = lattice(Cuts(np.zeros((2, 1), int), np.zeros(2)), [whole, low, torn], p)
    assert found.as_digit.argmin(axis=1).tolist() == [4, 4, 4]
    assert (found.as_digit[0] < found.as_digit[1]).all(), "a digit is as high as the writing"
    assert (found.as_digit[0] < found.as_digit[2]).all(), "no ink of a digit is left out"
    assert found.as_digit[0, 4] < found.as_mark[0]
