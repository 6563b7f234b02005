"""The finder: places that the network finds at several sizes become one list of glyphs."""

import itertools
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from mnist_cnn.read.constants import FINDER_LONGEST, FINDER_SHORTEST
from mnist_cnn.read.finder import DIGIT, SIGN, Finder, _once, _scales


@pytest.fixture
def dark_spots(tmp_path: Path) -> Path:
    """A network that takes each cell much darker than its surroundings for a digit of 24 x 24 pixels."""
    kernel = np.zeros((7, 2, 4, 4), np.float32)
    kernel[0, 1] = -1 / 16
    nodes = [
        helper.make_node("Transpose", ["picture"], ["nchw"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["nchw", "kernel"], ["cells"], strides=[4, 4]),
        helper.make_node("Transpose", ["cells"], ["glyphs"], perm=[0, 2, 3, 1]),
    ]
    graph = helper.make_graph(
        nodes,
        "dark",
        [helper.make_tensor_value_info("picture", TensorProto.FLOAT, ["n", "h", "w", 2])],
        [helper.make_tensor_value_info("glyphs", TensorProto.FLOAT, ["n", "rows", "columns", 7])],
        [numpy_helper.from_array(kernel, "kernel")],
    )
    file = tmp_path / "dark.onnx"
    file.write_bytes(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()
    )
    onnx.checker.check_model(str(file))
    return file


def test_a_spot_is_found_once_and_in_its_place(dark_spots: Path) -> None:
    gray = np.full((301, 407), 220, np.uint8)
    gray[100:112, 200:212] = 20
    found = Finder(dark_spots).glyphs(gray)
    middle = (found[:, :2] + found[:, 2:4]) / 2
    assert len(found) == 1
    assert middle[0] == pytest.approx([206, 106], abs=6)
    assert found[0, 4] == DIGIT


def test_a_blank_picture_has_no_glyphs(dark_spots: Path) -> None:
    assert Finder(dark_spots).glyphs(np.full((60, 500), 128, np.uint8)).shape == (0, 6)


@given(st.integers(2, 4000), st.integers(2, 4000))
def test_sizes_halve_down_to_the_smallest(height: int, width: int) -> None:
    scales = _scales((height, width))
    assert round(max(height, width) * scales[0]) <= max(FINDER_LONGEST, 4 * 200)
    assert all(a == 2 * b for a, b in itertools.pairwise(scales))
    assert len(scales) == 1 or min(height, width) * scales[-1] >= FINDER_SHORTEST


def test_the_hotter_of_two_glyphs_at_one_place_is_kept() -> None:
    found = np.array([[0, 0, 20, 30, DIGIT, 0.6], [1, 1, 22, 31, DIGIT, 0.9], [30, 0, 50, 30, DIGIT, 0.5]], float)
    assert sorted(_once(found)[:, 5]) == [0.5, 0.9]


def test_a_dot_beside_a_digit_is_kept() -> None:
    found = np.array([[0, 0, 20, 30, DIGIT, 0.9], [8, 26, 12, 30, SIGN, 0.6]], float)
    assert len(_once(found)) == 2
