"""Strokes: digits, signs and letters drawn from skeletons, in styles that are rare in MNIST.

    >>> draw("7", np.random.default_rng(0)).shape
    (84, 84)

The skeletons show how people write in Europe, Asia and the Americas. Examples are the crossed 7, the 1 with a long
upstroke, the looped 2, the open 4, the 5 with a separate bar and the slashed 0. None is copied from a picture.
"""

import cv2
import numpy as np

SIDE = 84
"""Pixels per side of a drawing. A digit is about 60 pixels high in it, as in ``augment.enlarge``."""

_SKELETONS = {
    # "/" separates strokes. Each point is x and y on a grid from 0 to 9. "!" before a stroke keeps its corners sharp.
    "0": ["50 20 04 16 39 69 86 93 61 40", "50 20 04 16 39 69 86 93 61 40/!80 19", "62 40 12 06 39 79 95 71 40 52",
          "50 10 05 18 49 88 93 70 41"],
    "1": ["!50 49", "!24 50 59", "!06 50 49", "!17 60 59", "!24 50 59/!29 89", "15 30 50/!50 48", "!33 50 59/!19 89",
          "!05 60 49", "!08 70 59", "!14 60 59", "05 33 60/!60 49", "!70 29", "!24 60 39"],
    "2": ["13 20 60 83 56 29 08 27 59 98", "!11 30/30 60 83 65 19/!19 99", "12 30 70 83 48 19 07 28 69 98",
          "12 40 80 83 36 09 18 57 99", "!00 80 09 99", "34 12 40 80 74 09/!09 58 98"],
    "3": ["11 40 71 63 44 65 87 69 39 08", "!00 80 43/43 75 87 69 39 07", "02 30 70 73 34 34 75 87 59 08",
          "!10 70 44/44 84 88 49 08", "12 40 70 63 44 55 77 68 39 17 24"],
    "4": ["!20 05 95/!73 69", "!60 06 96/!60 69", "!69 60 06 96", "20 14 35 75/!71 69", "!30 06 86/!63 59",
          "10 04 25 65 71/!71 79", "20 05 26 96/!62 58", "!10 15 75/!70 79", "60 14 24 74/!64 39", "50 04 75/!72 48",
          "!61 05 75/!61 59", "!70 15 25 85/!70 68"],
    "5": ["!20 14/14 54 86 69 29 08/!20 80", "!80 20 14/14 54 86 69 29 08", "80 30 14 54 86 69 29 08",
          "!30 24/24 64 77 59 18/!28 29/!30 91", "!20 15/15 54 87 49 09/!32 92"],
    "6": ["70 33 06 29 69 86 64 25 07", "50 15 07 39 79 86 54 16", "81 40 14 07 39 69 76 54 25 17",
          "!60 14/14 08 49 77 54 16"],
    "7": ["!00 90 39", "!00 90 39/!25 75", "!03 00 90 49/!25 85", "01 50 90 55 39", "!00 80 29/!15 84",
          "!02 10 90 58", "01 30 80 85 39/!34 94"],
    "8": ["70 30 12 45 87 69 29 07 45 82 70", "50 22 44 72 50/54 17 59 87 54", "80 40 12 44 77 59 18 46 83 90",
          "62 40 12 34 77 69 29 17 45 72 50", "50 20 13 45 86 69 29 07 45 82 50"],
    "9": ["71 30 03 25 64 71/71 78 49 18", "!72 70 69/71 40 13 35 64 72", "34 73 81 50 21 14 27 29",
          "25 64 82 50 22 34 55 68 39", "80 40 13 45 81/!81 69", "71 40 12 24 63 71/71 67 59",
          "72 40 12 35 73 71 77 59 28"],
    ".": ["!50 51", "!45 54"], ",": ["51 53 36", "!50 45", "52 45 27"], "-": ["!04 94", "03 44 95 93", "04 34 63 94"],
    "/": ["!80 19", "!90 09", "80 54 19"],
    "+": ["!50 59/!05 95", "!41 58/!04 85"], "x": ["!11 89/!81 19", "00 44 99/91 55 08", "!13 78/!82 29"],
    "÷": ["!04 94/!51 52/!57 58", "!15 85/!41 42/!58 59"], "=": ["!03 93/!06 96", "!04 82/!17 96"],
    "(": ["60 33 36 69", "70 23 26 79"], ")": ["30 63 66 39", "20 73 76 29"],
}  # fmt: skip
_LETTERS = {
    "A": ["!09 40 89/!25 65", "!09 30 50 89/!16 76", "09 40 79/!15 85", "!19 40 79/26 55 86"],
    "B": ["!10 19/10 50 62 44 14/14 74 86 68 19", "!20 19/20 60 72 54 24/24 75 77 59 19",
          "!10 18/01 60 63 34 64 77 48 08"],
    "C": ["81 50 12 05 28 69 87", "71 40 13 17 49 78", "72 61 41 23 26 48 67"],
    "D": ["!10 19/10 60 83 86 59 19", "!20 19/01 50 82 86 49 09"],
    "E": ["!80 10 19 89/!14 64", "71 40 22 44 16 29 78", "!10 19/!10 70/!14 64/!19 79"],
    "F": ["!80 10 19/!14 64", "!20 19/!10 80/!14 54"], "G": ["81 40 04 39 78 75/!45 95", "71 30 05 39 76 74/!44 84 79"],
    "H": ["!10 19/!80 89/!14 84"], "K": ["!10 19/!80 14 89"], "L": ["!10 19 89"], "M": ["!09 10 46 80 89"],
    "N": ["!09 00 89 80", "!19 10 79 80"], "P": ["!10 19/10 60 82 74 15", "!20 29/00 60 82 64 25"],
    "Q": ["50 11 05 39 78 83 50/!56 99"], "R": ["!10 19/10 60 82 64 14/!44 89", "!20 19/00 60 72 44 24/24 45 79"],
    "T": ["!00 90/!50 49"], "U": ["00 06 39 69 86 80"], "V": ["!00 49 90"], "W": ["!00 29 43 69 90"],
    "Y": ["!00 44/!90 29"], "a": ["74 44 16 39 68 74/74 79 99"], "d": ["74 44 16 39 78/!80 79"],
    "e": ["15 75 63 33 06 39 78", "06 65 53 23 16 39 78"], "f": ["70 40 32 39/!14 64"], "h": ["!10 19/15 44 75 79"],
    "k": ["!10 19/!64 16 69"], "m": ["!04 09/06 24 36 39/36 54 76 79"], "n": ["!14 19/16 44 75 79"],
    "p": ["!13 19/14 53 75 57 17"], "r": ["!14 19/16 44 64"], "t": ["!30 38/38 59 78/!13 63"],
    "u": ["14 17 49 78/!74 79"], "v": ["!14 49 84"], "w": ["14 28 46 68 84"], "y": ["14 37 64/!74 29"],
    "?": ["12 30 60 72 45 46/!48 49", "11 40 71 44 46/!48 49"], "&": ["79 12 30 51 15 28 59 86"],
    "%": ["!80 19/10 01 12 21 10/77 68 79 88 77"], "#": ["!30 29/!70 69/!03 93/!06 96"], "*": ["!41 47/!12 76/!16 72"],
}  # fmt: skip
LETTERS = "".join(_LETTERS)
"""Letters and marks that ``draw`` can draw, without those that look like some writer's digit."""
_SKELETONS |= _LETTERS


