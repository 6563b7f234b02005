"""Drawings of digits on a canvas, as with a mouse or a finger. Their labels are known exactly.

    >>> rng = np.random.default_rng(1)
    >>> image, label = drawing(2, rng)                           # two digits on a canvas of 280 x 280 pixels
    >>> image.shape, len(label)
    ((280, 280), 2)

The digits are drawn from the skeletons below, so they are independent of MNIST. The random generator decides
everything: the same generator gives the same drawing.
"""

import cv2
import numpy as np

Curve = tuple[tuple[float, float], ...]
"""Points (x, y) of a smooth line in a box of 1 x 1, with y downwards; two curves that meet form a corner."""

_BAR: Curve = ((0.55, 0), (0.54, 0.5), (0.52, 1))
_RING: Curve = ((0.5, 0), (0.2, 0.12), (0.02, 0.5), (0.18, 0.88), (0.5, 1), (0.82, 0.88), (0.98, 0.5), (0.8, 0.12))
_SEVEN: tuple[Curve, ...] = (((0.05, 0.03), (0.5, 0.04), (0.93, 0.01)), ((0.93, 0.01), (0.6, 0.5), (0.4, 1)))
_BELLY: Curve = ((0.15, 0.44), (0.5, 0.36), (0.85, 0.48), (0.95, 0.7), (0.76, 0.94), (0.4, 1), (0.03, 0.9))
_HEAD: Curve = ((0.9, 0.16), (0.6, 0), (0.22, 0.05), (0.05, 0.27), (0.2, 0.47), (0.55, 0.46), (0.82, 0.3), (0.91, 0.12))

SKELETONS: tuple[tuple[tuple[Curve, ...], ...], ...] = (  # by digit, then by variant
    (  # 0: closed, overlapping its start, crossed
        ((*_RING, (0.52, 0.01)),),
        ((*_RING, (0.45, -0.02), (0.28, 0.1)),),
        ((*_RING, (0.52, 0.01)), ((0.85, 0.08), (0.15, 0.92))),
    ),
    (  # 1: a bar, with a flag, with a foot
        (_BAR,),
        (((0.08, 0.36), (0.3, 0.22), (0.6, 0)), ((0.6, 0), (0.6, 0.5), (0.58, 1))),
        (((0.3, 0.2), (0.55, 0)), _BAR, ((0.18, 1), (0.9, 1))),
    ),
    (  # 2: with a corner, with a loop, like a Z
        (
            ((0.05, 0.25), (0.2, 0.05), (0.5, 0), (0.82, 0.1), (0.88, 0.32), (0.7, 0.6), (0.35, 0.85), (0.05, 1)),
            ((0.05, 1), (0.5, 0.97), (0.98, 1)),
        ),
        (
            (
                *((0.05, 0.22), (0.25, 0.03), (0.55, 0), (0.85, 0.15), (0.82, 0.42), (0.55, 0.75), (0.25, 0.97)),
                *((0.06, 0.95), (0.08, 0.8), (0.28, 0.8), (0.55, 0.95), (0.8, 1), (1, 0.92)),
            ),
        ),
        (
            ((0.05, 0.14), (0.3, 0), (0.7, 0.02), (0.84, 0.2), (0.6, 0.55), (0.05, 1)),
            ((0.05, 1), (0.5, 0.99), (1, 0.98)),
        ),
    ),
    (  # 3: with a corner, in one stroke, flat on top
        (
            ((0.08, 0.12), (0.4, 0), (0.78, 0.08), (0.85, 0.27), (0.65, 0.43), (0.35, 0.48)),
            ((0.35, 0.48), (0.75, 0.52), (0.95, 0.73), (0.75, 0.95), (0.4, 1), (0.03, 0.9)),
        ),
        (
            (
                *((0.08, 0.12), (0.4, 0), (0.78, 0.08), (0.82, 0.28), (0.6, 0.43), (0.42, 0.47)),
                *((0.65, 0.5), (0.93, 0.68), (0.8, 0.93), (0.4, 1), (0.03, 0.88)),
            ),
        ),
        (
            ((0.08, 0.02), (0.5, 0.01), (0.87, 0)),
            ((0.87, 0), (0.4, 0.4)),
            ((0.4, 0.4), (0.8, 0.45), (0.97, 0.7), (0.78, 0.95), (0.4, 1), (0.05, 0.9)),
        ),
    ),
    (  # 4: open, closed, open and round
        (((0.27, 0), (0.05, 0.58)), ((0.05, 0.58), (0.5, 0.57), (0.98, 0.55)), ((0.74, 0.2), (0.7, 1))),
        (((0.66, 0), (0.02, 0.68)), ((0.02, 0.68), (0.5, 0.68), (1, 0.67)), ((0.66, 0), (0.65, 0.5), (0.65, 1))),
        (((0.14, 0.02), (0.08, 0.35), (0.2, 0.5), (0.5, 0.53), (0.86, 0.45)), ((0.88, 0.02), (0.84, 0.5), (0.8, 1))),
    ),
    (  # 5: top drawn last, top drawn first, top separate
        (((0.2, 0), (0.15, 0.44)), _BELLY, ((0.2, 0), (0.55, 0.01), (0.92, 0))),
        (((0.9, 0), (0.5, 0.01), (0.22, 0.05)), ((0.22, 0.05), (0.15, 0.44)), _BELLY),
        (((0.24, 0.04), (0.15, 0.44)), _BELLY, ((0.3, 0.02), (0.6, 0), (0.97, -0.03))),
    ),
    (  # 6: round, straight with a small loop
        (
            (
                *((0.78, 0), (0.4, 0.15), (0.12, 0.45), (0.05, 0.75), (0.25, 0.97), (0.6, 1)),
                *((0.92, 0.85), (0.88, 0.6), (0.6, 0.48), (0.28, 0.56), (0.1, 0.76)),
            ),
        ),
        (
            (
                *((0.6, 0), (0.25, 0.35), (0.05, 0.7), (0.2, 0.96), (0.55, 1), (0.85, 0.88)),
                *((0.86, 0.66), (0.55, 0.56), (0.22, 0.66), (0.1, 0.78)),
            ),
        ),
    ),
    (  # 7: plain, crossed, with a hook
        _SEVEN,
        (*_SEVEN, ((0.3, 0.5), (0.88, 0.48))),
        (((0.05, 0.2), (0.05, 0.03)), *_SEVEN),
    ),
    (  # 8: in one stroke, two rings
        (
            (
                *((0.82, 0.13), (0.5, 0), (0.18, 0.1), (0.16, 0.3), (0.5, 0.48), (0.86, 0.68), (0.8, 0.92), (0.5, 1)),
                *((0.15, 0.9), (0.1, 0.68), (0.45, 0.48), (0.8, 0.32), (0.83, 0.15)),
            ),
        ),
        (
            ((0.5, 0.46), (0.2, 0.35), (0.18, 0.12), (0.5, 0), (0.82, 0.12), (0.8, 0.35), (0.52, 0.46)),
            ((0.5, 0.46), (0.1, 0.6), (0.08, 0.88), (0.5, 1), (0.92, 0.88), (0.9, 0.6), (0.52, 0.46)),
        ),
    ),
    (  # 9: with a straight tail, with a curled one
        (_HEAD, ((0.91, 0.12), (0.88, 0.5), (0.8, 1))),
        (_HEAD, ((0.91, 0.12), (0.92, 0.6), (0.75, 0.92), (0.4, 1), (0.1, 0.92))),
    ),
)


