"""Documents: every page of a TIFF or PDF file is read, and a broken page is a clear error."""

import contextlib
import importlib.util
import io
import json
import struct
import time
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np
import pillow_heif
import pyarrow.dataset as ds
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.TiffImagePlugin import AppendingTiffWriter
from starlette.testclient import TestClient
from test_pdf import made

from mnist_cnn import mnist
from mnist_cnn.cli import cli
from mnist_cnn.commands import read as command
from mnist_cnn.errors import ImageError
from mnist_cnn.read import Classifier, document, pages, read_image
from mnist_cnn.read.document import MAX_PAGES, SUFFIXES
from mnist_cnn.read.picture import FORMATS, gray
from mnist_cnn.web.app import create

BLANK = Image.new("L", (40, 60), 240)


def saved(images: list[Image.Image], form: str = "TIFF", **options: Any) -> bytes:
    content = io.BytesIO()
    first, *others = [image.copy() for image in images]  # saving a JPEG changes an image's options for the next file
    first.save(content, form, save_all=True, append_images=others, **options)
    return content.getvalue()


@pytest.fixture(scope="module")
def sheets(dataset: mnist.Dataset) -> list[Image.Image]:
    """Return a white sheet for each of the first training images, 5, 0 and 4."""
    made = []
    for image in dataset.train.images[:3]:
        pixels = np.full((300, 400), 255, np.uint8)
        pixels[80:220, 120:260] -= np.asarray(Image.fromarray(image).resize((140, 140)))
        made.append(Image.fromarray(pixels))
    return made


def run(*arguments: object, stdin: bytes | None = None) -> tuple[int, str, str]:
    done = CliRunner().invoke(cli, ["read", *map(str, arguments)], input=stdin)
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture(params=["scan.tif", "scan.pdf"])
def scan(request: pytest.FixtureRequest, sheets: list[Image.Image], tmp_path: Path) -> Path:
    file: Path = tmp_path / request.param
    file.write_bytes(saved(sheets, "TIFF" if file.suffix == ".tif" else "PDF"))
    return file


def test_all_pages_are_read(scan: Path) -> None:
    found = list(pages(scan))
    assert [(page.name, page.number, page.count) for page in found] == [(str(scan), n, 3) for n in (1, 2, 3)]
    assert [read_image(page).number for page in found] == ["5", "0", "4"]
    assert [read_image(page).number for page in pages(scan.read_bytes())] == ["5", "0", "4"]


@pytest.mark.slow
def test_each_output_names_the_page(scan: Path, tmp_path: Path) -> None:
    code, output, errors = run(scan, "--json", "--annotate", tmp_path / "seen")
    assert (code, errors) == (0, "")
    found = [json.loads(line) for line in output.splitlines()]
    assert [(f["file"], f["page"], f["number"]) for f in found] == [
        (str(scan), 1, "5"),
        (str(scan), 2, "0"),
        (str(scan), 3, "4"),
    ]
    assert {file.name for file in (tmp_path / "seen").iterdir()} == {f"scan-page-{n}.png" for n in (1, 2, 3)}
    rows = [line.split(",")[:3] for line in run(scan, "--csv")[1].splitlines()]
    assert rows == [
        ["file", "row", "text"],
        *([f"{scan}#page={n}", "1", d] for n, d in ((1, "5"), (2, "0"), (3, "4"))),
    ]
    assert [line.split()[0][-11:] for line in run(scan)[1].splitlines()[1:]] == [
        f"{scan.suffix}#page={n}" for n in (1, 2, 3)
    ]
    assert json.loads(run("-", "--json", stdin=scan.read_bytes())[1].splitlines()[2])["page"] == 3


