"""Pictures: a file of any common format as upright grey pixels, or a clear error, in bounded memory and time.

    >>> pixels, size = gray(np.zeros((40, 30, 3), np.uint8))
    >>> pixels.shape, size
    ((40, 30), (30, 40))

The formats are PNG, JPEG, WebP, TIFF, BMP, GIF and the PNM family, HEIC with the package pillow-heif, and PDF with
pypdfium2. The first picture is taken from an animation, and from a JPEG or HEIC with several pictures. TIFF and PDF
files may have several pages:

    >>> for page in pages("scan.pdf"):                                                      # doctest: +SKIP
    ...     print(page.number, read_image(page).number)
    1 4711
    2 42
"""

import io
import os
import re
import warnings
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from mnist_cnn.errors import ImageError
from mnist_cnn.read import document
from mnist_cnn.read.constants import DRAWING_BRIGHT, DRAWING_OPAQUE, PICTURE_SIDE
from mnist_cnn.read.document import Page

Picture = str | os.PathLike[str] | bytes | np.ndarray | Image.Image | Page
"""A file's path or bytes; pixels (uint8, uint16, or float from 0 to 1; (h, w), (h, w, 3) or (h, w, 4)); a Pillow image;
or a page of a document."""

MAX_BYTES = 64 * 2**20
MAX_PIXELS = 50_000_000
"""With these limits, a WebP with four channels needs less than 1 GB. No other format needs more."""

FORMATS = ("PNG", "JPEG", "MPO", "WEBP", "TIFF", "BMP", "GIF", "PPM", "HEIF")
"""Formats of Pillow that are opened. The others are slow, or start programs."""
_NAME = "the picture"
_ORIENTATION = 0x0112


def gray(picture: Picture) -> tuple[np.ndarray, tuple[int, int]]:
    """Return the upright picture in grey, uint8 (h, w), at most 1,600 pixels per side, and its original size.

    The size is width and height.

    Transparent parts become white, or black if the opaque parts are bright. Raises ImageError if the file is missing,
    is not a picture, is broken, too small or too large, or has several pages.
    """
    image, full = _upright(picture, "L")
    return _shrink(np.asarray(image.convert("L"))), full


def colour(picture: Picture) -> np.ndarray:
    """Return the picture that ``gray`` returns, in colour: uint8 (h, w, 3), red, green, blue."""
    image, _ = _upright(picture, "RGB")
    return _shrink(np.asarray(image.convert("RGB")))


def pages(picture: str | os.PathLike[str] | bytes) -> Iterator[Page]:
    """Yield the pages of a TIFF or PDF file, one after the other; one page for any other file.

    ``read_image`` and ``annotate`` take each page like a picture. A page is decoded when it is read, so only one is in
    memory at a time; a broken page is a separate error. Raises ImageError if the file is missing, empty or too
    large, if its pages cannot be counted, or if there are more than ``document.MAX_PAGES``.
    """
    name, content = _named(picture)
    count = document.count(content, name)
    for number in range(1, count + 1):
        yield Page(name, number, count, content)


def _upright(picture: Picture, mode: str) -> tuple[Image.Image, tuple[int, int]]:
    """Return the picture, opaque and reduced to less than twice ``PICTURE_SIDE``, and its original width and height."""
    if isinstance(picture, np.ndarray):
        return _ready(_of_array(picture), _NAME, mode)
    if isinstance(picture, Image.Image):
        if picture.format == "TIFF" and getattr(picture, "is_animated", False):
            expected = "a single page: the TIFF's path or bytes for mnist_cnn.read.pages, or a copy() of one page"
            raise ImageError(_NAME, expected=expected, found="a Pillow image of several pages")
        return _ready(picture, _NAME, mode)
    if isinstance(picture, Page):
        name, content = picture.label, picture.content()
    else:
        name, content = _named(picture)
        content = document.single(content, name)
    _register_heif()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about odd metadata, and about sizes, which are checked here
            return _ready(Image.open(io.BytesIO(content), formats=_formats()), name, mode)
    except ImageError:
        raise
    except Image.DecompressionBombError as error:
        found = re.search(r"\d+ pixels", str(error))
        expected = f"at most {MAX_PIXELS // 10**6} million pixels"
        raise ImageError(name, expected=expected, found=found[0] if found else "a larger picture") from None
    except UnidentifiedImageError:
        expected = "a picture (PNG, JPEG, WebP, TIFF, BMP, GIF, HEIC or PDF)"
        raise ImageError(name, expected=expected, found="a file of another format") from None
    except Exception as error:  # Pillow's decoders raise exceptions of any type for a broken file
        reason = (str(error).splitlines() or [""])[0] or type(error).__name__
        raise ImageError(name, expected="a whole picture", found=f"a broken one ({reason[:100]})") from None


def _named(picture: str | os.PathLike[str] | bytes) -> tuple[str, bytes]:
    """Return the name for errors, and the bytes. Raises ImageError if there are none or too many."""
    name, content = (_NAME, picture) if isinstance(picture, bytes) else (str(picture), _content(Path(picture)))
    if not content:
        raise ImageError(name, expected="a picture", found="an empty file")
    if len(content) > MAX_BYTES:
        raise ImageError(name, expected=f"at most {MAX_BYTES >> 20} MB", found="a larger file")
    return name, content


def _content(path: Path) -> bytes:
    """Return the bytes of a file, at most one more than ``MAX_BYTES``. Raises ImageError if it cannot be read."""
    try:
        if path.is_dir():
            raise ImageError(path, expected="a picture", found="a folder")
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ImageError(path, expected="a picture", found=reason) from None


