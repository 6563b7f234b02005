"""Ink: how much ink is at each pixel of a grey picture, on any paper, in any light, of any pen.

    >>> paper = np.full((100, 80), 200, np.uint8)
    >>> paper[20:80, 38:44] = 60
    >>> ink(paper).shape, float(ink(paper).max())
    ((100, 80), 1.0)

The paper is what remains after everything narrow is closed. Ink is darker than the paper (or brighter, for chalk and
screens) by more than grain and print. Ruled lines and frames are taken out; see ``ruled_lines``.
"""

import cv2
import numpy as np

from mnist_cnn.read.constants import (
    INK_ALONG_RULE,
    INK_BLUR,
    INK_BLUR_RANGE,
    INK_CLOSE_PART,
    INK_CLOSE_UP,
    INK_DARKEST_PAPER,
    INK_EDGE_WEIGHTS,
    INK_GRAIN,
    INK_LEAST,
    INK_LEAST_DISC,
    INK_LEVEL_GRAIN,
    INK_LEVEL_LEAST,
    INK_LEVEL_TOP,
    INK_NONE,
    INK_PAGE_PART,
    INK_PAPER_BLUR,
    INK_REDUCED,
    INK_SAMPLE,
    INK_TOP_QUANTILE,
    INK_TOP_SAMPLE,
    INK_WEAK,
)
from mnist_cnn.read.ruled_lines import reduced, without_lines


def ink(gray: np.ndarray, broad: bool = False, ruled: bool = True) -> np.ndarray:
    """Return how much ink is at each pixel of a picture: uint8 (h, w) -> float32 (h, w), 0 to 1; all 0 without ink.

    broad: expect strokes as wide as a third of the picture, as on a close-up, and no shadows.
    ruled: take out straight lines.
    """
    contrast = _contrast(gray, broad)
    level = _level(contrast)
    if level is None:
        return np.zeros(gray.shape, np.float32)
    mask = _connected_to(contrast > INK_WEAK * level, contrast > level)
    if ruled and (lines := mask & ~without_lines(mask)).any():
        # The lines may be most of the contrast. Ink that is far darker than them is a stroke along one of them.
        contrast[lines & (contrast < INK_ALONG_RULE * np.median(contrast[lines]))] = 0
        level = _level(contrast)
        if level is None:
            return np.zeros(gray.shape, np.float32)
        mask = _connected_to(contrast > INK_WEAK * level, contrast > level)
    clear = contrast[mask & (contrast > level)]
    full = max(float(np.median(clear)) if clear.size else 1.0, level)
    low = INK_NONE * INK_WEAK * level
    amount = np.clip((contrast - low) / (full - low), 0, 1)
    near = cv2.dilate(mask.astype(np.uint8), np.ones((3, 3), np.uint8))
    return np.where(near > 0, amount, 0).astype(np.float32)


def _contrast(gray: np.ndarray, broad: bool) -> np.ndarray:
    """Return how much darker (for chalk, brighter) each pixel is than the paper around it: float32 (h, w), 0 to 1."""
    smooth = cv2.GaussianBlur(gray, (0, 0), float(np.clip(min(gray.shape) / INK_BLUR, *INK_BLUR_RANGE)))
    if not _is_dark(smooth, broad):
        smooth = 255 - smooth
    paper = _paper(smooth, broad)
    return np.clip((paper - smooth) / np.maximum(paper, INK_DARKEST_PAPER), 0, 1)


def _part(broad: bool) -> float:
    """Return the share of the picture that strokes are narrower than."""
    return INK_CLOSE_PART if broad else INK_PAGE_PART


