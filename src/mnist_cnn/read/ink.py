"""Ink: from the grey pixels of a picture to how much ink there is at each, whatever the paper, light and pen.

    >>> paper = np.full((100, 80), 200, np.uint8)
    >>> paper[20:80, 38:44] = 60
    >>> ink(paper).shape, float(ink(paper).max())
    ((100, 80), 1.0)

The paper is what remains when everything narrow is closed over; ink is what is darker than the paper (or brighter,
for chalk and screens), by more than grain and print. Long lines, straight or a little bent (ruled and squared paper,
frames, the edge of the page), are taken out, strokes that cross them are left.
"""

import cv2
import numpy as np

_LEAST = 0.07
"""Ink is darker than the paper by at least this part of it."""
CLOSE_UP = 200
"""A picture smaller than this, in pixels, is first taken for a close-up of digits; a larger one for a page."""
_GRAIN = 5.0
"""And by so many standard deviations of the paper's own grain."""
_LONG = 0.4
"""What may be a piece of a ruled line is at least so long, as a share of the picture."""
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
    if ruled and (lines := mask & ~without_lines(mask)).any():
        # They may well have been most of what stood out; what is far darker is a stroke along one of them.
        contrast[lines & (contrast < 2.2 * np.median(contrast[lines]))] = 0
        level = _level(contrast)
        if level is None:
            return np.zeros(gray.shape, np.float32)
        mask = _connected_to(contrast > _LOW * level, contrast > level)
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
    small, _ = _reduced(gray, 300)
    difference = small - cv2.GaussianBlur(small.astype(np.float32), (0, 0), part * min(small.shape) / 2)
    spread = float((difference**2).mean())
    skewness = float((difference**3).mean()) / max(spread, 1e-6) ** 1.5
    edge = np.concatenate([gray[0], gray[-1], gray[:, 0], gray[:, -1]])
    bright = float((edge > (float(gray.min()) + float(gray.max())) / 2).mean())
    return -skewness + (2.0 if part > 0.3 else 0.3) * (2 * bright - 1) >= 0


