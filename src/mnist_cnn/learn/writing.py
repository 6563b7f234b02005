"""Writing: numbers and words by one writer, as ink with a box around each glyph.

    >>> writer = Writer(digits, rng)                                                        # doctest: +SKIP
    >>> writer.write("7/3/24", 40).glyphs[0]                                                # doctest: +SKIP
    Glyph(label=7, box=(0, 25, 35, 67), size=40, word=0)

Digits are MNIST images, distorted and drawn with another pen, or are drawn from skeletons (``strokes``). Signs are
drawn from skeletons. Letters come from fonts that look like handwriting, or from skeletons.
"""

import functools
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from mnist_cnn.learn import augment, outliers, strokes
from mnist_cnn.mnist import Digits
from mnist_cnn.read.labels import SIGNS

OTHER = 10 + len(SIGNS)
"""Class of letters, print and scribbles. It follows the ten digits and the signs."""

_DRAWN = {0: 0.15, 1: 0.5, 2: 0.25, 3: 0.12, 4: 0.35, 5: 0.3, 6: 0.12, 7: 0.35, 8: 0.12, 9: 0.3}
"""Share of writers whose digit is drawn from skeletons, per digit. It is higher where MNIST has fewer styles.

Source: the comparison in LOG.md, 2026-11-27.
"""
_ALL_DRAWN = 0.15
"""Share of writers whose digits are all drawn from skeletons: a screen has no other pen (LOG.md, 2026-11-28)."""
_Y, _X = np.mgrid[0 : strokes.SIDE, 0 : strokes.SIDE].astype(np.float32) - strokes.SIDE / 2
_BODY = 60
"""Height of a digit in a drawing of ``strokes.SIDE``, in pixels."""
FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts")
"""Folders that ``fonts`` searches."""
_HANDS = ("breip", "fifthhorseman", "dancingscript", "ecolier", "femkeklaver", "humor", "kaushan", "kristi",
          "rufscript", "tomsontalks", "comic-neue", "klee", "because")  # fmt: skip


class Glyph(NamedTuple):
    """One digit, sign or piece of other writing."""

    label: int
    """0 to 9 for digits, 10 + the index in ``SIGNS`` for signs, or ``OTHER``."""
    box: tuple[float, float, float, float]
    """Left, top, right and bottom of the ink, in pixels."""
    size: float
    """Height of a digit of the same writing, in pixels."""
    word: int = 0
    """Index of the word in its line."""


@dataclass
class Line:
    """A line of writing: ink, float32 (h, w), 0 to 1, and its glyphs from left to right."""

    ink: np.ndarray
    glyphs: list[Glyph] = field(default_factory=list)


