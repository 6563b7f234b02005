"""model.onnx: the same function as model.keras, on every test image."""

from pathlib import Path

import keras
import numpy as np
import onnx as onnx_format
import onnxruntime
import pytest

from mnist_cnn import mnist
from mnist_cnn.errors import ModelError
from mnist_cnn.learn import export
from mnist_cnn.learn.evaluate import Evaluation
from mnist_cnn.learn.run import Run


def test_onnx_agrees_with_keras_on_all_test_images(run: Run, evaluation: Evaluation, dataset: mnist.Dataset) -> None:
    session = onnxruntime.InferenceSession(run.path / "model.onnx")
    (given,), (returned,) = session.get_inputs(), session.get_outputs()
    assert (given.name, given.shape, given.type) == ("image", ["n", 28, 28, 1], "tensor(float)")
    assert (returned.name, returned.shape, returned.type) == ("probabilities", ["n", 10], "tensor(float)")
    (found,) = session.run(None, {"image": mnist.as_input(dataset.test.images)})
    assert np.abs(found - evaluation.probabilities).max() < 1e-5
    assert np.array_equal(found.argmax(axis=1), evaluation.probabilities.argmax(axis=1))
    metadata = session.get_modelmeta().custom_metadata_map
    assert metadata["classes"] == "0 1 2 3 4 5 6 7 8 9"
    assert metadata["recipe"] == run.config()["recipe"]["name"]


def test_the_graph_reads_like_the_recipe(run: Run) -> None:
    kinds = [node.op_type for node in onnx_format.load(run.path / "model.onnx").graph.node]
    tail = ["Transpose", "Flatten", "Gemm", "Relu", "Gemm", "Softmax"]
    seed = ["Transpose", "Conv", "Relu", "MaxPool", *tail]
    assert kinds == {"seed": seed, "dense": ["Transpose", *tail]}[run.config()["recipe"]["name"]]


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (keras.layers.LayerNormalization(name="norm"), r"layer 'norm' \(LayerNormalization\): no ONNX form"),
        (keras.layers.Conv2D(2, 3, padding="same", name="wide"), r"layer 'wide' \(Conv2D\): no ONNX form"),
        (keras.layers.Conv2D(2, 3, activation="gelu", name="soft"), "layer 'soft': .*activation 'gelu'"),
    ],
)
def test_a_layer_without_an_onnx_form_is_named(layer: keras.Layer, message: str, tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((28, 28, 1)), layer])
    with pytest.raises(ModelError, match=message):
        export.onnx(model, tmp_path / "model.onnx", {})
    assert not list(tmp_path.iterdir())
