"""The IDX format: how MNIST has been stored since 1998.

A file is a big-endian header, two zero bytes, one byte for the type (8: uint8), one for the number of dimensions
and four bytes for each, and then the values. http://yann.lecun.com/exdb/mnist names no other type than uint8,
and no other is read here.

    >>> import numpy as np
    >>> encode(np.array([5, 0, 4], np.uint8)).hex()
    '0000080100000003050004'
"""

import gzip
import io
import struct
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np

from mnist_cnn.errors import DatasetError

# A header may claim up to 2^32 images; nothing of MNIST's form is near this size, and memory is not for claims.
MAX_BYTES = 2**30


def encode(array: np.ndarray) -> bytes:
    """The canonical IDX bytes of a uint8 array of any shape: what the hashes of a dataset are taken from."""
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    return header + np.ascontiguousarray(array, np.uint8).tobytes()


def read(path: Path, ndim: int) -> np.ndarray:
    """Read one IDX file, gzipped or not, as uint8 with `ndim` dimensions.

    The number of dimensions, the type, the size and the absence of trailing bytes are checked, and a gzipped file's
    own checksum with them. Raises DatasetError.
    """
    try:
        with path.open("rb") as file:
            zipped = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            if not zipped:
                return _read(file, path, ndim)
            with gzip.open(file) as content:
                return _read(content, path, ndim)
    except EOFError:
        raise DatasetError(path, expected="a complete gzip file", found="one that is cut short") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise DatasetError(path, expected="a gzip file", found=f"a damaged one ({error})") from None
    except OSError as error:
        raise DatasetError(path, expected="a readable file", found=error.strerror or str(error)) from None


def _read(file: BinaryIO | gzip.GzipFile | io.BytesIO, path: Path, ndim: int) -> np.ndarray:
    magic = 0x0800 + ndim
    header = file.read(4 + 4 * ndim)
    if not header:
        raise DatasetError(path, expected=f"an IDX file of uint8 in {ndim} dimensions", found="an empty file")
    found = int.from_bytes(header[:4])
    if found != magic:
        raise DatasetError(path, expected=f"magic number {magic} (uint8, {ndim} dimensions)", found=str(found))
    if len(header) < 4 + 4 * ndim:
        raise DatasetError(path, expected=f"a header of {4 + 4 * ndim} bytes", found=f"{len(header)} bytes")
    shape = struct.unpack(f">{ndim}I", header[4:])
    size = int(np.prod(shape, dtype=object))
    values_named = f"{' x '.join(map(str, shape))} values"
    if size > MAX_BYTES:
        raise DatasetError(path, expected=f"at most {MAX_BYTES:,} values", found=values_named)
    values = file.read(size + 1)  # one more than there should be: trailing bytes show, and gzip checks its sum
    if len(values) != size:
        found_bytes = "trailing bytes after them" if len(values) > size else f"{len(values):,} bytes"
        raise DatasetError(path, expected=f"{size:,} bytes for {values_named}", found=found_bytes)
    return np.frombuffer(values, np.uint8).reshape(shape)
