"""The command ``mnist-cnn read``: reads pictures one after the other and prints the results.

>>> read(("photo.jpg",), "text")                                                        # doctest: +SKIP
file        text     sure     remark
photo.jpg   4711     98 %     accepted

Pages of a document with several pages are called "scan.pdf#page=2" (RFC 8118), in JSON "file" and "page".
"""

import csv
import io
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import click

from mnist_cnn.errors import ImageError
from mnist_cnn.read.annotate import annotate as draw
from mnist_cnn.read.annotate import percent
from mnist_cnn.read.classifier import Classifier
from mnist_cnn.read.document import Page
from mnist_cnn.read.picture import MAX_BYTES, SUFFIXES, pages
from mnist_cnn.read.reader import read_image
from mnist_cnn.read.reading import Reading, Row
from mnist_cnn.read.table import table, unsure

_MANY = 5
_T = TypeVar("_T")


def read(
    names: tuple[str, ...],
    form: str,
    annotate: Path | None = None,
    digits: int | None = None,
    threshold: float | None = None,
    model: Path | None = None,
) -> None:
    """Read the pictures and print them in one of the forms "text", "json", "csv" and "table".

    Pictures and pages that cannot be read are reported on standard error, and the others are read. So are, with the
    form "table", the places of unsure words. Raises SystemExit with 1 if some pictures could not be read, with 2 if
    none could; ImageError if `annotate` cannot be a folder, ModelError if the model is bad.
    """
    classifier = Classifier(model)
    if annotate is not None:
        _make(annotate)
    files = _files(names)
    forms: dict[str, Callable[[str, Page, Reading], Iterator[str]]]
    forms = {"text": _text, "json": _json, "csv": _csv, "table": _table}
    if form == "csv":
        click.echo("file,row,text,number,confidence,accepted,reason")
    elif form == "text":
        click.echo(f"{'file':<28} {'text':<16} {'sure':>7}  remark")
    # Annotated pictures must not replace the pictures that were read.
    good, failed, taken = 0, 0, {Path(name).resolve() for name in files} if annotate is not None else set()
    for name, page in _with_progress(files):
        try:
            if isinstance(page, ImageError):
                raise page
            reading = read_image(page, classifier=classifier, digits=digits, threshold=threshold)
            if annotate is not None:
                stem = "stdin" if name == "-" else Path(name).stem
                stem += "" if page.count == 1 else f"-page-{page.number}"
                _save(page, reading, _free(annotate, stem, taken))
        except ImageError as error:
            failed += 1
            click.echo(_printable(f"mnist-cnn: {error}"), err=True)
            if form == "json":
                click.echo(json.dumps({**_source(name, page), "error": str(error)}))
            continue
        if form == "table" and good:
            click.echo()
        good += 1
        for line in forms[form](name, page, reading):
            click.echo(line)
        if form == "table" and (not reading.rows or unsure(reading)):
            told = _told(unsure(reading)) if reading.rows else _nothing(reading)
            click.echo(_printable(f"mnist-cnn: {_label(name, page)}: {told}"), err=True)
    if failed:
        raise SystemExit(1 if good else 2)


def _files(names: tuple[str, ...]) -> list[str]:
    """Return the files to read: those named, those in folders (all of them, sorted by name), and "-"."""
    files: list[str] = []
    for name in names:
        if name != "-" and os.path.isdir(name):
            found = sorted(str(f) for f in Path(name).rglob("*") if f.suffix.lower() in SUFFIXES and f.is_file())
            files += found or [name]
        else:
            files.append(name)
    return files


def _with_progress(files: list[str]) -> Iterator[tuple[str, Page | ImageError]]:
    """Yield each file's name with each of its pages, or with the reason why it has none.

    Shows a progress bar on a terminal if the results go elsewhere: of many files, or else of each document's pages.
    """
    many = len(files) >= _MANY
    for name in _bar(files, many):
        found: list[Page | ImageError]
        try:
            found = list(_pages(name))
        except ImageError as error:
            found = [error]
        for page in _bar(found, not many and len(found) >= _MANY):
            yield name, page


def _bar(things: Sequence[_T], shown: bool) -> Iterator[_T]:
    if not shown or not sys.stderr.isatty() or sys.stdout.isatty():
        yield from things
        return
    with click.progressbar(things, file=sys.stderr, show_pos=True) as bar:
        yield from bar


