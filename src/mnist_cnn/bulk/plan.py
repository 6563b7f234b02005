"""Plan: what there is to read, cut into units. It is made once and kept, so that a run that goes on means the same.

>>> [unit.kind for unit in units(("scans/", "crops.parquet", "images-idx3-ubyte"))]         # doctest: +SKIP
['pictures', 'parquet', 'tiles']
"""

import re
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path, PurePosixPath
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq

from mnist_cnn.errors import BulkError
from mnist_cnn.read.command import SUFFIXES

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
    """Which tiles of a file; of a Parquet file: which row group, and how many rows it has."""

    def __len__(self) -> int:
        return {"pictures": len(self.sources), "tiles": self.stop - self.start, "parquet": self.stop}[self.kind]


def units(inputs: Iterable[str]) -> Iterator[Unit]:
    """What is to be read: files, folders (all in them), patterns with *; local, or whatever fsspec opens.

    Raises BulkError if there is no such file, or if one is not what its name says.
    """
    number = 0
    pictures: list[str] = []
    files = (file for name in inputs for file in _files(name))
    for name in files:
        if _kind(name) == "pictures":
            pictures.append(name)
            if len(pictures) == PICTURES:
                yield Unit(number, "pictures", tuple(pictures))
                number, pictures = number + 1, []
            continue
        for start, stop in _tiles(name) if _kind(name) == "tiles" else _row_groups(name):
            yield Unit(number, _kind(name), (name,), start, stop)
            number += 1
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


def _files(name: str) -> Iterator[str]:
    """The files that a name means, in an order that is the same each time."""
    try:
        files, path = fsspec.core.url_to_fs(name)
        if "*" in name or "?" in name:
            found = [file for file in sorted(files.glob(path)) if files.isfile(file)]
            if not found:
                raise BulkError(f"{name}: expected files of that pattern, found none")
            yield from map(files.unstrip_protocol if "://" in name else str, found)
        elif files.isdir(path):
            yield from _folder(name, files, path)
        elif files.exists(path):
            yield name
        else:
            raise BulkError(f"{name}: expected pictures, a folder, Parquet or IDX, found no such file")
    except (OSError, ValueError, ImportError) as error:  # the last: a protocol whose package is missing
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise BulkError(f"{name}: expected something to read, found: {reason[:200]}") from None


def _folder(name: str, files: Any, path: str) -> Iterator[str]:
    empty = True
    for root, folders, here in files.walk(path, topdown=True):
        folders.sort()
        for file in sorted(here):
            full = f"{root}/{file}"
            known = PurePosixPath(file).suffix.lower() in SUFFIXES or file.endswith(".parquet")
            if known or (_IDX.search(file) and _is_images(files, full)):
                empty = False
                yield files.unstrip_protocol(full) if "://" in name else full
    if empty:
        raise BulkError(f"{name}: expected a folder with pictures, Parquet or IDX files, found none in it")


def open_idx(name: str) -> Any:
    """The open file, unzipped."""
    return fsspec.open(name, "rb", compression="gzip" if name.endswith(".gz") else None).open()


def _is_images(files: Any, path: str) -> bool:
    """Whether an IDX file beside others has images in it; labels are passed over."""
    with files.open(path, "rb", compression="gzip" if path.endswith(".gz") else None) as file:
        return bool(file.read(4) == b"\0\0\x08\x03")


def _tiles(name: str) -> Iterator[tuple[int, int]]:
    with open_idx(name) as file:
        header = file.read(16)
    if len(header) < 16 or struct.unpack(">I4xII", header) != (0x803, 28, 28):
        raise BulkError(f"{name}: expected an IDX file of images of 28 x 28, found another one")
    count = struct.unpack(">4xI8x", header)[0]
    yield from ((start, min(start + TILES, count)) for start in range(0, count, TILES))


def _row_groups(name: str) -> Iterator[tuple[int, int]]:
    with fsspec.open(name, "rb") as opened:
        file = _parquet(name, opened)
        column_of(name, file)
        yield from ((group, file.metadata.row_group(group).num_rows) for group in range(file.num_row_groups))


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
