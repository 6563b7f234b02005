"""MNIST's form: how the ink of one digit becomes the 28 x 28 image that the network knows.

    >>> ink = np.zeros((300, 200), np.float32)
    >>> ink[50:250, 90:110] = 1                       # a "1", drawn large
    >>> tile = form(ink)
    >>> tile.shape, int((tile.max(axis=1) > 0.5).sum())
    ((28, 28), 20)

As MNIST was made (LeCun et al. 1998): the digit is scaled, its aspect ratio kept, into a box of 20 x 20, anti-aliased,
and placed so that its centre of mass is in the middle of 28 x 28. What MNIST had no need of is the stroke: a line of a
ballpoint pen in a large picture would fade away, one of a felt tip in a small picture would fill the holes, so strokes
are first brought near the width MNIST's have. Training, reading, HTTP and bulk all use this one function.
"""

import cv2
import numpy as np

SIDE = 28
BOX = 20
_FINE = 4
"""Strokes are mended on a grid so many times finer than the tile."""
_THIN, _THICK = 1.5, 4.0
"""Strokes narrower or wider than this, in pixels of the tile, are mended; nine in ten of MNIST's are 1.6 to 4.0."""
_FAINT = 0.2
"""Ink below this is paper where a digit's extent is measured."""


def form(ink: np.ndarray) -> np.ndarray:
    """Bring a digit's ink, float32 (h, w) from 0 (paper) to 1 (ink), into MNIST's form, float32 (28, 28), 0 to 1.

    A picture without ink gives an empty tile.
    """
    ink = _crop(ink)
    if not ink.size:
        return np.zeros((SIDE, SIDE), np.float32)
    small = _fit(_crop(_mend_strokes(_fit(ink, BOX * _FINE))), BOX)
    strong = np.sort(small[small > _FAINT])
    return _centre(np.minimum(small / strong[int(0.9 * strong.size)], 1) if strong.size else small)


def has_form(image: np.ndarray) -> bool:
    """Whether an image, uint8 (h, w) with bright ink on dark, is of MNIST's form already and can be taken as it is."""
    if image.shape != (SIDE, SIDE) or image.max() < 128:
        return False
    rows, columns = (np.flatnonzero(image.max(axis=axis) > 8) for axis in (1, 0))
    height, width = rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1
    moments = cv2.moments(image)
    middle = moments["m10"] / moments["m00"], moments["m01"] / moments["m00"]
    return max(height, width) == BOX and all(abs(c - SIDE / 2) < 1 for c in middle)


def stroke_width(ink: np.ndarray) -> float:
    """The mean width of the strokes, in pixels, of ink, float32 (h, w); 0 where there is none.

    Along a stroke of width w the distance to its edge goes from 0 to w / 2 and back: its mean is w / 4. The distances
    at hand are those to the next pixel's middle, half a pixel more.
    """
    inside = cv2.copyMakeBorder((ink > 0.5).astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT)
    distances = cv2.distanceTransform(inside, cv2.DIST_L2, 3)
    return 4 * (float(distances[inside > 0].mean()) - 0.5) if inside.any() else 0.0


def _crop(ink: np.ndarray) -> np.ndarray:
    """The smallest rectangle with all the ink; empty where there is none."""
    mask = ink > min(_FAINT, 0.5 * ink.max(initial=0))
    x, y, width, height = cv2.boundingRect(mask.astype(np.uint8)) if mask.size else (0, 0, 0, 0)
    return ink[y : y + height, x : x + width]


def _fit(ink: np.ndarray, side: int) -> np.ndarray:
    """Scale to fit a square of `side`, the aspect ratio kept."""
    height, width = ink.shape
    scale = side / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.clip(cv2.resize(ink, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC), 0, 1)


def _mend_strokes(fine: np.ndarray) -> np.ndarray:
    """Widen thin strokes and narrow thick ones, on the fine grid."""
    width = stroke_width(fine)
    missing = min(_THIN * _FINE - width, 0.25 * BOX * _FINE)
    excess = min(width - _THICK * _FINE, 0.5 * width)
    fine = cv2.copyMakeBorder(fine, BOX, BOX, BOX, BOX, cv2.BORDER_CONSTANT)
    if missing >= 1:
        return cv2.dilate(fine, _disc(missing))
    # A disc or a square of ink is no stroke: what erosion would all but remove stays as it is.
    if excess >= 1 and (narrowed := cv2.erode(fine, _disc(excess))).sum() > 0.3 * fine.sum():
        return narrowed
    return fine


def _disc(diameter: float) -> np.ndarray:
    side = round(diameter) + 1
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))


def _centre(small: np.ndarray) -> np.ndarray:
    """Place on the empty tile with the centre of mass in the middle, as far as the ink stays inside."""
    tile = np.zeros((SIDE, SIDE), np.float32)
    height, width = small.shape
    # Not by cv2.moments, which takes an image two pixels wide, as a 1 may be, for a list of points.
    offsets = []
    for axis, length in ((1, height), (0, width)):
        mass = small.sum(axis=axis, dtype=np.float64)
        middle = float(mass @ np.arange(length) / mass.sum()) if mass.any() else (length - 1) / 2
        offsets.append(int(np.clip(round(SIDE / 2 - middle), 0, SIDE - length)))
    top, left = offsets
    tile[top : top + height, left : left + width] = small
    return tile