class Writer:
    """One handwriting: slant, width, pen, spacing and habits, which are the same in all its lines."""

    def __init__(self, digits: Digits, rng: np.random.Generator) -> None:
        self.digits, self.rng = digits, rng
        self.slant, self.aspect = rng.normal(0.02, 0.16), rng.normal(0.0, 0.16)
        self.unequal = abs(rng.normal(0.05, 0.05))
        self.small_zero = rng.uniform(0.38, 0.9) if rng.random() < 0.3 else 1.0
        self.long_one = rng.uniform(1.1, 1.5) if rng.random() < 0.2 else 1.0
        pens = rng.uniform(-5, -1.5), rng.uniform(-2, 2), rng.uniform(1, 6)
        self.pen = float(rng.choice(pens, p=(0.45, 0.35, 0.2)))
        self.touching = float(rng.choice((0.03, 0.2, 0.7), p=(0.5, 0.33, 0.17)))
        self.gap = rng.uniform(0.0, 0.33) if rng.random() < 0.8 else rng.uniform(0.3, 1.2)
        self.unsteady = abs(rng.normal(0, 0.035))
        self.sharp = rng.uniform(1.0, 2.5)
        self.zeros_touch = self.small_zero < 1 and rng.random() < 0.5
        self.joined = 0.5 if rng.random() < 0.06 else 0.01
        self.drawn = rng.random(10) < [_DRAWN[d] for d in range(10)]
        if rng.random() < _ALL_DRAWN:
            self.drawn[:] = True
        self.straight = bool(self.drawn.all()) and rng.random() < 0.3
        self.variants = rng.integers(0, 1000, 10)

    def digit(self, label: int, height: float) -> np.ndarray:
        """Return the ink of a digit, float32 (h, w), cropped to its box.

        height: of a digit of usual size, in pixels.
        """
        rng = self.rng
        if self.drawn[label] != (rng.random() < 0.1):
            ink = strokes.draw(str(label), rng, float(np.clip(8 + self.pen, 3, 14)), self.straight)
        else:
            places = _places(self.digits)[label]
            ink = augment.enlarge(self.digits.images[rng.choice(places)])
            ink = augment.other_habits(ink, label, rng)
            ink = _with_pen(ink, self.pen)
        size = height / _BODY * np.exp(rng.normal(0, self.unequal))
        if label == 0:
            size *= self.small_zero
        elif label == 1:
            size *= self.long_one
        return self._placed(ink, size, 1.8)

    def sign(self, text: str, height: float) -> np.ndarray:
        """Return the ink of one of ``SIGNS``, float32 (h, w), cropped to its box.

        height: of a digit of usual size, in pixels.
        """
        rng = self.rng
        width = float(np.clip(8 + self.pen, 3.5, 14))
        ink = strokes.draw(text, rng, width * (rng.uniform(1, 1.6) if text == "." else 1))
        share = {".": 1.0, ",": rng.uniform(0.4, 0.75), "-": rng.uniform(0.35, 0.8), "/": rng.uniform(0.95, 1.5),
                 "(": rng.uniform(1, 1.3), ")": rng.uniform(1, 1.3)}.get(text, rng.uniform(0.45, 0.95))  # fmt: skip
        size = height / _BODY * share
        if text == ".":
            size = height / _BODY * rng.uniform(0.7, 1.4)
        return self._placed(ink, size, 0.8)

    def letter(self, text: str, height: float) -> np.ndarray:
        """Return the ink of one of ``strokes.LETTERS``, float32 (h, w), cropped to its box.

        height: of a digit of usual size, in pixels.
        """
        ink = strokes.draw(text, self.rng, float(np.clip(8 + self.pen, 3, 14)))
        return self._placed(ink, height / _BODY * self.rng.uniform(0.8, 1.2), 1.8)

    def _placed(self, ink: np.ndarray, size: float, bent: float) -> np.ndarray:
        """Return the ink rotated, slanted, distorted and scaled, and cropped to its box.

        bent: standard deviation of the distortion, in pixels of the drawing.
        """
        rng = self.rng
        angle, slant = np.deg2rad(rng.normal(0, 4)), self.slant + rng.normal(0, 0.06)
        aspect = np.exp(self.aspect + rng.normal(0, 0.1))
        c, s = np.cos(angle), np.sin(angle)
        m = np.array([[c, -s], [s, c]]) @ np.array([[1 / aspect, slant / aspect], [0, 1]]) * 1.1
        knots, amount = int(rng.integers(4, 7)), abs(rng.normal(0, bent))
        shift = rng.normal(0, amount, (2, knots, knots)).astype(np.float32)
        side = strokes.SIDE
        fx, fy = (cv2.resize(f, (side, side), interpolation=cv2.INTER_CUBIC) for f in shift)
        x = np.float32(m[0, 0]) * _X + np.float32(m[0, 1]) * _Y + fx + side / 2
        y = np.float32(m[1, 0]) * _X + np.float32(m[1, 1]) * _Y + fy + side / 2
        out = cv2.remap(ink, x, y, cv2.INTER_LINEAR)
        out = np.clip((out - 0.5) * np.float32(self.sharp) + 0.5, 0, 1) if self.sharp > 1.1 else out
        out = _cut(out)
        scale = size * 1.1
        new = max(1, round(out.shape[1] * scale)), max(1, round(out.shape[0] * scale))
        return cv2.resize(out, new, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)

    def write(self, text: str, height: float, gap: float | None = None) -> Line:
        """Return the digits and signs of `text` as a line with margins above and below. Spaces separate words.

        height: of a digit of usual size, in pixels.
        gap: between words, in digit heights; random, 0.7 to 2, if None.
        """
        rng = self.rng
        tall = int(2.2 * height) + 4
        base = 1.6 * height  # the baseline
        line = Line(np.zeros((tall, 0), np.float32))
        word, extra = 0, 0.0
        for letter in text:
            if letter == " ":
                word += 1
                extra = height * (rng.uniform(0.7, 2.0) if gap is None else gap)
                continue
            is_digit = letter.isdigit()
            ink = self.digit(int(letter), height) if is_digit else self.sign(letter, height)
            h = ink.shape[0]
            drop = rng.normal(0, self.unsteady) * height
            if is_digit or letter in "/()":
                top = base - height / 2 - h / 2 if h > 0.85 * height else base - h
                if letter == "0" and self.small_zero < 1 and rng.random() < 0.4:
                    top -= rng.uniform(0, 0.4) * height
            elif letter == ".":
                top = base - h - (rng.uniform(0.25, 0.55) * height if rng.random() < 0.25 else 0)
            elif letter == ",":
                top = base - rng.uniform(0.05, 0.3) * height
            else:
                top = base - height * rng.uniform(0.4, 0.6) - h / 2
            top = int(np.clip(top + drop, 0, max(0, tall - h)))
            space = self.gap * height * rng.uniform(0.5, 1.5)
            if letter in ".,":
                space = rng.uniform(0.0, 0.25) * height
            elif self.zeros_touch and not extra and letter == "0" and line.glyphs and line.glyphs[-1].label == 0:
                space = rng.uniform(-0.12, 0.05) * height
            elif line.glyphs and not extra and is_digit and rng.random() < self.touching:
                space = rng.uniform(-0.07, 0.03) * height
            left = _beside(line.ink, ink, top, space + extra, 0.4 * height) if line.glyphs else 0
            if line.glyphs and is_digit and not extra and rng.random() < self.joined:
                self._join(line, left + ink.shape[1] * 0.3, base, height)
            line.ink = _paste(line.ink, ink, left, top)
            label = int(letter) if is_digit else 10 + SIGNS.index(letter)
            box = left, top, left + ink.shape[1], top + h
            line.glyphs.append(Glyph(label, box, height, word))
            extra = 0.0
        return line

    def _join(self, line: Line, to: float, base: float, height: float) -> None:
        """Draw a stroke from the last digit to the next, as in joined writing."""
        last = line.glyphs[-1].box
        y = base - height * self.rng.choice((0.1, 0.9)) + self.rng.normal(0, 0.05) * height
        width = max(line.ink.shape[1], int(to) + 2)
        line.ink = np.pad(line.ink, ((0, 0), (0, width - line.ink.shape[1])))
        start = int(last[0] + 0.7 * (last[2] - last[0])), int(y)
        cv2.line(line.ink, start, (int(to), int(y)), 1.0, max(1, round(0.1 * height)), cv2.LINE_AA)

    def word(self, height: float, letters: int | None = None) -> Line:
        """Return a handwritten word, letter or scribble as a line of ``OTHER`` glyphs.

        height: of a digit of usual size, in pixels.
        letters: number of letters; random, 1 to 8, if None.
        """
        rng = self.rng
        kind = rng.random()
        n = int(rng.integers(1, 9)) if letters is None else letters
        if kind < 0.5:
            text = words(rng, n)
            return text_line(text, str(rng.choice(fonts()[0])), height * rng.uniform(0.8, 1.5), rng, self.pen)
        if kind < 0.83:  # with the pen and slant of the digits
            some = list("ABCDEF" if n < 3 and rng.random() < 0.4 else strokes.LETTERS)
            parts = [self.letter(str(letter), height) for letter in rng.choice(some, min(n, 5))]
            if n < 3 and rng.random() < 0.2:  # as in B+
                parts[1:] = [self.sign(str(rng.choice(["+", "-"])), height)]
            scales = [1.0] * len(parts)
        elif kind < 0.87:
            parts = [_cut(outliers.stroke_letter(rng)) for _ in range(min(n, 4))]
            scales = [height * rng.uniform(0.7, 1.2) / max(part.shape) for part in parts]
        else:
            return self.scribble(height)
        return self._other(parts, scales, height)

    def scribble(self, height: float) -> Line:
        """Return a scribble as a line of one ``OTHER`` glyph.

        height: of a digit of usual size, in pixels.
        """
        part = _cut(outliers.scribble(self.rng))
        return self._other([part], [height * self.rng.uniform(0.7, 1.2) / max(part.shape)], height)

    def _other(self, parts: list[np.ndarray], scales: list[float], height: float) -> Line:
        """Return pieces of ink, float32 (h, w) each, side by side as a line of ``OTHER`` glyphs."""
        line = Line(np.zeros((int(1.6 * height) + 2, 0), np.float32))
        for part, scale in zip(parts, scales, strict=True):
            size = max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale))
            part = cv2.resize(part, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
            part = part[: len(line.ink)]
            free = len(line.ink) - len(part)
            top = free // 2 if len(part) < 0.5 * height else max(0, free - 1)
            left = line.ink.shape[1] + int(self.rng.uniform(0, 0.3) * height)
            line.ink = _paste(line.ink, part, left, top)
            line.glyphs.append(Glyph(OTHER, (left, top, left + part.shape[1], top + part.shape[0]), height))
        return line


_WORDS = (  # noqa: SIM905
    "total name date sum score points marks number no page tel amount paid balance class roll section grade subject"
    " maths english signature address street city zip order item price qty tax note remark january friday euro dollar"
    " resultat naam datum nombre prix summe punkte klasse seite player team home away round game par hole hus chance"
    " bonus the and of with from to cash in out question answer figure table value unit kg cm mm per Mr Mrs Dr"
).split()
_ALONE = outliers.LETTERS + "!:;\"'~^"
"""Letters and marks that may stand alone. Letters that look like a digit are left out."""


def words(rng: np.random.Generator, letters: int) -> str:
    """Return a word of ``_WORDS``, or as many random letters. One letter is a grade or one of ``_ALONE``."""
    if letters == 1:
        return str(rng.choice(list("ABCDEF" if rng.random() < 0.3 else _ALONE)))  # often a grade
    if letters == 2 and rng.random() < 0.2:
        return str(rng.choice(list("ABCDEF"))) + str(rng.choice(["+", "-"]))
    if rng.random() < 0.5:
        word = str(rng.choice(_WORDS))
        case = rng.random()
        return word.upper() if case < 0.3 else word.capitalize() if case < 0.6 else word
    alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHJKLMNPQRTUVWXYZäöüéñç"
    return "".join(rng.choice(list(alphabet), letters))


def text_line(text: str, font: str, height: float, rng: np.random.Generator, pen: float = 0.0) -> Line:
    """Return text in a font as a line of ``OTHER`` glyphs, one per letter.

    font: path of a font file.
    height: of capital letters, about, in pixels.
    pen: ``Writer.pen``; a wide pen widens the strokes.
    """
    size = max(5, round(height * 1.35))
    face = _face(font, size)
    left, top, right, bottom = face.getbbox(text)
    if right - left < 1 or bottom - top < 1 or right - left > 4000:
        return Line(np.zeros((2, 2), np.float32))
    picture = Image.new("L", (int(right - left) + 2, int(bottom - top) + 2))
    ImageDraw.Draw(picture).text((1 - left, 1 - top), text, fill=255, font=face)
    ink: np.ndarray = np.asarray(picture, np.float32) / 255
    if pen > 2 and height > 20:
        ink = cv2.dilate(ink, np.ones((2, 2), np.uint8))
    glyphs: list[Glyph] = []
    word = 0
    for i, letter in enumerate(text):
        if letter == " ":
            word += 1
            continue
        start = face.getlength(text[:i])
        box = face.getbbox(letter)
        if box[0] >= box[2] or box[1] >= box[3]:  # the font lacks it
            continue
        glyph = box[0] + start + 1 - left, box[1] + 1 - top, box[2] + start + 1 - left, box[3] + 1 - top
        glyphs.append(Glyph(OTHER, glyph, height, word))
    return Line(ink, glyphs)


@functools.cache
def fonts() -> tuple[list[str], list[str]]:
    """Return the font files of this machine: those that look like handwriting, then those for print.

    Debian has them as fonts-breip, -bwht, -dkg-handwriting, -dancingscript, -ecolier-court, -femkeklaver, -humor-sans,
    -kaushanscript, -kristi, -rufscript, -tomsontalks, -comic-neue, -klee; and -liberation, -freefont-ttf, -lato,
    -roboto-unhinted, -open-sans, -ebgaramond, -gnutypewriter, -opendin, -ocr-a, -ocr-b, -inconsolata, -cantarell,
    -crosextra-carlito, -crosextra-caladea, -dejavu. Without any of them, the fonts that matplotlib brings are used.
    """
    import matplotlib

    found = sorted(str(f) for folder in FOLDERS for f in Path(folder).rglob("*.[to]tf"))
    found = [f for f in found if "noto" not in f.lower()]
    brought = [str(Path(matplotlib.get_data_path(), "fonts/ttf", f"{name}.ttf")) for name in outliers.FONTS]
    hands = [f for f in found if any(name in f.lower() for name in _HANDS)]
    prints = [f for f in found if f not in set(hands)]
    return hands or brought, prints or brought


@functools.lru_cache(512)
def _face(font: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(font, size)


_kept: dict[int, tuple[np.ndarray, list[np.ndarray]]] = {}


def _places(digits: Digits) -> list[np.ndarray]:
    """Return the indices of the images of each digit, 0 to 9."""
    key = id(digits.labels)
    if key not in _kept:  # the labels are kept too, or their id could be reused
        _kept[key] = digits.labels, [np.flatnonzero(digits.labels == d) for d in range(10)]
    return _kept[key][1]


def _with_pen(ink: np.ndarray, change: float) -> np.ndarray:
    """Return ink with strokes `change` pixels wider, or narrower as long as most of the ink remains."""
    if abs(change) < 0.7:
        return ink
    side = round(abs(change)) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    if change > 0:
        return cv2.dilate(ink, kernel)
    thinner = cv2.erode(ink, kernel)
    if (thinner > 0.5).sum() > 0.25 * (ink > 0.5).sum():
        return thinner
    return _with_pen(ink, change / 2) if change < -1.5 else ink


def _cut(ink: np.ndarray, faint: float = 0.25) -> np.ndarray:
    """Return the ink cropped to its box. Values up to `faint` do not count as ink."""
    rows, columns = np.flatnonzero(ink.max(axis=1) > faint), np.flatnonzero(ink.max(axis=0) > faint)
    if not rows.size:
        return ink[:1, :1]
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _beside(line: np.ndarray, ink: np.ndarray, top: int, space: float, most: float) -> int:
    """Return the left edge for new ink so that its smallest distance from the ink of the line is `space`.

    most: maximum overlap of the boxes, in pixels.
    """
    part = line[top : top + ink.shape[0]]
    near = cv2.dilate((part > 0.3).astype(np.uint8), np.ones((5, 1), np.uint8))[: len(ink)]
    own = ink[: len(part)] > 0.3
    both = near.any(axis=1) & own.any(axis=1)
    free = int((np.argmax(near[:, ::-1], axis=1) + np.argmax(own, axis=1))[both].min()) if both.any() else 0
    return max(0, line.shape[1] - int(min(free, most)) + round(space))


def _paste(line: np.ndarray, ink: np.ndarray, left: int, top: int) -> np.ndarray:
    """Return the line, made wider if needed, with the ink on it."""
    if (width := left + ink.shape[1]) > line.shape[1]:
        line = np.pad(line, ((0, 0), (0, width - line.shape[1])))
    h = min(ink.shape[0], line.shape[0] - top)
    window = line[top : top + h, left:width]
    np.maximum(window, ink[:h], out=window)
    return line
