"""Outliers: drawings without a digit, from which the network learns what to reject (Hendrycks et al. 2019).

    >>> draw(digits, np.random.default_rng(0)).shape                                        # doctest: +SKIP
    (28, 28)

They are letters from fonts and from strokes, scribbles, halves of digits, textures, dots and dashes. Letters that look
like some writer's digit (O, I, l, S, Z, q ...) are left out.
"""

import functools
from pathlib import Path

import cv2
import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from mnist_cnn.learn import augment
from mnist_cnn.mnist import Digits
from mnist_cnn.read.normalise import normalise

LABEL = 10
"""Class of images without a digit. It follows the ten digits."""
LETTERS = "ACDEFGHJKLMNPQRTUVWXYacdefhkmnprtuvwxy@#&%$?+*=<>ÄÜäüßéñΩπλЖДЯФ"
LOOKALIKES = "OoIl|SsZzBbgq"
"""Letters and signs that look like some writer's digits."""
FONTS = (
    "DejaVuSans", "DejaVuSans-Oblique", "DejaVuSerif", "DejaVuSerif-Italic", "DejaVuSansMono", "DejaVuSans-Bold",
    "STIXGeneral", "STIXGeneralItalic",
)  # fmt: skip
"""Fonts of matplotlib. Computer Modern is not among them: benchmarks measure with it."""

# Polylines on a grid 4 wide and 6 high, from the top left: "04" is x 0, y 4. "/" separates strokes.
_STROKES = {
    "A": "06 20 46/13 33", "C": "41 20 01 05 26 45", "D": "00 06 25 43 21 00", "E": "40 00 06 46/03 33",
    "F": "40 00 06/03 33", "H": "00 06/40 46/03 43", "K": "00 06/40 03 46", "L": "00 06 46", "M": "06 00 23 40 46",
    "N": "06 00 46 40", "P": "06 00 30 41 32 03", "R": "06 00 30 41 32 03 46", "T": "00 40/20 26",
    "U": "00 05 26 45 40", "V": "00 26 40", "W": "00 16 22 36 40", "X": "00 46/40 06", "Y": "00 23 40/23 26",
    "a": "32 12 04 16 35 32 36", "e": "04 44 32 12 04 16 35", "h": "00 06/03 22 33 36", "k": "00 06/32 04 36",
    "m": "06 02/03 12 23 26/23 32 43 46", "n": "06 02/03 22 33 36", "r": "02 06/03 12 32", "t": "10 15 26 35/02 32",
    "u": "02 05 16 35 32 36", "x": "02 36/32 06", "w": "02 16 23 36 42", "p": "02 08/03 22 34 26 05",
    "+": "21 25/03 43", "?": "01 20 41 23 24", "=": "02 42/04 44", "v": "02 26 42",
}  # fmt: skip


def draw(digits: Digits, rng: np.random.Generator) -> np.ndarray:
    """Return a normalised drawing without a digit: float32 (28, 28), 0 to 1.

    digits: images for halves of digits.
    """
    kinds = (_font_letter, _stroke_letter, _scribble, _half, _texture, _mark)
    kind = rng.choice(len(kinds), p=(0.28, 0.2, 0.18, 0.18, 0.06, 0.1))
    return kinds[kind](digits, rng)


