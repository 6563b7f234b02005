"""Ink: from the grey pixels of a picture to how much ink there is at each, whatever the paper, light and pen.

    >>> paper = np.full((100, 80), 200, np.uint8)
    >>> paper[20:80, 38:44] = 60
    >>> ink(paper).shape, float(ink(paper).max())
    ((100, 80), 1.0)

The paper is what remains when everything narrow is closed over; ink is what is darker than the paper (or brighter,
for chalk and screens), by more than grain and print. Long straight lines (ruled and squared paper, frames, the edge of
the page) are taken out, strokes that cross them are left.
"""

import cv2
import numpy as np

_LEAST = 0.07
"""Ink is darker than the paper by at least this part of it."""
CLOSE_UP = 200
"""A picture smaller than this, in pixels, is first taken for a close-up of digits; a larger one for a page."""
_GRAIN = 5.0
"""And by so many standard deviations of the paper's own grain."""
_LOW = 0.6
"""A stroke goes on where there is this part of the contrast it has at its clearest."""


def ink(gray: np.ndarray, broad: bool = False, ruled: bool = True) -> np.ndarray:
    """How much ink is at each pixel of a picture, uint8 (h, w): float32 (h, w), 0 to 1; all 0 where there is none.

    broad: expect strokes as wide as a third of the picture, as on a close-up, instead of shadows.
    ruled: take out straight lines.
    """
    contrast = _contrast(gray, 0.5 if broad else 0.14)
    level = _level(contrast)
    if level is None:
        return np.zeros(gray.shape, np.float32)
    mask = _connected_to(contrast > _LOW * level, contrast > level)
    if ruled:
        mask = without_lines(mask)
    clear = contrast[mask & (contrast > level)]
    full = max(float(np.median(clear)) if clear.size else 1.0, level)
    low = 0.5 * _LOW * level
    amount = np.clip((contrast - low) / (full - low), 0, 1)
    near = cv2.dilate(mask.astype(np.uint8), np.ones((3, 3), np.uint8))
    return np.where(near > 0, amount, 0).astype(np.float32)


def _contrast(gray: np.ndarray, part: float) -> np.ndarray:
    """How much darker (or, for chalk, brighter) each pixel is than the paper around it: float32 (h, w), 0 to 1."""
    smooth = cv2.GaussianBlur(gray, (0, 0), float(np.clip(min(gray.shape) / 100, 0.5, 1.5)))
    if not _is_dark(smooth, part):
        smooth = 255 - smooth
    paper = _paper(smooth, part)
    return np.clip((paper - smooth) / np.maximum(paper, 60), 0, 1)


