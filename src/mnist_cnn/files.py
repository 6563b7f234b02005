"""Atomic files: written under a temporary name, then renamed, so a file that exists is whole."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from mnist_cnn.errors import FileError

PARTIAL = ".partial-"
"""Prefix of a temporary name. A killed process can leave such a file behind."""


def check_writable(path: Path) -> None:
    """Raise FileError if `path` is a folder, or if neither its folder nor that folder's parent exists."""
    if path.is_dir():
        raise FileError(f"{path}: expected the name of a file to write, found a folder")
    folder = path.parent
    if not (folder.is_dir() or (folder.parent.is_dir() and not folder.exists())):
        raise FileError(f"{path}: expected an existing folder {folder}, found none")


def file_in_the_way(folder: Path) -> Path | None:
    """Return the file that prevents the creation of `folder`: itself or one of its parents. None if there is none."""
    first = next((part for part in (folder, *folder.parents) if part.exists()), folder)
    return first if first.exists() and not first.is_dir() else None


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path to write to; rename it to `path` afterwards, or remove it after an exception.

    The folder of `path` is made if it is missing. Raises FileError if the file cannot be written.
    """
    temporary = path.with_name(f"{PARTIAL}{os.getpid()}-{path.name}")  # the suffix stays: Keras goes by it
    try:
        path.parent.mkdir(exist_ok=True)
        yield temporary
        temporary.replace(path)
    except OSError as error:
        raise FileError(f"{path}: cannot be written: {error.strerror or error}") from None
    finally:
        if temporary.exists():
            temporary.unlink()