def _is_dark(gray: np.ndarray, broad: bool) -> bool:
    """Return whether the ink is darker than the paper: ink is rare, differs much and is seldom at the edge."""
    small, _ = reduced(gray, INK_REDUCED)
    around = cv2.GaussianBlur(small.astype(np.float32), (0, 0), _part(broad) * min(small.shape) / 2)
    difference = small - around
    variance = float((difference**2).mean())
    skewness = float((difference**3).mean()) / max(variance, 1e-6) ** 1.5
    edge = np.concatenate([gray[0], gray[-1], gray[:, 0], gray[:, -1]])
    bright = float((edge > (float(gray.min()) + float(gray.max())) / 2).mean())
    close, page = INK_EDGE_WEIGHTS
    return -skewness + (close if broad else page) * (2 * bright - 1) >= 0


def _paper(gray: np.ndarray, broad: bool) -> np.ndarray:
    """Return the brightness of the paper under dark strokes: float32 (h, w), 0 to 255."""
    height, width = gray.shape
    small, scale = reduced(gray, INK_REDUCED)
    side = max(INK_LEAST_DISC, int(_part(broad) * min(gray.shape) * scale)) | 1
    # On a close-up strokes touch the edge; on a page the light falls off towards it.
    border = cv2.BORDER_REFLECT if min(gray.shape) < INK_CLOSE_UP else cv2.BORDER_REPLICATE
    padded = cv2.copyMakeBorder(small, side, side, side, side, border)
    paper = 255 - _brightest(255 - _brightest(padded, side), side)
    window = side // INK_PAPER_BLUR | 1
    paper = cv2.blur(paper, (window, window))[side:-side, side:-side]
    return cv2.resize(paper, (width, height), interpolation=cv2.INTER_LINEAR).astype(np.float32)


def _brightest(gray: np.ndarray, side: int) -> np.ndarray:
    """Return the brightest value within a disc of an odd diameter around each pixel, uint8 (h, w).

    The result is that of cv2.dilate, but the work grows with the diameter of the disc and not with its area. A disc is
    a pile of rows, and the brightest value within a row comes from that within a shorter one.
    """
    reaches = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)).sum(axis=1)[: side // 2 + 1] // 2
    height = len(gray)
    brightest, wide, reach = np.zeros_like(gray), gray, 0
    for up, most in zip(range(side // 2, -1, -1), reaches, strict=True):
        while reach < most:
            wide, reach = cv2.dilate(wide, np.ones((1, 3), np.uint8)), reach + 1
        above, below = brightest[: max(0, height - up)], brightest[up:]
        np.maximum(above, wide[up:], out=above)
        np.maximum(below, wide[: max(0, height - up)], out=below)
    return brightest


def _level(contrast: np.ndarray) -> float | None:
    """Return the contrast between paper and ink (Otsu 1979); None if nothing is darker than the grain of the paper."""
    step = max(1, min(contrast.shape) // INK_SAMPLE)  # a part of the pixels of a large picture is enough
    contrast = np.ascontiguousarray(contrast[::step, ::step])
    large = contrast.size > INK_TOP_SAMPLE
    top = float(np.quantile(contrast, INK_TOP_QUANTILE)) if large else float(contrast.max())
    middle = float(np.median(contrast))
    grain = 1.48 * float(np.median(np.abs(contrast - middle)))  # standard deviation of a normal distribution
    page = min(contrast.shape) * step >= INK_CLOSE_UP  # most of a page is paper, and has a grain
    if top < max(INK_LEAST, middle + INK_GRAIN * grain if page else 0):
        return None
    scaled = np.clip(contrast / top * 255, 0, 255).astype(np.uint8)
    threshold, _ = cv2.threshold(scaled, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    above_grain = min(middle + INK_LEVEL_GRAIN * grain, INK_LEVEL_TOP * top)
    return max(threshold / 255 * top, INK_LEVEL_LEAST * INK_LEAST, above_grain)


def _connected_to(weak: np.ndarray, strong: np.ndarray) -> np.ndarray:
    """Return the connected parts of the mask `weak` that contain some of the mask `strong`, bool (h, w)."""
    count, labels = cv2.connectedComponents(weak.astype(np.uint8), connectivity=8)
    kept = np.zeros(count, bool)
    kept[labels[strong & weak]] = True
    kept[0] = False
    return kept[labels]
