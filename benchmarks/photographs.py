"""Rendered photographs of handwritten numbers. Their labels are known exactly.

    >>> rng = np.random.default_rng(1)
    >>> photograph(mnist.load().test.images[:5], rng).shape      # five digits as one number, with paper around them
    (416, 652, 3)

    python benchmarks/photographs.py --out /tmp/photos           contact sheets of photographs and drawings

A photograph is rendered in four steps: a pen traces MNIST's digits, on paper or a board, under a lamp, and a camera
takes the picture. The random generator decides everything: the same generator gives the same photograph.
"""

import argparse
import functools
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from drawings import drawing
from surfaces import Colour, Rng, board, noise, paper, rgb, roughness

from mnist_cnn import mnist


class Pen(NamedTuple):
    """A pen. Lengths are shares of the height of the digits."""

    colours: tuple[Colour, ...]
    radius: tuple[float, float]
    opacity: tuple[float, float]
    grain: float
    """How much ink is lost to the roughness of the paper, 0 to 1."""


BALLPOINT = Pen(
    ((28, 48, 140), (20, 35, 110), (32, 32, 38), (165, 32, 42), (22, 105, 62)), (0.02, 0.034), (0.8, 1), 0.3
)
FELT_TIP = Pen(((22, 22, 26), (24, 62, 165), (195, 34, 44), (20, 120, 70)), (0.04, 0.075), (0.88, 1), 0.08)
PENCIL = Pen(((70, 70, 76), (88, 88, 92)), (0.02, 0.04), (0.7, 0.95), 0.6)
CHALK = Pen(((232, 232, 224), (238, 222, 140), (225, 190, 190)), (0.035, 0.06), (0.75, 0.95), 0.6)


def photograph(digits: np.ndarray, rng: Rng) -> np.ndarray:
    """Return a photograph of the digits, written side by side as one number.

    digits: uint8 (k, 28, 28) from MNIST, 0 for paper to 255 for ink.
    The photograph is uint8 (h, w, 3), RGB, about 300 to 1600 pixels wide. The digits are 60 to 160 pixels high.
    """
    height = rng.uniform(60, 160 if len(digits) < 6 else 800 / len(digits))
    on_board = rng.random() < 0.1
    pen = CHALK if on_board else (BALLPOINT, FELT_TIP, PENCIL)[rng.choice(3, p=(0.5, 0.3, 0.2))]
    line = _number(digits, height, height * rng.uniform(*pen.radius), rng)
    u, v = _page(line.shape, height, rng)
    ink = cv2.remap(line, u, v, cv2.INTER_LINEAR)
    surface = board(ink.shape, rng) if on_board else paper(u, v, height, rng)
    colour = rgb(pen.colours[rng.integers(len(pen.colours))])
    coverage = ink * rng.uniform(*pen.opacity) * roughness(ink.shape, pen.grain, rng)
    scene = surface + (colour - surface) * coverage[..., None]
    return _camera(scene * _light(ink.shape, rng), height, rng)


# The pen ------------------------------------------------------------------------------------------------------------


def _number(digits: np.ndarray, height: float, radius: float, rng: Rng) -> np.ndarray:
    """Return the digits side by side, float32 (h, w), 0 for paper to 1 for ink.

    The baseline is `height` pixels above the lower edge.
    """
    strokes = [_stroke(digit, height / 20 * np.clip(rng.normal(1, 0.07), 0.8, 1.2), radius, rng) for digit in digits]
    rows = int(3 * height)
    usual = height * rng.uniform(0.08, 0.28)
    tilt = height * rng.normal(0, 0.015)  # the line rises or falls
    line = np.zeros((rows, 2), np.float32)
    for place, stroke in enumerate(strokes):
        bottom = round(2 * height + place * tilt + height * rng.normal(0, 0.03))
        tall = np.zeros((rows, stroke.shape[1]), np.float32)
        tall[bottom - len(stroke) : bottom] = stroke
        if rng.random() < 0.15:
            nested = min(0.2 * height, 0.4 * stroke.shape[1])  # with more overlap the digits would be illegible
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
    """Return the x of the stroke's left edge at which it touches the line.

    Ink up to `reach` rows above or below counts as touching.
    """
    inked, inking = line > 0.5, stroke > 0.5
    right = np.where(inked.any(axis=1), line.shape[1] - inked[:, ::-1].argmax(axis=1), -1e6).astype(np.float32)
    left = np.where(inking.any(axis=1), inking.argmax(axis=1), 1e6).astype(np.float32)
    near = cv2.dilate(right[:, None], np.ones((2 * reach + 1, 1), np.uint8))[:, 0]
    x = float((near - left).max())
    return x if x > -1e5 else float(line.shape[1])


