"""CTC: the strings that the log probabilities of the string network stand for, and where their marks are.

>>> decode(frames).text                                                                               # doctest: +SKIP
'21.5'

A frame is two columns of a strip. It has a log probability for each label and for the blank (Graves et al. 2006).
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mnist_cnn.read.constants import BEAM_BLANK, BEAM_LABEL, BEAM_WIDTH
from mnist_cnn.read.labels import BLANK, NEVER_FIRST, text

FRAME = 2
"""Pixels of the strip per frame."""
_LEAST = -600.0
"""Lowest log probability in the search: its exponential is not 0."""
_IMPOSSIBLE = -1e9
"""Log probability of what is impossible."""


class Mark(NamedTuple):
    """One glyph of a string."""

    label: int
    """Index in ``labels.NAMES``."""
    x: float
    """Its middle, in pixels of the strip."""
    probabilities: np.ndarray
    """Probabilities of all labels but the blank at its place: float32 (21,), sum 1."""
    shares: np.ndarray | None = None
    """For a digit that two readers read: the probabilities of the ten digits, float (10,)."""


class String(NamedTuple):
    """What a strip says."""

    marks: tuple[Mark, ...]
    probability: float
    """Probability of the whole string, by the string network."""

    @property
    def labels(self) -> tuple[int, ...]:
        return tuple(mark.label for mark in self.marks)

    @property
    def text(self) -> str:
        return text(self.labels)


def decode(frames: np.ndarray, digits: int | None = None) -> String:
    """Return the most probable string of log probabilities float32 (t, 22), and the places of its marks.

    digits: number of digits, if it is known. A string with this number is preferred to a more probable one.
    """
    labels, score = first_that_fits(search(frames), digits)
    return located(frames, labels, score)


def best_path(frames: np.ndarray) -> tuple[int, ...]:
    """Return the most probable label of each frame, float32 (t, 22), without repeats and blanks."""
    best = frames.argmax(axis=1)
    new = np.concatenate([[True], best[1:] != best[:-1]])
    return tuple(best[new & (best != BLANK)].tolist())


def fits(labels: tuple[int, ...], digits: int | None) -> bool:
    """Return whether a string is possible: its first label can be the first, and it has the number of digits."""
    return not (labels and labels[0] in NEVER_FIRST) and digits in (None, sum(label < 10 for label in labels))


def first_that_fits(found: list[tuple[tuple[int, ...], float]], digits: int | None) -> tuple[tuple[int, ...], float]:
    """Return the first string with the number of digits, or the first one if there is none."""
    return next((item for item in found if fits(item[0], digits)), found[0])


def search(frames: np.ndarray) -> list[tuple[tuple[int, ...], float]]:
    """Return the most probable strings and their log probabilities, the best first.

    The method is prefix beam search (Graves 2006; Hannun et al. 2014).

    frames: log probabilities, float32 (t, 22).
    """
    best: dict[tuple[int, ...], tuple[float, float]] = {(): (1.0, 0.0)}  # P ending in a blank, in a label
    scale = 0.0  # log: the probabilities of each frame are divided by their largest sum, so that none becomes 0
    only_blank = (frames[:, BLANK] > BEAM_BLANK).tolist()
    possible = frames[:, :BLANK] > BEAM_LABEL
    for t, p in enumerate(np.exp(np.maximum(frames.astype(float), _LEAST)).tolist()):
        if only_blank[t]:
            best = {prefix: ((b + n) * p[BLANK], 0.0) for prefix, (b, n) in best.items()}
            continue
        candidates = [(c, p[c]) for c in np.flatnonzero(possible[t]).tolist()]
        new = _extended(best, candidates, p[BLANK])
        ranked = sorted(new.items(), key=lambda item: -sum(item[1]))[:BEAM_WIDTH]
        most = sum(ranked[0][1])
        best = {prefix: (b / most, n / most) for prefix, (b, n) in ranked}
        scale += math.log(most)
    found = [(prefix, scale + math.log(b + n)) for prefix, (b, n) in best.items() if b + n > 0]
    return sorted(found, key=lambda item: -item[1])


def _extended(
    best: dict[tuple[int, ...], tuple[float, float]], candidates: list[tuple[int, float]], blank: float
) -> dict[tuple[int, ...], tuple[float, float]]:
    """Return the prefixes of a beam after one more frame, with the probabilities of ending in a blank and in a label.

    candidates: labels that are tried, with their probabilities in the frame.
    blank: probability of the blank in the frame.
    """
    new: dict[tuple[int, ...], tuple[float, float]] = {}
    for prefix, (b, n) in best.items():
        both, last = b + n, prefix[-1] if prefix else None
        old = new.get(prefix, (0.0, 0.0))
        new[prefix] = old[0] + both * blank, old[1]
        for c, q in candidates:
            if c == last:
                old = new[prefix]
                new[prefix] = old[0], old[1] + n * q
                more = b * q  # two equal labels have a blank between them
            elif prefix or c not in NEVER_FIRST:
                more = both * q
            else:
                continue
            if more:
                longer = (*prefix, c)
                old = new.get(longer, (0.0, 0.0))
                new[longer] = old[0], old[1] + more
    return new


def likelihoods(frames: np.ndarray, strings: Sequence[tuple[int, ...]]) -> np.ndarray:
    """Return the log probability of each string, float (n,).

    frames: log probabilities, float32 (t, 22).
    """
    chains = [_states(labels) for labels in strings]
    ends = np.array([len(states) for states, _ in chains])
    states, skips = np.full((len(chains), ends.max()), BLANK), np.zeros((len(chains), ends.max()), bool)
    for i, (own, own_skips) in enumerate(chains):
        states[i, : len(own)], skips[i, : len(own)] = own, own_skips
    emitted = frames[:, states].astype(float)
    # Two more states in front, so that each state has two before it.
    score = np.full((len(chains), ends.max() + 2), _IMPOSSIBLE)
    score[:, 2:4] = emitted[0, :, :2]
    for frame in emitted[1:]:
        two = np.where(skips, score[:, :-2], _IMPOSSIBLE)
        score[:, 2:] = np.logaddexp(np.logaddexp(score[:, 2:], score[:, 1:-1]), two) + frame
    rows = np.arange(len(chains))  # a string without labels has one state, and the one before it is impossible
    return np.logaddexp(score[rows, ends + 1], score[rows, ends])


def located(frames: np.ndarray, labels: tuple[int, ...], score: float) -> String:
    """Return the string with these labels and this log probability, with the place of each mark."""
    marks = []
    for label, (first, last) in zip(labels, _spans(frames, labels), strict=True):
        piece = frames[first:last]
        best = piece[int(piece[:, label].argmax())]
        weights = np.exp(piece[:, label] - piece[:, label].max())
        x = FRAME * (float((weights * np.arange(first, last)).sum() / weights.sum()) + 0.5)
        p = np.exp(best[:BLANK] - best[:BLANK].max())
        marks.append(Mark(label, x, (p / p.sum()).astype(np.float32)))
    return String(tuple(marks), float(np.exp(min(score, 0.0))))


def _states(labels: tuple[int, ...]) -> tuple[list[int], np.ndarray]:
    """Return the states of CTC, a label or a blank each, and which of them a path can reach without the blank."""
    states = [BLANK]
    for label in labels:
        states += [label, BLANK]
    return states, np.array([i >= 2 and c not in (BLANK, states[i - 2]) for i, c in enumerate(states)])


def _spans(frames: np.ndarray, labels: tuple[int, ...]) -> list[tuple[int, int]]:
    """Return for each label its first frame, and the frame after its last one (Viterbi 1967)."""
    if not labels:
        return []
    states, skips = _states(labels)
    n, length = len(states), len(frames)
    emitted = frames[:, states].astype(float)
    cost = np.full(n, _IMPOSSIBLE)
    cost[:2] = emitted[0, :2]
    back = np.zeros((length, n), int)
    for t in range(1, length):
        one = np.concatenate([[_IMPOSSIBLE], cost[:-1]])
        two = np.where(skips, np.concatenate([[_IMPOSSIBLE, _IMPOSSIBLE], cost[:-2]]), _IMPOSSIBLE)
        back[t] = np.argmax([cost, one, two], axis=0)
        cost = np.max([cost, one, two], axis=0) + emitted[t]
    state = n - 1 if cost[n - 1] >= cost[n - 2] else n - 2
    path = []
    for t in range(length - 1, -1, -1):
        path.append(state)
        state -= back[t, state]
    places = np.array(path[::-1])
    spans = []
    for i in range(len(labels)):
        at = np.flatnonzero(places == 2 * i + 1)
        spans.append((int(at[0]), int(at[-1]) + 1))
    return spans