def _paper(gray: np.ndarray, part: float) -> np.ndarray:
    """The brightness of the paper under dark strokes narrower than `part` of the picture: float32 (h, w), 0 to 255."""
    height, width = gray.shape
    small, scale = _reduced(gray, 300)
    side = max(3, int(part * min(gray.shape) * scale)) | 1
    # On a close-up strokes touch the edge; on a page the light falls off towards it.
    border = cv2.BORDER_REFLECT if min(gray.shape) < CLOSE_UP else cv2.BORDER_REPLICATE
    padded = cv2.copyMakeBorder(small, side, side, side, side, border)
    paper = 255 - _spread(255 - _spread(padded, side), side)
    paper = cv2.blur(paper, (side // 4 | 1, side // 4 | 1))[side:-side, side:-side]
    return cv2.resize(paper, (width, height), interpolation=cv2.INTER_LINEAR).astype(np.float32)


def _spread(gray: np.ndarray, side: int) -> np.ndarray:
    """The brightest within a disc of that odd diameter around each pixel, uint8 (h, w).

    As cv2.dilate would find it, but with work that grows with the disc's diameter and not its area: a disc is a pile of
    rows, and the brightest within a row comes from that within a shorter one.
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


def _reduced(gray: np.ndarray, side: int) -> tuple[np.ndarray, float]:
    """The picture with at most so many pixels a side, and how much smaller that is."""
    height, width = gray.shape
    scale = side / max(height, width)
    if scale >= 1:
        return gray, 1.0
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return cv2.resize(gray, size, interpolation=cv2.INTER_AREA), scale


def _level(contrast: np.ndarray) -> float | None:
    """The contrast that parts ink from paper (Otsu 1979); None if nothing stands out from the paper's own grain."""
    step = max(1, min(contrast.shape) // 200)  # some of a large picture's pixels tell as much as all
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
    """The mask, bool (h, w), without lines that cross most of the picture, straight or nearly so."""
    before, mask = mask, mask.copy()
    level, upright = 0, 0
    for columns, rows in _level_lines(mask):
        level += _erase(mask, before & ~mask, columns, rows)
    for columns, rows in _level_lines(mask.T):
        upright += _erase(mask.T, (before & ~mask).T, columns, rows)
    # One line and nothing else is a 1 that fills its picture; several are paper without writing.
    if level + upright == 1 and mask.sum() <= 0.05 * before.sum():
        return before
    # An upright one that all else hangs on is the stem of such a digit, a 7 or a 4.
    return before if (level, upright) == (0, 1) and _in_one_piece(before) else mask


def _in_one_piece(mask: np.ndarray) -> bool:
    areas = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)[2][1:, cv2.CC_STAT_AREA]
    return areas.max() >= 0.95 * areas.sum()


def _level_lines(mask: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Pieces of long lines that are nearer to level than to upright: the columns and the row at each, int (n,)."""
    small, scale = _reduced(mask.astype(np.uint8) * 255, 400)
    small = (small > 60).astype(np.uint8)
    width = small.shape[1]
    joined = cv2.morphologyEx(small, cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))
    if cv2.connectedComponentsWithStats(joined)[2][1:, cv2.CC_STAT_WIDTH].max(initial=0) < _LONG * width:
        return []  # nothing long at all
    dash = max(15, width // 8)
    left, top, columns, rows = cv2.boundingRect(small)  # where all is white there is nothing to look for
    left, top, right, bottom = max(0, left - dash), max(0, top - dash), left + columns + dash, top + rows + dash
    small = small[top:bottom, left:right]
    runs = []
    for angle in range(-36, 37, 6):  # what is a run of this direction, small gaps in it closed
        run = cv2.morphologyEx(small, cv2.MORPH_CLOSE, _dash(7, angle))
        run = cv2.morphologyEx(run, cv2.MORPH_OPEN, _dash(dash, angle))
        runs.append(cv2.dilate(run, np.ones((3, 1), np.uint8)))
    found = []
    for three in zip(runs, runs[1:], runs[2:], strict=False):  # a line that bends has neighbouring directions
        _, labels, stats, _ = cv2.connectedComponentsWithStats(np.maximum.reduce(three), connectivity=8)
        for i in np.flatnonzero(stats[1:, cv2.CC_STAT_WIDTH] > _LONG * width) + 1:
            x, y, w, h = stats[i, :4]
            part = labels[y : y + h, x : x + w] == i
            middle = (part * np.arange(h)[:, None]).sum(axis=0) / part.sum(axis=0)
            found.append(((left + x + np.arange(w) + 0.5) / scale - 0.5, (top + y + middle + 0.5) / scale - 0.5))
    return found


def _dash(length: int, angle: float) -> np.ndarray:
    """A straight line as a kernel, uint8 (h, w)."""
    radians = np.deg2rad(angle)
    x, y = round(length / 2 * np.cos(radians)), round(length / 2 * np.sin(radians))
    kernel = np.zeros((2 * abs(y) + 1, 2 * x + 1), np.uint8)
    cv2.line(kernel, (0, abs(y) - y), (2 * x, abs(y) + y), 1)
    return kernel


def _erase(mask: np.ndarray, gone: np.ndarray, columns: np.ndarray, rows: np.ndarray) -> bool:
    """Take a line, of which a piece is known, out of the mask, if it is one: hardly interrupted, and thin where nothing
    crosses it. It goes from edge to edge, or from one of the lines that are `gone` already to another."""
    height, width = mask.shape
    steps = np.arange(width)
    places = _along(columns, rows, width)
    for reach in (max(3, height // 60), max(2, height // 100)):
        inside = (places >= 0) & (places <= height - 1)
        if inside.sum() < 0.5 * width:
            return False
        at, near = steps[inside], np.round(places[inside]).astype(int)
        window = np.clip(near[:, None] + np.arange(-reach, reach + 1), 0, height - 1)
        values = mask[window, at[:, None]]
        covered = values.any(axis=1)
        end = len(covered) // 16 + 1
        through = covered[:end].any() and covered[-end:].any()  # as the stem of a large 4 is not
        if covered.mean() < (0.75 if through else 0.9):
            span = np.flatnonzero(covered)
            if span.size < 0.3 * width or covered[span[0] : span[-1] + 1].mean() < 0.9:
                return False
            ends = np.array([near[span[0]], near[span[-1]]]), np.array([at[span[0]], at[span[-1]]])
            if not all(gone[max(0, y - 6) : y + 7, max(0, x - 6) : x + 7].any() for y, x in zip(*ends, strict=True)):
                return False
        middle = (values * window).sum(axis=1)[covered] / values.sum(axis=1)[covered]
        places = _along(at[covered], middle, width)
    inside = (places >= 0) & (places <= height - 1)
    at, near = steps[inside], np.round(places[inside]).astype(int)
    edge = min(near.min(initial=height), height - 1 - near.max(initial=0)) < 0.06 * height
    most = max(3, round(min(0.15 * height, (0.15 if edge else 0.06) * width)))  # a frame may be thick, a rule is thin
    above, below = _run(mask, at, near, -1, most), _run(mask, at, near, 1, most)
    thickness = above + below
    covered = thickness > 0
    if not covered.any():
        return False
    usual = float(np.median(thickness[covered]))
    if usual > most:
        return False
    for i in np.flatnonzero(covered & (thickness <= 1.5 * usual + 1)):
        mask[max(0, near[i] - above[i]) : near[i] + below[i] + 1, at[i]] = False
    return True


def _along(columns: np.ndarray, rows: np.ndarray, width: int) -> np.ndarray:
    """A smooth line through points, as its row at each column: float (width,); straight where there are no points."""
    steps = np.arange(width)
    straight = np.polyfit(columns, rows, 1)
    bend = np.interp(steps, columns, rows - np.polyval(straight, columns)).astype(np.float32)
    side = max(3, width // 16) | 1
    return np.polyval(straight, steps) + cv2.blur(bend[None], (side, 1), borderType=cv2.BORDER_REPLICATE)[0]


def _run(mask: np.ndarray, columns: np.ndarray, rows: np.ndarray, way: int, most: int) -> np.ndarray:
    """How far the mask goes on from each (row, column), upwards (-1) or downwards (1), and one pixel beyond a gap."""
    offsets = way * np.arange(0 if way > 0 else 1, most + 2)
    places = rows[:, None] + offsets
    values = mask[np.clip(places, 0, len(mask) - 1), columns[:, None]] & (places >= 0) & (places < len(mask))
    values[:, 0] |= values[:, 1]
    return np.minimum.accumulate(values, axis=1).sum(axis=1)
