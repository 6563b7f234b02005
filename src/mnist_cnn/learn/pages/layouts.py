"""Layouts: ways to fill a sheet: rows, tables, boxes, forms, single digits and other writing.

Everywhere, ``h`` is the height of a digit of usual size, in pixels.
"""

import itertools

import cv2
import numpy as np

from mnist_cnn.learn.pages.fonts import fonts, text_line
from mnist_cnn.learn.pages.glyphs import OTHER, Glyph, Line
from mnist_cnn.learn.pages.sheet import Sheet
from mnist_cnn.learn.pages.texts import number, printed_word, words
from mnist_cnn.learn.pages.writing import Writer


def rows(sheet: Sheet, writer: Writer, h: float, rng: np.random.Generator) -> None:
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


def table(sheet: Sheet, writer: Writer, h: float, rng: np.random.Generator) -> None:
    """Write into a grid, mostly ruled. Some cells are empty, some have print; writing may cross the rules."""
    side = len(sheet.ink)
    tall, single = h * rng.uniform(1.15, 2.2), rng.random() < 0.3
    wide = h * (rng.uniform(1.2, 2.2) if single else rng.uniform(2.2, 5.5))
    left, top = rng.uniform(-0.5, 1.5) * h, rng.uniform(-0.5, 1.5) * h
    columns, lines = int((side - left) / wide) + 1, int((side - top) / tall) + 1
    columns, lines = (int(rng.integers(1, max(2, n + 1))) for n in (columns, lines))
    dark, thick = rng.uniform(0.25, 1), int(rng.integers(1, 4 if h > 24 else 3))
    if rng.random() < 0.88:
        xs, ys = left + np.arange(columns + 1) * wide, top + np.arange(lines + 1) * tall
        _grid(sheet, xs, ys, dark, thick, rng)
    full, kind = rng.uniform(0.4, 1), rng.random()
    labelled, graded = rng.random() < 0.25, rng.random() < 0.25
    for i in range(lines):
        for j in range(columns):
            y, x = top + (i + 0.5) * tall, left + j * wide
            if labelled and j == 0:
                size = h * rng.uniform(0.5, 0.8)
                sheet.place(_row_label(size, rng), x + 0.2 * h, y - size / 2, sheet.printed)
                continue
            if rng.random() > full:
                continue
            line = _cell(writer, h, single, kind, graded and j == columns - 1, rng)
            room = wide - line.ink.shape[1]
            x += room * (rng.uniform(0.2, 0.8) if room > 0 else 0.3)
            bounds = np.array([g.box for g in line.glyphs]) if line.glyphs else np.zeros((1, 4))
            middle = 1.1 * h if line.ink.shape[0] > 2 * h else bounds[:, [1, 3]].mean()
            sheet.place(line, x, y - middle + rng.normal(0, 0.1) * h, sheet.ink, crowd=True)


def _grid(sheet: Sheet, xs: np.ndarray, ys: np.ndarray, dark: float, thick: int, rng: np.random.Generator) -> None:
    """Print the rules of a table at these places, in pixels. Some horizontal rules are thicker."""
    for y in ys:
        extra = int(rng.integers(0, 3)) if rng.random() < 0.1 else 0
        ends = (round(xs[0]), round(y)), (round(xs[-1]), round(y))
        cv2.line(sheet.printed, *ends, dark, thick + extra, cv2.LINE_AA)
    for x in xs:
        ends = (round(x), round(ys[0])), (round(x), round(ys[-1]))
        cv2.line(sheet.printed, *ends, dark, thick, cv2.LINE_AA)


def _row_label(size: float, rng: np.random.Generator) -> Line:
    """Return the printed name or number of a row of a table."""
    text = words(rng, int(rng.integers(2, 6))) if rng.random() < 0.7 else str(rng.integers(1, 200))
    return text_line(text, str(rng.choice(fonts()[1])), size, rng)


def _cell(writer: Writer, h: float, single: bool, kind: float, grade: bool, rng: np.random.Generator) -> Line:
    """Return what is written in one cell of a table.

    single: whether it is one digit; kind: whole numbers below 0.6, else also other numbers.
    grade: whether it is mostly a letter.
    """
    if single:
        text = str(rng.integers(0, 10))
    elif kind < 0.6:
        text = str(rng.integers(0, 10 ** int(rng.integers(1, 4))))
    else:
        text = number(rng)
    if rng.random() < 0.06:
        text = "-"
    if rng.random() < (0.9 if grade else 0.04):
        return writer.word(h, int(rng.choice((1, 2, 4), p=(0.75, 0.2, 0.05))))
    return writer.write(text, h)


def boxes(sheet: Sheet, writer: Writer, h: float, rng: np.random.Generator) -> None:
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


def form(sheet: Sheet, writer: Writer, h: float, rng: np.random.Generator) -> None:
    """Print lines and labels. Write numbers after the labels, some on a rule."""
    side, y = len(sheet.ink), rng.uniform(0, 1.5) * h
    font, size = str(rng.choice(fonts()[1])), h * rng.uniform(0.35, 0.9)
    dark, thick = rng.uniform(0.3, 1), int(rng.integers(1, 4))
    while y < side - 1.8 * h:
        x = rng.uniform(0.1, 1.5) * h
        if rng.random() < 0.45:
            text = " ".join(printed_word(rng) for _ in range(int(rng.integers(2, 12))))
            sheet.place(text_line(text, font, size, rng), x, y + 0.8 * h, sheet.printed)
            y += size * rng.uniform(1.6, 2.4)
            continue
        label = text_line(printed_word(rng) + str(rng.choice([":", "", ".", " #"])), font, size, rng)
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


def single_digits(sheet: Sheet, writer: Writer, h: float, rng: np.random.Generator) -> None:
    """Write single digits, sometimes among other marks: in a column, scattered or only one."""
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


def other_writing(sheet: Sheet, writer: Writer, h: float, rng: np.random.Generator) -> None:
    """Write or print words, letters, drawings and scribbles, but no numbers to read."""
    side, y = len(sheet.ink), rng.uniform(0, 2) * h
    printed = rng.random() < 0.4
    font = str(rng.choice(fonts()[1]))
    while y < side - 1.5 * h:
        if printed:
            text = " ".join(printed_word(rng) for _ in range(int(rng.integers(1, 10))))
            line, layer = text_line(text, font, h * rng.uniform(0.5, 1), rng), sheet.printed
        else:
            line, layer = writer.word(h), sheet.ink
        sheet.place(line, rng.uniform(0, 2) * h, y, layer)
        y += h * rng.uniform(1.3, 3)
    if rng.random() < 0.3:
        edge = min(2 * h, side / 2)
        at, r = (round(float(v)) for v in rng.uniform(edge, side - edge, 2)), round(h * rng.uniform(0.5, 1.5))
        _doodle(sheet, tuple(at), r, max(1, round(0.1 * h)), rng)


def _doodle(sheet: Sheet, at: tuple[int, ...], r: int, width: int, rng: np.random.Generator) -> None:
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


def stray_mark(sheet: Sheet, writer: Writer, h: float, rng: np.random.Generator) -> None:
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


def _ruling(sheet: Sheet, h: float, rng: np.random.Generator) -> None:
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


LAYOUTS = {rows: 0.36, table: 0.2, boxes: 0.12, form: 0.14, single_digits: 0.1, other_writing: 0.08}
"""The layouts and their shares of the scenes."""
