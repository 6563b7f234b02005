"""Annotate: a picture with a box around each digit, what was read, how sure it is, and what the network saw.

>>> annotate("number.jpg", read_image("number.jpg")).save("read.png")                   # doctest: +SKIP
"""

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from mnist_cnn.read.picture import Picture, colour
from mnist_cnn.read.reader import Digit, Reading

_ACCEPTED, _UNSURE, _REFUSED = (0, 122, 61), (196, 98, 0), (150, 60, 60)
Corners = tuple[float, float, float, float]
"""Left, top, right and bottom."""

_PAPER, _INK = (255, 255, 255), (60, 60, 60)


def annotate(picture: Picture, reading: Reading) -> Image.Image:
    """The upright picture, 600 to 1,600 pixels on its longer side, with a `reading` drawn on it and its tiles below."""
    pixels = colour(picture)
    side = max(pixels.shape[:2])
    if side < 600:
        factor = 600 / side
        pixels = cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    image = Image.fromarray(pixels)
    scale = image.width / reading.width
    width = max(2, round(max(image.size) / 400))
    draw = ImageDraw.Draw(image)
    digits = [digit for line in reading.lines for digit in line.digits]
    places = [_corners(digit, scale, 2 * width) for digit in digits]
    for digit, corners in zip(digits, places, strict=True):
        line = width if digit.is_digit else max(1, width // 2)
        draw.rounded_rectangle(corners, radius=2 * width, outline=_colour(digit), width=line)
    sizes = [int(np.clip(0.3 * digit.box.height * scale, 14, max(image.size) / 24)) for digit in digits]
    full = all(_room(draw, *pair) for pair in zip(digits, places, places[1:] + places[:1], sizes, strict=True))
    for digit, (x, y, _, _), size in zip(digits, places, sizes, strict=True):
        text = _text(digit) if full else str(digit.digit) if digit.is_digit else "-"
        _label(draw, text, x, y, size, _colour(digit), image.width)
    return _with_tiles(image, digits) if digits else _with_note(image, "no digit found")


def _corners(digit: Digit, scale: float, gap: int) -> Corners:
    box = digit.box
    left, top = box.x * scale - gap, box.y * scale - gap
    return left, top, (box.x + box.width) * scale + gap, (box.y + box.height) * scale + gap


def _room(draw: ImageDraw.ImageDraw, digit: Digit, corners: Corners, following: Corners, size: int) -> bool:
    """Whether a label with the confidence ends before the box does, and before the next one on the line begins."""
    left, _, right, _ = corners
    if following[0] > left:
        right = min(right, following[0])
    return draw.textlength(_text(digit), font=ImageFont.load_default(size=size)) + 2 * (size // 5) <= right - left


def _text(digit: Digit) -> str:
    return f"{digit.digit}  {percent(digit.confidence)}" if digit.is_digit else "no digit"


def percent(confidence: float) -> str:
    """Never "100 %" for what is less."""
    return f"{min(100 * confidence, 99.9):.1f} %" if confidence > 0.99 else f"{100 * confidence:.0f} %"


def _colour(digit: Digit) -> tuple[int, int, int]:
    if digit.accepted:
        return _ACCEPTED
    return _UNSURE if digit.is_digit else _REFUSED


def _label(
    draw: ImageDraw.ImageDraw, text: str, x: float, y: float, size: int, fill: tuple[int, int, int], width: int
) -> None:
    """Small print above a box, or just inside where there is no room above, on a patch of paper."""
    font = ImageFont.load_default(size=size)
    left, top, right, bottom = draw.textbbox((0, 0), text, font=font)
    pad = size // 5
    x = max(0, min(x, width - (right - left) - 2 * pad))
    y = max(0, y - (bottom - top) - 2 * pad)
    draw.rounded_rectangle([x, y, x + right - left + 2 * pad, y + bottom - top + 2 * pad], pad, fill=_PAPER)
    draw.text((x + pad - left, y + pad - top), text, fill=fill, font=font)


def _with_tiles(image: Image.Image, digits: list[Digit]) -> Image.Image:
    """The picture, and below it a strip of what the network saw."""
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
        draw.text((x, y + cell + size // 4), _text(digit), fill=_colour(digit), font=font)
    return sheet


def _with_note(image: Image.Image, note: str) -> Image.Image:
    size = max(16, max(image.size) // 40)
    sheet = Image.new("RGB", (image.width, image.height + 3 * size), _PAPER)
    sheet.paste(image)
    ImageDraw.Draw(sheet).text((14, image.height + size), note, fill=_REFUSED, font=ImageFont.load_default(size=size))
    return sheet
