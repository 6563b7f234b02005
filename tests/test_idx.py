"""The IDX format: encoded arrays are read back, and all other bytes raise DatasetError."""

import contextlib
import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mnist_cnn.errors import DatasetError
from mnist_cnn.mnist import idx

SHAPES = arrays.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=9)
IN_ONE_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@IN_ONE_FOLDER
@given(array=arrays.arrays(np.uint8, SHAPES), zipped=st.booleans())
def test_encoded_arrays_are_read_back(array: np.ndarray, zipped: bool, tmp_path: Path) -> None:
    file = tmp_path / "array"
    content = idx.encode(array)
    file.write_bytes(gzip.compress(content) if zipped else content)
    found = idx.read(file, array.ndim)
    assert found.dtype == np.uint8
    assert np.array_equal(found, array)


@IN_ONE_FOLDER
@given(
    array=arrays.arrays(np.uint8, SHAPES),
    zipped=st.booleans(),
    edits=st.lists(st.tuples(st.integers(0, 40), st.integers(0, 255)), max_size=3),
    cut=st.integers(0, 30),
    tail=st.binary(max_size=5),
)
def test_damaged_bytes_are_refused_or_of_the_claimed_shape(
    array: np.ndarray, zipped: bool, edits: list[tuple[int, int]], cut: int, tail: bytes, tmp_path: Path
) -> None:
    content = bytearray(gzip.compress(idx.encode(array)) if zipped else idx.encode(array))
    for place, value in edits:
        if place < len(content):
            content[place] = value
    content = content[: len(content) - cut] + tail
    file = tmp_path / "array"
    file.write_bytes(content)
    with contextlib.suppress(DatasetError):
        found = idx.read(file, array.ndim)
        assert found.ndim == array.ndim
        if not zipped:
            assert bytes(content) == idx.encode(found)


@IN_ONE_FOLDER
@given(content=st.binary(max_size=80), ndim=st.sampled_from([1, 3]))
def test_any_bytes_are_decoded_or_refused(content: bytes, ndim: int, tmp_path: Path) -> None:
    file = tmp_path / "array"
    file.write_bytes(content)
    with contextlib.suppress(DatasetError):
        assert idx.encode(idx.read(file, ndim)) == content


def test_a_gzip_bomb_is_not_unpacked(tmp_path: Path) -> None:
    file = tmp_path / "bomb.gz"
    file.write_bytes(gzip.compress(idx.encode(np.zeros((1, 28, 28), np.uint8)) + bytes(200 * 2**20)))
    with pytest.raises(DatasetError, match="trailing bytes"):
        idx.read(file, 3)
