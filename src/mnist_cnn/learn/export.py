"""Export: a trained Keras model as an ONNX file, written straight from its weights.

    >>> onnx(model, Path("model.onnx"), {"recipe": "seed"})        # doctest: +SKIP

Input ``image``, float32 (n, 28, 28, 1) in [0, 1]; output ``probabilities``, float32 (n, 10). The file has one node per
layer and activation, with the names of the Keras model. A converter would write a graph that is hard to read.
"""

import math
from pathlib import Path
from typing import Any

import keras
import numpy as np
from onnx import ModelProto, TensorProto, checker, helper, numpy_helper, save
from onnxruntime.quantization import QuantType, quantize_dynamic

from mnist_cnn.errors import ModelError, RunError
from mnist_cnn.files import replacing
from mnist_cnn.learn.run import TRAINING_IMAGES, Run

OPSET = 17
_TEN = {"starts": 0, "ends": 10, "axes": 1}
_ACTIVATIONS = {"relu": "Relu", "softmax": "Softmax"}


def write(run: Run, model: keras.Sequential, path: Path) -> None:
    """Write the run's `model` to `path` as ONNX with metadata from the run's files.

    metadata: recipe, seed, commit, dataset (SHA-256 of the training images' file); temperature and threshold
    (``calibrate``) and the test score if the run has them.
    """
    config = run.config()
    metadata = {"recipe": config["recipe"]["name"], "seed": str(config["seed"]), "commit": config["commit"] or ""}
    metadata["dataset"] = config["data"]["sha256"][TRAINING_IMAGES]
    if (run.path / "calibration.json").exists():
        calibration = run.read_json("calibration.json", "a calibrated run")
        metadata |= _numbers(run, "calibration.json", calibration, temperature="temperature", threshold="threshold")
    if (run.path / "report.json").exists():
        score = run.read_json("report.json", "an evaluated run").get("score")
        metadata |= _numbers(run, "report.json", score, test_images="images", test_errors="errors")
    with replacing(path) as temporary:
        onnx(model, temporary, metadata)


def _numbers(run: Run, file: str, values: Any, **names: str) -> dict[str, str]:
    """Return these values of a JSON file of the run as text. Raises RunError if one is not a number."""
    found = {ours: values.get(own) if isinstance(values, dict) else None for ours, own in names.items()}
    for name, value in found.items():
        if not isinstance(value, int | float) or not math.isfinite(value):
            raise RunError(f"{run.path / file}: expected a number for {names[name]}, found {value!r:.60}")
    return {name: str(value) for name, value in found.items()}


def litert(model: keras.Sequential, path: Path) -> None:
    """Write `model` to `path`, NAME.tflite, as LiteRT.

    Input float32 (n, 28, 28, 1); output the probabilities of the ten digits, float32 (n, 10).
    Raises ModelError if the name does not end in .tflite.
    """
    if path.suffix != ".tflite":
        raise ModelError(f"{path}: expected a name that ends in .tflite")
    image = keras.Input((28, 28, 1), name="image")
    digits = keras.Model(image, model(image)[:, :10])
    digits(np.zeros((1, 28, 28, 1), np.float32))  # a freshly loaded model has no function to export yet
    with replacing(path) as temporary:
        digits.export(temporary, format="litert", verbose=False)


def int8(source: Path, path: Path) -> None:
    """Write the ONNX file `source` to `path` with the weights of its Dense layers as 8-bit integers.

    With 8-bit convolutions the file would be slower, since each convolution would have to quantise its input.
    """
    with replacing(path) as temporary:
        quantize_dynamic(source, temporary, op_types_to_quantize=["MatMul", "Gemm"], weight_type=QuantType.QInt8)


def onnx(model: keras.Sequential, path: Path, metadata: dict[str, str]) -> None:
    """Write `model` to `path`, with `metadata` and the class names in the file.

    Raises ModelError with the layer's name for a layer that no recipe uses.
    """
    nodes, weights = [], []
    value = "image"

    def add(kind: str, name: str, inputs: tuple[str, ...] = (), **attributes: Any) -> None:
        nonlocal value
        nodes.append(helper.make_node(kind, [value, *inputs], [name], name=name, **attributes))
        value = name

    def constant(name: str, array: np.ndarray) -> str:
        weights.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    # Keras has the channels last, ONNX has them second. For the one channel of an image they are the same.
    add("Reshape", "channels_second", (constant("shape", np.array([0, 1, 28, 28])),))
    flat: tuple[int, ...] | None = None  # shape before Flatten in Keras's order, until a Dense layer uses it
    for layer in model.layers:
        match layer:
            case keras.layers.Conv2D(padding="valid" | "same", dilation_rate=(1, 1)):
                kernel, bias = layer.get_weights()
                kernel_name = constant(f"{layer.name}.kernel", kernel.transpose(3, 2, 0, 1))
                # Like TensorFlow, SAME_UPPER puts the odd line of padding at the end.
                attributes = {"auto_pad": "SAME_UPPER"} if layer.padding == "same" else {}
                bias_name = constant(f"{layer.name}.bias", bias)
                add("Conv", layer.name, (kernel_name, bias_name), strides=layer.strides, **attributes)
            case keras.layers.BatchNormalization() if not flat:
                names = ("gamma", "beta", "mean", "variance")
                inputs = tuple(
                    constant(f"{layer.name}.{n}", w) for n, w in zip(names, layer.get_weights(), strict=True)
                )
                add("BatchNormalization", layer.name, inputs, epsilon=layer.epsilon)
            case keras.layers.Dropout() | keras.layers.Activation():
                pass
            case keras.layers.MaxPooling2D(padding="valid"):
                add("MaxPool", layer.name, kernel_shape=layer.pool_size, strides=layer.strides)
            case keras.layers.AveragePooling2D(padding="valid"):
                add("AveragePool", layer.name, kernel_shape=layer.pool_size, strides=layer.strides)
            case keras.layers.GlobalAveragePooling2D():
                add("GlobalAveragePool", f"{layer.name}.mean")
                add("Flatten", layer.name)
            case keras.layers.Flatten():
                flat = layer.input.shape[1:]
                add("Flatten", layer.name)
            case keras.layers.Dense():
                kernel, bias = layer.get_weights()
                if flat:  # permute the rows to ONNX's order, which saves a transpose per call
                    kernel, flat = np.moveaxis(kernel.reshape(*flat, -1), 2, 0).reshape(kernel.shape), None
                kernel_name = constant(f"{layer.name}.kernel", kernel)
                add("Gemm", layer.name, (kernel_name, constant(f"{layer.name}.bias", bias)))
            case _:
                raise ModelError(f"layer '{layer.name}' ({type(layer).__name__}): no ONNX form is known for it")
        activation = keras.activations.serialize(getattr(layer, "activation", keras.activations.linear))
        if activation in _ACTIVATIONS:
            add(_ACTIVATIONS[activation], f"{layer.name}.{activation}")
        elif activation != "linear":
            raise ModelError(f"layer '{layer.name}': no ONNX form is known for its activation '{activation}'")
    if model.output_shape[1] == 11:
        add("Slice", "digits", tuple(constant(f"digits.{n}", np.array([v])) for n, v in _TEN.items()))
    nodes[-1].output[0] = "probabilities"
    graph = helper.make_graph(
        nodes,
        model.name,
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 28, 28, 1])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", 10])],
        weights,
    )
    content: ModelProto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    helper.set_model_props(content, {"classes": "0 1 2 3 4 5 6 7 8 9", **metadata})
    checker.check_model(content, full_check=True)
    save(content, path)
