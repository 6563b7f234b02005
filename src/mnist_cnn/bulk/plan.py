"""Plan: the inputs, divided into units. It is made once and kept, so a resumed run has the same units.

>>> [unit.kind for unit in units(("scans/", "crops.parquet", "images-idx3-ubyte"))]         # doctest: +SKIP
['pictures', 'parquet', 'tiles']
"""

import gzip
import io
import itertools
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
from fsspec.implementations.local import LocalFileSystem

from mnist_cnn.bulk.check import IDX, is_input
from mnist_cnn.errors import BulkError

PICTURES, TILES = 500, 20_000
"""Maximum number of pictures, and of tiles, per unit. In a Parquet file, a unit is a row group."""
COLUMNS = ("image", "image.bytes", "img", "bytes", "picture")
"""Names of a Parquet file's column of pictures, the first one found is used. "image.bytes" is Hugging Face's."""
_SCHEMA = pa.schema(
    [("unit", pa.int32()), ("kind", pa.string()), ("source", pa.string()), ("start", pa.int64()), ("stop", pa.int64())]
)


@dataclass(frozen=True)
class Unit:
    """Inputs that are read together and written as one part."""

    number: int
    kind: str
    """"pictures", "parquet" or "tiles"."""
    sources: tuple[str, ...]
    """Paths of the pictures, or of the one file with the pictures or tiles."""
    start: int = 0
    stop: int = 0
    """Range of the tiles or rows in that file."""

    def __len__(self) -> int:
        return len(self.sources) if self.kind == "pictures" else self.stop - self.start


def units(inputs: Sequence[str], without: str | None = None) -> Iterator[Unit]:
    """Yield the units of the inputs: files, folders and patterns with *, on this machine or wherever fsspec finds them.

    without: a folder to leave out. A file that is in several inputs is read once. Raises BulkError if an input is
    missing, or if a file given by name has another format than its name says. Such a file in a folder is planned as a
    picture, and reading it fails with the reason.
    """
    number = 0
    pictures: list[str] = []
    for name, given in _all_files(inputs, without):
        kind = _kind(name)
        parts: list[tuple[int, int]] = []
        if kind != "pictures":
            try:
                parts = list(_tiles(name) if kind == "tiles" else _row_groups(name))
            except BulkError:
                if given:
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
    """Write a plan as a Parquet file, with one row per picture, or per part of a file."""
    rows = (
        {"unit": unit.number, "kind": unit.kind, "source": source, "start": unit.start, "stop": unit.stop}
        for unit in planned
        for source in unit.sources
    )
    with pq.ParquetWriter(path, _SCHEMA) as writer:
        while some := list(islice(rows, 50_000)):
            writer.write_table(pa.Table.from_pylist(some, _SCHEMA))


def read(path: Path) -> Iterator[Unit]:
    """Yield the units of a plan."""
    with pq.ParquetFile(path) as file:
        rows: Iterator[dict[str, Any]] = (row for batch in file.iter_batches(50_000) for row in batch.to_pylist())
        for number, some in groupby(rows, lambda row: row["unit"]):
            first, *others = some
            sources = (first["source"], *(row["source"] for row in others))
            yield Unit(number, first["kind"], sources, first["start"], first["stop"])


def _kind(name: str) -> str:
    return "parquet" if name.endswith(".parquet") else "tiles" if IDX.search(name) else "pictures"


def _all_files(inputs: Sequence[str], without: str | None) -> Iterator[tuple[str, bool]]:
    """Yield each file once, and whether it was given by name."""
    seen: set[str] = set()
    for name in inputs:
        for file in _files(name, without):
            if len(inputs) > 1:
                if file in seen:
                    continue
                seen.add(file)
            # A name that is not valid UTF-8 gets escapes, so that Parquet can store it. Reading that file then fails.
            yield file.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace"), file == name