@pytest.mark.parametrize("form", ["TIFF", "PDF"])
def test_a_document_of_one_page_is_a_picture(form: str, sheets: list[Image.Image], tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(saved(sheets[:1], form))
    assert read_image(tmp_path / "one").number == "5"
    (page,) = pages(tmp_path / "one")
    assert page.label == str(tmp_path / "one")
    found = json.loads(run(tmp_path / "one", "--json")[1])
    assert found == {"file": str(tmp_path / "one"), **read_image(tmp_path / "one").to_dict()}


def test_several_pages_are_an_error_where_a_picture_is_expected(scan: Path) -> None:
    for given_as in (scan, scan.read_bytes()):
        with pytest.raises(ImageError, match=r"expected a single page, found 3 pages; .*mnist_cnn\.read\.pages"):
            read_image(given_as)


def test_http_and_bulk_say_how_many_pages_there_are(scan: Path, tmp_path: Path) -> None:
    with TestClient(create(Classifier())) as client:
        answer = client.post("/v1/read", files={"image": scan.read_bytes()})
    assert answer.status_code == 422
    assert "expected a single page, found 3 pages" in answer.json()["detail"]
    assert CliRunner().invoke(cli, ["bulk", str(scan), "--out", str(tmp_path / "out")]).exit_code == 2
    (row,) = ds.dataset(tmp_path / "out/errors").to_table().to_pylist()
    assert row["id"] == str(scan)
    assert "expected a single page, found 3 pages" in row["error"]


def test_a_pillow_image_of_several_pages_is_an_error_and_a_copy_is_not(sheets: list[Image.Image]) -> None:
    with Image.open(io.BytesIO(saved(sheets))) as image:
        with pytest.raises(ImageError, match="found a Pillow image of several pages"):
            read_image(image)
        image.seek(1)
        assert read_image(image.copy()).number == "0"


def test_frames_of_other_formats_are_not_pages(sheets: list[Image.Image]) -> None:
    for form in ("GIF", "PNG", "WEBP", "MPO"):
        content = saved([sheet.convert("RGB") for sheet in sheets], form)
        assert read_image(content).number == "5"
        assert len(list(pages(content))) == 1


def with_kinds(images: list[Image.Image], kinds: list[int]) -> bytes:
    """A TIFF whose pictures have these values of the tag NewSubfileType."""
    content = io.BytesIO()
    with AppendingTiffWriter(content) as writer:
        for image, kind in zip(images, kinds, strict=True):
            image.save(writer, "TIFF", tiffinfo={254: kind})
            writer.newFrame()
    return content.getvalue()


@pytest.mark.parametrize("kind", [1, 4, 5])
def test_thumbnails_and_masks_are_not_pages(kind: int, sheets: list[Image.Image]) -> None:
    five, other = sheets[0], sheets[1]
    assert read_image(with_kinds([five, other], [0, kind])).number == "5"
    assert read_image(with_kinds([other, five], [kind, 0])).number == "5"
    assert read_image(with_kinds([five, other], [kind, kind])).number == "5"
    assert [read_image(page).number for page in pages(with_kinds([five, other, five], [2, kind, 2]))] == ["5", "5"]


def tiff(entries: list[int], order: str = "<", big: bool = False, following: int | None = None) -> bytes:
    """A TIFF of a chain of one-pixel directories, each with N entries; the last refers to `following`."""
    long, number, size = ("Q", "Q", 20) if big else ("I", "H", 12)
    header = (b"II" if order == "<" else b"MM") + struct.pack(order + "H", 43 if big else 42)
    header += struct.pack(order + "HHQ", 8, 0, 16) if big else struct.pack(order + "I", 8)
    content = header
    for i, n in enumerate(entries):
        directory = struct.pack(order + number, n) + bytes(n * size)
        after = len(content) + len(directory) + struct.calcsize(order + long)
        last = i == len(entries) - 1
        content += directory + struct.pack(order + long, (following or 0) if last else after)
    return content + bytes(16)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("big", [False, True])
def test_tiff_pages_are_counted(order: str, big: bool) -> None:
    assert document.count(tiff([1, 3, 2], order, big), "it") == 3
    assert document.count(tiff([1] * MAX_PAGES, order, big), "it") == MAX_PAGES
    with pytest.raises(ImageError, match="it: expected 1 to 200 pages, found more than 200"):
        document.count(tiff([1] * (MAX_PAGES + 1), order, big), "it")
    for position in (10**6, 2**32 - 1, *([2**64 - 1] if big else [])):
        with pytest.raises(ImageError, match="it: expected a whole picture, found a broken one"):
            document.count(tiff([1, 1], order, big, position), "it")


@pytest.mark.parametrize("big", [False, True])
def test_tiff_pages_of_all_kinds_are_read(big: bool, sheets: list[Image.Image]) -> None:
    for options in ({}, {"compression": "tiff_lzw"}, {"compression": "jpeg"}):
        found = pages(saved(sheets, big_tiff=big, **options))
        assert [read_image(page).number for page in found] == ["5", "0", "4"]


def test_tiff_pages_keep_their_orientation(sheets: list[Image.Image]) -> None:
    turned = [sheets[0], sheets[1].transpose(Image.Transpose.ROTATE_90)]
    content = io.BytesIO()
    with AppendingTiffWriter(content) as writer:
        for image, orientation in zip(turned, (1, 6), strict=True):
            image.save(writer, "TIFF", tiffinfo={0x0112: orientation})
            writer.newFrame()
    readings = [read_image(page) for page in pages(content.getvalue())]
    assert [(reading.number, reading.width) for reading in readings] == [("5", 400), ("0", 400)]


def test_a_tiff_that_refers_back_to_an_earlier_page_ends() -> None:
    assert document.count(tiff([1, 1, 1], following=8), "it") == 3
    began = time.perf_counter()
    with pytest.raises(ImageError):
        read_image(tiff([65_535] * 70))
    assert time.perf_counter() - began < 5


def test_other_pages_are_read_if_one_is_broken(sheets: list[Image.Image], tmp_path: Path) -> None:
    content = bytearray(saved([sheet.convert("RGB") for sheet in sheets], compression="tiff_deflate"))
    with Image.open(io.BytesIO(content)) as image:
        image.seek(1)
        (at,), (length,) = image.tag_v2[273][:1], image.tag_v2[279][:1]
    content[at : at + length] = bytes(length)
    (tmp_path / "scan.tif").write_bytes(content)
    code, output, errors = run(tmp_path / "scan.tif", "--json")
    assert code == 1
    found = [json.loads(line) for line in output.splitlines()]
    assert [f["page"] for f in found] == [1, 2, 3]
    assert [f.get("number") for f in found] == ["5", None, "4"]
    assert errors.count("\n") == 1
    assert "scan.tif#page=2: expected a whole picture" in errors


def test_a_pdf_with_too_many_pages_is_an_error() -> None:
    assert len(list(pages(made(pages=MAX_PAGES)))) == MAX_PAGES
    for call in (lambda content: list(pages(content)), read_image):
        with pytest.raises(ImageError, match="expected 1 to 200 pages, found more than 200"):
            call(made(pages=MAX_PAGES + 1))


def test_pdf_without_the_extra_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, sheets: list[Image.Image], tmp_path: Path
) -> None:
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "pypdfium2" else find_spec(name))
    (tmp_path / "scan.pdf").write_bytes(saved(sheets, "PDF"))
    code, _, errors = run(tmp_path / "scan.pdf")
    assert (code, errors.count("\n")) == (2, 1)
    assert "scan.pdf: expected a picture, found a PDF" in errors
    assert "pip install 'mnist-cnn[pdf]'" in errors
    sheets[0].save(tmp_path / "five.png")
    code, output, errors = run(tmp_path)  # a PDF in a folder is reported too
    assert code == 1
    assert "five.png" in output
    assert "pip install 'mnist-cnn[pdf]'" in errors


