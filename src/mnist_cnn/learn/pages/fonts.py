"""Fonts: the fonts of this machine, and text in a font as a line of glyphs."""

import functools
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from mnist_cnn.learn import outliers
from mnist_cnn.learn.pages.glyphs import OTHER, Glyph, Line

FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts")
"""Folders that ``fonts`` searches."""
_HANDWRITING = ("breip", "fifthhorseman", "dancingscript", "ecolier", "femkeklaver", "humor", "kaushan", "kristi",
                "rufscript", "tomsontalks", "comic-neue", "klee", "because")  # fmt: skip
"""Parts of the paths of fonts that look like handwriting."""


@functools.cache
def fonts() -> tuple[list[str], list[str]]:
    """Return the paths of the fonts that look like handwriting, then of those for print.

    Debian has them as fonts-breip, -bwht, -dkg-handwriting, -dancingscript, -ecolier-court, -femkeklaver, -humor-sans,
    -kaushanscript, -kristi, -rufscript, -tomsontalks, -comic-neue, -klee; and -liberation, -freefont-ttf, -lato,
    -roboto-unhinted, -open-sans, -ebgaramond, -gnutypewriter, -opendin, -ocr-a, -ocr-b, -inconsolata, -cantarell,
    -crosextra-carlito, -crosextra-caladea, -dejavu. Without any of them, the fonts of matplotlib are used.
    """
    import matplotlib

    found = sorted(str(f) for folder in FOLDERS for f in Path(folder).rglob("*.[to]tf"))
    found = [f for f in found if "noto" not in f.lower()]
    fallback = [str(Path(matplotlib.get_data_path(), "fonts/ttf", f"{name}.ttf")) for name in outliers.FONTS]
    handwriting = [f for f in found if any(name in f.lower() for name in _HANDWRITING)]
    print_ = [f for f in found if f not in set(handwriting)]
    return handwriting or fallback, print_ or fallback


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


@functools.lru_cache(512)
def _face(font: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(font, size)
