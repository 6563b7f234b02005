"""Scenes: composed pictures of pages with numbers, and the place of each glyph on them.

    >>> scene = compose(digits, np.random.default_rng(1))                                   # doctest: +SKIP
    >>> scene.pixels.shape, scene.glyphs[0].label                                           # doctest: +SKIP
    ((320, 320), 6)

Networks learn to read pages from them. They show rows, tables, boxes, forms, lone digits and other writing, on plain,
ruled, squared and printed paper, on desks, with shadows and from slanted cameras. ``writing.Writer`` writes them.
"""

import itertools
from dataclasses import dataclass, field

import cv2
import numpy as np

from mnist_cnn.learn.writing import OTHER, Glyph, Line, Writer, fonts, text_line, words
from mnist_cnn.mnist import Digits

_ENDS = (0.7, 0.1, 0.1, 0.1)
"""Shares of what follows a price: nothing, a point, a dash, or both."""
SIDE = 320
"""Pixels per side of a scene."""
HEIGHTS = (11.0, 44.0)
"""Range of digit heights in a scene, in pixels. Heights are log-uniform."""


@dataclass
class Scene:
    """A picture and its glyphs."""

    pixels: np.ndarray
    """uint8 (h, w), grey."""
    glyphs: list[Glyph]
    """All digits, signs and pieces of other writing, also those outside the picture."""
    rows: list[list[int]]
    """Indices of the glyphs of each run of writing, from left to right."""


@dataclass
class _Sheet:
    """The paper and what is on it so far."""

    ink: np.ndarray
    """Pen strokes, float32 (h, w), 0 to 1."""
    printed: np.ndarray
    """Rules and print, float32 (h, w), 0 to 1."""
    taken: np.ndarray
    """1 where there is writing or print, uint8 (h, w)."""
    glyphs: list[Glyph] = field(default_factory=list)
    rows: list[list[int]] = field(default_factory=list)

    def place(self, line: Line, left: float, top: float, layer: np.ndarray, crowd: bool = False) -> bool:
        """Put a line on a layer and return whether there was room for it.

        crowd: the line may overlap other writing.
        """
        if not line.glyphs:
            return False
        x, y = round(left), round(top)
        height, width = self.ink.shape
        bounds = np.array([glyph.box for glyph in line.glyphs])
        x0, y0 = int(bounds[:, 0].min()) + x, int(bounds[:, 1].min()) + y
        x1, y1 = int(bounds[:, 2].max()) + x, int(bounds[:, 3].max()) + y
        if x0 < -0.4 * (x1 - x0) or y0 < -1 or x1 > width + 0.4 * (x1 - x0) or y1 > height + 1:
            return False
        window = slice(max(0, y0), max(0, y1)), slice(max(0, x0), max(0, x1))
        if not crowd and self.taken[window].any():
            return False
        self.taken[window] = 1
        a, b, c, d = max(0, y), min(height, y + line.ink.shape[0]), max(0, x), min(width, x + line.ink.shape[1])
        if b <= a or d <= c:
            return False
        np.maximum(layer[a:b, c:d], line.ink[a - y : b - y, c - x : d - x], out=layer[a:b, c:d])
        first = len(self.glyphs)
        for glyph in line.glyphs:
            self.glyphs.append(shifted(glyph, x, y))
        self.rows.append(list(range(first, len(self.glyphs))))
        return True


def compose(digits: Digits, rng: np.random.Generator, side: int = SIDE, height: float | None = None) -> Scene:
    """Return one scene. The same state of `rng` and the same fonts give the same scene.

    side: of the picture, in pixels.
    height: of its digits, in pixels; random within ``HEIGHTS`` if None.
    """
    h = float(np.exp(rng.uniform(*np.log(HEIGHTS)))) if height is None else height
    sheet = _blank(side)
    writer = Writer(digits, rng)
    layouts = (_rows, _table, _boxes, _form, _lone, _other)
    layouts[rng.choice(len(layouts), p=(0.36, 0.2, 0.12, 0.14, 0.1, 0.08))](sheet, writer, h, rng)
    if rng.random() < 0.3:
        for _ in range(rng.integers(1, 4)):
            _stray(sheet, writer, h, rng)
    _move(sheet, rng)
    return _photographed(sheet, h, rng, side)