def drawing(k: int, rng: np.random.Generator) -> tuple[np.ndarray, str]:
    """Return a drawing of k digits, 1 to 4, anywhere on a canvas, uint8 (280, 280), and its label.

    The brush is 2 to 22 pixels wide. The drawing is black on white, or in three of ten cases white on black.
    """
    room = 280 / k
    height = rng.uniform(70 if k == 1 else 0.8 * room, min(250, 1.6 * room))
    brush = min(rng.uniform(2, 22), height / 8)
    aspect, slant = rng.uniform(0.5, 0.85), rng.normal(0.08, 0.14)
    digits = rng.integers(0, 10, k)
    aspect = min(aspect, (room - brush - 8) / height / 1.25)
    curves = []
    for place, digit in enumerate(digits):
        variants = SKELETONS[digit]
        for curve in _jittered(variants[rng.integers(len(variants))], rng):
            xy = _spline(curve, int(rng.integers(3, 12))) * (aspect * height, height)
            xy[:, 0] -= slant * (xy[:, 1] - height / 2) - place * min(room, aspect * height * 1.25 + brush + 6)
            curves.append(xy)
    points = np.concatenate(curves)
    low, high = points.min(axis=0) - brush / 2 - 2, points.max(axis=0) + brush / 2 + 2
    fit = min(1.0, float((278 / (high - low)).min()))
    shift = rng.uniform(0, 1, 2) * np.maximum(0, 280 - fit * (high - low)) - fit * low
    canvas = np.zeros((1120, 1120), np.uint8)  # at four times the resolution
    lines = [np.round((curve * fit + shift) * 4).astype(np.int32) for curve in curves]
    cv2.polylines(canvas, lines, isClosed=False, color=255, thickness=round(brush * 4), lineType=cv2.LINE_AA)
    image = cv2.resize(canvas, (280, 280), interpolation=cv2.INTER_AREA)
    return (image if rng.random() < 0.3 else 255 - image), "".join(map(str, digits))


def _jittered(curves: tuple[Curve, ...], rng: np.random.Generator) -> list[np.ndarray]:
    """Return the curves with their points moved at random, float (n, 2) each; shared points stay shared."""
    amount = rng.uniform(0.01, 0.04)
    moved = {point: np.add(point, rng.normal(0, amount, 2)) for curve in curves for point in curve}
    return [np.array([moved[point] for point in curve]) for curve in curves]


def _spline(points: np.ndarray, steps: int) -> np.ndarray:
    """Return a Catmull-Rom spline through the points, float (n, 2), with `steps` steps between neighbours."""
    ends = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    a, b, c, d = (ends[i : len(ends) - 3 + i, None] for i in range(4))
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    between = b + t * ((c - a) + t * ((2 * a - 5 * b + 4 * c - d) + t * (3 * (b - c) + d - a))) / 2
    return np.concatenate([between.reshape(-1, 2), points[-1:]])
