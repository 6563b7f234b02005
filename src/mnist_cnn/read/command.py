"""The command ``mnist-cnn read``: many pictures, one after the other, and what came of each as text.

>>> read(("photo.jpg",), "table")                                                       # doctest: +SKIP
file        number   sure     remark
photo.jpg   4711     98 %     accepted
"""

import csv
import io
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from mnist_cnn.errors import ImageError
from mnist_cnn.read.annotate import annotate as draw
from mnist_cnn.read.annotate import percent
from mnist_cnn.read.classifier import Classifier
from mnist_cnn.read.picture import MAX_BYTES
from mnist_cnn.read.reader import Number, Reading, read_image

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".heic", ".heif", ".pgm", ".ppm", ".pbm"}
"""What is taken for a picture in a folder."""
_MANY = 5


def read(
    names: tuple[str, ...],
    form: str,
    annotate: Path | None = None,
    digits: int | None = None,
    threshold: float | None = None,
    model: Path | None = None,
) -> None:
    """Read the pictures and print them in one of the forms "table", "json" and "csv".

    One that cannot be read is told on standard error, and the rest go on. Raises SystemExit with 1 if some could not be
    read, with 2 if none could; ImageError if `annotate` cannot be a folder, ModelError if the model is bad.
    """
    classifier = Classifier(model)
    if annotate is not None:
        _make(annotate)
    files = _files(names)
    rows: dict[str, Callable[[str, Reading], Iterator[str]]] = {"table": _table, "json": _json, "csv": _csv}
    if form == "csv":
        click.echo("file,line,number,confidence,accepted,reason")
    elif form == "table":
        click.echo(f"{'file':<28} {'number':<16} {'sure':>7}  remark")
    # What is drawn must not replace what was read.
    failed, taken = 0, {Path(name).resolve() for name in files} if annotate is not None else set()
    for name in _with_progress(files):
        try:
            picture = _picture(name)
            reading = read_image(picture, classifier=classifier, digits=digits, threshold=threshold)
            if annotate is not None:
                _save(picture, reading, _free(annotate, "stdin" if name == "-" else Path(name).stem, taken))
        except ImageError as error:
            failed += 1
            click.echo(_printable(f"mnist-cnn: {error}"), err=True)
            if form == "json":
                click.echo(json.dumps({"file": name, "error": str(error)}))
            continue
        for line in rows[form](name, reading):
            click.echo(line)
    if failed:
        raise SystemExit(2 if failed == len(files) else 1)


def _files(names: tuple[str, ...]) -> list[str]:
    """The pictures meant by files, folders (all in them, in the order of their names) and "-"."""
    files: list[str] = []
    for name in names:
        if name != "-" and os.path.isdir(name):
            found = sorted(str(f) for f in Path(name).rglob("*") if f.suffix.lower() in SUFFIXES and f.is_file())
            files += found or [name]
        else:
            files.append(name)
    return files


def _with_progress(files: list[str]) -> Iterator[str]:
    """The files, with a bar for people if there are many and the results go elsewhere."""
    if len(files) < _MANY or not sys.stderr.isatty() or sys.stdout.isatty():
        yield from files
        return
    with click.progressbar(files, file=sys.stderr, show_pos=True) as bar:
        yield from bar


def _picture(name: str) -> str | bytes:
    if os.path.isdir(name):  # one with pictures was replaced by them
        raise ImageError(name, expected="a folder of pictures", found="none in it")
    return _standard_input() if name == "-" else name


def _standard_input() -> bytes:
    content = b"" if sys.stdin is None else sys.stdin.buffer.read(MAX_BYTES + 1)
    if not content:
        raise ImageError("standard input", expected="a picture", found="nothing")
    if len(content) > MAX_BYTES:
        raise ImageError("standard input", expected=f"at most {MAX_BYTES >> 20} MB", found="more")
    return content


def _printable(text: str) -> str:
    """One line that cannot move the cursor: a file's name may hold anything."""
    return "".join(letter if letter.isprintable() else "�" for letter in text)


def _table(name: str, reading: Reading) -> Iterator[str]:
    shown = _printable(name if len(name) <= 28 else "…" + name[-27:])
    if not reading.lines:
        yield f"{shown:<28} {'-':<16} {'':>7}  no digit found"
    for line in reading.lines:
        sure = percent(line.confidence) if line.number else ""
        yield f"{shown:<28} {line.number or '-':<16} {sure:>7}  {_remark(line) or 'accepted'}"


def _remark(line: Number) -> str:
    if not line.number:
        return "not a digit"
    unsure = [(i, d) for i, d in enumerate((d for d in line.digits if d.is_digit), 1) if not d.accepted]
    parts = [f"digit {i} {d.reason}" if len(line.number) > 1 else str(d.reason) for i, d in unsure]
    refused = sum(not d.is_digit for d in line.digits)
    whole = [line.reason] if line.reason else []
    return "; ".join([*whole, *parts, *([f"{refused} not a digit"] if refused else [])])


def _json(name: str, reading: Reading) -> Iterator[str]:
    yield json.dumps({"file": name, **reading.to_dict()})


def _csv(name: str, reading: Reading) -> Iterator[str]:
    for number, line in enumerate(reading.lines, 1):
        accepted = "yes" if line.accepted else "no"
        yield _row(name, number, line.number, f"{line.confidence:.6f}", accepted, _remark(line))
    if not reading.lines:
        yield _row(name, 0, "", "0", "no", "no digit found")


def _row(*values: object) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(values)  # only what is in a line's end is quoted in a value
    return text.getvalue().removesuffix("\r\n")


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ImageError(folder, expected="a folder to draw in", found=error.strerror or str(error)) from None


def _free(folder: Path, stem: str, taken: set[Path]) -> Path:
    """A name in the folder that no other picture of this call has."""
    file, n = folder / f"{stem}.png", 1
    while file.resolve() in taken:
        n += 1
        file = folder / f"{stem}-{n}.png"
    taken.add(file.resolve())
    return file


def _save(picture: str | bytes, reading: Reading, file: Path) -> None:
    """Written under another name and renamed. Raises ImageError if that cannot be done."""
    temporary = file.with_name(f".partial-{os.getpid()}-{file.name}")
    try:
        draw(picture, reading).save(temporary)
        temporary.replace(file)
    except OSError as error:
        raise ImageError(file, expected="a place for a picture", found=error.strerror or str(error)) from None
    finally:
        temporary.unlink(missing_ok=True)
