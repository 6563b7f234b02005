"""Photographs of handwritten numbers, and drawings on a canvas, made up: pictures whose label is known for certain.

    >>> rng = np.random.default_rng(1)
    >>> photograph(mnist.load().test.images[:5], rng).shape      # five digits as one number, with paper around them
    (416, 652, 3)
    >>> image, label = drawing(1, rng)                           # one digit on a canvas of 280 x 280

    python benchmarks/photographs.py --out /tmp/photos           sheets of them, to look at

A photograph follows the light: a pen goes along the strokes of MNIST's digits, on a paper, under a lamp, and a camera
looks at it. A drawing has no MNIST in it: its digits are skeletons, written down below. The generator of random
numbers decides everything, so the same one makes the same picture.
"""

import argparse
import functools
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from mnist_cnn import mnist

Rng = np.random.Generator
Colour = tuple[int, int, int]
"""Red, green, blue, 0 to 255."""


class Pen(NamedTuple):
    """What it leaves on the paper; lengths as a share of the digits' height."""

    colours: tuple[Colour, ...]
    radius: tuple[float, float]
    opacity: tuple[float, float]
    grain: float
    """How much of the ink the paper's roughness takes away, 0 to 1."""


BALLPOINT = Pen(
    ((28, 48, 140), (20, 35, 110), (32, 32, 38), (165, 32, 42), (22, 105, 62)), (0.02, 0.034), (0.8, 1), 0.3
)
FELT_TIP = Pen(((22, 22, 26), (24, 62, 165), (195, 34, 44), (20, 120, 70)), (0.04, 0.075), (0.88, 1), 0.08)
PENCIL = Pen(((70, 70, 76), (88, 88, 92)), (0.02, 0.04), (0.7, 0.95), 0.6)
CHALK = Pen(((232, 232, 224), (238, 222, 140), (225, 190, 190)), (0.035, 0.06), (0.75, 0.95), 0.6)

PAPERS: tuple[Colour, ...] = ((240, 240, 238), (236, 238, 242), (241, 233, 212), (245, 238, 190), (206, 205, 202))
BOARDS: tuple[Colour, ...] = ((38, 66, 56), (34, 36, 38), (52, 58, 64))
LINES: tuple[Colour, ...] = ((120, 160, 215), (150, 150, 155), (215, 120, 130), (120, 175, 190))


def photograph(digits: np.ndarray, rng: Rng) -> np.ndarray:
    """A photograph of the digits, written in a row as one number.

    digits: uint8 (k, 28, 28), MNIST's: 0 is paper, 255 is ink.
    Returns uint8 (h, w, 3), RGB, about 300 to 1600 pixels wide; the digits are 60 to 160 high.
    """
    height = rng.uniform(60, 160 if len(digits) < 6 else 800 / len(digits))
    board = rng.random() < 0.1
    pen = CHALK if board else (BALLPOINT, FELT_TIP, PENCIL)[rng.choice(3, p=(0.5, 0.3, 0.2))]
    line = _number(digits, height, height * rng.uniform(*pen.radius), rng)
    u, v = _page(line.shape, height, rng)
    ink = cv2.remap(line, u, v, cv2.INTER_LINEAR)
    surface = _board(ink.shape, rng) if board else _paper(u, v, height, rng)
    colour = _rgb(pen.colours[rng.integers(len(pen.colours))])
    coverage = ink * rng.uniform(*pen.opacity) * _roughness(ink.shape, pen.grain, rng)
    scene = surface + (colour - surface) * coverage[..., None]
    return _camera(scene * _light(ink.shape, rng), height, rng)


# The pen ------------------------------------------------------------------------------------------------------------