def _blank(side: int) -> _Sheet:
    """Return an empty sheet for a picture of `side` pixels, with a margin."""
    work = side + 32
    ink, printed = (np.zeros((work, work), np.float32) for _ in range(2))
    return _Sheet(ink, printed, np.zeros((work, work), np.uint8))


def alone(digits: Digits, rng: np.random.Generator, other: bool) -> Scene:
    """Return a picture of one digit, or of one letter or scribble, with room around it.

    other: whether it is a letter or a scribble.
    """
    h = float(rng.uniform(24, 90))
    side = round(5 * h)
    sheet = _blank(side)
    writer = Writer(digits, rng)
    if other:
        line = writer.scribble(h) if rng.random() < 0.5 else writer.word(h, 1)
    else:
        line = writer.write(str(rng.integers(10)), h)
    sheet.place(line, 0, 0, sheet.ink)
    _move(sheet, rng)
    return _photographed(sheet, h, rng, side)


def _move(sheet: _Sheet, rng: np.random.Generator) -> None:
    """Move everything on the sheet to a random place on it."""
    if not sheet.glyphs:
        return
    boxes = np.array([glyph.box for glyph in sheet.glyphs])
    by = []
    for axis in (0, 1):
        low, high = float(boxes[:, axis].min()), float(boxes[:, axis + 2].max())
        free = len(sheet.ink) - 32 - (high - low)
        by.append(int(rng.uniform(0, free) + 16 - low) if free > 0 else 0)
    x, y = by
    sheet.ink, sheet.printed = (np.roll(layer, (y, x), (0, 1)) for layer in (sheet.ink, sheet.printed))
    sheet.glyphs = [shifted(glyph, x, y) for glyph in sheet.glyphs]


def shifted(glyph: Glyph, x: int, y: int) -> Glyph:
    """Return a glyph moved by x and y pixels."""
    left, top, right, bottom = glyph.box
    return glyph._replace(box=(left + x, top + y, right + x, bottom + y))


def number(rng: np.random.Generator) -> str:
    """Return a random text of digits, ``SIGNS`` and spaces.

    Most are whole numbers. The others are decimals, signed numbers, dates, fractions, prices and sums.
    """

    def some(low: int, high: int) -> str:
        n = int(rng.integers(low, high + 1))
        kind = rng.random()
        if kind < 0.1:
            return str(rng.integers(10)) + "0" * (n - 1)
        if kind < 0.2:
            return str(rng.integers(10)) * n
        if kind < 0.35:  # a 1 between other digits is easy to miss
            return "".join(map(str, rng.choice([1, int(rng.integers(10))], n)))
        return "".join(map(str, rng.integers(0, 10, n)))

    k = rng.random()
    if k < 0.51:
        return some(2, 8) if rng.random() < 0.6 else some(1, 3)
    if k < 0.54:
        return some(7, 12)
    if k < 0.68:
        return some(1, 4) + str(rng.choice([".", ","])) + some(1, 2)
    if k < 0.73:  # often a round number
        thousands = "000" if rng.random() < 0.3 else some(3, 3)
        return some(1, 3) + str(rng.choice([".", ","])) + thousands + str(rng.choice(["", ".", "-", ".-"], p=_ENDS))
    if k < 0.78:
        return "-" + some(1, 3) + (str(rng.choice([".", ","])) + some(1, 2) if rng.random() < 0.3 else "")
    if k < 0.87:
        mark = str(rng.choice(["/", ".", "-"], p=(0.6, 0.2, 0.2)))
        year = str(rng.choice(["19", "20"])) + some(2, 2)
        return mark.join((some(1, 2), some(1, 2), some(2, 2) if rng.random() < 0.6 else year))
    if k < 0.9:
        return some(1, 2) + "/" + (some(1, 2) if rng.random() < 0.8 else some(2, 2) + "0")
    if k < 0.91:
        return "-"
    if k < 0.93:
        return "(" + some(1, 3) + ")"
    if k < 0.95:
        return some(1, 5) + str(rng.choice(["-", "--", "/-", "=", ".", ".-", ",-"]))
    parts = [some(1, 3)]
    for _ in range(int(rng.integers(1, 4))):
        parts += [str(rng.choice(list("+-x÷="), p=(0.34, 0.22, 0.22, 0.08, 0.14))), some(1, 3)]
    return (" " if rng.random() < 0.5 else "").join(parts)


