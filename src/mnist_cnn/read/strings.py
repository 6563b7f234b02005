"""Strings: what is written on a strip, glyph by glyph, with how sure the string network is of each.

>>> Strings("strings.onnx").read([strip])[0].text                                                     # doctest: +SKIP
'21.5'
"""

import math
import os
import re
from collections.abc import Callable, Iterable, Sequence
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
_SLASHED = re.compile(
    r"(\d\d?/\d\d?(/(\d\d|(19|20)\d\d))?|\d{1,3}/\d\d0|1\d\d/\d{2,3}"
    r"|\d\d?/(19|20)\d\d|(19|20)\d\d/\d\d?(/\d\d?)?)-?|\d+/-"
)
"""Digits with slashes that people write: fractions and scores, dates, blood pressure, prices like 5/-.

A slash in others is a 1.
"""
_USUAL_FORMS = re.compile(r"(1/[234]|2/3|3/4)|(0?[1-9]|[12]\d|3[01])/(0?[1-9]|[12]\d|3[01])/(\d\d|(19|20)\d\d)")
"""Common fractions, and dates whose day and month can be. People write these far more often than a number that looks
like one, such as 112 or 713124."""
USUAL = 30.0
"""Factor of the probability of a string like that.

Of 120 composed 1/2, 3/4 and 2/3, 77 are read right with 1, 102 with 10 and 107 with 30; of 120 composed 112, 314 and
213, 91, 86 and 83. Between 10 and 30 they hardly differ. One development page, `fraction_1_2.png`, needs 30 (LOG.md,
2026-11-28).
"""
DIGIT = 0.6
"""Gain of each digit in a string that two readers read, in nats: both miss digits more often than they see too many."""
COST = 0.3
"""Weight of the cost of a number for a second reader, beside the log likelihood of the string network.

Fitted on 600 rows of composed validation pages it is 0.19, and up to 0.3 no more of them are misread than by the string
network alone. The string network knows the writers of composed pages better than any others, so it is not less.
"""
_OTHERS = 3
"""Number of strings of each view but the first that are tried."""
_BEAM = 8
"""Number of strings that the search keeps."""
_PRUNED, _NOTHING_ELSE = -7.0, -0.002
"""Log probabilities in a frame: below the first a label is not tried, above the second of a blank no label is."""
_LEAST = -600.0
"""Lowest log probability in the search: its exponential is not 0."""
_ALIKE = 0.05
"""Log probabilities that differ by less are alike: rounding does not decide which view is used."""
_DEAREST = 60.0
"""Highest cost of a string for a second reader, in nats: of what it cannot read at all."""
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
    shares: np.ndarray | None = None
    """Of a digit that two readers read: the probabilities of the ten digits there, float (10,)."""


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
        return _text(self.labels)


class Seen(NamedTuple):
    """What is read on several views of one piece of writing."""

    string: String
    view: int
    """Index of the view on which the string is the most probable: its marks have their places there."""
    agree: int
    """Number of views, without the first one, whose best path is that string."""
    second: float | None = None
    """Probability of its number for a second reader, 0 if that reads another one; None without a second reader."""
    signs: float = 0.0
    """Share of the strings with other signs, of all that were tried with a second reader and have the same digits."""


class Second(NamedTuple):
    """What a second reader makes of the same writing. It knows digits only, and takes a slash for a 1."""

    number: str
    confidence: float
    costs: Callable[[Sequence[str]], np.ndarray]
    """What each of some numbers costs as its reading, in nats, float (n,); infinite if it cannot be read there."""


class Strings:
    """The string network.

    path: its file, as ``learn.pages.convnet_export`` writes it.
    """

    def __init__(self, path: str | os.PathLike[str], *, threads: int = 1) -> None:
        self._session = load(
            path, [("strip", "tensor(float)", 4)], [("log_probabilities", "tensor(float)", 3)], threads
        )
        self._last: dict[bytes, np.ndarray] = {}
        """The log probabilities of the strips of the last call."""

    def read(self, strips: list[np.ndarray], digits: int | None = None) -> list[String]:
        """Return a ``String`` for each strip, uint8 (40, w).

        digits: number of digits, if it is known. A string with as many is preferred to a more probable one.
        """
        return [decode(frames, digits) for frames in self._frames(strips)]

    def read_views(
        self, views: list[list[np.ndarray]], digits: int | None = None, second: Second | None = None
    ) -> list[Seen]:
        """Return what is read on all views of the same piece of writing together, for each piece.

        views: for each piece the same number of strips, uint8 (40, w), the usual one first.
        digits: number of digits, if it is known. A string with as many is preferred to a more probable one.
        second: what a second reader makes of the first piece.
        """
        frames = self._frames([strip for strips in views for strip in strips])
        n = len(frames) // max(1, len(views))
        return [
            together(frames[start : start + n], digits, None if start else second)
            for start in range(0, len(frames), max(1, n))
        ]

    def _frames(self, strips: list[np.ndarray]) -> list[np.ndarray]:
        """Return the log probabilities of each strip, float32 (w / 2, 22).

        A row that two readers read has the same strips twice: those of the last call are not read again.
        """
        names = [strip.tobytes() for strip in strips]
        known = self._last  # another thread may set it meanwhile
        if not all(name in known for name in names):
            known = self._last = dict(zip(names, self._read(strips), strict=True))
        return [known[name] for name in names]

    def _read(self, strips: list[np.ndarray]) -> list[np.ndarray]:
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


