"""Strings: the string network, which reads strips.

>>> Strings("strings.onnx").read([strip])[0].text                                                     # doctest: +SKIP
'21.5'
"""

import os

import numpy as np

from mnist_cnn.read.constants import SLASH_FACTOR, STRING_BATCH
from mnist_cnn.read.ctc import FRAME, String, decode
from mnist_cnn.read.labels import SLASH
from mnist_cnn.read.network import load
from mnist_cnn.read.strips import contrast
from mnist_cnn.read.views import Second, Seen, together


class Strings:
    """The string network.

    path: its file, as ``learn.pages.convnet_export`` writes it.
    threads: number of threads of ONNX Runtime.

    Raises ModelError if the file cannot be read or is not such a network.
    """

    def __init__(self, path: str | os.PathLike[str], *, threads: int = 1) -> None:
        self._session = load(
            path, [("strip", "tensor(float)", 4)], [("log_probabilities", "tensor(float)", 3)], threads
        )
        self._last: dict[bytes, np.ndarray] = {}
        """The log probabilities of the strips of the last call."""

    def read(self, strips: list[np.ndarray], digits: int | None = None) -> list[String]:
        """Return a ``String`` for each strip, uint8 (40, w).

        digits: number of digits, if it is known. A string with this number is preferred to a more probable one.
        """
        return [decode(frames, digits) for frames in self._frames(strips)]

    def read_views(
        self, views: list[list[np.ndarray]], digits: int | None = None, second: Second | None = None
    ) -> list[Seen]:
        """Return what is read on all views of the same piece of writing together, for each piece.

        views: for each piece the same number of strips, uint8 (40, w), the usual one first.
        digits: number of digits, if it is known. A string with this number is preferred to a more probable one.
        second: what a second reader reads in the first piece.
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
        known = self._last  # another thread may replace it meanwhile
        if not all(name in known for name in names):
            known = self._last = dict(zip(names, self._run(strips), strict=True))
        return [known[name] for name in names]

    def _run(self, strips: list[np.ndarray]) -> list[np.ndarray]:
        """Return the log probabilities of each strip, float32 (w / 2, 22), by the network."""
        order = sorted(range(len(strips)), key=lambda i: strips[i].shape[1])
        found: dict[int, np.ndarray] = {}
        for start in range(0, len(order), STRING_BATCH):
            some = order[start : start + STRING_BATCH]
            width = max(strips[i].shape[1] for i in some)
            x = np.zeros((len(some), strips[0].shape[0], width, 2), np.float32)
            for row, i in enumerate(some):
                x[row, :, : strips[i].shape[1]] = contrast(strips[i])
            for row, i in zip(self._session.run(None, {"strip": x})[0], some, strict=True):
                found[i] = _with_fewer_slashes(row[: strips[i].shape[1] // FRAME])
        return [found[i] for i in range(len(strips))]


def _with_fewer_slashes(frames: np.ndarray) -> np.ndarray:
    """Return log probabilities, float32 (t, 22), with that of a slash times ``SLASH_FACTOR``, normalised again."""
    frames = frames - np.log1p((SLASH_FACTOR - 1) * np.exp(frames[:, SLASH : SLASH + 1]))
    frames[:, SLASH] += np.float32(np.log(SLASH_FACTOR))
    return frames