def _is_dark(gray: np.ndarray, part: float) -> bool:
    """Whether the ink is darker than the paper: it is what is rare and differs much, and it seldom is at the edge."""
    scale = min(1.0, 300 / max(gray.shape))
    small = cv2.resize(gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else gray
    difference = small - cv2.GaussianBlur(small.astype(np.float32), (0, 0), part * min(small.shape) / 2)
    spread = float((difference**2).mean())
    skewness = float((difference**3).mean()) / max(spread, 1e-6) ** 1.5
    edge = np.concatenate([gray[0], gray[-1], gray[:, 0], gray[:, -1]])
    bright = float((edge > (float(gray.min()) + float(gray.max())) / 2).mean())
    return -skewness + (2.0 if part > 0.3 else 0.3) * (2 * bright - 1) >= 0


def _paper(gray: np.ndarray, part: float) -> np.ndarray:
    """The brightness of the paper under dark strokes narrower than `part` of the picture: float32 (h, w), 0 to 255."""
    height, width = gray.shape
    scale = min(1.0, 300 / max(gray.shape))
    small = cv2.resize(gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else gray
    side = max(3, int(part * min(gray.shape) * scale)) | 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    # On a close-up strokes touch the edge; on a page the light falls off towards it.
    border = cv2.BORDER_REFLECT if min(gray.shape) < CLOSE_UP else cv2.BORDER_REPLICATE
    padded = cv2.copyMakeBorder(small, side, side, side, side, border)
    paper = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, kernel)
    paper = cv2.blur(paper, (side // 4 | 1, side // 4 | 1))[side:-side, side:-side]
    return cv2.resize(paper, (width, height), interpolation=cv2.INTER_LINEAR).astype(np.float32)


def _level(contrast: np.ndarray) -> float | None:
    """The contrast that parts ink from paper (Otsu 1979); None if nothing stands out from the paper's own grain."""
    step = max(1, min(contrast.shape) // 400)  # some of a large picture's pixels tell as much as all
    contrast = np.ascontiguousarray(contrast[::step, ::step])
    top = float(np.quantile(contrast, 0.999)) if contrast.size > 4000 else float(contrast.max())
    middle = float(np.median(contrast))
    grain = 1.48 * float(np.median(np.abs(contrast - middle)))
    page = min(contrast.shape) * step >= CLOSE_UP  # where most is paper, and has a grain
    if top < max(_LEAST, middle + _GRAIN * grain if page else 0):
        return None
    scaled = np.clip(contrast / top * 255, 0, 255).astype(np.uint8)
    threshold, _ = cv2.threshold(scaled, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    return max(threshold / 255 * top, 0.6 * _LEAST, min(middle + 2.7 * grain, 0.6 * top))


def _connected_to(weak: np.ndarray, strong: np.ndarray) -> np.ndarray:
    """The parts of `weak` that hold some of `strong`."""
    count, labels = cv2.connectedComponents(weak.astype(np.uint8), connectivity=8)
    kept = np.zeros(count, bool)
    kept[labels[strong & weak]] = True
    kept[0] = False
    return kept[labels]


def without_lines(mask: np.ndarray) -> np.ndarray:
    """The mask, bool (h, w), without straight lines that cross most of the picture."""
    height, width = mask.shape
    scale = min(1.0, 400 / max(mask.shape))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(mask.astype(np.uint8) * 255, size, interpolation=cv2.INTER_AREA) > 60
    # Edges, not areas: along a thick frame there are two lines, in a blot none.
    edges = small & ~(cv2.erode(small.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)
    found = cv2.HoughLines(edges.astype(np.uint8) * 255, 1, np.pi / 180, int(0.5 * min(small.shape)))
    if found is None:
        return mask
    before, mask = mask, mask.copy()
    for rho, theta in found[:80].reshape(-1, 2):
        _erase(mask, float(rho) / scale, float(theta))
    return mask if mask.sum() > 0.15 * before.sum() else before  # a 1 that fills its picture is no ruled line


def _erase(mask: np.ndarray, rho: float, theta: float) -> None:
    """Take a line out of the mask if it is one: hardly interrupted, and thin where nothing crosses it."""
    view = mask if abs(np.sin(theta)) >= abs(np.cos(theta)) else mask.T  # of which the line is nearly level
    if view is not mask:
        theta = np.pi / 2 - theta
    height, width = view.shape
    steps = np.arange(width)
    places = (rho - np.cos(theta) * steps) / np.sin(theta)
    for reach in (max(3, height // 40), max(2, height // 80)):  # Hough's angle is good to a degree: fit it again
        inside = (places >= 0) & (places <= height - 1)
        if inside.sum() < 0.6 * width:
            return
        at, rows = steps[inside], np.round(places[inside]).astype(int)
        window = np.clip(rows[:, None] + np.arange(-reach, reach + 1), 0, height - 1)
        values = view[window, at[:, None]]
        covered = values.any(axis=1)
        if covered.mean() < 0.8:
            return
        middle = (values * window).sum(axis=1)[covered] / values.sum(axis=1)[covered]
        places = np.polyval(np.polyfit(at[covered], middle, 1), steps)
    inside = (places >= 0) & (places <= height - 1)
    at, rows = steps[inside], np.round(places[inside]).astype(int)
    edge = min(rows.min(initial=height), height - 1 - rows.max(initial=0)) < 0.06 * height
    most = max(3, round(min(0.15 * height, (0.15 if edge else 0.06) * width)))  # a frame may be thick, a rule is thin
    above, below = _run(view, at, rows, -1, most), _run(view, at, rows, 1, most)
    thickness = above + below
    covered = thickness > 0
    if covered.mean() < 0.75:
        return
    usual = float(np.median(thickness[covered]))
    if usual > most:
        return
    for i in np.flatnonzero(covered & (thickness <= 1.5 * usual + 1)):
        view[max(0, rows[i] - above[i]) : rows[i] + below[i] + 1, at[i]] = False


def _run(mask: np.ndarray, columns: np.ndarray, rows: np.ndarray, way: int, most: int) -> np.ndarray:
    """How far the mask goes on from each (row, column), upwards (-1) or downwards (1), and one pixel beyond a gap."""
    offsets = way * np.arange(0 if way > 0 else 1, most + 2)
    places = rows[:, None] + offsets
    values = mask[np.clip(places, 0, len(mask) - 1), columns[:, None]] & (places >= 0) & (places < len(mask))
    values[:, 0] |= values[:, 1]
    return np.minimum.accumulate(values, axis=1).sum(axis=1)