def together(views: list[np.ndarray], digits: int | None = None, second: Second | None = None) -> Seen:
    """Return the string that is the most probable one on average over views of the same writing.

    The strings compared are the most probable one of the first view, and the best paths of the others. With a second
    reader they are the most probable ones of each view and its number, and its cost counts too (product of experts,
    Hinton 2002).

    views: the log probabilities of each view, float32 (t, 22).
    digits: number of digits, if it is known. A string with as many is preferred to a more probable one.
    """
    found = _search(views[0])
    paths = [best_path(view) for view in views[1:]]
    if second is not None:
        tried = [labels for labels, _ in found]
        tried += [labels for view in views[1:] for labels, _ in _search(view)[:_OTHERS]]
        tried = _with_slashes([*map(_with_ones, tried), tuple(map(int, second.number))])
        tried = list(dict.fromkeys(labels for labels in tried if labels and min(labels) < 10))
        tried = [labels for labels in tried if _fits(labels, digits)] or tried
        return _chosen(views, tried, paths, second)
    best, score = _best(found, digits)
    labels = _with_ones(best)
    others = {
        path for path in _with_slashes([labels, *map(_with_ones, paths)]) if path != labels and _fits(path, digits)
    }
    view = 0
    if others or labels != best:
        tried = [labels, *sorted(others)]
        likely = np.array([likelihoods(view, tried) for view in views])
        scores = np.logaddexp.reduce(likely) - np.log(len(views))
        i = int((scores + _usual(tried)).argmax())
        labels, score, view = tried[i], float(scores[i]), _likely_view(likely[:, i])
    return Seen(_string(views[view], labels, score), view, sum(path == labels for path in paths))


def _chosen(
    views: list[np.ndarray], tried: list[tuple[int, ...]], paths: list[tuple[int, ...]], second: Second
) -> Seen:
    """Return the string that both readers together find the most probable.

    tried: the strings, each with a digit.
    paths: the best paths of the views but the first.
    """
    likely = np.array([likelihoods(view, tried) for view in views])
    scores = np.logaddexp.reduce(likely) - np.log(len(views))
    costs = np.minimum(second.costs([_number(string, "1") for string in tried]), _DEAREST)
    both = scores - COST * costs + DIGIT * np.array([len(_number(string, "1")) for string in tried]) + _usual(tried)
    shares = np.exp(both - np.logaddexp.reduce(both))
    numbers = [_number(string, "/") for string in tried]
    of_number = {number: sum(shares[i] for i, one in enumerate(numbers) if one == number) for number in numbers}
    number = max(of_number, key=lambda number: of_number[number])
    best = max((i for i, one in enumerate(numbers) if one == number), key=lambda i: shares[i])
    labels = tried[best]
    view = _likely_view(likely[:, best])
    string = _string(views[view], labels, float(scores[best]))
    agree = sum(path == labels for path in paths)
    # Each digit has the share of the strings of as many digits that have it there.
    by_digit = np.zeros((len(_digits(labels)), 10))
    for digits, share in zip(map(_digits, tried), shares, strict=True):
        if len(digits) == len(by_digit):
            by_digit[np.arange(len(digits)), list(digits)] += share
    rest = iter(by_digit)
    marks = tuple(mark._replace(shares=next(rest)) if mark.label < 10 else mark for mark in string.marks)
    written = sum(share for share, one in zip(shares, tried, strict=True) if _written(one) == _written(labels))
    return Seen(
        string._replace(marks=marks),
        view,
        agree,
        second.confidence if number == second.number else 0.0,
        1 - float(written / of_number[number]),
    )


def _written(labels: tuple[int, ...]) -> tuple[int, ...]:
    """Return a string without other writing."""
    return tuple(label for label in labels if NAMES[label] != "#")


def _likely_view(likely: np.ndarray) -> int:
    """Return the first view on which a string is as probable as on any, from its log probabilities."""
    return int(np.flatnonzero(likely >= likely.max() - _ALIKE)[0])


def _digits(labels: Iterable[int]) -> tuple[int, ...]:
    return tuple(label for label in labels if label < 10)


def _number(labels: tuple[int, ...], slash: str) -> str:
    """Return the digits of a string, with its slashes as something else and without other signs."""
    return "".join(
        slash if NAMES[label] == "/" else NAMES[label] for label in labels if label < 10 or NAMES[label] == "/"
    )


