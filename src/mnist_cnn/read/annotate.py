"""Annotate: a picture with a box around each digit, its label and confidence, and its tiles.

>>> annotate("number.jpg", read_image("number.jpg")).save("read.png")                   # doctest: +SKIP
"""

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from mnist_cnn.read.output import percent
from mnist_cnn.read.picture import Picture, colour
from mnist_cnn.read.reading import Box, Digit, Reading, Sign, Word

_ACCEPTED, _UNSURE, _OTHER = (0, 122, 61), (196, 98, 0), (128, 128, 128)
Corners = tuple[float, float, float, float]
"""Left, top, right and bottom."""

_PAPER, _INK = (255, 255, 255), (60, 60, 60)


def annotate(picture: Picture, reading: Reading) -> Image.Image:
    """Return the upright picture with a reading drawn on it and its tiles below, 600 to 1,600 pixels per longer side.

    Digits have a box and signs have a thin box, both with a label. Places of other writing have a thin grey box.
    """
    pixels = np.rot90(colour(picture), -reading.turned // 90)
    side = max(pixels.shape[:2])
    if side < 600:
        factor = 600 / side
        pixels = cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    image = Image.fromarray(pixels)
    scale = image.width / reading.width
    width = max(2, round(max(image.size) / 400))
    thin = max(1, width // 2)
    draw = ImageDraw.Draw(image)
    for box in reading.others:
        draw.rounded_rectangle(_corners(box, scale, 2 * width), radius=2 * width, outline=_OTHER, width=thin)
    drawn = [(word, glyph) for row in reading.rows for word in row.words for glyph in word.glyphs]
    glyphs = [(glyph, _colour(_accepted(glyph, word))) for word, glyph in drawn]
    places = [_corners(glyph.box, scale, 2 * width) for glyph, _ in glyphs]
    for (glyph, colour_), corners in zip(glyphs, places, strict=True):
        line = width if isinstance(glyph, Digit) else thin
        draw.rounded_rectangle(corners, radius=2 * width, outline=colour_, width=line)
    heights = [(glyph if isinstance(glyph, Digit) else word).box.height for word, glyph in drawn]
    sizes = [int(np.clip(0.3 * height * scale, 14, max(image.size) / 24)) for height in heights]
    full = all(
        _has_room(draw, glyph, corners, following, size)
        for (glyph, _), corners, following, size in zip(glyphs, places, places[1:] + places[:1], sizes, strict=True)
    )
    for (glyph, colour_), (x, y, _, _), size in zip(glyphs, places, sizes, strict=True):
        _label(draw, _text(glyph) if full else glyph.text, x, y, size, colour_, image.width)
    return _with_tiles(image, reading.digits) if reading.digits else _with_note(image, "no digit found")


def _corners(box: Box, scale: float, gap: int) -> Corners:
    """Return the corners of a box on the drawn picture, wider by a gap on all sides."""
    left, top = box.x * scale - gap, box.y * scale - gap
    return left, top, (box.x + box.width) * scale + gap, (box.y + box.height) * scale + gap


def _has_room(draw: ImageDraw.ImageDraw, glyph: Digit | Sign, corners: Corners, following: Corners, size: int) -> bool:
    """Return whether a label with the confidence fits above its box, and ends before the next box of the row."""
    left, _, right, _ = corners
    if following[0] > left:
        right = min(right, following[0])
    return draw.textlength(_text(glyph), font=ImageFont.load_default(size=size)) + 2 * (size // 5) <= right - left


def _text(glyph: Digit | Sign) -> str:
    """Return the label of a glyph, with the confidence of a digit."""
    return f"{glyph.text}  {percent(glyph.confidence)}" if isinstance(glyph, Digit) else glyph.text


def _accepted(glyph: Digit | Sign, word: Word) -> bool:
    """Return whether a sign's word is accepted, or whether a digit is and its word has no reason against it."""
    return glyph.accepted and word.reason is None if isinstance(glyph, Digit) else word.accepted


def _colour(accepted: bool) -> tuple[int, int, int]:
    """Return the colour of a box."""
    return _ACCEPTED if accepted else _UNSURE


def _label(
    draw: ImageDraw.ImageDraw, text: str, x: float, y: float, size: int, fill: tuple[int, int, int], width: int
) -> None:
    """Write small text on white above a box, or inside it if there is no room above."""
    font = ImageFont.load_default(size=size)
    left, top, right, bottom = draw.textbbox((0, 0), text, font=font)
    pad = size // 5
    x = max(0, min(x, width - (right - left) - 2 * pad))
    y = max(0, y - (bottom - top) - 2 * pad)
    draw.rounded_rectangle([x, y, x + right - left + 2 * pad, y + bottom - top + 2 * pad], pad, fill=_PAPER)
    draw.text((x + pad - left, y + pad - top), text, fill=fill, font=font)


def _with_tiles(image: Image.Image, digits: tuple[Digit, ...]) -> Image.Image:
    """Return the picture with the tiles of its digits below it."""
    cell = max(84, min(image.width // max(6, min(len(digits), 12)), 168) // 28 * 28)
    columns = max(1, (image.width - 16) // (cell + 12))
    size = max(13, cell // 6)
    font = ImageFont.load_default(size=size)
    rows = -(-len(digits) // columns)
    top = image.height + 3 * size
    sheet = Image.new("RGB", (image.width, top + rows * (cell + 2 * size + 8)), _PAPER)
    sheet.paste(image)
    draw = ImageDraw.Draw(sheet)
    draw.text((14, image.height + size), "what the network saw", fill=_INK, font=font)
    for number, digit in enumerate(digits):
        x, y = 14 + number % columns * (cell + 12), top + number // columns * (cell + 2 * size + 8)
        tile = Image.fromarray(np.rint(255 * digit.tile).astype(np.uint8))
        sheet.paste(tile.resize((cell, cell), Image.Resampling.NEAREST), (x, y))
        draw.text((x, y + cell + size // 4), _text(digit), fill=_colour(digit.accepted), font=font)
    return sheet


def _with_note(image: Image.Image, note: str) -> Image.Image:
    """Return the picture with a line of text below it."""
    size = max(16, max(image.size) // 40)
    sheet = Image.new("RGB", (image.width, image.height + 3 * size), _PAPER)
    sheet.paste(image)
    ImageDraw.Draw(sheet).text((14, image.height + size), note, fill=_OTHER, font=ImageFont.load_default(size=size))
    return sheet