def _rows(sheet: _Sheet, writer: Writer, h: float, rng: np.random.Generator) -> None:
    """Write free rows of one or more words."""
    side = len(sheet.ink)
    y = rng.uniform(-0.2, 3) * h
    while y < side - 2 * h:
        text = number(rng)
        for _ in range(int(rng.choice((0, 1, 2, 3), p=(0.6, 0.2, 0.12, 0.08)))):
            text += " " + number(rng)
        gap = None if rng.random() < 0.7 else rng.uniform(1.5, 5)
        line = writer.write(text, h * np.exp(rng.normal(0, 0.05)), gap)
        x = rng.uniform(0.2, 2) * h if rng.random() < 0.5 else rng.uniform(0, max(1, side - line.ink.shape[1]))
        if rng.random() < 0.12:
            word = writer.word(h)
            if sheet.place(word, x, y + 0.4 * h, sheet.ink):
                x += word.ink.shape[1] + 0.5 * h
        sheet.place(line, x, y, sheet.ink)
        if rng.random() < 0.25:
            break
        y += h * rng.uniform(1.3, 2.5)
    if rng.random() < 0.4:
        _ruling(sheet, h, rng)


def _table(sheet: _Sheet, writer: Writer, h: float, rng: np.random.Generator) -> None:
    """Write into a grid, mostly ruled. Some cells are empty, some have print; writing may cross the rules."""
    side = len(sheet.ink)
    tall, lone = h * rng.uniform(1.15, 2.2), rng.random() < 0.3
    wide = h * (rng.uniform(1.2, 2.2) if lone else rng.uniform(2.2, 5.5))
    left, top = rng.uniform(-0.5, 1.5) * h, rng.uniform(-0.5, 1.5) * h
    columns, lines = int((side - left) / wide) + 1, int((side - top) / tall) + 1
    columns, lines = (int(rng.integers(1, max(2, n + 1))) for n in (columns, lines))
    dark, thick = rng.uniform(0.25, 1), int(rng.integers(1, 4 if h > 24 else 3))
    ruled = rng.random() < 0.88
    if ruled:
        for i in range(lines + 1):
            at, t = round(top + i * tall), thick + (int(rng.integers(0, 3)) if rng.random() < 0.1 else 0)
            cv2.line(sheet.printed, (round(left), at), (round(left + columns * wide), at), dark, t, cv2.LINE_AA)
        for j in range(columns + 1):
            at = round(left + j * wide)
            cv2.line(sheet.printed, (at, round(top)), (at, round(top + lines * tall)), dark, thick, cv2.LINE_AA)
    full, kind = rng.uniform(0.4, 1), rng.random()
    labelled, graded = rng.random() < 0.25, rng.random() < 0.25
    for i in range(lines):
        for j in range(columns):
            y, x = top + (i + 0.5) * tall, left + j * wide
            if labelled and j == 0:
                size = h * rng.uniform(0.5, 0.8)
                text = words(rng, int(rng.integers(2, 6))) if rng.random() < 0.7 else str(rng.integers(1, 200))
                printed = text_line(text, str(rng.choice(fonts()[1])), size, rng)
                sheet.place(printed, x + 0.2 * h, y - size / 2, sheet.printed)
                continue
            if rng.random() > full:
                continue
            if lone:
                text = str(rng.integers(0, 10))
            elif kind < 0.6:
                text = str(rng.integers(0, 10 ** int(rng.integers(1, 4))))
            else:
                text = number(rng)
            if rng.random() < 0.06:
                text = "-"
            other = rng.random() < (0.9 if graded and j == columns - 1 else 0.04)  # a column of letters, like grades
            line = writer.word(h, int(rng.choice((1, 2, 4), p=(0.75, 0.2, 0.05)))) if other else writer.write(text, h)
            room = wide - line.ink.shape[1]
            x += room * (rng.uniform(0.2, 0.8) if room > 0 else 0.3)
            bounds = np.array([g.box for g in line.glyphs]) if line.glyphs else np.zeros((1, 4))
            middle = 1.1 * h if line.ink.shape[0] > 2 * h else bounds[:, [1, 3]].mean()
            sheet.place(line, x, y - middle + rng.normal(0, 0.1) * h, sheet.ink, crowd=True)


