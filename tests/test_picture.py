"""Pictures: files of all formats give the same grey pixels, and a bad file gives a clear error."""

import contextlib
import io
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mnist_cnn.errors import ImageError
from mnist_cnn.read import read_image
from mnist_cnn.read.constants import PICTURE_SIDE
from mnist_cnn.read.picture import MAX_BYTES, MAX_PIXELS, colour, gray

PAGE = Path(__file__).parents[1] / "docs/pictures/page.jpg"
DRAWN = np.full((60, 40), 240, np.uint8)
DRAWN[10:50, 8:14] = 20
DRAWN[44:50, 8:30] = 20


def saved(image: Image.Image, form: str = "PNG", **options: object) -> bytes:
    content = io.BytesIO()
    image.save(content, form, **options)
    return content.getvalue()


@pytest.mark.parametrize("form", ["PNG", "WEBP", "TIFF", "BMP", "GIF", "PPM"])
def test_formats_without_loss_give_the_same_pixels(form: str) -> None:
    options = {"lossless": True} if form == "WEBP" else {}
    pixels, size = gray(saved(Image.fromarray(DRAWN), form, **options))
    assert np.array_equal(pixels, DRAWN)
    assert size == (40, 60)


@pytest.mark.parametrize("form", ["JPEG", "HEIF"])
def test_formats_with_loss_give_similar_pixels(form: str) -> None:
    if form == "HEIF":
        pillow_heif.register_heif_opener()
    pixels, _ = gray(saved(Image.fromarray(DRAWN).convert("RGB"), form, quality=95))
    assert np.abs(pixels.astype(int) - DRAWN).mean() < 3


@pytest.mark.parametrize("mode", ["L", "P", "RGB", "RGBA", "LA", "CMYK", "YCbCr", "I", "F"])
def test_modes_give_the_same_pixels(mode: str) -> None:
    assert np.abs(gray(Image.fromarray(DRAWN).convert(mode))[0].astype(int) - DRAWN).max() <= 2


def test_deep_arrays_and_floats_give_the_same_pixels(tmp_path: Path) -> None:
    deep = DRAWN.astype(np.uint16) * 257
    (tmp_path / "deep.png").write_bytes(saved(Image.fromarray(deep)))
    for picture in (deep, DRAWN / 255, np.stack([DRAWN] * 3, axis=2), DRAWN[:, :, None], tmp_path / "deep.png"):
        assert np.abs(gray(picture)[0].astype(int) - DRAWN).max() <= 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_of_any_orientation_become_upright(orientation: int) -> None:
    turns = {2: "FLIP_LEFT_RIGHT", 3: "ROTATE_180", 4: "FLIP_TOP_BOTTOM", 5: "TRANSPOSE", 6: "ROTATE_90"}
    turns |= {7: "TRANSVERSE", 8: "ROTATE_270"}
    for factor in (1, 100):  # small, and so large that it is brought down
        upright = Image.fromarray(DRAWN).resize((40 * factor, 60 * factor), Image.Resampling.NEAREST)
        image = upright.transpose(Image.Transpose[turns[orientation]]) if orientation > 1 else upright
        exif = image.getexif()
        exif[0x0112] = orientation
        pixels, size = gray(saved(image, exif=exif, compress_level=1))
        assert size == upright.size
        expected = np.asarray(upright.resize(pixels.shape[::-1]))
        assert np.abs(pixels.astype(int) - expected).mean() < 2


@pytest.mark.parametrize(("ink", "paper"), [((0, 0, 0), 255), ((255, 255, 255), 0)])
def test_a_transparent_drawing_gets_a_background_that_shows_it(ink: tuple[int, ...], paper: int) -> None:
    pixels = np.zeros((60, 40, 4), np.uint8)
    pixels[10:50, 8:14] = (*ink, 255)
    assert gray(pixels)[0][0, 0] == paper
    assert abs(int(gray(pixels)[0][20, 10]) - paper) == 255