def _number(digits: np.ndarray, height: float, radius: float, rng: Rng) -> np.ndarray:
    """The digits side by side, float32 (h, w), 0 paper to 1 ink; the baseline is `height` above the lower edge."""
    strokes = [_stroke(digit, height / 20 * np.clip(rng.normal(1, 0.07), 0.8, 1.2), radius, rng) for digit in digits]
    rows = int(3 * height)
    usual = height * rng.uniform(0.08, 0.28)
    tilt = height * rng.normal(0, 0.015)  # the hand climbs or sinks
    line = np.zeros((rows, 2), np.float32)
    for place, stroke in enumerate(strokes):
        bottom = round(2 * height + place * tilt + height * rng.normal(0, 0.03))
        tall = np.zeros((rows, stroke.shape[1]), np.float32)
        tall[bottom - len(stroke) : bottom] = stroke
        if rng.random() < 0.15:
            nested = min(0.2 * height, 0.4 * stroke.shape[1])  # deeper, and nobody could tell them apart
            x = max(_contact(line, tall, reach=1), line.shape[1] - nested) - rng.uniform(-0.3, 0.7) * radius
        else:
            gap = usual * rng.uniform(0.5, 1.6)
            x = max(_contact(line, tall, reach=int(0.25 * height)), line.shape[1] - 0.2 * height) + gap + 2
        left = max(0, round(x)) if place else 0
        right = left + tall.shape[1]
        line = np.pad(line, ((0, 0), (0, max(0, right - line.shape[1]))))
        line[:, left:right] = np.maximum(line[:, left:right], tall)
    return line


def _contact(line: np.ndarray, stroke: np.ndarray, reach: int) -> float:
    """Where the stroke's left edge is when it touches the line, up or down by `reach` rows counted as touching."""
    inked, inking = line > 0.5, stroke > 0.5
    right = np.where(inked.any(axis=1), line.shape[1] - inked[:, ::-1].argmax(axis=1), -1e6).astype(np.float32)
    left = np.where(inking.any(axis=1), inking.argmax(axis=1), 1e6).astype(np.float32)
    near = cv2.dilate(right[:, None], np.ones((2 * reach + 1, 1), np.uint8))[:, 0]
    x = float((near - left).max())
    return x if x > -1e5 else float(line.shape[1])