def _files(name: str, without: str | None) -> Iterator[str]:
    """Yield the files of an input, always in the same order."""
    try:
        files, path = fsspec.core.url_to_fs(name) if "://" in name else (LocalFileSystem(), name)
        if files.isdir(path):
            yield from _folder(name, files, path, without)
        elif files.exists(path):
            yield name
        elif "*" in name or "?" in name:
            found = [file for file in sorted(files.glob(path)) if files.isfile(file)]
            if not found:
                raise BulkError(f"{name}: expected files that match the pattern, found none")
            yield from map(files.unstrip_protocol if "://" in name else str, found)
        else:
            raise BulkError(f"{name}: expected pictures, a folder, Parquet or IDX, found no such file")
    except (OSError, ValueError, ImportError) as error:  # ImportError: the protocol's package is missing
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise BulkError(f"{name}: expected pictures, a folder, Parquet or IDX, found: {reason[:200]}") from None


def _folder(name: str, files: Any, path: str, without: str | None) -> Iterator[str]:
    """Yield the pictures, Parquet files and IDX files in a folder and its subfolders."""
    empty = True
    for root, folders, here in files.walk(path, topdown=True):
        # The walk continues with this list, so it is changed in place.
        folders[:] = sorted(folder for folder in folders if "://" in name or f"{root}/{folder}" != without)
        for file in sorted(here):
            full = f"{root}/{file}"
            if is_input(file):
                empty = False
                yield files.unstrip_protocol(full) if "://" in name else full
    if empty:
        raise BulkError(f"{name}: expected a folder with pictures, Parquet or IDX files, found none in it")


def open_file(name: str, zipped: bool = False) -> Any:
    """Return an open file of bytes. zipped: decompress it if its name ends with .gz."""
    unzip = zipped and name.endswith(".gz")
    if "://" not in name:  # fsspec would chain file systems at "::"
        return gzip.open(name, "rb") if unzip else open(name, "rb")
    return fsspec.open(name, "rb", compression="gzip" if unzip else None).open()


def _tiles(name: str) -> Iterator[tuple[int, int]]:
    """Yield the ranges of an IDX file's tiles, one per unit."""
    try:
        with open_file(name, zipped=True) as file:
            header = file.read(16)
            size = None if name.endswith(".gz") else file.seek(0, io.SEEK_END)
    except (OSError, EOFError, zlib.error) as error:
        raise BulkError(f"{name}: expected an IDX file, found: {error}") from None
    if len(header) < 16 or struct.unpack(">I4xII", header) != (0x803, 28, 28):
        raise BulkError(f"{name}: expected an IDX file of images of 28 x 28, found another kind of file")
    count = struct.unpack(">4xI8x", header)[0]
    if size is not None and size != 16 + 784 * count:
        raise BulkError(f"{name}: expected {16 + 784 * count:,} bytes for {count:,} images, found {size:,}")
    yield from ((start, min(start + TILES, count)) for start in range(0, count, TILES))


def _row_groups(name: str) -> Iterator[tuple[int, int]]:
    """Yield the ranges of a Parquet file's rows, one per row group."""
    try:
        with open_file(name) as opened:
            file = _parquet(name, opened)
            column_of(name, file)
            yield from itertools.pairwise(row_groups(file))
    except OSError as error:
        raise BulkError(f"{name}: expected a Parquet file, found: {str(error)[:200]}") from None


def row_groups(file: pq.ParquetFile) -> list[int]:
    """Return the first row of each row group, and the number of rows as the last entry."""
    sizes = (file.metadata.row_group(group).num_rows for group in range(file.num_row_groups))
    return [0, *itertools.accumulate(sizes)]


def _parquet(name: str, opened: Any) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(opened)
    except pa.ArrowInvalid as error:
        raise BulkError(f"{name}: expected a Parquet file, found: {str(error).splitlines()[0][:200]}") from None


def column_of(name: str, file: pq.ParquetFile) -> str:
    """Return the name of the column with the pictures' bytes. Raises BulkError if there is none."""
    binary = {column.path for column in file.schema if column.physical_type == "BYTE_ARRAY"}
    for column in COLUMNS:
        if column in binary:
            return column
    found = ", ".join(column.path for column in file.schema)[:200]
    raise BulkError(f"{name}: expected a column with the bytes of pictures ({', '.join(COLUMNS)}), found: {found}")