def test_an_animation_gives_its_first_frame() -> None:
    frames = [Image.fromarray(np.full_like(DRAWN, value)) for value in (0, 100, 200)]
    content = saved(Image.fromarray(DRAWN), "GIF", save_all=True, append_images=frames)
    assert np.array_equal(gray(content)[0], DRAWN)


def test_colour_and_grey_have_the_same_size() -> None:
    assert colour(PAGE).shape[:2] == gray(PAGE)[0].shape
    assert colour(PAGE).dtype == np.uint8


def declared(width: int, height: int) -> bytes:
    """Return a PNG that declares a size and has one line."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = zlib.compress(bytes(min(width, 10_000) + 1))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "found an empty file"),
        (b"no picture at all", "found a file of another format"),
        (PAGE.read_bytes()[:3000], "expected a whole picture, found a broken one"),
        (declared(60_000, 60_000), "expected at most 50 million pixels, found 3600000000 pixels"),
        (declared(1, 1), "found 1 x 1 pixels"),
        (bytes(MAX_BYTES + 1), "expected at most 64 MB, found a larger file"),
        (np.zeros((0, 5), np.uint8), r"found a shape \(0, 5\)"),
        (np.zeros((5, 5, 2), np.uint8), r"found a shape \(5, 5, 2\)"),
        (np.zeros((5, 5), np.int64), "found int64"),
        (np.full((5, 5), np.nan), "expected floats from 0 to 1, found floats from nan to nan"),
    ],
)
def test_a_file_that_is_not_a_picture_is_an_error(content: bytes | np.ndarray, message: str) -> None:
    with pytest.raises(ImageError, match=message):
        gray(content)


def test_a_large_picture_is_reduced() -> None:
    pixels, size = gray(np.zeros((3000, 4000), np.uint8))
    assert max(pixels.shape) <= PICTURE_SIDE
    assert size == (4000, 3000)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["uint16 PNG", "float32 TIFF", "RGBA PNG", "RGBA WEBP", "P PNG", "CMYK JPEG"])
def test_the_largest_pictures_take_less_than_a_gigabyte_and_ten_seconds(kind: str, tmp_path: Path) -> None:
    """In a separate process, so that the memory of this one does not count."""
    mode, form = kind.split()
    side = int(MAX_PIXELS**0.5)
    image = Image.fromarray(np.zeros((side, side), mode)) if "t" in mode else Image.new(mode, (side, side))
    (tmp_path / "large").write_bytes(saved(image, form, **{"TIFF": {"compression": "tiff_deflate"}}.get(form, {})))
    code = (  # the peak is asked of /proc: getrusage's would be that of the process it was forked from
        "import time; from mnist_cnn.read import read_image; began = time.perf_counter();"
        "size = read_image('large').width; seconds = time.perf_counter() - began;"
        "most = next(line for line in open('/proc/self/status') if 'VmHWM' in line);"
        "print(size, seconds, 1024 * int(most.split()[1]))"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60)
    width, seconds, most = map(float, done.stdout.split())
    assert width == side
    assert seconds < 10
    assert most < 1e9


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF"]))
def test_a_damaged_file_gives_pixels_or_a_clear_error(seed: int, form: str) -> None:
    rng = np.random.default_rng(seed)
    content = bytearray(saved(Image.fromarray(DRAWN).convert("RGB"), form))
    for place in rng.integers(0, len(content), rng.integers(1, 8)):
        content[place] = rng.integers(256)
    content = content[: rng.integers(1, len(content) + 1)] if rng.random() < 0.5 else content
    with contextlib.suppress(ImageError):
        pixels, _ = gray(bytes(content))
        assert pixels.ndim == 2
        assert max(pixels.shape) <= PICTURE_SIDE


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 90), st.integers(2, 90), st.integers(0, 2**32 - 1), st.sampled_from([0.5, 3, 40]))
def test_any_pixels_give_a_reading(height: int, width: int, seed: int, smooth: float) -> None:
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (height, width), np.uint8)
    if smooth > 1:
        pixels = np.asarray(Image.fromarray(pixels).resize((max(2, int(width * smooth / 8)), height)))
    reading = read_image(pixels)
    assert 0 <= reading.confidence <= 1
    assert set(reading.number) <= set("0123456789")