def _stroke(digit: np.ndarray, scale: float, radius: float, rng: Rng) -> np.ndarray:
    """A digit, uint8 (28, 28), written anew by a pen along its midline: float32 (h, w), 0 to 1, cropped to its ink.

    Where MNIST's stroke is far wider than usual, as in a loop that ran full, it stays wide: the digit would become
    another one otherwise.
    """
    big = cv2.resize(np.pad(digit / np.float32(255), 2), None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    mask = (cv2.GaussianBlur(big, (0, 0), 0.35 * scale) > 0.38).astype(np.uint8)
    midline = _thin(mask)
    depth = cv2.distanceTransform(mask, cv2.DIST_L2, 5)
    distance, nearest = cv2.distanceTransformWithLabels(1 - midline, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    on = midline > 0
    usual = np.quantile(depth[on], 0.35)
    pressure = 1 + 0.18 * _noise(mask.shape, 12 * scale / 3, rng)
    radii = np.zeros(nearest.max() + 1, np.float32)
    radius = min(radius, 1.15 * usual)  # a wider pen would fill the loops
    radii[nearest[on]] = np.maximum(radius * pressure[on], 0.7) + np.maximum(0, depth[on] - 1.2 * usual)
    ink = cv2.GaussianBlur(np.clip(radii[nearest] - distance + 0.5, 0, 1), (0, 0), 0.6)
    ys, xs = np.nonzero(ink > 0.02)
    return ink[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1]


def _thin(mask: np.ndarray) -> np.ndarray:
    """The midline of a shape, both uint8 (h, w) of 0 and 1, by Zhang and Suen 1984; its loops stay loops."""
    weights = np.array([[128, 1, 2], [64, 0, 4], [32, 16, 8]], np.float32)
    image = np.pad(mask, 1)
    while True:
        before = int(image.sum())
        for table in _removable():
            image = image & ~table[cv2.filter2D(image, cv2.CV_8U, weights)]
        if int(image.sum()) == before:
            return image[1:-1, 1:-1]


@functools.cache
def _removable() -> tuple[np.ndarray, np.ndarray]:
    """For each of the two passes and each of the 256 neighbourhoods, clockwise from the north: 1 if it may go."""
    p = (np.arange(256)[:, None] >> np.arange(8)) & 1
    turns = ((p == 0) & (np.roll(p, -1, axis=1) == 1)).sum(axis=1)
    edge = (turns == 1) & (p.sum(axis=1) >= 2) & (p.sum(axis=1) <= 6)
    north, east, south, west = p[:, ::2].T
    first = edge & (north * east * south == 0) & (east * south * west == 0)
    second = edge & (north * east * west == 0) & (north * south * west == 0)
    return first.astype(np.uint8), second.astype(np.uint8)


# The paper ----------------------------------------------------------------------------------------------------------


def _page(line: tuple[int, ...], height: float, rng: Rng) -> tuple[np.ndarray, np.ndarray]:
    """For each pixel of the picture the place on the page it shows: x and y, float32 (h, w), in pixels of the line."""
    angle = np.deg2rad(rng.uniform(-10, 10) if rng.random() < 0.85 else rng.uniform(-15, 15))
    cos, sin = float(np.cos(angle)), float(np.sin(angle))
    wide, high = line[1], 1.2 * height
    across, down = abs(cos) * wide + abs(sin) * high, abs(sin) * wide + abs(cos) * high
    far = 2.2 if rng.random() < 0.2 else 1  # from where it was taken
    left, right = np.minimum(height * far * rng.uniform(0.5, 2, 2), (1600 - across) / 2)
    above, below = height * far * rng.uniform(0.5, 1.5, 2)
    spare = max(0.0, rng.uniform(300, 420) - left - across - right)
    x0, y0 = left + across / 2 + spare * rng.uniform(0.3, 0.7), above + down / 2
    w, h = int(left + across + right + spare), int(above + down + below)
    x, y = np.meshgrid(np.arange(w, dtype=np.float32) - x0, np.arange(h, dtype=np.float32) - y0)
    p, q = rng.uniform(-0.16, 0.16) / w, rng.uniform(-0.16, 0.16) / w
    away = 1 + p * x + q * y
    curl = 0.04 * height * _noise((h, w), max(w, h) / 1.5, rng)  # no paper lies quite flat
    u = (cos * x + sin * y) / away + wide / 2
    v = (cos * y - sin * x) / away + 1.5 * height + curl
    return u.astype(np.float32), v.astype(np.float32)


def _paper(u: np.ndarray, v: np.ndarray, height: float, rng: Rng) -> np.ndarray:
    """Paper with its texture, often lines, sometimes specks: float32 (h, w, 3), 0 to 1."""
    shape = u.shape
    colour = _rgb(PAPERS[rng.choice(len(PAPERS), p=(0.4, 0.2, 0.2, 0.05, 0.15))])
    rough = rng.uniform(0.2, 1.2)
    texture = 1 + rough * (
        0.008 * _noise(shape, 40, rng) + 0.008 * _noise(shape, 5, rng) + 0.01 * _noise(shape, 1.5, rng)
    )
    paper = colour * texture[..., None]
    if rng.random() < 0.35:
        paper = _ruled(paper, u, v, height, rng)
    if rng.random() < 0.2:
        specks = np.zeros(shape, np.float32)
        for _ in range(rng.integers(1, 8)):
            place = (int(rng.integers(shape[1]) * 16), int(rng.integers(shape[0]) * 16))
            radius = int(16 * rng.uniform(0.6, 0.8 + 0.012 * height))
            cv2.circle(specks, place, radius, float(rng.uniform(0.2, 0.8)), -1, cv2.LINE_8, 4)
        paper *= 1 - 0.8 * cv2.GaussianBlur(specks, (0, 0), 0.7)[..., None]
    return paper


def _ruled(paper: np.ndarray, u: np.ndarray, v: np.ndarray, height: float, rng: Rng) -> np.ndarray:
    """The paper with lines to write on, or with squares."""
    squared = rng.random() < 0.45
    spacing = height * (rng.uniform(0.35, 0.9) if squared else rng.uniform(1.05, 1.9))
    thickness = rng.uniform(0.8, 1.2) * max(1.0, 0.013 * height)
    base = 2 * height + height * rng.normal(0.02, 0.05)
    lines = _lines(v - base, spacing, thickness)
    if squared:
        lines = np.maximum(lines, _lines(u + rng.uniform(0, spacing), spacing, thickness))
    lines *= rng.uniform(0.3, 0.75) * (1 + 0.15 * _noise(lines.shape, 15, rng))
    colour = _rgb(LINES[rng.choice(len(LINES), p=(0.45, 0.35, 0.08, 0.12))])
    paper = paper * (1 - (1 - colour) * lines[..., None])
    if not squared and rng.random() < 0.3:
        margin = np.clip(thickness / 2 + 0.5 - np.abs(u + height * rng.uniform(0.3, 1)), 0, 1)
        paper = paper * (1 - np.array((0.15, 0.5, 0.45), np.float32) * margin[..., None])
    return paper


def _lines(at: np.ndarray, spacing: float, thickness: float) -> np.ndarray:
    """1 on the lines, 0 between them, for the distances from one of them."""
    off = np.abs((at + spacing / 2) % spacing - spacing / 2)
    return np.clip(thickness / 2 + 0.5 - off, 0, 1)


def _board(shape: tuple[int, ...], rng: Rng) -> np.ndarray:
    """A blackboard with what the sponge left: float32 (h, w, 3), 0 to 1."""
    colour = _rgb(BOARDS[rng.integers(len(BOARDS))])
    wiped = cv2.GaussianBlur(_noise(shape, 4, rng), (0, 0), sigmaX=rng.uniform(40, 90), sigmaY=rng.uniform(3, 8))
    wiped = wiped * (rng.uniform(0.1, 0.9) * 0.02 / max(float(wiped.std()), 1e-6))
    dust = 0.02 * _noise(shape, max(shape) / 3, rng) + wiped + 0.01 * _noise(shape, 1.2, rng)
    return np.clip(colour + (dust + 0.03)[..., None], 0, 1)


def _roughness(shape: tuple[int, ...], grain: float, rng: Rng) -> np.ndarray:
    """Which share of the ink sticks, float32 (h, w): paper has hills and valleys, and a pen its moods."""
    fine = 1.1 * _noise(shape, 1.2, rng) + 0.5 * _noise(shape, 3, rng)
    return np.clip(1 - grain * (0.35 + 0.45 * fine), 0.05, 1) * np.clip(1 - 0.06 * _noise(shape, 30, rng), 0, 1)


# Light and camera ---------------------------------------------------------------------------------------------------


def _light(shape: tuple[int, ...], rng: Rng) -> np.ndarray:
    """How bright each point is lit and in which colour, float32 (h, w, 3)."""
    h, w = shape
    x, y = np.meshgrid(np.linspace(-1, 1, w, dtype=np.float32), np.linspace(-1, 1, h, dtype=np.float32) * h / w)
    slope, falling = rng.uniform(0, 2 * np.pi), rng.uniform(0, 0.25)
    light = 1 - falling * (0.5 + 0.5 * (np.cos(slope) * x + np.sin(slope) * y))
    light *= 1 - rng.uniform(0, 0.18) * (x * x + y * y)
    light *= 1 + rng.uniform(0, 0.04) * _noise(shape, max(shape) / 2, rng)
    if rng.random() < 0.35:
        side, softness = rng.uniform(0, 2 * np.pi), rng.uniform(0.015, 0.3)
        beyond = np.cos(side) * x + np.sin(side) * y - rng.uniform(-0.5, 0.6)
        beyond += 0.06 * _noise(shape, max(shape) / 3, rng)  # a hand, a head: no straight edge
        light *= 1 - rng.uniform(0.1, 0.42) / (1 + np.exp(np.clip(-beyond / softness, -30, 30)))
    warmth = rng.normal(0.01, 0.03)
    tint = np.array((1 + warmth, 1 + rng.normal(0, 0.01), 1 - 1.3 * warmth), np.float32)
    return light[..., None] * tint * np.float32(rng.uniform(0.68, 1.04))


def _camera(scene: np.ndarray, height: float, rng: Rng) -> np.ndarray:
    """What the sensor makes of it: blur, noise, JPEG. float32 (h, w, 3), 0 to 1 -> uint8."""
    sharpness = height / 100
    scene = cv2.GaussianBlur(scene, (0, 0), max(0.4, sharpness * rng.uniform(0.4, 1.5)))
    if rng.random() < 0.2:
        scene = cv2.filter2D(scene, -1, _shake(max(3, round(sharpness * rng.uniform(3, 7))), rng))
    noise = rng.normal(0, rng.uniform(0.004, 0.028), scene.shape).astype(np.float32)
    noise = 0.8 * noise.mean(axis=2, keepdims=True) * 3**0.5 + 0.45 * cv2.GaussianBlur(noise, (0, 0), 1) * 2
    scene = scene + noise * np.sqrt(np.clip(scene, 0.1, 1))
    pixels = np.clip(scene[..., ::-1] * 255 + 0.5, 0, 255).astype(np.uint8)
    jpeg = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(40, 96))])[1]
    decoded = cv2.imdecode(jpeg, cv2.IMREAD_COLOR)
    assert decoded is not None  # noqa: S101  for mypy: it was encoded a line ago
    return np.ascontiguousarray(decoded[..., ::-1])