def draw(text: str, rng: np.random.Generator, width: float | None = None, straight: bool = False) -> np.ndarray:
    """Return the ink of one digit, sign or letter, float32 (84, 84), 0 to 1.

    width: of the pen in pixels; random, 5 to 10, if None.
    straight: whether curves are polygons, as a fast mouse draws them.
    """
    skeleton = _SKELETONS[text][rng.integers(len(_SKELETONS[text]))]
    width = float(rng.uniform(5, 10)) if width is None else width
    ink = np.zeros((SIDE, SIDE), np.float32)
    wobble = 0.45 if text.isdigit() else 0.3
    reach = np.array([rng.uniform(3.4, 5.0), 6.4])
    for stroke in skeleton.split("/"):
        points = np.array([[int(p[0]), int(p[1])] for p in stroke.lstrip("!").split()], float)
        points += rng.normal(0, wobble, points.shape)
        if not (straight or stroke.startswith("!")):
            points = _curve(points)
        placed = (points - 4.5) * reach + SIDE / 2
        cv2.polylines(ink, [np.round(placed * 8).astype(np.int32)], False, 1.0, max(1, round(width)), cv2.LINE_AA, 3)
    return ink


def _curve(points: np.ndarray) -> np.ndarray:
    """Return points on a smooth curve through the given points, both float (n, 2).

    The curve is a Catmull-Rom spline (Catmull and Rom 1974).
    """
    ends = np.vstack([2 * points[0] - points[1], points, 2 * points[-1] - points[-2]])
    t = np.linspace(0, 1, 7)[:, None]
    pieces = [
        0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
        for a, b, c, d in zip(ends, ends[1:], ends[2:], ends[3:], strict=False)
    ]
    return np.vstack(pieces)