def _boxes(sheet: _Sheet, writer: Writer, h: float, rng: np.random.Generator) -> None:
    """Write one digit per box, or per tooth of a comb. Boxes are side by side, apart or alone."""
    side = len(sheet.ink)
    wide, tall = h * rng.uniform(1.05, 1.9), h * rng.uniform(1.15, 1.9)
    space = 0.0 if rng.random() < 0.5 else h * rng.uniform(0.1, 0.8)
    dark, thick, comb = rng.uniform(0.25, 1), int(rng.integers(1, 4)), rng.random() < 0.2
    y = rng.uniform(0.2, 2) * h
    while y + tall < side:
        n = int(rng.integers(1, 9))
        x = rng.uniform(0.2, 2) * h
        first = len(sheet.glyphs)
        for _ in range(n):
            if x + wide > side:
                break
            corners = (round(x), round(y)), (round(x + wide), round(y + tall))
            if comb:
                cv2.line(sheet.printed, (corners[0][0], corners[1][1]), corners[1], dark, thick, cv2.LINE_AA)
                for at in (corners[0][0], corners[1][0]):
                    up = (at, round(y + tall * rng.uniform(0.3, 0.7)))
                    cv2.line(sheet.printed, up, (at, corners[1][1]), dark, thick, cv2.LINE_AA)
            else:
                cv2.rectangle(sheet.printed, *corners, dark, thick, cv2.LINE_AA)
            if rng.random() < 0.92:
                line = writer.write(str(rng.integers(0, 10)) if rng.random() < 0.95 else "-", h)
                at = x + (wide - line.ink.shape[1]) / 2 + rng.normal(0, 0.1) * h
                sheet.place(line, at, y + tall / 2 - 1.1 * h + rng.normal(0, 0.08) * h, sheet.ink, crowd=True)
            x += wide + space
        runs = [row for row in sheet.rows if row[0] >= first]
        if runs and space < 0.6 * h:  # close boxes are one run
            sheet.rows = [row for row in sheet.rows if row[0] < first] + [list(itertools.chain(*runs))]
        y += tall + h * rng.uniform(0.4, 3)
        if rng.random() < 0.3:
            break


def _form(sheet: _Sheet, writer: Writer, h: float, rng: np.random.Generator) -> None:
    """Print lines and labels. Write numbers after the labels, some on a rule."""
    side, y = len(sheet.ink), rng.uniform(0, 1.5) * h
    font, size = str(rng.choice(fonts()[1])), h * rng.uniform(0.35, 0.9)
    dark, thick = rng.uniform(0.3, 1), int(rng.integers(1, 4))
    while y < side - 1.8 * h:
        x = rng.uniform(0.1, 1.5) * h
        if rng.random() < 0.45:
            text = " ".join(_printed_word(rng) for _ in range(int(rng.integers(2, 12))))
            sheet.place(text_line(text, font, size, rng), x, y + 0.8 * h, sheet.printed)
            y += size * rng.uniform(1.6, 2.4)
            continue
        label = text_line(_printed_word(rng) + str(rng.choice([":", "", ".", " #"])), font, size, rng)
        if sheet.place(label, x, y + 1.6 * h - size, sheet.printed):
            x += label.ink.shape[1] + rng.uniform(0.2, 1) * h
        line = writer.write(number(rng), h) if rng.random() < 0.85 else writer.word(h)
        base = 1.6 * h if line.ink.shape[0] > 2 * h else float(line.ink.shape[0])
        if rng.random() < 0.6:
            under = round(y + 1.6 * h + rng.normal(0.05, 0.12) * h)
            end = x + max(line.ink.shape[1] + h * rng.uniform(0, 3), 3 * h)
            cv2.line(sheet.printed, (round(x - 0.3 * h), under), (round(end), under), dark, thick, cv2.LINE_AA)
        sheet.place(line, x, y + 1.6 * h - base, sheet.ink)
        y += h * rng.uniform(1.6, 2.8)