def _shake(length: int, rng: Rng) -> np.ndarray:
    """The kernel of a camera that moved by so many pixels."""
    angle, middle = rng.uniform(0, np.pi), length // 2
    dx, dy = middle * np.cos(angle), middle * np.sin(angle)
    kernel = np.zeros((2 * middle + 1, 2 * middle + 1), np.float32)
    cv2.line(kernel, (round(middle - dx), round(middle - dy)), (round(middle + dx), round(middle + dy)), 1.0)
    return kernel / kernel.sum()


def _rgb(colour: Colour) -> np.ndarray:
    return np.array(colour, np.float32) / np.float32(255)


def _noise(shape: tuple[int, ...], scale: float, rng: Rng) -> np.ndarray:
    """Smooth noise whose hills are about `scale` pixels wide, float32 (h, w), of mean 0 and deviation about 1."""
    h, w = shape
    if scale < 2.5:  # a grid so narrow would show as a weave
        fine = cv2.GaussianBlur(rng.standard_normal((h, w), dtype=np.float32), (0, 0), scale / 3)
        return fine / fine.std()
    grid = rng.standard_normal((int(h / scale) + 2, int(w / scale) + 2), dtype=np.float32)
    return cv2.resize(grid, (w, h), interpolation=cv2.INTER_CUBIC)


