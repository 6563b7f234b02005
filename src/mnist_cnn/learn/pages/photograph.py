"""Photograph: a sheet as a photograph, a scan or a drawing on a screen.

Everywhere, ``h`` is the height of a digit of usual size, and ``side`` is that of the picture, in pixels. ``chance`` has
a random number, 0 to 1, for each effect that only some pictures have.
"""

import cv2
import numpy as np

from mnist_cnn.learn.pages.glyphs import Glyph
from mnist_cnn.learn.pages.sheet import MARGIN, Sheet


def photograph(sheet: Sheet, h: float, rng: np.random.Generator, side: int) -> tuple[np.ndarray, list[Glyph]]:
    """Return a picture of the sheet, uint8 (side, side), and the glyphs at their places on it.

    Most are photographs or scans, with paper, pen, light and camera. The others are drawings on a screen.
    """
    if rng.random() < 0.18:
        return _on_screen(sheet, h, rng, side)
    chance = rng.random(20)
    opacity = float(rng.uniform(0.25, 0.95))
    paper = _paper(sheet, h, opacity, chance, rng, side)
    ink = sheet.ink
    if chance[4] < 0.4:
        ink = ink * np.clip(_field(ink.shape, (6, 6), 0.4, 1.3, rng), 0.3, 1)
    if chance[5] < 0.35:
        grain = cv2.GaussianBlur(rng.standard_normal(ink.shape, np.float32), (0, 0), rng.uniform(0.5, 1.2))
        ink = ink * (1 + np.float32(rng.uniform(0.1, 1.0)) * grain)
    dark = np.float32(opacity * rng.uniform(0.35, 1.15))
    pixels = paper * (1 - dark * sheet.printed).clip(0.05, 1) * (1 - np.float32(opacity) * ink.clip(0, 1))
    if chance[6] < 0.15 and sheet.glyphs:
        pixels = _on_desk(pixels, sheet, h, rng)
    if chance[7] < 0.14:  # white on black, like chalk
        pixels = 255 - pixels * np.float32(rng.uniform(0.7, 1))
    matrix = _view(chance, rng, side)
    return _camera(pixels, matrix, h, chance, rng, side), [moved(glyph, matrix) for glyph in sheet.glyphs]


def _on_screen(sheet: Sheet, h: float, rng: np.random.Generator, side: int) -> tuple[np.ndarray, list[Glyph]]:
    """Return the sheet as drawn on a screen, without a camera: an even pen on even paper, light or dark."""
    window = slice(MARGIN, MARGIN + side), slice(MARGIN, MARGIN + side)
    ink = sheet.ink[window]
    if rng.random() < 0.4:
        ink = cv2.GaussianBlur(ink, (0, 0), rng.uniform(0.3, 0.3 + 0.02 * h))
    ink = np.maximum(ink, np.float32(rng.uniform(0.2, 0.8)) * sheet.printed[window]).clip(0, 1)
    if rng.random() < 0.15:  # a pen of full or no coverage
        ink = (ink > 0.5).astype(np.float32)
    paper, pen = (float(rng.choice((rng.uniform(low, high), end))) for low, high, end in ((190, 255, 255), (0, 90, 0)))
    if rng.random() < 0.3:
        paper, pen = pen, paper
    pixels = np.rint(paper + np.float32(pen - paper) * ink).astype(np.uint8)
    return pixels, [glyph.shifted(-MARGIN, -MARGIN) for glyph in sheet.glyphs]


def _paper(
    sheet: Sheet, h: float, opacity: float, chance: np.ndarray, rng: np.random.Generator, side: int
) -> np.ndarray:
    """Return the brightness of the empty paper, float32 (h, w), 0 to 255, with light, shadow and pattern."""
    shape = sheet.ink.shape
    paper = np.full(shape, rng.uniform(100, 252), np.float32)
    if chance[0] < 0.6:
        paper *= 1 + np.float32(rng.uniform(0.02, 0.3)) * _field(shape, (2, 3), -1, 1, rng)
    if chance[1] < 0.1:  # the edge of a shadow
        yy, xx = np.mgrid[0 : shape[0], 0 : shape[1]]
        a, b = rng.normal(0, 1, 2)
        paper *= 1 - np.float32(rng.uniform(0.1, 0.45)) * (a * (xx - rng.uniform(0, side)) + b * (yy - side / 2) > 0)
    if chance[2] < 0.35:
        strength = np.float32(opacity * rng.uniform(0.03, 0.55))
        paper *= 1 - strength * _pattern(shape, h, rng)
    if chance[3] < 0.12:  # writing on the back of the paper shows through
        through = cv2.GaussianBlur(sheet.printed[:, ::-1] + sheet.ink[::-1], (0, 0), 1.5)
        paper *= 1 - np.float32(rng.uniform(0.03, 0.15)) * through.clip(0, 1)
    return paper


