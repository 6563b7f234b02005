"""Strings: what is written on a strip, glyph by glyph, with how sure the string network is of each.

>>> Strings("strings.onnx").read([strip])[0].text                                                     # doctest: +SKIP
'21.5'
"""

import os
from typing import NamedTuple

import numpy as np

from mnist_cnn.read.network import load
from mnist_cnn.read.strips import contrast

SIGNS = ".,-/+x÷=()"
"""The classes after the ten digits; then comes other writing, then nothing."""
NAMES = "0123456789" + SIGNS + "#"
BLANK = len(NAMES)
FRAME = 2
"""Pixels of the strip per frame."""
AT_ONCE = 32
"""Strips that go through the network together."""
NEVER_FIRST = frozenset(NAMES.index(sign) for sign in ",/x÷=)")
"""Labels that no string starts with: what looks like a slash there is a slanted 1."""
SLASH = 0.3
"""Factor of the probability of a slash, which a slanted 1 looks like. The scenes of training have one slash for
five 1s. Numbers on pages are taken to have one for fifteen (LOG.md, 2026-11-28)."""
_BEAM = 8
_PRUNED = -7.0
_ALIKE = 0.05
"""Log probabilities that differ by less are alike: rounding does not decide which view is used."""
_NOTHING = -1e9
"""The log probability of what cannot be."""


class Mark(NamedTuple):
    """One glyph of a string."""

    label: int
    """Its place in ``NAMES``."""
    x: float
    """Where its middle is, in pixels of the strip."""
    probabilities: np.ndarray
    """Of all classes but the blank, where it is: float32 (21,), sum 1."""


class String(NamedTuple):
    """What a strip says."""

    marks: tuple[Mark, ...]
    probability: float
    """Of the whole string, as the network has it."""

    @property
    def labels(self) -> tuple[int, ...]:
        return tuple(mark.label for mark in self.marks)

    @property
    def text(self) -> str:
        return "".join(NAMES[mark.label] for mark in self.marks)


class Seen(NamedTuple):
    """What is read on several views of one piece of writing."""

    string: String
    view: int
    """Index of the view on which the string is the most probable: its marks have their places there."""
    agree: int
    """Number of views, without the first one, whose best path is that string."""


