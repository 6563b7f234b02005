"""Atomic files: written under a temporary name, then renamed, so a file that exists is whole."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from mnist_cnn.errors import FileError

PARTIAL = ".partial-"
"""Prefix of a temporary name. A killed process can leave such a file behind."""


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
