"""Normalise: the ink of one digit as the 28 x 28 image that the classifier knows.

    >>> ink = np.zeros((300, 200), np.float32)
    >>> ink[50:250, 90:110] = 1                       # a "1", drawn large
    >>> tile = normalise(ink)
    >>> tile.shape, int((tile.max(axis=1) > 0.5).sum())
    ((28, 28), 20)

As in MNIST (LeCun et al. 1998), the digit is scaled into a box of 20 x 20 with its aspect ratio kept, anti-aliased, and
placed so that its centre of mass is in the middle of 28 x 28. One step is new: strokes are first brought near the width
of MNIST's. Otherwise a line of a ballpoint pen in a large picture would fade away, and a line of a felt tip in a small
picture would fill the holes. Training, reading, HTTP and bulk all use this function.
"""

import cv2
import numpy as np

from mnist_cnn.read.constants import (
    EXTENT_INK,
    EXTENT_SHARE,
    FULL_QUANTILE,
    NORMALISED_BRIGHT,
    NORMALISED_INK,
    NORMALISED_OFFSET,
    STROKE_LEFT,
    STROKE_NARROWED,
    STROKE_SCALE,
    STROKE_THICK,
    STROKE_THIN,
    STROKE_WIDENED,
)

SIDE = 28
"""Pixels per side of a tile."""
BOX = 20
"""Pixels per side of the box that a digit is scaled into."""


def normalise(ink: np.ndarray) -> np.ndarray:
    """Return the tile of a digit's ink: float32 (h, w), 0 (paper) to 1 (ink) -> float32 (28, 28), 0 to 1.

    Without ink the tile is empty.
    """
    ink = _crop(ink)
    if not ink.size:
        return np.zeros((SIDE, SIDE), np.float32)
    small = _fit(_crop(_with_usual_strokes(_fit(ink, BOX * STROKE_SCALE))), BOX)
    strong = np.sort(small[small > EXTENT_INK])
    return _centred(np.minimum(small / strong[int(FULL_QUANTILE * strong.size)], 1) if strong.size else small)


def is_normalised(image: np.ndarray) -> bool:
    """Return whether an image, uint8 (h, w) with bright ink on dark, is normalised already."""
    if image.shape != (SIDE, SIDE) or image.max() < NORMALISED_BRIGHT:
        return False
    rows, columns = (np.flatnonzero(image.max(axis=axis) > NORMALISED_INK) for axis in (1, 0))
    height, width = rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1
    moments = cv2.moments(image)
    middle = moments["m10"] / moments["m00"], moments["m01"] / moments["m00"]
    return max(height, width) == BOX and all(abs(c - SIDE / 2) < NORMALISED_OFFSET for c in middle)


def stroke_width(ink: np.ndarray) -> float:
    """Return the mean width of the strokes of ink, float32 (h, w), in pixels; 0 without ink.

    Along a stroke of width w, the distance to its edge goes from 0 to w / 2 and back, so its mean is w / 4. The
    measured distances are those to the middle of the next pixel, which is half a pixel more.
    """
    inside = cv2.copyMakeBorder((ink > 0.5).astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT)
    distances = cv2.distanceTransform(inside, cv2.DIST_L2, 3)
    return 4 * (float(distances[inside > 0].mean()) - 0.5) if inside.any() else 0.0


def _crop(ink: np.ndarray) -> np.ndarray:
    """Return the smallest rectangle with all the ink; an empty one without ink."""
    mask = ink > min(EXTENT_INK, EXTENT_SHARE * ink.max(initial=0))
    x, y, width, height = cv2.boundingRect(mask.astype(np.uint8)) if mask.size else (0, 0, 0, 0)
    return ink[y : y + height, x : x + width]


def _fit(ink: np.ndarray, side: int) -> np.ndarray:
    """Return ink scaled to fit a square of `side` pixels, with its aspect ratio kept."""
    height, width = ink.shape
    scale = side / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.clip(cv2.resize(ink, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC), 0, 1)


def _with_usual_strokes(fine: np.ndarray) -> np.ndarray:
    """Return ink on the fine grid with thin strokes widened and thick ones narrowed."""
    width = stroke_width(fine)
    missing = min(STROKE_THIN * STROKE_SCALE - width, STROKE_WIDENED * BOX * STROKE_SCALE)
    excess = min(width - STROKE_THICK * STROKE_SCALE, STROKE_NARROWED * width)
    fine = cv2.copyMakeBorder(fine, BOX, BOX, BOX, BOX, cv2.BORDER_CONSTANT)
    if missing >= 1:
        return cv2.dilate(fine, _disc(missing))
    # A disc or a square of ink is not a stroke. It is not narrowed, because erosion would remove nearly all of it.
    if excess >= 1 and (narrowed := cv2.erode(fine, _disc(excess))).sum() > STROKE_LEFT * fine.sum():
        return narrowed
    return fine


def _disc(diameter: float) -> np.ndarray:
    """Return a disc as a kernel, uint8 (h, w)."""
    side = round(diameter) + 1
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))


def _centred(small: np.ndarray) -> np.ndarray:
    """Return a tile with ink whose centre of mass is in the middle, as far as the ink stays inside."""
    tile = np.zeros((SIDE, SIDE), np.float32)
    height, width = small.shape
    # cv2.moments takes an image that is two pixels wide, such as a 1, for a list of points.
    offsets = []
    for axis, length in ((1, height), (0, width)):
        mass = small.sum(axis=axis, dtype=np.float64)
        middle = float(mass @ np.arange(length) / mass.sum()) if mass.any() else (length - 1) / 2
        offsets.append(int(np.clip(round(SIDE / 2 - middle), 0, SIDE - length)))
    top, left = offsets
    tile[top : top + height, left : left + width] = small
    return tile