class Strings:
    """The string network.

    path: its file, as ``learn.convnet_export`` writes it.
    """

    def __init__(self, path: str | os.PathLike[str], *, threads: int = 1) -> None:
        self._session = load(
            path, [("strip", "tensor(float)", 4)], [("log_probabilities", "tensor(float)", 3)], threads
        )

    def read(self, strips: list[np.ndarray], digits: int | None = None) -> list[String]:
        """Return a ``String`` for each strip, uint8 (40, w).

        digits: number of digits, if it is known. A string with as many is preferred to a more probable one.
        """
        return [decode(frames, digits) for frames in self._frames(strips)]

    def read_views(self, views: list[list[np.ndarray]], digits: int | None = None) -> list[Seen]:
        """Return what is read on all views of the same piece of writing together, for each piece.

        views: for each piece the same number of strips, uint8 (40, w), the usual one first.
        digits: number of digits, if it is known. A string with as many is preferred to a more probable one.
        """
        frames = self._frames([strip for strips in views for strip in strips])
        n = len(frames) // max(1, len(views))
        return [together(frames[start : start + n], digits) for start in range(0, len(frames), max(1, n))]

    def _frames(self, strips: list[np.ndarray]) -> list[np.ndarray]:
        """Return the log probabilities of each strip, float32 (w / 2, 22)."""
        order = sorted(range(len(strips)), key=lambda i: strips[i].shape[1])
        said: dict[int, np.ndarray] = {}
        for start in range(0, len(order), AT_ONCE):
            some = order[start : start + AT_ONCE]
            width = max(strips[i].shape[1] for i in some)
            x = np.zeros((len(some), strips[0].shape[0], width, 2), np.float32)
            for row, i in enumerate(some):
                x[row, :, : strips[i].shape[1]] = contrast(strips[i])
            for row, i in zip(self._session.run(None, {"strip": x})[0], some, strict=True):
                said[i] = _with_fewer_slashes(row[: strips[i].shape[1] // FRAME])
        return [said[i] for i in range(len(strips))]


def _with_fewer_slashes(frames: np.ndarray) -> np.ndarray:
    """Return log probabilities, float32 (t, 22), with that of a slash times ``SLASH``."""
    at = NAMES.index("/")
    frames = frames - np.log1p((SLASH - 1) * np.exp(frames[:, at : at + 1]))
    frames[:, at] += np.float32(np.log(SLASH))
    return frames


def best_path(frames: np.ndarray) -> tuple[int, ...]:
    """Return the most probable label of each frame, float32 (t, 22), repeats as one and blanks left out."""
    best = frames.argmax(axis=1)
    new = np.concatenate([[True], best[1:] != best[:-1]])
    return tuple(best[new & (best != BLANK)].tolist())


def decode(frames: np.ndarray, digits: int | None = None) -> String:
    """Return the most probable string of log probabilities float32 (t, 22), and where its glyphs are.

    digits: number of digits, if it is known. A string with as many is preferred to a more probable one.
    """
    labels, score = _best(_search(frames), digits)
    return _string(frames, labels, score)


def together(views: list[np.ndarray], digits: int | None = None) -> Seen:
    """Return the string that is the most probable one on average over views of the same writing.

    The strings compared are the most probable one of the first view, and the best paths of the others.

    views: the log probabilities of each view, float32 (t, 22).
    digits: number of digits, if it is known. A string with as many is preferred to a more probable one.
    """
    labels, score = _best(_search(views[0]), digits)
    paths = [best_path(view) for view in views[1:]]
    others = {path for path in paths if path != labels and _fits(path, digits)}
    view = 0
    if others:
        likely = {string: [likelihood(view, string) for view in views] for string in (labels, *sorted(others))}
        labels = max(likely, key=lambda string: np.logaddexp.reduce(likely[string]))
        score = float(np.logaddexp.reduce(likely[labels]) - np.log(len(views)))
        view = next(i for i, one in enumerate(likely[labels]) if one >= max(likely[labels]) - _ALIKE)
    return Seen(_string(views[view], labels, score), view, sum(path == labels for path in paths))


def likelihood(frames: np.ndarray, labels: tuple[int, ...]) -> float:
    """Return the log probability of a string, from log probabilities float32 (t, 22) (CTC, Graves et al. 2006)."""
    states, skips = _states(labels)
    emitted = frames[:, states].astype(float)
    score = np.full(len(states) + 2, _NOTHING)  # two more in front, so that each state has two before it
    score[2:4] = emitted[0, :2]
    for frame in emitted[1:]:
        two = np.where(skips, score[:-2], _NOTHING)
        score[2:] = np.logaddexp(np.logaddexp(score[2:], score[1:-1]), two) + frame
    return float(np.logaddexp(score[-1], score[-2]))


def _states(labels: tuple[int, ...]) -> tuple[list[int], np.ndarray]:
    """Return the states of CTC, a label or a blank each, and to which of them the path may come past a blank."""
    states = [BLANK]
    for label in labels:
        states += [label, BLANK]
    return states, np.array([i >= 2 and c not in (BLANK, states[i - 2]) for i, c in enumerate(states)])


def _fits(labels: tuple[int, ...], digits: int | None) -> bool:
    """Return whether a string may be read: it starts with a label that can, and has the number of digits."""
    return not (labels and labels[0] in NEVER_FIRST) and digits in (None, sum(c < 10 for c in labels))


def _best(found: list[tuple[tuple[int, ...], float]], digits: int | None) -> tuple[tuple[int, ...], float]:
    """Return the first string with the number of digits, or the first one."""
    return next((item for item in found if _fits(item[0], digits)), found[0])


def _string(frames: np.ndarray, labels: tuple[int, ...], score: float) -> String:
    """Return the string of these labels, with the place of each."""
    marks = []
    for label, (first, last) in zip(labels, _align(frames, labels), strict=True):
        piece = frames[first:last]
        best = piece[int(piece[:, label].argmax())]
        weights = np.exp(piece[:, label] - piece[:, label].max())
        x = FRAME * (float((weights * np.arange(first, last)).sum() / weights.sum()) + 0.5)
        p = np.exp(best[:BLANK] - best[:BLANK].max())
        marks.append(Mark(label, x, (p / p.sum()).astype(np.float32)))
    return String(tuple(marks), float(np.exp(min(score, 0.0))))


def _search(frames: np.ndarray) -> list[tuple[tuple[int, ...], float]]:
    """Return the most probable strings and their log probabilities, the best first.

    Prefix beam search (Graves 2006; Hannun et al. 2014).
    """
    best: dict[tuple[int, ...], tuple[float, float]] = {(): (0.0, _NOTHING)}  # log P ending in a blank, in a label
    for frame in frames.astype(float):
        if frame[BLANK] > -0.002:  # nothing else is possible
            best = {p: (float(np.logaddexp(b, n)) + frame[BLANK], _NOTHING) for p, (b, n) in best.items()}
            continue
        candidates = [int(c) for c in np.flatnonzero(frame[:BLANK] > _PRUNED)]
        new: dict[tuple[int, ...], tuple[float, float]] = {}

        def add(prefix: tuple[int, ...], b: float, n: float, new: dict = new) -> None:
            old = new.get(prefix, (_NOTHING, _NOTHING))
            new[prefix] = float(np.logaddexp(old[0], b)), float(np.logaddexp(old[1], n))

        for prefix, (b, n) in best.items():
            both = float(np.logaddexp(b, n))
            add(prefix, both + frame[BLANK], _NOTHING)
            for c in candidates:
                if not prefix and c in NEVER_FIRST:
                    continue
                if prefix and prefix[-1] == c:
                    add(prefix, _NOTHING, n + frame[c])
                    if b > _NOTHING / 2:  # two equal labels have a blank between them
                        add((*prefix, c), _NOTHING, b + frame[c])
                else:
                    add((*prefix, c), _NOTHING, both + frame[c])
        ranked = sorted(new.items(), key=lambda item: -np.logaddexp(*item[1]))
        best = dict(ranked[:_BEAM])
    return sorted(((p, float(np.logaddexp(*bn))) for p, bn in best.items()), key=lambda item: -item[1])


def _align(frames: np.ndarray, labels: tuple[int, ...]) -> list[tuple[int, int]]:
    """For each label its first frame, and the one after its last (Viterbi 1967)."""
    if not labels:
        return []
    states, skips = _states(labels)
    n, length = len(states), len(frames)
    emitted = frames[:, states].astype(float)
    cost = np.full(n, _NOTHING)
    cost[:2] = emitted[0, :2]
    back = np.zeros((length, n), int)
    for t in range(1, length):
        one = np.concatenate([[_NOTHING], cost[:-1]])
        two = np.where(skips, np.concatenate([[_NOTHING, _NOTHING], cost[:-2]]), _NOTHING)
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
