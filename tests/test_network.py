"""Network: a model file is loaded, and a wrong file or wrong inputs and outputs are errors that name them."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from mnist_cnn.errors import ModelError
from mnist_cnn.read import network
from mnist_cnn.read.network import load

IN, OUT = ("x", "tensor(float)", 2), ("y", "tensor(float)", 2)


@pytest.fixture
def negation(tmp_path: Path) -> Path:
    """A model that returns y = -x."""
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 3]) for name in "xy"]
    graph = helper.make_graph([helper.make_node("Neg", ["x"], ["y"])], "negation", ends[:1], ends[1:])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(made, tmp_path / "negation.onnx")
    return tmp_path / "negation.onnx"


def test_a_model_is_loaded_and_runs(negation: Path) -> None:
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    for path in (negation, str(negation)):
        [y] = load(path, [IN], [OUT], threads=2).run(None, {"x": x})
        np.testing.assert_array_equal(y, -x)


@pytest.mark.parametrize(
    ("inputs", "outputs"),
    [
        ([("z", "tensor(float)", 2)], [OUT]),
        ([IN], [("y", "tensor(double)", 2)]),
        ([("x", "tensor(float)", 4)], [OUT]),
        ([IN, IN], [OUT]),
        ([IN], []),
    ],
    ids=["name", "type", "axes", "two inputs", "no output"],
)
def test_other_inputs_and_outputs_are_an_error(
    inputs: list[network.Port], outputs: list[network.Port], negation: Path
) -> None:
    with pytest.raises(ModelError, match=r"found 'x' \(2 axes\) and 'y' \(2 axes\)$"):
        load(negation, inputs, outputs)


@pytest.mark.parametrize("content", [b"", b"no model", bytes(1000)])
def test_a_file_that_is_not_a_model_is_an_error(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "bad.onnx").write_bytes(content)
    with pytest.raises(ModelError, match=r"bad\.onnx: expected ") as raised:
        load(tmp_path / "bad.onnx", [IN], [OUT])
    assert "\n" not in str(raised.value)


def test_a_file_that_cannot_be_read_or_is_too_large_is_an_error(
    negation: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path, found in ((tmp_path / "none.onnx", "No such file or directory"), (tmp_path, "Is a directory")):
        with pytest.raises(ModelError, match=f"{path.name}: expected a model file .*, found: {found}"):
            load(path, [IN], [OUT])
    monkeypatch.setattr(network, "MAX_BYTES", negation.stat().st_size)
    load(negation, [IN], [OUT])
    monkeypatch.setattr(network, "MAX_BYTES", negation.stat().st_size - 1)
    with pytest.raises(ModelError, match=r"negation\.onnx: expected a model of at most 0 MB, found more"):
        load(negation, [IN], [OUT])