def _lone(sheet: _Sheet, writer: Writer, h: float, rng: np.random.Generator) -> None:
    """Write lone digits, sometimes among other marks: in a column, scattered or only one."""
    side = len(sheet.ink)
    n = int(rng.choice((1, 6, 14)))
    column = rng.random() < 0.4
    x = rng.uniform(0.5, 3) * h
    y = rng.uniform(0, 2) * h
    marks = 0.15 if rng.random() < 0.5 else 0.0
    for _ in range(n):
        line = writer.word(h, 1) if rng.random() < marks else writer.write(str(rng.integers(0, 10)), h)
        if column:
            sheet.place(line, x + rng.normal(0, 0.15) * h, y - 0.6 * h, sheet.ink)
            y += h * rng.uniform(1.1, 1.7)
        else:
            left, top = rng.uniform(0, side - 1.5 * h, 2)
            sheet.place(line, left, top, sheet.ink)


def _other(sheet: _Sheet, writer: Writer, h: float, rng: np.random.Generator) -> None:
    """Write or print words, letters, drawings and scribbles, but no numbers to read."""
    side, y = len(sheet.ink), rng.uniform(0, 2) * h
    printed = rng.random() < 0.4
    font = str(rng.choice(fonts()[1]))
    while y < side - 1.5 * h:
        if printed:
            text = " ".join(_printed_word(rng) for _ in range(int(rng.integers(1, 10))))
            line, layer = text_line(text, font, h * rng.uniform(0.5, 1), rng), sheet.printed
        else:
            line, layer = writer.word(h), sheet.ink
        sheet.place(line, rng.uniform(0, 2) * h, y, layer)
        y += h * rng.uniform(1.3, 3)
    if rng.random() < 0.3:
        edge = min(2 * h, side / 2)
        at, r = (round(float(v)) for v in rng.uniform(edge, side - edge, 2)), round(h * rng.uniform(0.5, 1.5))
        _face(sheet, tuple(at), r, max(1, round(0.1 * h)), rng)