def _pattern(shape: tuple[int, int], h: float, rng: np.random.Generator) -> np.ndarray:
    """Return a printed background, float32 (h, w), 0 to 1: waves, arcs, hatching, dots or speckles."""
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32)
    period = np.float32(np.exp(rng.uniform(np.log(0.08), np.log(0.4))) * h + 1.5)
    turn = 2 * np.float32(np.pi) / period
    edge, soft = np.float32(rng.uniform(-0.5, 0.7)), np.float32(rng.uniform(0.7, 3))
    kind = rng.random()

    def wave() -> np.ndarray:
        theta = rng.normal(0, 0.08) if rng.random() < 0.4 else rng.uniform(-1.6, 1.6)
        c, s = np.float32(np.cos(theta)), np.float32(np.sin(theta))
        along, across = x * c + y * s, y * c - x * s
        swing, long = np.float32(rng.uniform(0, 1.5)) * period, np.float32(rng.uniform(3, 25)) * period
        return np.cos((across + swing * np.sin(along * (2 * np.float32(np.pi) / long))) * turn)

    if kind < 0.35:
        value = wave()
    elif kind < 0.5:
        value = np.maximum(wave(), wave())
    elif kind < 0.7:
        value = np.full(shape, -1, np.float32)
        for _ in range(rng.integers(1, 4)):
            cx, cy = rng.uniform(-0.5, 1.5, 2).astype(np.float32) * np.float32(shape[0])
            value = np.maximum(value, np.cos(np.sqrt((x - cx) ** 2 + (y - cy) ** 2) * turn))
    elif kind < 0.86:
        value = np.cos(x * turn) * np.cos(y * turn * np.float32(rng.uniform(0.7, 1.4)))
    else:
        noise = cv2.GaussianBlur(rng.standard_normal(shape, np.float32), (0, 0), rng.uniform(0.7, 2.2))
        value = noise / noise.std()
    pattern = np.clip((value - edge) * soft, 0, 1)
    if rng.random() < 0.4:
        pattern *= np.clip(_field(shape, (2, 5), -0.3, 1.5, rng), 0, 1)
    return pattern


def _field(
    shape: tuple[int, int], cells: tuple[int, int], low: float, high: float, rng: np.random.Generator
) -> np.ndarray:
    """Return smooth random values, float32 of `shape`, interpolated between `cells` values from low to high."""
    values = rng.uniform(low, high, cells).astype(np.float32)
    return cv2.resize(values, shape[::-1], interpolation=cv2.INTER_CUBIC)