def _stroke(digit: np.ndarray, scale: float, radius: float, rng: Rng) -> np.ndarray:
    """Redraw a digit, uint8 (28, 28), with a pen along its midline: float32 (h, w) from 0 to 1, cropped to the ink.

    Places where MNIST's stroke is much wider than elsewhere, such as a filled loop, stay wide. With a thin line there,
    the digit could look like another digit.
    """
    big = cv2.resize(np.pad(digit / np.float32(255), 2), None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    mask = (cv2.GaussianBlur(big, (0, 0), 0.35 * scale) > 0.38).astype(np.uint8)
    midline = _thin(mask)
    depth = cv2.distanceTransform(mask, cv2.DIST_L2, 5)
    distance, nearest = cv2.distanceTransformWithLabels(1 - midline, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    on = midline > 0
    usual = np.quantile(depth[on], 0.35)
    pressure = 1 + 0.18 * noise(mask.shape, 12 * scale / 3, rng)
    radii = np.zeros(nearest.max() + 1, np.float32)
    radius = min(radius, 1.15 * usual)  # a wider pen would fill the loops
    radii[nearest[on]] = np.maximum(radius * pressure[on], 0.7) + np.maximum(0, depth[on] - 1.2 * usual)
    ink = cv2.GaussianBlur(np.clip(radii[nearest] - distance + 0.5, 0, 1), (0, 0), 0.6)
    ys, xs = np.nonzero(ink > 0.02)
    return ink[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1]


def _thin(mask: np.ndarray) -> np.ndarray:
    """Return the midline of a shape, both uint8 (h, w) of 0 and 1 (Zhang & Suen 1984). Loops are kept."""
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
    """Return, for each of the two passes, 1 for the neighbourhoods of 256 in which the pixel is removable.

    The bits of a neighbourhood are clockwise from the north.
    """
    p = (np.arange(256)[:, None] >> np.arange(8)) & 1
    turns = ((p == 0) & (np.roll(p, -1, axis=1) == 1)).sum(axis=1)
    edge = (turns == 1) & (p.sum(axis=1) >= 2) & (p.sum(axis=1) <= 6)
    north, east, south, west = p[:, ::2].T
    first = edge & (north * east * south == 0) & (east * south * west == 0)
    second = edge & (north * east * west == 0) & (north * south * west == 0)
    return first.astype(np.uint8), second.astype(np.uint8)


# The page -----------------------------------------------------------------------------------------------------------


def _page(line: tuple[int, ...], height: float, rng: Rng) -> tuple[np.ndarray, np.ndarray]:
    """Return the place on the page, x and y, of each pixel of the picture: float32 (h, w), in pixels of the line."""
    angle = np.deg2rad(rng.uniform(-10, 10) if rng.random() < 0.85 else rng.uniform(-15, 15))
    cos, sin = float(np.cos(angle)), float(np.sin(angle))
    wide, high = line[1], 1.2 * height
    across, down = abs(cos) * wide + abs(sin) * high, abs(sin) * wide + abs(cos) * high
    far = 2.2 if rng.random() < 0.2 else 1  # the distance of the camera
    left, right = np.minimum(height * far * rng.uniform(0.5, 2, 2), (1600 - across) / 2)
    above, below = height * far * rng.uniform(0.5, 1.5, 2)
    spare = max(0.0, rng.uniform(300, 420) - left - across - right)
    x0, y0 = left + across / 2 + spare * rng.uniform(0.3, 0.7), above + down / 2
    w, h = int(left + across + right + spare), int(above + down + below)
    x, y = np.meshgrid(np.arange(w, dtype=np.float32) - x0, np.arange(h, dtype=np.float32) - y0)
    p, q = rng.uniform(-0.16, 0.16) / w, rng.uniform(-0.16, 0.16) / w
    away = 1 + p * x + q * y
    curl = 0.04 * height * noise((h, w), max(w, h) / 1.5, rng)  # paper is not quite flat
    u = (cos * x + sin * y) / away + wide / 2
    v = (cos * y - sin * x) / away + 1.5 * height + curl
    return u.astype(np.float32), v.astype(np.float32)


# Light and camera ---------------------------------------------------------------------------------------------------


def _light(shape: tuple[int, ...], rng: Rng) -> np.ndarray:
    """Return the brightness and colour of the light at each point, float32 (h, w, 3)."""
    h, w = shape
    x, y = np.meshgrid(np.linspace(-1, 1, w, dtype=np.float32), np.linspace(-1, 1, h, dtype=np.float32) * h / w)
    slope, falling = rng.uniform(0, 2 * np.pi), rng.uniform(0, 0.25)
    light = 1 - falling * (0.5 + 0.5 * (np.cos(slope) * x + np.sin(slope) * y))
    light *= 1 - rng.uniform(0, 0.18) * (x * x + y * y)
    light *= 1 + rng.uniform(0, 0.04) * noise(shape, max(shape) / 2, rng)
    if rng.random() < 0.35:
        side, softness = rng.uniform(0, 2 * np.pi), rng.uniform(0.015, 0.3)
        beyond = np.cos(side) * x + np.sin(side) * y - rng.uniform(-0.5, 0.6)
        beyond += 0.06 * noise(shape, max(shape) / 3, rng)  # shadows of hands and heads have no straight edge
        light *= 1 - rng.uniform(0.1, 0.42) / (1 + np.exp(np.clip(-beyond / softness, -30, 30)))
    warmth = rng.normal(0.01, 0.03)
    tint = np.array((1 + warmth, 1 + rng.normal(0, 0.01), 1 - 1.3 * warmth), np.float32)
    return light[..., None] * tint * np.float32(rng.uniform(0.68, 1.04))


def _camera(scene: np.ndarray, height: float, rng: Rng) -> np.ndarray:
    """Return the scene, float32 (h, w, 3) from 0 to 1, with blur, noise and JPEG compression, as uint8."""
    sharpness = height / 100
    scene = cv2.GaussianBlur(scene, (0, 0), max(0.4, sharpness * rng.uniform(0.4, 1.5)))
    if rng.random() < 0.2:
        scene = cv2.filter2D(scene, -1, _shake(max(3, round(sharpness * rng.uniform(3, 7))), rng))
    grain = rng.normal(0, rng.uniform(0.004, 0.028), scene.shape).astype(np.float32)
    grain = 0.8 * grain.mean(axis=2, keepdims=True) * 3**0.5 + 0.45 * cv2.GaussianBlur(grain, (0, 0), 1) * 2
    scene = scene + grain * np.sqrt(np.clip(scene, 0.1, 1))
    pixels = np.clip(scene[..., ::-1] * 255 + 0.5, 0, 255).astype(np.uint8)
    jpeg = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(40, 96))])[1]
    decoded = cv2.imdecode(jpeg, cv2.IMREAD_COLOR)
    assert decoded is not None  # noqa: S101  for mypy: the line above encoded it
    return np.ascontiguousarray(decoded[..., ::-1])


def _shake(length: int, rng: Rng) -> np.ndarray:
    """Return the blur kernel of a camera that moved by `length` pixels."""
    angle, middle = rng.uniform(0, np.pi), length // 2
    dx, dy = middle * np.cos(angle), middle * np.sin(angle)
    kernel = np.zeros((2 * middle + 1, 2 * middle + 1), np.float32)
    cv2.line(kernel, (round(middle - dx), round(middle - dy)), (round(middle + dx), round(middle + dy)), 1.0)
    return kernel / kernel.sum()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--out", type=Path, default=Path("runs/photographs"), metavar="DIR", help="folder for the sheets"
    )
    parser.add_argument("--seed", type=int, default=0, help="random seed")
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
    """Write the pictures side by side into one file and return it."""
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
