"""Plan: what there is to read, cut into units. It is made once and kept, so that a run that goes on means the same.

>>> [unit.kind for unit in units(("scans/", "crops.parquet", "images-idx3-ubyte"))]         # doctest: +SKIP
['pictures', 'parquet', 'tiles']
"""

import gzip
import io
import itertools
import re
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path, PurePosixPath
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
from fsspec.implementations.local import LocalFileSystem

from mnist_cnn.errors import BulkError
from mnist_cnn.read.document import SUFFIXES

PICTURES, TILES = 500, 20_000
"""So many of them are one unit; of a Parquet file it is a row group."""
COLUMNS = ("image", "image.bytes", "img", "bytes", "picture")
"""Where a Parquet file may have its pictures; the second is how Hugging Face's datasets have them."""
_IDX = re.compile(r"(ubyte|\.idx\d?)(\.gz)?$")
_SCHEMA = pa.schema(
    [("unit", pa.int32()), ("kind", pa.string()), ("source", pa.string()), ("start", pa.int64()), ("stop", pa.int64())]
)


@dataclass(frozen=True)
class Unit:
    """What is read and written at once."""

    number: int
    kind: str
    """"pictures", "parquet" or "tiles"."""
    sources: tuple[str, ...]
    """The pictures, or the one file that they are rows of."""
    start: int = 0
    stop: int = 0
    """Which tiles of a file, or which rows: those of one row group."""

    def __len__(self) -> int:
        return len(self.sources) if self.kind == "pictures" else self.stop - self.start


def units(inputs: Sequence[str], without: str | None = None) -> Iterator[Unit]:
    """What is to be read: files, folders (all in them but `without`), patterns with *; local, or whatever fsspec opens.

    A file that two of the inputs mean is read once. Raises BulkError if there is no such file, or if one that was
    named is not what its name says; one that was found in a folder is then left for the reading to say so.
    """
    number = 0
    pictures: list[str] = []
    for name, named in _all_files(inputs, without):
        kind = _kind(name)
        parts: list[tuple[int, int]] = []
        if kind != "pictures":
            try:
                parts = list(_tiles(name) if kind == "tiles" else _row_groups(name))
            except BulkError:
                if named:
                    raise
                kind = "pictures"
        for start, stop in parts:
            yield Unit(number, kind, (name,), start, stop)
            number += 1
        if kind == "pictures":
            pictures.append(name)
            if len(pictures) == PICTURES:
                yield Unit(number, "pictures", tuple(pictures))
                number, pictures = number + 1, []
    if pictures:
        yield Unit(number, "pictures", tuple(pictures))


def write(path: Path, planned: Iterable[Unit]) -> None:
    """Keep a plan as a Parquet file, a row a picture or a part of a file."""
    rows = (
        {"unit": unit.number, "kind": unit.kind, "source": source, "start": unit.start, "stop": unit.stop}
        for unit in planned
        for source in unit.sources
    )
    with pq.ParquetWriter(path, _SCHEMA) as writer:
        while some := list(islice(rows, 50_000)):
            writer.write_table(pa.Table.from_pylist(some, _SCHEMA))


def read(path: Path) -> Iterator[Unit]:
    with pq.ParquetFile(path) as file:
        rows: Iterator[dict[str, Any]] = (row for batch in file.iter_batches(50_000) for row in batch.to_pylist())
        for number, some in groupby(rows, lambda row: row["unit"]):
            first, *others = some
            sources = (first["source"], *(row["source"] for row in others))
            yield Unit(number, first["kind"], sources, first["start"], first["stop"])


def _kind(name: str) -> str:
    return "parquet" if name.endswith(".parquet") else "tiles" if _IDX.search(name) else "pictures"


def _all_files(inputs: Sequence[str], without: str | None) -> Iterator[tuple[str, bool]]:
    """Each file once, and whether it was named itself."""
    seen: set[str] = set()
    for name in inputs:
        for file in _files(name, without):
            if len(inputs) > 1:
                if file in seen:
                    continue
                seen.add(file)
            # A name of bytes that are no text can be shown, and is then told as a file that cannot be opened.
            yield file.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace"), file == name