def _on_desk(pixels: np.ndarray, sheet: Sheet, h: float, rng: np.random.Generator) -> np.ndarray:
    """Return the pixels of the sheet, cut off near its writing, on a darker or lighter desk."""
    boxes = np.array([glyph.box for glyph in sheet.glyphs])
    room = rng.uniform(0.2, 3, 4) * h * (rng.random(4) < 0.7) + 1000 * (rng.random(4) < 0.4)
    left, top = boxes[:, 0].min() - room[0], boxes[:, 1].min() - room[1]
    right, bottom = boxes[:, 2].max() + room[2], boxes[:, 3].max() + room[3]
    inside = np.zeros(pixels.shape, np.uint8)
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]]) + rng.normal(0, 0.15 * h, (4, 2))
    cv2.fillPoly(inside, [np.clip(corners, -2000, 2000).astype(np.int32)], 255, cv2.LINE_AA)
    desk = np.full(pixels.shape, rng.uniform(10, 110) if rng.random() < 0.85 else rng.uniform(150, 255), np.float32)
    if rng.random() < 0.5:  # wood
        grain = rng.standard_normal((pixels.shape[0], 12)).astype(np.float32)
        streaks = cv2.resize(grain, pixels.shape[::-1], interpolation=cv2.INTER_CUBIC)
        desk *= 1 + np.float32(rng.uniform(0.03, 0.3)) * (streaks if rng.random() < 0.5 else streaks.T)
    elif rng.random() < 0.5:  # dark wood with light or dark dashes
        noise = cv2.GaussianBlur(rng.standard_normal(pixels.shape, np.float32), (0, 0), *rng.uniform((0.6, 4), (2, 20)))
        dashes = np.clip(noise / noise.std() - rng.uniform(0, 1.5), 0, 2)
        desk += np.float32(rng.uniform(-40, 60)) * (dashes if rng.random() < 0.5 else dashes.T)
    alpha = inside.astype(np.float32) / 255
    return pixels * alpha + desk * (1 - alpha)


def _view(chance: np.ndarray, rng: np.random.Generator, side: int) -> np.ndarray:
    """Return the perspective transform from the sheet to the picture, float64 (3, 3)."""
    corners = np.array([[0, 0], [side, 0], [side, side], [0, side]], np.float32)
    angle = np.deg2rad(rng.normal(0, 3) if rng.random() < 0.8 else rng.uniform(-15, 15))
    c, s = np.cos(angle), np.sin(angle)
    source = (corners - side / 2) @ np.array([[c, -s], [s, c]]).T + side / 2 + MARGIN
    if chance[8] < 0.5:
        source = source + rng.normal(0, 0.025 * side, (4, 2))
    return cv2.getPerspectiveTransform(source.astype(np.float32), corners)


def _camera(
    pixels: np.ndarray, matrix: np.ndarray, h: float, chance: np.ndarray, rng: np.random.Generator, side: int
) -> np.ndarray:
    """Return the picture, uint8 (side, side): transformed, with blur, low resolution, noise and JPEG compression."""
    border = cv2.BORDER_REPLICATE
    pixels = cv2.warpPerspective(pixels, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=border)
    if chance[9] < 0.5:
        pixels = cv2.GaussianBlur(pixels, (0, 0), rng.uniform(0.3, 0.3 + 0.045 * h))
    if chance[10] < 0.25:  # low resolution
        k = rng.uniform(0.45, 1) if h > 20 else rng.uniform(0.75, 1)
        few = cv2.resize(pixels, None, fx=k, fy=k, interpolation=cv2.INTER_AREA)
        pixels = cv2.resize(few, (side, side), interpolation=cv2.INTER_CUBIC)
    if chance[11] < 0.7:
        pixels = pixels + rng.standard_normal(pixels.shape, np.float32) * np.float32(abs(rng.normal(0, 5)))
    pixels = np.clip(pixels, 0, 255).astype(np.uint8)
    if chance[12] < 0.5:
        quality = (cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(30, 96)))
        decoded = cv2.imdecode(cv2.imencode(".jpg", pixels, quality)[1], cv2.IMREAD_GRAYSCALE)
        assert decoded is not None  # noqa: S101  its own encoding
        return decoded
    return pixels


def moved(glyph: Glyph, matrix: np.ndarray) -> Glyph:
    """Return a glyph as it is after a perspective transform, float (3, 3)."""
    left, top, right, bottom = glyph.box
    points = np.array([[left, top, 1], [right, top, 1], [right, bottom, 1], [left, bottom, 1]]) @ matrix.T
    points = points[:, :2] / points[:, 2:]
    # Side lengths, not the upright rectangle around them, which is too large when the page is rotated.
    wide = (np.linalg.norm(points[1] - points[0]) + np.linalg.norm(points[2] - points[3])) / 2
    tall = (np.linalg.norm(points[3] - points[0]) + np.linalg.norm(points[2] - points[1])) / 2
    x, y = points.mean(axis=0)
    size = glyph.size * tall / max(bottom - top, 1e-3)
    return glyph._replace(box=(x - wide / 2, y - tall / 2, x + wide / 2, y + tall / 2), size=float(size))
