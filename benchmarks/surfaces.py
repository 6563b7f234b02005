"""Surfaces to write on: plain and ruled paper, and blackboards, with their texture and smooth noise."""

import cv2
import numpy as np

Rng = np.random.Generator
Colour = tuple[int, int, int]
"""Red, green, blue, 0 to 255."""

PAPERS: tuple[Colour, ...] = ((240, 240, 238), (236, 238, 242), (241, 233, 212), (245, 238, 190), (206, 205, 202))
BOARDS: tuple[Colour, ...] = ((38, 66, 56), (34, 36, 38), (52, 58, 64))
LINES: tuple[Colour, ...] = ((120, 160, 215), (150, 150, 155), (215, 120, 130), (120, 175, 190))


def paper(u: np.ndarray, v: np.ndarray, height: float, rng: Rng) -> np.ndarray:
    """Return paper with texture, often with lines and sometimes with specks, float32 (h, w, 3) from 0 to 1.

    u, v: the place on the page of each pixel, float32 (h, w). height: that of the digits in pixels.
    """
    shape = u.shape
    colour = rgb(PAPERS[rng.choice(len(PAPERS), p=(0.4, 0.2, 0.2, 0.05, 0.15))])
    rough = rng.uniform(0.2, 1.2)
    texture = 1 + rough * (0.008 * noise(shape, 40, rng) + 0.008 * noise(shape, 5, rng) + 0.01 * noise(shape, 1.5, rng))
    surface = colour * texture[..., None]
    if rng.random() < 0.35:
        surface = _ruled(surface, u, v, height, rng)
    if rng.random() < 0.2:
        specks = np.zeros(shape, np.float32)
        for _ in range(rng.integers(1, 8)):
            place = (int(rng.integers(shape[1]) * 16), int(rng.integers(shape[0]) * 16))
            radius = int(16 * rng.uniform(0.6, 0.8 + 0.012 * height))
            cv2.circle(specks, place, radius, float(rng.uniform(0.2, 0.8)), -1, cv2.LINE_8, 4)
        surface *= 1 - 0.8 * cv2.GaussianBlur(specks, (0, 0), 0.7)[..., None]
    return surface


def _ruled(surface: np.ndarray, u: np.ndarray, v: np.ndarray, height: float, rng: Rng) -> np.ndarray:
    """Return the paper with lines or squares printed on it."""
    squared = rng.random() < 0.45
    spacing = height * (rng.uniform(0.35, 0.9) if squared else rng.uniform(1.05, 1.9))
    thickness = rng.uniform(0.8, 1.2) * max(1.0, 0.013 * height)
    base = 2 * height + height * rng.normal(0.02, 0.05)
    lines = _lines(v - base, spacing, thickness)
    if squared:
        lines = np.maximum(lines, _lines(u + rng.uniform(0, spacing), spacing, thickness))
    lines *= rng.uniform(0.3, 0.75) * (1 + 0.15 * noise(lines.shape, 15, rng))
    colour = rgb(LINES[rng.choice(len(LINES), p=(0.45, 0.35, 0.08, 0.12))])
    surface = surface * (1 - (1 - colour) * lines[..., None])
    if not squared and rng.random() < 0.3:
        margin = np.clip(thickness / 2 + 0.5 - np.abs(u + height * rng.uniform(0.3, 1)), 0, 1)
        surface = surface * (1 - np.array((0.15, 0.5, 0.45), np.float32) * margin[..., None])
    return surface


def _lines(at: np.ndarray, spacing: float, thickness: float) -> np.ndarray:
    """Return 1 on the lines and 0 between them. at: distances from one of the lines."""
    off = np.abs((at + spacing / 2) % spacing - spacing / 2)
    return np.clip(thickness / 2 + 0.5 - off, 0, 1)


def board(shape: tuple[int, ...], rng: Rng) -> np.ndarray:
    """Return a wiped blackboard, float32 (h, w, 3) from 0 to 1."""
    colour = rgb(BOARDS[rng.integers(len(BOARDS))])
    wiped = cv2.GaussianBlur(noise(shape, 4, rng), (0, 0), sigmaX=rng.uniform(40, 90), sigmaY=rng.uniform(3, 8))
    wiped = wiped * (rng.uniform(0.1, 0.9) * 0.02 / max(float(wiped.std()), 1e-6))
    dust = 0.02 * noise(shape, max(shape) / 3, rng) + wiped + 0.01 * noise(shape, 1.2, rng)
    return np.clip(colour + (dust + 0.03)[..., None], 0, 1)


def roughness(shape: tuple[int, ...], grain: float, rng: Rng) -> np.ndarray:
    """Return the share of the ink that the surface takes, float32 (h, w). grain: how rough it is, 0 to 1."""
    fine = 1.1 * noise(shape, 1.2, rng) + 0.5 * noise(shape, 3, rng)
    return np.clip(1 - grain * (0.35 + 0.45 * fine), 0.05, 1) * np.clip(1 - 0.06 * noise(shape, 30, rng), 0, 1)


def rgb(colour: Colour) -> np.ndarray:
    """Return a colour as float32 (3,) from 0 to 1."""
    return np.array(colour, np.float32) / np.float32(255)


def noise(shape: tuple[int, ...], scale: float, rng: Rng) -> np.ndarray:
    """Return smooth noise with hills about `scale` pixels wide, float32 (h, w), mean 0, standard deviation about 1."""
    h, w = shape
    if scale < 2.5:  # a grid this narrow would be visible in the noise
        fine = cv2.GaussianBlur(rng.standard_normal((h, w), dtype=np.float32), (0, 0), scale / 3)
        return fine / fine.std()
    grid = rng.standard_normal((int(h / scale) + 2, int(w / scale) + 2), dtype=np.float32)
    return cv2.resize(grid, (w, h), interpolation=cv2.INTER_CUBIC)