# Drawings -----------------------------------------------------------------------------------------------------------

Curve = tuple[tuple[float, float], ...]
"""Points (x, y) in a box of 1 x 1, y downwards, that a smooth line goes through; curves meet in corners."""

_BAR: Curve = ((0.55, 0), (0.54, 0.5), (0.52, 1))
_RING: Curve = ((0.5, 0), (0.2, 0.12), (0.02, 0.5), (0.18, 0.88), (0.5, 1), (0.82, 0.88), (0.98, 0.5), (0.8, 0.12))
_SEVEN: tuple[Curve, ...] = (((0.05, 0.03), (0.5, 0.04), (0.93, 0.01)), ((0.93, 0.01), (0.6, 0.5), (0.4, 1)))
_BELLY: Curve = ((0.15, 0.44), (0.5, 0.36), (0.85, 0.48), (0.95, 0.7), (0.76, 0.94), (0.4, 1), (0.03, 0.9))
_HEAD: Curve = ((0.9, 0.16), (0.6, 0), (0.22, 0.05), (0.05, 0.27), (0.2, 0.47), (0.55, 0.46), (0.82, 0.3), (0.91, 0.12))

SKELETONS: tuple[tuple[tuple[Curve, ...], ...], ...] = (
    (  # 0: closed, run past its beginning, crossed
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
    (  # 3: with a corner, in one go, flat on top
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
    (  # 5: top drawn last, in one go, top drawn apart
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
    (  # 8: in one go, two rings
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


def drawing(k: int, rng: Rng) -> tuple[np.ndarray, str]:
    """k digits, 1 to 4, as drawn with a mouse or a finger anywhere on a canvas: uint8 (280, 280), and what they are.

    The brush is 2 to 22 pixels wide; black on white, or in three of ten white on black.
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
    canvas = np.zeros((1120, 1120), np.uint8)  # four times as fine
    lines = [np.round((curve * fit + shift) * 4).astype(np.int32) for curve in curves]
    cv2.polylines(canvas, lines, isClosed=False, color=255, thickness=round(brush * 4), lineType=cv2.LINE_AA)
    image = cv2.resize(canvas, (280, 280), interpolation=cv2.INTER_AREA)
    return (image if rng.random() < 0.3 else 255 - image), "".join(map(str, digits))


def _jittered(curves: tuple[Curve, ...], rng: Rng) -> list[np.ndarray]:
    """The curves by another hand, float (n, 2) each; points in common stay in common."""
    amount = rng.uniform(0.01, 0.04)
    moved = {point: np.add(point, rng.normal(0, amount, 2)) for curve in curves for point in curve}
    return [np.array([moved[point] for point in curve]) for curve in curves]


def _spline(points: np.ndarray, steps: int) -> np.ndarray:
    """A Catmull-Rom spline through the points, float (n, 2), with so many steps from one to the next."""
    ends = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    a, b, c, d = (ends[i : len(ends) - 3 + i, None] for i in range(4))
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    between = b + t * ((c - a) + t * ((2 * a - 5 * b + 4 * c - d) + t * (3 * (b - c) + d - a))) / 2
    return np.concatenate([between.reshape(-1, 2), points[-1:]])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/photographs"))
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(options.seed)
    images = mnist.load().test.images
    sheets = {
        "numbers": [photograph(rng.choice(images, 5, axis=0), rng) for _ in range(18)],
        "digits": [photograph(rng.choice(images, 1, axis=0), rng) for _ in range(30)],
        "drawings": [drawing(int(rng.choice((1, 1, 2, 3))), rng)[0] for _ in range(60)],
    }
    for name, pictures in sheets.items():
        columns = {"numbers": 3, "digits": 6, "drawings": 10}[name]
        print(_sheet(pictures, columns, options.out / f"{name}.png"))


def _sheet(pictures: list[np.ndarray], columns: int, file: Path) -> Path:
    """The pictures side by side, in one file."""
    wide, high = 1800 // columns, int(1800 / columns * (0.62 if columns == 3 else 1))
    sheet = np.full((-(-len(pictures) // columns) * high, 1800, 3), 255, np.uint8)
    for number, picture in enumerate(pictures):
        fit = min((wide - 6) / picture.shape[1], (high - 6) / picture.shape[0])
        small = cv2.resize(picture, None, fx=fit, fy=fit, interpolation=cv2.INTER_AREA)
        y, x = number // columns * high, number % columns * wide
        sheet[y : y + small.shape[0], x : x + small.shape[1]] = small if small.ndim == 3 else small[..., None]
    cv2.imwrite(str(file), sheet[..., ::-1])
    return file


if __name__ == "__main__":
    main()