def letter(text: str, font: str, size: int = 64) -> np.ndarray:
    """Return the ink of text in one of ``FONTS``, float32 (2 * size, 2 * size), 0 to 1."""
    picture = Image.new("L", (2 * size, 2 * size))
    ImageDraw.Draw(picture).text((size // 2, size // 2), text, fill=255, font=_font(font, size))
    return np.asarray(picture, np.float32) / 255


def scribble(rng: np.random.Generator, side: int = 84) -> np.ndarray:
    """Return the ink of a random smooth line, float32 (side, side), 0 to 1."""
    steps = rng.normal(0, 1, (int(rng.integers(10, 30)), 2))
    points = np.cumsum(steps, axis=0)
    points = (points - points.min(axis=0)) / (np.ptp(points, axis=0).max() + 1e-6) * (side - 24) + 12
    return polyline([_smooth(points)], int(rng.integers(3, 9)), side)


def polyline(strokes: list[np.ndarray], width: int, side: int) -> np.ndarray:
    """Return the ink of strokes, float32 (side, side), 0 to 1.

    strokes: float (n, 2) each, x and y in pixels.
    width: of the pen, in pixels.
    """
    ink = np.zeros((side, side), np.float32)
    fixed = [np.round(stroke * 8).astype(np.int32) for stroke in strokes]
    cv2.polylines(ink, fixed, False, 1.0, width, cv2.LINE_AA, shift=3)
    return ink


def _finish(ink: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return ink bent, with another pen, corrupted and normalised."""
    return normalise(augment.corrupt(augment.other_pen(augment.bend(ink, rng), rng), rng))


def _font_letter(digits: Digits, rng: np.random.Generator) -> np.ndarray:
    text = str(rng.choice(list(LETTERS)))
    if rng.random() < 0.15:
        text += str(rng.choice(list(LETTERS)))
    ink = letter(text, str(rng.choice(FONTS)))
    return _finish(np.pad(_square(ink), 12), rng)


def stroke_letter(rng: np.random.Generator) -> np.ndarray:
    """Return the ink of a letter drawn from strokes, round or with corners: float32 (84, 84), 0 to 1."""
    strokes = []
    name = rng.choice(list(_STROKES))
    for stroke in _STROKES[name].split("/"):
        points = np.array([[float(corner[0]), float(corner[1])] for corner in stroke.split()])
        points = (points + rng.normal(0, 0.2, points.shape)) * (11, 9) + 16
        strokes.append(_smooth(points) if rng.random() < 0.6 else points)
    return polyline(strokes, int(rng.integers(4, 9)), 84)


def _stroke_letter(digits: Digits, rng: np.random.Generator) -> np.ndarray:
    return _finish(stroke_letter(rng), rng)


def _scribble(digits: Digits, rng: np.random.Generator) -> np.ndarray:
    return _finish(scribble(rng), rng)


def _half(digits: Digits, rng: np.random.Generator) -> np.ndarray:
    """Return half a digit. Halves as slim as a 1 are not used."""
    while True:
        index = rng.integers(0, len(digits.images))
        if digits.labels[index] == 1:
            continue
        ink = augment.bend(augment.enlarge(digits.images[index]), rng)
        rows, columns = np.flatnonzero(ink.max(axis=1) > 0.3), np.flatnonzero(ink.max(axis=0) > 0.3)
        if not rows.size or len(columns) < 24:
            continue
        ink = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        if rng.random() < 0.4:
            ink = ink[: int(len(ink) * rng.uniform(0.4, 0.6))]
        else:
            most = int(ink.shape[1] * rng.uniform(0.35, 0.6))
            ink = ink[:, :most] if rng.random() < 0.5 else ink[:, -most:]
        if ink.shape[1] > 0.4 * ink.shape[0] and (ink > 0.5).any():
            return normalise(augment.corrupt(augment.other_pen(np.pad(ink, 8), rng), rng))


def _texture(digits: Digits, rng: np.random.Generator) -> np.ndarray:
    """Return noise, a grid or stripes."""
    side = 56
    kind = rng.integers(3)
    if kind == 0:
        field = cv2.GaussianBlur(rng.normal(0, 1, (side, side)).astype(np.float32), (0, 0), rng.uniform(0.6, 5))
        ink = np.clip((field / field.std() - rng.uniform(-0.5, 1)) * 2, 0, 1)
    else:
        period, width = int(rng.integers(6, 24)), int(rng.integers(1, 5))
        ink = np.zeros((side, side), np.float32)
        ink[np.arange(side) % period < width] = 1
        if kind == 1:
            ink[:, np.arange(side) % period < width] = 1
        ink = augment.bend(ink, rng)
    return normalise(ink.astype(np.float32))


def _mark(digits: Digits, rng: np.random.Generator) -> np.ndarray:
    """Return a dot, a dash, a tick or an arc. Such marks are between and after digits."""
    ink = np.zeros((84, 84), np.float32)
    kind = rng.integers(4)
    width = int(rng.integers(4, 14))
    if kind == 0:
        short, long = sorted(rng.integers(4, 30, 2).tolist())
        cv2.ellipse(ink, (42, 42), (long, short), float(rng.uniform(-40, 40)), 0, 360, 1.0, -1, cv2.LINE_AA)
    elif kind == 1:
        angle = np.deg2rad(rng.uniform(-35, 35))  # from the horizontal; a steeper line looks like a 1
        x, y = int(30 * np.cos(angle)), int(30 * np.sin(angle))
        cv2.line(ink, (42 - x, 42 - y), (42 + x, 42 + y), 1.0, width, cv2.LINE_AA)
        if rng.random() < 0.25:
            cv2.line(ink, (42 - x, 58 - y), (42 + x, 58 + y), 1.0, width)
    elif kind == 2:
        corner = rng.integers(24, 60, 2)
        points = np.array([[14, 42], corner, [72, 20]], float) + rng.normal(0, 5, (3, 2))
        ink = polyline([points], min(width, 9), 84)
    else:
        start = float(rng.uniform(0, 360))
        span = float(rng.uniform(100, 190))
        cv2.ellipse(ink, (42, 42), (30, int(rng.integers(12, 32))), start, 0, span, 1.0, min(width, 9), cv2.LINE_AA)
    return normalise(augment.corrupt(augment.bend(ink, rng), rng))


def _smooth(points: np.ndarray) -> np.ndarray:
    """Return a smooth curve near a polyline, both float (n, 2): its corners are cut three times (Chaikin 1974)."""
    for _ in range(3):
        first, second = points[:-1], points[1:]
        between = np.stack([0.75 * first + 0.25 * second, 0.25 * first + 0.75 * second], axis=1).reshape(-1, 2)
        points = np.concatenate([points[:1], between, points[-1:]])
    return points


def _square(ink: np.ndarray) -> np.ndarray:
    """Return the ink cropped to its box and scaled so that its longer side is 60 pixels."""
    rows, columns = np.flatnonzero(ink.max(axis=1) > 0.2), np.flatnonzero(ink.max(axis=0) > 0.2)
    if not rows.size:
        return np.zeros((60, 60), np.float32)
    ink = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = 60 / max(ink.shape)
    return cv2.resize(ink, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)


@functools.cache
def _font(name: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(Path(matplotlib.get_data_path(), "fonts/ttf", f"{name}.ttf"), size)
