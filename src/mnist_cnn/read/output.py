"""Output: a reading as lines of text, JSON, CSV or as a table.

>>> for line in FORMS["text"]("photo.jpg", page, reading): print(line)                  # doctest: +SKIP
photo.jpg   4711     98 %     accepted

The page of a document with several pages is called "scan.pdf#page=2" (RFC 8118); JSON has it as "file" and "page".
"""

import csv
import io
import json
from collections.abc import Callable, Iterator

from mnist_cnn.errors import ImageError
from mnist_cnn.read.document import Page
from mnist_cnn.read.reading import Reading, Row
from mnist_cnn.read.table import table, unsure

CSV_COLUMNS = ("file", "row", "text", "number", "confidence", "accepted", "reason")
HEADERS = {"csv": ",".join(CSV_COLUMNS), "text": f"{'file':<28} {'text':<16} {'sure':>7}  remark"}
"""The first line of the forms that have one."""


def percent(confidence: float) -> str:
    """Return a confidence as text, never "100 %" for less."""
    return f"{min(100 * confidence, 99.9):.1f} %" if confidence > 0.99 else f"{100 * confidence:.0f} %"


def printable(text: str) -> str:
    """Return the text as one line that cannot move the cursor: a file name may contain any character."""
    return "".join(letter if letter.isprintable() else "�" for letter in text)


def _text(name: str, page: Page, reading: Reading) -> Iterator[str]:
    name = _label(name, page)
    shown = printable(name if len(name) <= 28 else "…" + name[-27:])
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


def unsure_words(name: str, page: Page, reading: Reading) -> str | None:
    """Return in one line where a page's table has unsure words, or why it has no words; None if all are accepted."""
    places = unsure(reading)
    if reading.rows and not places:
        return None
    listed = "; ".join(f"row {row}, column {column}" for row, column in dict.fromkeys(places))
    told = f"{len(places)} {'word is' if len(places) == 1 else 'words are'} unsure: {listed}"
    return printable(f"{_label(name, page)}: {told if reading.rows else _nothing(reading)}")


def _label(name: str, page: Page) -> str:
    """Return the file's name as given, with the page if the file has several."""
    return name + page.label.removeprefix(page.name)


def source(name: str, page: Page | ImageError) -> dict[str, str | int]:
    if isinstance(page, Page) and page.count > 1:
        return {"file": name, "page": page.number}
    return {"file": name}


def _json(name: str, page: Page, reading: Reading) -> Iterator[str]:
    yield json.dumps({**source(name, page), **reading.to_dict()})


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


FORMS: dict[str, Callable[[str, Page, Reading], Iterator[str]]] = {
    "text": _text,
    "json": _json,
    "csv": _csv,
    "table": _table,
}
"""Each form's lines of one page: file name, page and reading -> lines without their end."""