def _pages(name: str) -> Iterator[Page]:
    if os.path.isdir(name):  # a folder with pictures was replaced by them
        raise ImageError(name, expected="a folder of pictures", found="none in it")
    return pages(_standard_input() if name == "-" else name)


def _standard_input() -> bytes:
    content = b"" if sys.stdin is None else sys.stdin.buffer.read(MAX_BYTES + 1)
    if not content:
        raise ImageError("standard input", expected="a picture", found="nothing")
    if len(content) > MAX_BYTES:
        raise ImageError("standard input", expected=f"at most {MAX_BYTES >> 20} MB", found="more")
    return content


def _printable(text: str) -> str:
    """Return the text as one line that cannot move the cursor: a file name may contain any character."""
    return "".join(letter if letter.isprintable() else "�" for letter in text)


def _text(name: str, page: Page, reading: Reading) -> Iterator[str]:
    name = _label(name, page)
    shown = _printable(name if len(name) <= 28 else "…" + name[-27:])
    for row in reading.rows:
        yield f"{shown:<28} {row.text:<16} {percent(row.confidence):>7}  {_remark(row, reading) or 'accepted'}"
    if not reading.rows:
        yield f"{shown:<28} {'-':<16} {'':>7}  {_nothing(reading)}"


def _remark(row: Row, reading: Reading) -> str:
    """Return why a row is not accepted: reasons of the reading, the row, its words and its digits; "" if it is."""
    whole = [reading.reason, row.reason]
    words = [f"{word.text} {word.reason}" if len(row.words) > 1 else word.reason for word in row.words if word.reason]
    digits = [
        f"digit {number} {digit.reason}" if len(row.digits) > 1 else digit.reason
        for number, digit in enumerate(row.digits, 1)
        if not digit.accepted
    ]
    return "; ".join(part for part in (*whole, *words, *digits) if part)


def _nothing(reading: Reading) -> str:
    """Return why a picture has no row."""
    return reading.reason or ("not a digit" if reading.others else "no digit found")


def _told(places: list[tuple[int, int]]) -> str:
    """Return as text where in the table the unsure words are."""
    listed = "; ".join(f"row {row}, column {column}" for row, column in dict.fromkeys(places))
    return f"{len(places)} {'word is' if len(places) == 1 else 'words are'} unsure: {listed}"


def _label(name: str, page: Page) -> str:
    """Return the file's name as given, with the page if the file has several."""
    return name + page.label.removeprefix(page.name)


def _source(name: str, page: Page | ImageError) -> dict[str, str | int]:
    if isinstance(page, Page) and page.count > 1:
        return {"file": name, "page": page.number}
    return {"file": name}


def _json(name: str, page: Page, reading: Reading) -> Iterator[str]:
    yield json.dumps({**_source(name, page), **reading.to_dict()})


def _csv(name: str, page: Page, reading: Reading) -> Iterator[str]:
    name = _label(name, page)
    for number, row in enumerate(reading.rows, 1):
        accepted = "yes" if row.accepted and reading.reason is None else "no"
        remark = _remark(row, reading)
        yield _row(name, number, row.text, row.number, f"{row.confidence:.6f}", accepted, remark)
    if not reading.rows:
        yield _row(name, 0, "", "", "0", "no", _nothing(reading))


def _table(name: str, page: Page, reading: Reading) -> Iterator[str]:
    for line in table(reading):
        yield _row(*line)


def _row(*values: object) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(values)  # a value is quoted if it contains a part of this
    return text.getvalue().removesuffix("\r\n")


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ImageError(folder, expected="a folder to draw in", found=error.strerror or str(error)) from None


def _free(folder: Path, stem: str, taken: set[Path]) -> Path:
    """Return a path in the folder that no other picture of this call has."""
    file, n = folder / f"{stem}.png", 1
    while file.resolve() in taken:
        n += 1
        file = folder / f"{stem}-{n}.png"
    taken.add(file.resolve())
    return file


def _save(picture: Page, reading: Reading, file: Path) -> None:
    """Write the annotated picture under a temporary name, then rename it. Raises ImageError if that fails."""
    temporary = file.with_name(f".partial-{os.getpid()}-{file.name}")
    try:
        draw(picture, reading).save(temporary)
        temporary.replace(file)
    except OSError as error:
        raise ImageError(file, expected="a place for a picture", found=error.strerror or str(error)) from None
    finally:
        temporary.unlink(missing_ok=True)
