"""Writing: numbers and words by one writer, as ink with a box around each glyph.

    >>> writer = Writer(digits, rng)                                                        # doctest: +SKIP
    >>> writer.write("7/3/24", 40).glyphs[0]                                                # doctest: +SKIP
    Glyph(label=7, box=(0, 25, 35, 67), size=40, word=0)

Digits are MNIST images, distorted and drawn with another pen, or are drawn from skeletons (``strokes``). Signs are
drawn from skeletons. Letters come from fonts that look like handwriting, or from skeletons.
"""

import cv2
import numpy as np

from mnist_cnn.learn import augment, outliers
from mnist_cnn.learn.pages import strokes
from mnist_cnn.learn.pages.fonts import fonts, text_line
from mnist_cnn.learn.pages.glyphs import OTHER, Line
from mnist_cnn.learn.pages.texts import words
from mnist_cnn.mnist import Digits
from mnist_cnn.read.labels import SIGNS

_DRAWN = {0: 0.15, 1: 0.5, 2: 0.25, 3: 0.12, 4: 0.35, 5: 0.3, 6: 0.12, 7: 0.35, 8: 0.12, 9: 0.3}
"""Share of writers whose digit is drawn from skeletons, per digit. It is higher where MNIST has fewer styles.

Source: the comparison in LOG.md, 2026-11-27.
"""
_ALL_DRAWN = 0.15
"""Share of writers whose digits are all drawn from skeletons: a screen has no other pen (LOG.md, 2026-11-28)."""
_Y, _X = np.mgrid[0 : strokes.SIDE, 0 : strokes.SIDE].astype(np.float32) - strokes.SIDE / 2
_BODY = 60
"""Height of a digit in a drawing of ``strokes.SIDE``, in pixels."""


class Writer:
    """One handwriting: slant, width, pen, spacing and habits, which are the same in all its lines.

    pen: change of the stroke width of a drawing of ``strokes.SIDE``, in pixels.
    touching, joined: shares of the digits that touch the one before them, or are joined to it.
    gap: distance between digits, in digit heights.
    drawn: for each digit, whether it is drawn from skeletons.
    """

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
        rng.integers(0, 1000, 10)  # not used: without this draw, a seed would give other scenes than before

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
        out = _cropped(out)
        scale = size * 1.1
        new = max(1, round(out.shape[1] * scale)), max(1, round(out.shape[0] * scale))
        return cv2.resize(out, new, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)

    def write(self, text: str, height: float, gap: float | None = None) -> Line:
        """Return the digits and signs of `text` as a line with margins above and below. Spaces separate words.

        height: of a digit of usual size, in pixels.
        gap: between words, in digit heights; random, 0.7 to 2, if None.
        """
        rng = self.rng
        baseline = 1.6 * height
        line = Line(np.zeros((int(2.2 * height) + 4, 0), np.float32))
        word, extra = 0, 0.0
        for letter in text:
            if letter == " ":
                word += 1
                extra = height * (rng.uniform(0.7, 2.0) if gap is None else gap)
                continue
            is_digit = letter.isdigit()
            ink = self.digit(int(letter), height) if is_digit else self.sign(letter, height)
            top = self._top(letter, len(ink), height, baseline, len(line.ink))
            space = self._space(letter, line, height, new_word=bool(extra))
            left = line.next_left(ink, top, space + extra, 0.4 * height) if line.glyphs else 0
            if line.glyphs and is_digit and not extra and rng.random() < self.joined:
                self._join(line, left + ink.shape[1] * 0.3, baseline, height)
            label = int(letter) if is_digit else 10 + SIGNS.index(letter)
            line.add(label, ink, left, top, height, word)
            extra = 0.0
        return line

    def _top(self, letter: str, own: int, height: float, baseline: float, tall: int) -> int:
        """Return the first row of a digit or sign on its line.

        own: its own height; height: of a digit of usual size; baseline, tall: of the line. All are in pixels.
        """
        rng = self.rng
        drop = rng.normal(0, self.unsteady) * height
        if letter.isdigit() or letter in "/()":
            top = baseline - height / 2 - own / 2 if own > 0.85 * height else baseline - own
            if letter == "0" and self.small_zero < 1 and rng.random() < 0.4:
                top -= rng.uniform(0, 0.4) * height
        elif letter == ".":
            top = baseline - own - (rng.uniform(0.25, 0.55) * height if rng.random() < 0.25 else 0)
        elif letter == ",":
            top = baseline - rng.uniform(0.05, 0.3) * height
        else:
            top = baseline - height * rng.uniform(0.4, 0.6) - own / 2
        return int(np.clip(top + drop, 0, max(0, tall - own)))

    def _space(self, letter: str, line: Line, height: float, new_word: bool) -> float:
        """Return the distance of a digit or sign from the line before it, in pixels. Negative values overlap.

        new_word: whether it begins a word.
        """
        rng = self.rng
        space = self.gap * height * rng.uniform(0.5, 1.5)
        if letter in ".,":
            return rng.uniform(0.0, 0.25) * height
        if self.zeros_touch and not new_word and letter == "0" and line.glyphs and line.glyphs[-1].label == 0:
            return rng.uniform(-0.12, 0.05) * height
        if line.glyphs and not new_word and letter.isdigit() and rng.random() < self.touching:
            return rng.uniform(-0.07, 0.03) * height
        return space

    def _join(self, line: Line, to: float, baseline: float, height: float) -> None:
        """Draw a stroke from the last digit to column `to` of the next one, as in joined writing."""
        last = line.glyphs[-1].box
        y = baseline - height * self.rng.choice((0.1, 0.9)) + self.rng.normal(0, 0.05) * height
        line.widen(int(to) + 2)
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
            parts = [_cropped(outliers.stroke_letter(rng)) for _ in range(min(n, 4))]
            scales = [height * rng.uniform(0.7, 1.2) / max(part.shape) for part in parts]
        else:
            return self.scribble(height)
        return self._other(parts, scales, height)

    def scribble(self, height: float) -> Line:
        """Return a scribble as a line of one ``OTHER`` glyph.

        height: of a digit of usual size, in pixels.
        """
        part = _cropped(outliers.scribble(self.rng))
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
            line.add(OTHER, part, left, top, height)
        return line


_places_by_labels: dict[int, tuple[np.ndarray, list[np.ndarray]]] = {}


def _places(digits: Digits) -> list[np.ndarray]:
    """Return the indices of the images of each digit, 0 to 9."""
    key = id(digits.labels)
    if key not in _places_by_labels:  # the labels are kept too, or their id could be reused
        _places_by_labels[key] = digits.labels, [np.flatnonzero(digits.labels == d) for d in range(10)]
    return _places_by_labels[key][1]


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


def _cropped(ink: np.ndarray, faint: float = 0.25) -> np.ndarray:
    """Return the ink cropped to its box. Values up to `faint` do not count as ink."""
    rows, columns = np.flatnonzero(ink.max(axis=1) > faint), np.flatnonzero(ink.max(axis=0) > faint)
    if not rows.size:
        return ink[:1, :1]
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
