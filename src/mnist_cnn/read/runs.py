"""Runs: glyphs that stand close together, so that one strip shows them.

>>> glyphs = np.array([[10.0, 10, 30, 50, 0, 0.9], [90, 12, 112, 52, 0, 0.9], [38, 11, 60, 51, 0, 0.8]])
>>> [run.tolist() for run in runs(glyphs, 0.0)]
[[0, 2, 1]]
"""

import numpy as np

from mnist_cnn.read.constants import (
    RUN_DIGITS,
    RUN_GAP,
    RUN_HEIGHT_RATIO,
    RUN_OVERLAP,
    RUN_SIGN_GAP,
    RUN_SIGN_OFFSET,
    TILT_LOG_RATIO,
    TILT_OFFSET,
    TILT_REACH,
)
from mnist_cnn.read.finder import DIGIT, SIGN


def slope(glyphs: np.ndarray) -> float:
    """Return the tilt of the page, dy / dx: the median over pairs of a digit and the next one to its right.

    glyphs: float (n, 6), as ``Finder.glyphs`` returns them.
    """
    digits = glyphs[glyphs[:, 4] == DIGIT]
    x, y = (digits[:, 0] + digits[:, 2]) / 2, (digits[:, 1] + digits[:, 3]) / 2
    tall = np.maximum(digits[:, 3] - digits[:, 1], 1e-3)
    slopes = []
    for i in range(len(digits)):
        dx, dy = x - x[i], y - y[i]
        near = (dx > 0) & (dx < TILT_REACH * tall[i]) & (abs(dy) < TILT_OFFSET * tall[i])
        near &= abs(np.log(tall / tall[i])) < TILT_LOG_RATIO
        if near.any():
            j = int(np.argmin(np.where(near, dx, np.inf)))
            slopes.append(float(dy[j] / dx[j]))
    return float(np.median(slopes)) if slopes else 0.0


def runs(glyphs: np.ndarray, tilt: float) -> list[np.ndarray]:
    """Return the runs, each the indices of its digits and signs from left to right. Every digit is in one run.

    glyphs: float (n, 6), as ``Finder.glyphs`` returns them.
    tilt: tilt of the page, dy / dx.
    """
    x = (glyphs[:, 0] + glyphs[:, 2]) / 2
    middle = (glyphs[:, 1] + glyphs[:, 3]) / 2 - tilt * x
    tall = np.maximum(glyphs[:, 3] - glyphs[:, 1], 1e-3)
    digits = np.flatnonzero(glyphs[:, 4] == DIGIT)
    found: list[list[int]] = []
    last = np.zeros(0, int)  # of each run
    for i in digits[np.argsort(x[digits], kind="stable")]:
        gap, high = glyphs[i, 0] - glyphs[last, 2], np.maximum(tall[i], tall[last])
        overlap = (tall[i] + tall[last]) / 2 - abs(middle[i] - middle[last])
        lower = np.minimum(tall[i], tall[last])
        fits = (gap < RUN_GAP * high) & (overlap > RUN_OVERLAP * lower) & (high < RUN_HEIGHT_RATIO * lower)
        fits &= np.array([len(run) < RUN_DIGITS for run in found], bool)
        if fits.any():
            n = int(np.argmin(np.where(fits, gap, np.inf)))
            found[n].append(int(i))
            last[n] = i
        else:
            found.append([int(i)])
            last = np.append(last, i)
    high = np.array([np.median(tall[run]) for run in found])
    centre = np.array([np.median(middle[run]) for run in found])
    left, right = np.array([(glyphs[run, 0].min(), glyphs[run, 2].max()) for run in found]).reshape(-1, 2).T
    for i in np.flatnonzero(glyphs[:, 4] == SIGN):
        gap, off = np.maximum(left - glyphs[i, 2], glyphs[i, 0] - right), abs(middle[i] - centre)
        near = (off < RUN_SIGN_OFFSET * high) & (gap < RUN_SIGN_GAP * high)
        away = np.where(near, np.maximum(gap, 0) + off, np.inf)
        if away.size and away.min() < np.inf:
            found[int(away.argmin())].append(int(i))
    return [np.array(sorted(run, key=lambda i: (x[i], i))) for run in found]
