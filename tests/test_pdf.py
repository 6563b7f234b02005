"""PDF: pages are counted and drawn at a bounded size, in bounded time, and a broken file is a clear error."""

import io
import time
import zlib
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mnist_cnn.cli import cli
from mnist_cnn.errors import ImageError
from mnist_cnn.read import pdf, read_image
from mnist_cnn.read.picture import gray


def run(*arguments: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(cli, ["read", *map(str, arguments)])
    return done.exit_code, done.stdout, done.stderr


def made(
    box: str = "0 0 600 300", drawn: bytes = b"", thing: bytes = b"<<>>", pages: int = 1, trailer: bytes = b""
) -> bytes:
    """A PDF whose pages have that size and content, which may use an image /I."""
    packed = zlib.compress(drawn)
    sheet = f"<</Type/Page/Parent 2 0 R/MediaBox[{box}]/Contents 3 0 R/Resources<</XObject<</I 4 0 R>>>>>>".encode()
    kids = b" ".join(b"%d 0 R" % (5 + i) for i in range(pages))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, pages),
        b"<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream" % (len(packed), packed),
        thing,
        *[sheet] * pages,
    ]
    content, places = b"%PDF-1.4\n", []
    for i, written in enumerate(objects, 1):
        places.append(len(content))
        content += b"%d 0 obj\n%s\nendobj\n" % (i, written)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"trailer<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, trailer, len(content))
    return content + b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + table + end


@pytest.mark.parametrize(
    ("box", "size"),
    [
        ("0 0 595 842", (1653, 2339)),
        ("0 0 50 100", (800, 1600)),
        ("0 0 5000 14400", (1112, 3200)),
        ("0 0 2000000000 1000000000", None),
        ("0 0 1e30 1e30", None),
        ("0 0 0 0", None),
        ("600 300 0 0", (1667, 834)),
    ],
)
def test_a_pdf_page_is_drawn_at_a_bounded_size(box: str, size: tuple[int, int] | None) -> None:
    _, found = gray(made(box))
    assert size is None or found == size
    assert 1600 <= max(found) <= 3200


def test_time_and_memory_of_a_pdf_page_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    image = b"<</Type/XObject/Subtype/Image/Width 60000/Height 60000/ColorSpace/DeviceRGB/BitsPerComponent 8/Length 0>>"
    with pytest.raises(ImageError, match="expected pictures of at most 50 million pixels, found a larger one"):
        read_image(made(drawn=b"600 0 0 300 0 0 cm /I Do", thing=image + b"stream\n\nendstream"))
    monkeypatch.setattr(pdf, "SECONDS", 1)
    began = time.perf_counter()
    with pytest.raises(ImageError, match="expected a page that is drawn within 1 s, found a slower one"):
        read_image(made(drawn=b"0 0 m 100 200 300 400 600 300 c S " * 1_000_000))
    assert time.perf_counter() - began < 5


LOCK = b"/ID[<00><00>]/Encrypt<</Filter/Standard/V 1/R 2/P -4/O<%s>/U<%s>>>" % (b"01" * 32, b"02" * 32)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"%PDF-1.7\nnothing", "expected a whole PDF, found a broken one"),
        (made(pages=0), "expected a whole PDF, found a broken one"),
        (made(trailer=LOCK), "expected a PDF without a password, found an encrypted one"),
    ],
    ids=["broken", "without pages", "encrypted"],
)
def test_a_bad_pdf_is_one_line_and_exit_code_2(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "scan.pdf").write_bytes(content)
    code, output, errors = run(tmp_path / "scan.pdf", "--csv")
    assert (code, output.count("\n"), errors.count("\n")) == (2, 0, 1)
    assert "scan.pdf: expected" in errors
    assert message in errors


def test_pages_are_counted_and_one_is_drawn() -> None:
    content = made("0 0 720 360", b"0 0 1 rg 0 0 360 360 re f", pages=3)  # the left half is blue
    count, drawn = pdf.page(content, "it", 2)
    assert count == 3
    with Image.open(io.BytesIO(drawn)) as image:
        assert (image.format, image.mode, image.size) == ("PPM", "RGB", (2000, 1000))  # 10 and 5 inches at 200 dpi
        assert (image.getpixel((10, 500)), image.getpixel((1990, 500))) == ((0, 0, 255), (255, 255, 255))
    assert pdf.page(content, "it", 0) == (3, b"")
    assert pdf.page(content, "it", 4) == (3, b"")


@given(st.sampled_from([b"", b"\xef\xbb\xbf", b"\n \t\r", b"\0"]), st.binary())
def test_a_pdf_is_known_by_its_first_bytes(before: bytes, after: bytes) -> None:
    assert pdf.is_pdf(before + b"%PDF-1.7" + after)
    assert not pdf.is_pdf(b"x" + before + b"%PDF-1.7" + after)
