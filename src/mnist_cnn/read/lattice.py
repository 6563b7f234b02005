"""Lattice: the pieces between the cuts of a line, with the cost of reading each as a digit or as not a digit.

A path goes from the left end of the line to its right end, from cut to cut. Its cost is the sum over its pieces, in
nats.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mnist_cnn.read.constants import (
    CROSSED_COST,
    DROPPED_COST,
    LOW_COST,
    LOW_HEIGHT,
    LOW_RAMP,
    PIECE_FLOOR,
    PIECE_GAIN,
    SKIP_COST,
    SKIP_FLOOR,
    SKIP_TALL_COST,
    SKIP_TALL_HEIGHT,
    SKIP_TALL_RAMP,
    SKIP_WIDE_RAMP,
    SKIP_WIDE_TIMES,
    SKIP_WIDE_WIDTH,
)
from mnist_cnn.read.cuts import Cuts, Piece
from mnist_cnn.read.lines import HEIGHT

Path = list[tuple[int, bool]]
"""Indices of pieces from left to right, and whether each is read as a digit."""


@dataclass(frozen=True, eq=False)
class Lattice:
    """The pieces of a line, and the cost of each as a digit and as not a digit, in nats."""

    cuts: Cuts
    pieces: list[Piece]
    as_digit: np.ndarray
    """Cost as each of the ten digits, float (n, 10)."""
    as_mark: np.ndarray
    """Cost as not a digit, float (n,)."""

    def starting(self) -> dict[int, list[int]]:
        """Return the indices of the pieces that start at each cut."""
        starting: dict[int, list[int]] = {}
        for i, piece in enumerate(self.pieces):
            starting.setdefault(piece.first, []).append(i)
        return starting

    def empty(self) -> set[int]:
        """Return the cuts with nothing between them and the next one."""
        filled = {(piece.first, piece.last) for piece in self.pieces}
        return {cut for cut in range(len(self.cuts.seams) - 1) if (cut, cut + 1) not in filled}


def lattice(cuts: Cuts, pieces: list[Piece], probabilities: np.ndarray) -> Lattice:
    """Return the pieces of a line with their costs, from the probabilities of the classifier, float (n, 10)."""
    no_digit = 1 - probabilities.sum(axis=1)
    heights, widths = np.array([piece.ink.shape for piece in pieces]).T / HEIGHT
    tall = np.clip((heights - SKIP_TALL_HEIGHT) / SKIP_TALL_RAMP, 0, 1)
    tall *= 1 + SKIP_WIDE_TIMES * np.clip((widths - SKIP_WIDE_WIDTH) / SKIP_WIDE_RAMP, 0, 1)
    low = np.clip((LOW_HEIGHT - heights) / LOW_RAMP, 0, 1)
    of_any = -PIECE_GAIN + LOW_COST * low + DROPPED_COST * np.array([piece.dropped for piece in pieces])
    as_digit = of_any[:, None] - np.log(np.maximum(probabilities, PIECE_FLOOR))
    as_mark = SKIP_COST - np.log(np.clip(no_digit, SKIP_FLOOR, 1)) + SKIP_TALL_COST * tall
    return Lattice(cuts, pieces, as_digit, as_mark)


def best_paths(lattice: Lattice, counted: bool) -> dict[int, tuple[float, Path]]:
    """Return the cost in nats and the best path from the first cut to the last (Viterbi 1967).

    The keys are the numbers of digits if they are counted; otherwise the best path of all has the key 0.
    """
    ends = len(lattice.cuts.seams) - 1
    as_digit, as_mark = lattice.as_digit.min(axis=1), lattice.as_mark
    starting, empty = lattice.starting(), lattice.empty()
    # By cut and number of digits so far (always 0 if they are not counted): the cost, and the step that led there.
    costs: list[dict[int, tuple[float, Any]]] = [{} for _ in lattice.cuts.seams]
    costs[0][0] = (0.0, None)

    def step(to: int, count: int, cost: float, origin: Any) -> None:
        if count not in costs[to] or cost < costs[to][count][0]:
            costs[to][count] = (cost, origin)

    for cut in range(ends):
        for count, (cost, _) in list(costs[cut].items()):
            if cut in empty:
                step(cut + 1, count, cost, (cut, count, None, False))
            for i in starting.get(cut, []):
                last = lattice.pieces[i].last
                crossed = CROSSED_COST * float(lattice.cuts.crossed[last])
                more = count + 1 if counted else 0
                step(last, more, cost + float(as_digit[i]) + crossed, (cut, count, i, True))
                step(last, count, cost + float(as_mark[i]) + crossed, (cut, count, i, False))
    return {count: (cost, _path(costs, ends, count)) for count, (cost, _) in costs[ends].items()}


def _path(costs: list[dict[int, tuple[float, Any]]], cut: int, count: int) -> Path:
    """Return the path that led to a cut and a number of digits."""
    path: Path = []
    while (origin := costs[cut][count][1]) is not None:
        cut, count, i, is_digit = origin
        if i is not None:
            path.append((i, is_digit))
    return path[::-1]


def costs(lattices: tuple[Lattice, ...], numbers: Sequence[str]) -> np.ndarray:
    """Return the cost of the best path that reads each number, in nats, float (n,) (Viterbi 1967).

    lattices: of the lines of a row, from left to right.
    """
    lengths = [len(number) for number in numbers]
    wanted = np.array([[int(digit) for digit in number.ljust(max(lengths), "0")] for number in numbers], int)
    # By number, and by how many of its digits are read so far.
    cost = np.full((len(numbers), max(lengths) + 1), np.inf)
    cost[:, 0] = 0
    for lattice in lattices:
        at = np.full((len(lattice.cuts.seams), *cost.shape), np.inf)
        at[0] = cost
        starting, empty = lattice.starting(), lattice.empty()
        for cut in range(len(at) - 1):
            if cut in empty:
                np.minimum(at[cut + 1], at[cut], out=at[cut + 1])
            for i in starting.get(cut, []):
                last = lattice.pieces[i].last
                here = at[cut] + CROSSED_COST * float(lattice.cuts.crossed[last])
                np.minimum(at[last], here + lattice.as_mark[i], out=at[last])
                further = here[:, :-1] + lattice.as_digit[i][wanted]
                np.minimum(at[last][:, 1:], further, out=at[last][:, 1:])
        cost = at[-1]
    return cost[np.arange(len(numbers)), lengths]