def test_a_folder_gives_all_formats_that_are_read() -> None:
    pillow_heif.register_heif_opener()
    Image.init()
    endings = {ending for ending, form in Image.registered_extensions().items() if form in FORMATS}
    assert endings | {".pdf"} == SUFFIXES


def test_progress_counts_files_or_pages(
    monkeypatch: pytest.MonkeyPatch, sheets: list[Image.Image], tmp_path: Path
) -> None:
    shown = []

    @contextlib.contextmanager
    def bar(things: list[Any], **_: Any) -> Iterator[list[Any]]:
        shown.append(len(things))
        yield things

    monkeypatch.setattr(click, "progressbar", bar)
    monkeypatch.setattr(command.sys, "stderr", types.SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr(command.sys, "stdout", types.SimpleNamespace(isatty=lambda: False))
    (tmp_path / "scan.tif").write_bytes(saved([sheets[0]] * 5))
    (tmp_path / "short.tif").write_bytes(saved([sheets[0]] * 2))
    files = [str(tmp_path / "scan.tif"), str(tmp_path / "short.tif")]
    assert len(list(command._with_progress(files, dict.fromkeys(files)))) == 7
    assert shown == [5]
    assert len(list(command._with_progress(files * 3, dict.fromkeys(files)))) == 21
    assert shown == [5, 6]


TIFF, PDF = saved([BLANK] * 3), saved([BLANK] * 2, "PDF")
edits = st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=12)
cuts = st.one_of(st.none(), st.integers(5, 10**6))


def damaged(content: bytes, changes: list[tuple[int, int]], cut: int | None) -> bytes:
    changed = bytearray(content)
    for place, value in changes:
        changed[place % len(changed)] = value
    return bytes(changed[: cut % len(changed)] if cut else changed)


def all_read(content: bytes) -> None:
    """Each page or a clear error, in bounded time."""
    began = time.perf_counter()
    with contextlib.suppress(ImageError):
        for page in pages(content):
            with contextlib.suppress(ImageError):
                assert gray(page)[0].ndim == 2
    with contextlib.suppress(ImageError):
        gray(content)
    assert time.perf_counter() - began < 30


@settings(max_examples=150, deadline=None)
@given(edits, cuts)
def test_a_damaged_tiff_gives_pages_or_a_clear_error(changes: list[tuple[int, int]], cut: int | None) -> None:
    all_read(damaged(TIFF, changes, cut))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), max_size=6), st.booleans())
def test_a_damaged_list_of_tiff_pages_gives_pages_or_a_clear_error(changes: list[tuple[int, int]], big: bool) -> None:
    all_read(damaged(tiff([2, 2, 2], big=big), changes, None))


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(edits, cuts)
def test_a_damaged_pdf_gives_pages_or_a_clear_error(changes: list[tuple[int, int]], cut: int | None) -> None:
    all_read(damaged(PDF, changes, cut))
