"""``mnist-cnn read``: read pictures one after the other and print the results."""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import click

from mnist_cnn.commands.options import DIGITS, MODEL, PATH, THRESHOLD
from mnist_cnn.errors import FileError, ImageError
from mnist_cnn.files import file_in_the_way, replacing
from mnist_cnn.read import output
from mnist_cnn.read.document import SUFFIXES, Page

_MANY = 5
"""Number of pictures or pages from which a progress bar is shown."""
_T = TypeVar("_T")


@click.command(short_help="Read the digits in pictures.")
@click.argument("pictures", nargs=-1, required=True, metavar="FILE|DIR|-...")
@click.option("--json", "as_json", is_flag=True, help="Print JSON with one line per picture or page.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV with one line per row of writing.")
@click.option("--table", "as_table", is_flag=True, help="Print CSV with the words in the columns of the page.")
@click.option(
    "--annotate",
    type=PATH,
    metavar="DIR",
    help="Also write each picture with boxes and tiles to DIR/NAME.png, each page to DIR/NAME-page-N.png.",
)
@DIGITS
@THRESHOLD
@MODEL
def read(
    pictures: tuple[str, ...],
    as_json: bool,
    as_csv: bool,
    as_table: bool,
    annotate: Path | None,
    digits: int | None,
    threshold: float | None,
    model: Path | None,
) -> None:
    """Read the digits in pictures: photographs, scans and drawings.

    FILE is a picture, a TIFF or a PDF; every page is read. PDF needs the extra `pdf`. DIR is a folder; every picture
    in it is read. "-" is standard input.

    Each row of the page is printed with its words, its confidence and a remark. An unsure digit is printed with its
    alternative. Marks that are not digits (letters, scribbles) are left out. A page of a file with several pages is
    named scan.pdf#page=2; in JSON it has the key "page".

    --csv prints the columns file, row, text, number, confidence, accepted and reason. --table prints the words as a
    grid: one line per row of the page, one column per column of the page, empty cells for missing words, and a blank
    line between pages. Unsure words are printed too; their rows and columns are listed on standard error.

    Exit code 0: all pictures were read; 1: some could not be read (listed on standard error); 2: none could be read.

    \b
    Examples:
      mnist-cnn read photo.jpg
      mnist-cnn read scan.pdf
      mnist-cnn read scans/ --csv > numbers.csv
      mnist-cnn read marks.jpg --table > marks.csv
      mnist-cnn read form.png --digits 5 --annotate seen/
      curl -s example.org/number.png | mnist-cnn read - --json
    """
    chosen = [form for form, given in (("json", as_json), ("csv", as_csv), ("table", as_table)) if given]
    if len(chosen) > 1:
        raise click.UsageError(f"--{chosen[-1]} cannot be given together with --{' and --'.join(chosen[:-1])}")
    form = chosen[0] if chosen else "text"
    files = _files(pictures)
    problems = {name: _problem(name) for name in files}
    if not all(problems.values()):
        if annotate is not None and (file := file_in_the_way(annotate)):
            raise ImageError(annotate, expected="a folder for annotated pictures", found=f"a file {file}")
        from mnist_cnn.read import Classifier, read_image  # with OpenCV and ONNX Runtime
        from mnist_cnn.read.annotate import annotate as draw

        classifier = Classifier(model)
        if annotate is not None:
            _make(annotate)
    # Annotated pictures must not replace the pictures that were read.
    good, failed, taken = 0, 0, {Path(name).resolve() for name in files} if annotate is not None else set()
    for name, page in _with_progress(files, problems):
        try:
            if isinstance(page, ImageError):
                raise page
            reading = read_image(page, classifier=classifier, digits=digits, threshold=threshold)
            if annotate is not None:
                stem = "stdin" if name == "-" else Path(name).stem
                stem += "" if page.count == 1 else f"-page-{page.number}"
                with replacing(_free(annotate, stem, taken)) as temporary:
                    draw(page, reading).save(temporary)
        except (ImageError, FileError) as error:
            failed += 1
            click.echo(output.printable(f"mnist-cnn: {error}"), err=True)
            if form == "json":
                click.echo(json.dumps({**output.source(name, page), "error": str(error)}))
            continue
        if not good and form in output.HEADERS:
            click.echo(output.HEADERS[form])
        if form == "table" and good:
            click.echo()
        good += 1
        for line in output.FORMS[form](name, page, reading):
            click.echo(line)
        if form == "table" and (unsure := output.unsure_words(name, page, reading)):
            click.echo(f"mnist-cnn: {unsure}", err=True)
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


def _with_progress(files: list[str], problems: dict[str, ImageError | None]) -> Iterator[tuple[str, Page | ImageError]]:
    """Yield each file's name with each of its pages, or with the reason why it has none.

    Shows a progress bar on a terminal if the results go elsewhere: of many files, or else of each document's pages.
    """
    many = len(files) >= _MANY
    for name in _bar(files, many):
        found: list[Page | ImageError]
        try:
            found = [problem] if (problem := problems[name]) else list(_pages(name))
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


def _problem(name: str) -> ImageError | None:
    """Return why a file cannot be opened, or None; import nothing for that."""
    if name == "-":
        return None
    if not name:
        return ImageError("FILE", expected="the name of a picture", found="an empty name")
    if os.path.isdir(name):  # `_files` replaces a folder by the pictures in it
        return ImageError(name, expected="a folder with pictures", found="none in it")
    try:
        os.stat(name)
    except FileNotFoundError:
        return ImageError(name, expected="a picture", found="no such file")
    except (OSError, ValueError) as error:  # ValueError: a name with a zero byte
        return ImageError(name, expected="a picture", found=getattr(error, "strerror", None) or str(error))
    return None


def _pages(name: str) -> Iterator[Page]:
    from mnist_cnn.read import pages

    return pages(_standard_input() if name == "-" else name)


def _standard_input() -> bytes:
    from mnist_cnn.read.picture import MAX_BYTES

    content = b"" if sys.stdin is None else sys.stdin.buffer.read(MAX_BYTES + 1)
    if not content:
        raise ImageError("standard input", expected="a picture", found="nothing")
    if len(content) > MAX_BYTES:
        raise ImageError("standard input", expected=f"at most {MAX_BYTES >> 20} MB", found="more")
    return content


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ImageError(
            folder, expected="a folder for annotated pictures", found=error.strerror or str(error)
        ) from None


def _free(folder: Path, stem: str, taken: set[Path]) -> Path:
    """Return a path in the folder that no other picture of this call has."""
    file, n = folder / f"{stem}.png", 1
    while file.resolve() in taken:
        n += 1
        file = folder / f"{stem}-{n}.png"
    taken.add(file.resolve())
    return file
