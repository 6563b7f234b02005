"""The IDX format, in which MNIST has been stored since 1998.

A file is a header, then the values. The header has two zero bytes, one byte for the type (8: uint8), one byte for the
number of dimensions, and four big-endian bytes for the size of each dimension. http://yann.lecun.com/exdb/mnist
describes uint8 only, and only uint8 is supported here.

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

MAX_BYTES = 2**30  # the limit for values read from a file, since a damaged header can give any size


def encode(array: np.ndarray) -> bytes:
    """Return a uint8 array of any shape in IDX form. The hashes of a dataset are those of these bytes."""
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    return header + np.ascontiguousarray(array, np.uint8).tobytes()


def read(path: Path, ndim: int) -> np.ndarray:
    """Read one IDX file, gzipped or not, as uint8 with `ndim` dimensions.

    The type, the number of dimensions, the size and the gzip checksum are checked. Raises DatasetError.
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
        raise DatasetError(path, expected="a complete gzip file", found="a truncated one") from None
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
    values = file.read(size + 1)  # one more than expected: this finds trailing bytes and makes gzip check its sum
    if len(values) != size:
        found_bytes = "trailing bytes after them" if len(values) > size else f"{len(values):,} bytes"
        raise DatasetError(path, expected=f"{size:,} bytes for {values_named}", found=found_bytes)
    return np.frombuffer(values, np.uint8).reshape(shape)