def _with_ones(labels: tuple[int, ...]) -> tuple[int, ...]:
    """Return a string with its slashes as 1s, unless people write such numbers with slashes."""
    at = NAMES.index("/")
    return labels if at not in labels or slashed(labels) else tuple(1 if label == at else label for label in labels)


def _with_slashes(strings: list[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """Return strings and, after them, the common fractions and dates that they are with one or two 1s as slashes."""
    found = [
        slashing
        for labels in strings
        for i, label in enumerate(labels)
        if label == 1
        for slashing in _slashings(labels, i)
        if is_usual(slashing)
    ]
    return [*strings, *found]


def _usual(strings: Sequence[tuple[int, ...]]) -> np.ndarray:
    """Return the gain of each string for being a common fraction or date, in nats, float (n,)."""
    return np.array([math.log(USUAL) if is_usual(string) else 0.0 for string in strings])


def is_usual(labels: tuple[int, ...]) -> bool:
    """Return whether a string is a common fraction or a date."""
    return _USUAL_FORMS.fullmatch(_text(labels)) is not None


def _text(labels: Iterable[int]) -> str:
    return "".join(NAMES[label] for label in labels)


def slashed(labels: tuple[int, ...]) -> bool:
    """Return whether people write all numbers with slashes in a string like that."""
    text = _text(labels)
    return all(_SLASHED.fullmatch(number) for number in re.findall(r"[0-9/]+-?", text) if "/" in number)


def maybe_slash(labels: tuple[int, ...], i: int) -> bool:
    """Return whether the 1 at index i may be a slash: people write the string with one there, or also in another 1."""
    return any(map(slashed, _slashings(labels, i)))


def often_slash(labels: tuple[int, ...], i: int) -> bool:
    """Return whether the string is a common fraction or date with a slash for the 1 at index i, or also for another."""
    return any(map(is_usual, _slashings(labels, i)))


def _slashings(labels: tuple[int, ...], i: int) -> list[tuple[int, ...]]:
    """Return a string with a slash at index i, and with another one for each other 1."""
    slash = NAMES.index("/")
    ones = [j for j, label in enumerate(labels) if label == 1]
    return [tuple(slash if k in (i, j) else label for k, label in enumerate(labels)) for j in ones]


def maybe_slashed(number: str) -> bool:
    """Return whether any 1 of a number may be a slash."""
    labels = tuple(map(int, number))
    return any(label == 1 and maybe_slash(labels, i) for i, label in enumerate(labels))


def likelihoods(frames: np.ndarray, strings: Sequence[tuple[int, ...]]) -> np.ndarray:
    """Return the log probability of each string, float (n,) (CTC, Graves et al. 2006).

    frames: log probabilities, float32 (t, 22).
    """
    ways = [_states(labels) for labels in strings]
    ends = np.array([len(states) for states, _ in ways])
    states, skips = np.full((len(ways), ends.max()), BLANK), np.zeros((len(ways), ends.max()), bool)
    for i, (own, own_skips) in enumerate(ways):
        states[i, : len(own)], skips[i, : len(own)] = own, own_skips
    emitted = frames[:, states].astype(float)
    score = np.full((len(ways), ends.max() + 2), _NOTHING)  # two more in front, so that each state has two before it
    score[:, 2:4] = emitted[0, :, :2]
    for frame in emitted[1:]:
        two = np.where(skips, score[:, :-2], _NOTHING)
        score[:, 2:] = np.logaddexp(np.logaddexp(score[:, 2:], score[:, 1:-1]), two) + frame
    rows = np.arange(len(ways))  # a string with no label has one state: what is before it cannot be
    return np.logaddexp(score[rows, ends + 1], score[rows, ends])


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
    best: dict[tuple[int, ...], tuple[float, float]] = {(): (1.0, 0.0)}  # P ending in a blank, in a label
    scale = 0.0  # log: the probabilities of each frame are divided by their largest sum, so that none becomes 0
    sure = (frames[:, BLANK] > _NOTHING_ELSE).tolist()
    possible = frames[:, :BLANK] > _PRUNED
    for t, p in enumerate(np.exp(np.maximum(frames.astype(float), _LEAST)).tolist()):
        blank = p[BLANK]
        if sure[t]:  # nothing else is possible
            best = {prefix: ((b + n) * blank, 0.0) for prefix, (b, n) in best.items()}
            continue
        candidates = [(c, p[c]) for c in np.flatnonzero(possible[t]).tolist()]
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
        ranked = sorted(new.items(), key=lambda item: -sum(item[1]))[:_BEAM]
        most = sum(ranked[0][1])
        best = {prefix: (b / most, n / most) for prefix, (b, n) in ranked}
        scale += math.log(most)
    found = [(prefix, scale + math.log(b + n)) for prefix, (b, n) in best.items() if b + n > 0]
    return sorted(found, key=lambda item: -item[1])


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
