"""Export: ONNX, int8 and LiteRT agree with Keras on every test image."""

from pathlib import Path

import keras
import numpy as np
import onnx as onnx_format
import onnxruntime
import pytest
from ai_edge_litert.interpreter import Interpreter
from click.testing import CliRunner
from onnx import numpy_helper

from mnist_cnn import mnist
from mnist_cnn.cli import cli
from mnist_cnn.errors import ModelError, RunError
from mnist_cnn.learn import export
from mnist_cnn.learn.evaluate import Evaluation, load
from mnist_cnn.learn.model import build, digits
from mnist_cnn.learn.recipes import HANDWRITING, RECIPES
from mnist_cnn.learn.run import Run
from mnist_cnn.read import Classifier
from mnist_cnn.read.classifier import SHIPPED


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


def test_litert_agrees_with_keras_on_all_test_images(
    run: Run, evaluation: Evaluation, dataset: mnist.Dataset, tmp_path: Path
) -> None:
    export.litert(load(run), tmp_path / "model.tflite")
    found = by_litert(tmp_path / "model.tflite", mnist.as_input(dataset.test.images))
    assert np.abs(found - evaluation.probabilities).max() < 1e-5
    assert np.array_equal(found.argmax(axis=1), evaluation.probabilities.argmax(axis=1))


@pytest.mark.slow
def test_the_shipped_model_agrees_in_every_format(dataset: mnist.Dataset, tmp_path: Path) -> None:
    """Its weights are loaded into Keras and exported to LiteRT; all three agree on the test images."""
    model = build(HANDWRITING)
    arrays = [numpy_helper.to_array(array) for array in onnx_format.load(SHIPPED).graph.initializer]
    for layer in model.layers:
        own = [arrays.pop(0) for _ in layer.get_weights()]
        layer.set_weights([array.transpose(2, 3, 1, 0) if array.ndim == 4 else array for array in own])
    images = mnist.as_input(dataset.test.images)
    expected = digits(model, images)
    export.litert(model, tmp_path / "model.tflite")
    for found in (Classifier(threads=2).probabilities(images), by_litert(tmp_path / "model.tflite", images)):
        assert np.abs(found - expected).max() < 1e-5
        assert np.array_equal(found.argmax(axis=1), expected.argmax(axis=1))


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_agrees_in_every_format(name: str, dataset: mnist.Dataset, tmp_path: Path) -> None:
    """Normalisation layers get random weights, since a new one could be left out without a difference."""
    keras.utils.set_random_seed(0)
    model, rng = build(RECIPES[name]), np.random.default_rng(0)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            ranges = ((0.8, 1.2), (-0.1, 0.1), (-0.1, 0.1), (0.1, 0.3))  # gamma, beta, mean, variance
            layer.set_weights([rng.uniform(*r, w.shape) for r, w in zip(ranges, layer.get_weights(), strict=True)])
    export.onnx(model, tmp_path / "model.onnx", {})
    export.litert(model, tmp_path / "model.tflite")
    images = mnist.as_input(dataset.train.images[:200])
    expected = digits(model, images)
    assert expected.std(axis=0).max() > 0.003, "equal probabilities would prove nothing"
    for found in (
        Classifier(tmp_path / "model.onnx").probabilities(images),
        by_litert(tmp_path / "model.tflite", images),
    ):
        assert np.abs(found - expected).max() < 1e-5


def by_litert(file: Path, images: np.ndarray) -> np.ndarray:
    interpreter = Interpreter(str(file))
    (given,), (returned,) = interpreter.get_input_details(), interpreter.get_output_details()
    interpreter.resize_tensor_input(given["index"], images.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(given["index"], images)
    interpreter.invoke()
    return interpreter.get_tensor(returned["index"])


@pytest.mark.slow
def test_int8_adds_at_most_five_errors(dataset: mnist.Dataset, tmp_path: Path) -> None:
    export.int8(SHIPPED, tmp_path / "model.onnx")
    assert (tmp_path / "model.onnx").stat().st_size < 0.6 * SHIPPED.stat().st_size
    full, small = Classifier(threads=2), Classifier(tmp_path / "model.onnx", threads=2)
    assert full.metadata.items() <= small.metadata.items()
    images, labels = mnist.as_input(dataset.test.images), dataset.test.labels
    right = [int((c.probabilities(images).argmax(axis=1) == labels).sum()) for c in (full, small)]
    assert right[0] - right[1] <= 5


@pytest.mark.parametrize("run", ["seed"], indirect=True)
def test_the_command_writes_each_format(run: Run, tmp_path: Path) -> None:
    for options in (["--out", str(tmp_path / "m.onnx")], ["--quantize", "int8"], ["--format", "litert"]):
        done = CliRunner().invoke(cli, ["export", str(run.path), *options], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        assert Path(done.output.split("   ")[0]).stat().st_size > 100_000
    assert CliRunner().invoke(cli, ["export", str(run.path), "--format", "litert", "--quantize", "int8"]).exit_code == 2
    assert "expected a name that ends in" in str(
        CliRunner().invoke(cli, ["export", str(run.path), "--format", "litert", "--out", "model"]).exception
    )


def test_the_graph_has_the_layers_of_the_recipe(run: Run) -> None:
    kinds = [node.op_type for node in onnx_format.load(run.path / "model.onnx").graph.node]
    tail = ["Flatten", "Gemm", "Relu", "Gemm", "Softmax"]
    seed = ["Reshape", "Conv", "Relu", "MaxPool", *tail]
    assert kinds == {"seed": seed, "dense": ["Reshape", *tail]}[run.config()["recipe"]["name"]]


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (keras.layers.LayerNormalization(name="norm"), r"layer 'norm' \(LayerNormalization\): no ONNX form"),
        (keras.layers.Conv2D(2, 3, dilation_rate=2, name="wide"), r"layer 'wide' \(Conv2D\): no ONNX form"),
        (keras.layers.Conv2D(2, 3, activation="gelu", name="soft"), "layer 'soft': .*activation 'gelu'"),
    ],
)
def test_a_layer_without_an_onnx_form_is_named(layer: keras.Layer, message: str, tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((28, 28, 1)), layer])
    with pytest.raises(ModelError, match=message):
        export.onnx(model, tmp_path / "model.onnx", {})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("run", ["dense"], indirect=True)
@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("report.json", "{}", "expected a number for images, found None"),
        ("report.json", '{"score": [1]}', "expected a number for images, found None"),
        ("report.json", '{"score": {"images": 10, "errors": "few"}}', "expected a number for errors, found 'few'"),
        ("calibration.json", '{"temperature": NaN, "threshold": 0.5}', "expected a number for temperature, found nan"),
        ("calibration.json", '{"temperature": 1}', "expected a number for threshold, found None"),
    ],
)
def test_a_damaged_file_of_the_run_is_named(file: str, content: str, message: str, run: Run, tmp_path: Path) -> None:
    copy = Run(tmp_path)
    copy.write_json("config.json", run.config())
    copy.write_text(file, content)
    with pytest.raises(RunError, match=rf"{file}: {message}$"):
        export.write(copy, load(run), tmp_path / "model.onnx")
    assert not (tmp_path / "model.onnx").exists()