def _of_array(pixels: np.ndarray) -> Image.Image:
    """Return an array as a Pillow image with 8 bits per channel. Raises ImageError if that is impossible."""
    shape, dtype = pixels.shape, pixels.dtype
    if pixels.ndim == 3 and shape[2] == 1:
        pixels = pixels[:, :, 0]
    if pixels.ndim not in (2, 3) or (pixels.ndim == 3 and shape[2] not in (3, 4)) or 0 in shape:
        raise ImageError(_NAME, expected="an array (h, w), (h, w, 3) or (h, w, 4)", found=f"a shape {shape}")
    if pixels.shape[0] * pixels.shape[1] > MAX_PIXELS:
        raise ImageError(_NAME, expected=f"at most {MAX_PIXELS // 10**6} million pixels", found=f"a shape {shape}")
    if dtype.kind == "b":
        pixels = pixels.astype(np.uint8) * 255
    elif dtype == np.uint16:
        pixels = (pixels >> 8).astype(np.uint8)
    elif dtype.kind == "f":
        if not (np.isfinite(pixels).all() and pixels.min() >= 0 and pixels.max() <= 1):
            found = f"floats from {pixels.min():.3g} to {pixels.max():.3g}"
            raise ImageError(_NAME, expected="floats from 0 to 1", found=found)
        pixels = np.rint(pixels * 255).astype(np.uint8)
    elif dtype != np.uint8:
        raise ImageError(_NAME, expected="uint8, uint16 or float", found=str(dtype))
    return Image.fromarray(np.ascontiguousarray(pixels))


def _ready(image: Image.Image, name: str, mode: str) -> tuple[Image.Image, tuple[int, int]]:
    """Return an image upright, opaque and reduced, and its original size. Raises ImageError for a wrong size."""
    full = image.size
    found = f"{full[0]:,} x {full[1]:,} pixels"
    if min(full) < 2:
        raise ImageError(name, expected="a picture of at least 2 x 2 pixels", found=found)
    if full[0] * full[1] > MAX_PIXELS:
        raise ImageError(name, expected=f"at most {MAX_PIXELS // 10**6} million pixels", found=found)
    image.draft(mode, (PICTURE_SIDE, PICTURE_SIDE))  # a JPEG is decoded at the size that is needed
    image.load()
    exif = image.getexif()
    if image.mode == "P":
        image = image.convert("RGBA" if "transparency" in image.info else "RGB")
    elif image.mode == "1" or image.mode.startswith("I;16"):
        image = image.convert("L" if image.mode == "1" else "I")
    if (factor := max(image.size) // PICTURE_SIDE) > 1:
        image = image.reduce(factor)
    if image.mode in ("I", "F"):
        image = _of_deep(np.asarray(image).astype(np.float32))
    image.info["exif"] = exif.tobytes()
    turned = image.getexif().get(_ORIENTATION, 1) in (5, 6, 7, 8)
    image = ImageOps.exif_transpose(image)
    if image.mode == "RGBA" and image.getchannel("A").getextrema() == (255, 255):
        image = image.convert("RGB")  # from a browser's canvas: four channels, but opaque
    if "A" in image.getbands() or "transparency" in image.info:
        image = _on_paper(np.asarray(image.convert("RGBA")))
    return image, full[::-1] if turned else full


def _of_deep(values: np.ndarray) -> Image.Image:
    """Return a picture with 16 or 32 bits per pixel, float32 (h, w) of any range, with 8 bits per pixel."""
    values = np.nan_to_num(values, posinf=0, neginf=0)
    low, high = float(values.min()), float(values.max())
    top = next((t for t in (1.0, 255.0, 4095.0, 65535.0) if low >= 0 and high <= t), None)
    scaled = values / top if top else (values - low) / max(high - low, 1e-12)
    return Image.fromarray(np.rint(255 * scaled).astype(np.uint8))


def _on_paper(pixels: np.ndarray) -> Image.Image:
    """Return a picture, uint8 (h, w, 4), on white; on black if the drawing itself is bright."""
    alpha = pixels[:, :, 3:].astype(np.float32) / 255
    luminance = cv2.cvtColor(pixels, cv2.COLOR_RGBA2GRAY)[:, :, None]
    weight = float(alpha.sum())
    bright = weight > 0 and float((luminance * alpha).sum()) / weight > DRAWING_BRIGHT
    behind = 0 if bright and float(alpha.mean()) < DRAWING_OPAQUE else 255
    return Image.fromarray(np.rint(pixels[:, :, :3] * alpha + behind * (1 - alpha)).astype(np.uint8))


def _shrink(pixels: np.ndarray) -> np.ndarray:
    """Return pixels with at most ``PICTURE_SIDE`` pixels per side."""
    height, width = pixels.shape[:2]
    scale = PICTURE_SIDE / max(height, width)
    if scale >= 1:
        return pixels
    return cv2.resize(
        pixels, (max(2, round(width * scale)), max(2, round(height * scale))), interpolation=cv2.INTER_AREA
    )


def _formats() -> list[str]:
    """Return the formats of ``FORMATS`` that Pillow can open here."""
    Image.init()
    return [name for name in FORMATS if name in Image.OPEN]


def _register_heif() -> None:
    """Add HEIF to the formats of Pillow, if pillow-heif is installed."""
    try:
        import pillow_heif
    except ImportError:
        return
    pillow_heif.register_heif_opener()