def _face(sheet: _Sheet, at: tuple[int, ...], r: int, width: int, rng: np.random.Generator) -> None:
    """Draw a smiley, a star, an arrow or a tick."""
    x, y = at
    kind = rng.integers(4)
    ink = sheet.ink
    if kind == 0:
        cv2.circle(ink, (x, y), r, 1.0, width, cv2.LINE_AA)
        for side in (-1, 1):
            cv2.circle(ink, (x + side * r // 3, y - r // 3), max(1, r // 8), 1.0, -1, cv2.LINE_AA)
        cv2.ellipse(ink, (x, y), (r // 2, r // 2), 0, 20, 160, 1.0, width, cv2.LINE_AA)
    elif kind == 1:
        turns = np.arange(6) * 4 * np.pi / 5 + rng.uniform(0, 6)
        star = np.stack([x + r * np.sin(turns), y - r * np.cos(turns)], axis=1)
        cv2.polylines(ink, [star.astype(np.int32)], False, 1.0, width, cv2.LINE_AA)
    elif kind == 2:
        cv2.arrowedLine(ink, (x - r, y), (x + r, y + int(rng.integers(-r, r + 1))), 1.0, width, cv2.LINE_AA)
    else:
        tick = np.array([(x - r, y), (x - r // 3, y + r // 2), (x + r, y - r)], np.int32)
        cv2.polylines(ink, [tick], False, 1.0, width)
    sheet.glyphs.append(Glyph(OTHER, (x - r, y - r, x + r, y + r), 2.0 * r))
    sheet.rows.append([len(sheet.glyphs) - 1])


def _printed_word(rng: np.random.Generator) -> str:
    """Return a word, letters or, less often, a number."""
    if rng.random() < 0.15:
        return str(rng.integers(0, 10 ** int(rng.integers(1, 5))))
    return words(rng, int(rng.integers(2, 9)))


def _stray(sheet: _Sheet, writer: Writer, h: float, rng: np.random.Generator) -> None:
    """Add a speck, a dash or a piece of other writing at a random place."""
    side, kind = len(sheet.ink), rng.random()
    x, y = rng.uniform(0, side, 2)
    if kind < 0.4:
        cv2.circle(sheet.ink, (int(x), int(y)), max(1, int(rng.uniform(0.02, 0.06) * h)), 0.8, -1, cv2.LINE_AA)
    elif kind < 0.7:
        end = int(x + rng.uniform(1, 5) * h), int(y + rng.normal(0, 0.2) * h)
        cv2.line(sheet.ink, (int(x), int(y)), end, 1.0, max(1, round(0.1 * h)), cv2.LINE_AA)
    else:
        sheet.place(writer.word(h), x, y, sheet.ink)


def _ruling(sheet: _Sheet, h: float, rng: np.random.Generator) -> None:
    """Print ruled or squared paper."""
    side = len(sheet.ink)
    dark = rng.uniform(0.1, 0.7)
    step, thick = h * rng.uniform(0.6, 2.4), int(rng.integers(1, 3))
    start = rng.uniform(0, step)
    for at in np.arange(start, side, step):
        cv2.line(sheet.printed, (0, round(at)), (side, round(at)), dark, thick, cv2.LINE_AA)
    if rng.random() < 0.5:
        for at in np.arange(rng.uniform(0, step), side, step):
            cv2.line(sheet.printed, (round(at), 0), (round(at), side), dark, thick, cv2.LINE_AA)


def _field(
    shape: tuple[int, int], cells: tuple[int, int], low: float, high: float, rng: np.random.Generator
) -> np.ndarray:
    """Return smooth random values, float32 of `shape`, interpolated between `cells` values from low to high."""
    values = rng.uniform(low, high, cells).astype(np.float32)
    return cv2.resize(values, shape[::-1], interpolation=cv2.INTER_CUBIC)


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


def _photographed(sheet: _Sheet, h: float, rng: np.random.Generator, side: int) -> Scene:
    """Return the sheet as a photograph or scan: paper, pen and camera, and the glyphs at their new places."""
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
    glyphs = sheet.glyphs
    if chance[6] < 0.15:  # the sheet ends on a desk
        pixels, glyphs = _on_desk(pixels, sheet, h, rng)
    if chance[7] < 0.14:  # white on black: chalk or a screen
        pixels = 255 - pixels * np.float32(rng.uniform(0.7, 1))
    matrix = _view(chance, rng, side)
    return Scene(_camera(pixels, matrix, h, chance, rng, side), [_moved(glyph, matrix) for glyph in glyphs], sheet.rows)


def _on_screen(sheet: _Sheet, h: float, rng: np.random.Generator, side: int) -> Scene:
    """Return the sheet as drawn on a screen, without a camera: an even pen on even paper, light or dark."""
    window = slice(16, 16 + side), slice(16, 16 + side)
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
    return Scene(pixels, [shifted(glyph, -16, -16) for glyph in sheet.glyphs], sheet.rows)


def _paper(
    sheet: _Sheet, h: float, opacity: float, chance: np.ndarray, rng: np.random.Generator, side: int
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


def _view(chance: np.ndarray, rng: np.random.Generator, side: int) -> np.ndarray:
    """Return the perspective transform from the sheet to the picture, float64 (3, 3)."""
    corners = np.array([[0, 0], [side, 0], [side, side], [0, side]], np.float32)
    angle = np.deg2rad(rng.normal(0, 3) if rng.random() < 0.8 else rng.uniform(-15, 15))
    c, s = np.cos(angle), np.sin(angle)
    source = (corners - side / 2) @ np.array([[c, -s], [s, c]]).T + side / 2 + 16
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


def _on_desk(pixels: np.ndarray, sheet: _Sheet, h: float, rng: np.random.Generator) -> tuple[np.ndarray, list[Glyph]]:
    """Return the sheet cut off near its writing, on a darker or lighter desk, and its glyphs."""
    if not sheet.glyphs:
        return pixels, sheet.glyphs
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
    return pixels * alpha + desk * (1 - alpha), sheet.glyphs


def _moved(glyph: Glyph, matrix: np.ndarray) -> Glyph:
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
