"""Check: the inputs and the output folder of a bulk run, before anything heavy is imported."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from mnist_cnn.errors import BulkError
from mnist_cnn.files import PARTIAL, file_in_the_way
from mnist_cnn.read.document import SUFFIXES

IDX = re.compile(r"(ubyte|\.idx\d?)(\.gz)?$")
"""The end of an IDX file's name."""
LEFTOVERS = ("plan.parquet", f"{PARTIAL}*")
"""Files of a run that was killed before its plan was complete."""


def check(inputs: Sequence[str], out: Path) -> None:
    """Raise BulkError if a local input is missing, or if `out` is not new, empty or a bulk run to resume.

    A run that is resumed has its plan, so its inputs may be gone.
    """
    if (out / "bulk.json").exists():
        return
    for name in inputs:
        if not name:
            raise BulkError("INPUT: expected pictures, a folder, Parquet or IDX, found an empty name")
        if not ("://" in name or "*" in name or "?" in name or os.path.exists(name)):
            raise BulkError(f"{os.path.abspath(name)}: expected pictures, a folder, Parquet or IDX, found no such file")
        if os.path.isdir(name) and not any(is_input(file) for *_, files in os.walk(name) for file in files):
            raise BulkError(
                f"{os.path.abspath(name)}: expected a folder with pictures, Parquet or IDX files, found none in it"
            )
    if (file := file_in_the_way(out)) and file != out:
        raise BulkError(f"{out}: expected a folder to write to, but {file} is a file")
    if not out.exists():
        return
    if not (out.is_dir() and all(any(map(file.match, LEFTOVERS)) for file in out.iterdir())):
        found = "other files" if out.is_dir() else "a file"
        raise BulkError(f"{out}: expected an empty folder or a bulk run to resume, found {found}; use a new --out")


def is_input(name: str) -> bool:
    """Return whether a file in a folder is read: a picture, a Parquet file, or an IDX file but for labels."""
    if Path(name).suffix.lower() in SUFFIXES or name.endswith(".parquet"):
        return True
    return bool(IDX.search(name)) and not name.removesuffix(".gz").endswith(("idx1-ubyte", ".idx1"))