def _files(name: str, without: str | None) -> Iterator[str]:
    """The files that a name means, in an order that is the same each time."""
    if not name:
        raise BulkError("an input without a name: expected pictures, a folder, Parquet or IDX")
    try:
        files, path = fsspec.core.url_to_fs(name) if "://" in name else (LocalFileSystem(), name)
        if files.isdir(path):
            yield from _folder(name, files, path, without)
        elif files.exists(path):
            yield name
        elif "*" in name or "?" in name:
            found = [file for file in sorted(files.glob(path)) if files.isfile(file)]
            if not found:
                raise BulkError(f"{name}: expected files of that pattern, found none")
            yield from map(files.unstrip_protocol if "://" in name else str, found)
        else:
            raise BulkError(f"{name}: expected pictures, a folder, Parquet or IDX, found no such file")
    except (OSError, ValueError, ImportError) as error:  # the last: a protocol whose package is missing
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise BulkError(f"{name}: expected something to read, found: {reason[:200]}") from None


def _folder(name: str, files: Any, path: str, without: str | None) -> Iterator[str]:
    empty = True
    for root, folders, here in files.walk(path, topdown=True):
        # In place, for that is where the walk goes on.
        folders[:] = sorted(folder for folder in folders if "://" in name or f"{root}/{folder}" != without)
        for file in sorted(here):
            full = f"{root}/{file}"
            known = PurePosixPath(file).suffix.lower() in SUFFIXES or file.endswith(".parquet")
            if known or (_IDX.search(file) and not file.removesuffix(".gz").endswith(("idx1-ubyte", ".idx1"))):
                empty = False
                yield files.unstrip_protocol(full) if "://" in name else full
    if empty:
        raise BulkError(f"{name}: expected a folder with pictures, Parquet or IDX files, found none in it")


def open_file(name: str, zipped: bool = False) -> Any:
    """A file, to read from; unzipped if its name ends so and `zipped` says so."""
    unzip = zipped and name.endswith(".gz")
    if "://" not in name:  # "::" in it means nothing
        return gzip.open(name, "rb") if unzip else open(name, "rb")
    return fsspec.open(name, "rb", compression="gzip" if unzip else None).open()


def _tiles(name: str) -> Iterator[tuple[int, int]]:
    try:
        with open_file(name, zipped=True) as file:
            header = file.read(16)
            size = None if name.endswith(".gz") else file.seek(0, io.SEEK_END)
    except (OSError, EOFError, zlib.error) as error:
        raise BulkError(f"{name}: expected an IDX file, found: {error}") from None
    if len(header) < 16 or struct.unpack(">I4xII", header) != (0x803, 28, 28):
        raise BulkError(f"{name}: expected an IDX file of images of 28 x 28, found another one")
    count = struct.unpack(">4xI8x", header)[0]
    if size is not None and size != 16 + 784 * count:
        raise BulkError(f"{name}: expected {16 + 784 * count:,} bytes for {count:,} images, found {size:,}")
    yield from ((start, min(start + TILES, count)) for start in range(0, count, TILES))


def _row_groups(name: str) -> Iterator[tuple[int, int]]:
    try:
        with open_file(name) as opened:
            file = _parquet(name, opened)
            column_of(name, file)
            yield from itertools.pairwise(row_groups(file))
    except OSError as error:
        raise BulkError(f"{name}: expected a Parquet file, found: {str(error)[:200]}") from None


def row_groups(file: pq.ParquetFile) -> list[int]:
    """The row that each row group of a file begins with, and at last how many rows there are."""
    sizes = (file.metadata.row_group(group).num_rows for group in range(file.num_row_groups))
    return [0, *itertools.accumulate(sizes)]


def _parquet(name: str, opened: Any) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(opened)
    except pa.ArrowInvalid as error:
        raise BulkError(f"{name}: expected a Parquet file, found: {str(error).splitlines()[0][:200]}") from None


def column_of(name: str, file: pq.ParquetFile) -> str:
    """The name of the column with the pictures' bytes."""
    binary = {column.path for column in file.schema if column.physical_type == "BYTE_ARRAY"}
    for column in COLUMNS:
        if column in binary:
            return column
    found = ", ".join(column.path for column in file.schema)[:200]
    raise BulkError(f"{name}: expected a column of pictures' bytes ({', '.join(COLUMNS)}), found: {found}")
