"""Convnet export: a fully convolutional Keras model as an ONNX file, written from its weights.

    >>> content = onnx_file(model, "log_probabilities", {"recipe": "strings"})              # doctest: +SKIP

It supports the layers of ``networks``. Batch normalisation is folded into the convolution before it.
"""

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from mnist_cnn.errors import ModelError

_OPSET, _IR = 17, 8
_SAME_OP = {"ReLU": "Relu", "Add": "Add"}
_NO_OP = ("BatchNormalization", "Dropout", "SpatialDropout2D")
"""Layers without a node: dropout does nothing after training."""


class _Graph:
    """The nodes and weights so far."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.weights: list[Any] = []

    def constant(self, name: str, value: np.ndarray) -> str:
        """Add a weight and return its name."""
        self.weights.append(numpy_helper.from_array(value, name))
        return name

    def add(self, op: str, inputs: list[str], output: str, **attributes: Any) -> str:
        """Add a node and return the name of its output."""
        self.nodes.append(helper.make_node(op, inputs, [output], **attributes))
        return output


def onnx_file(model: Any, output: str, metadata: dict[str, str]) -> bytes:
    """Return a Keras model as the content of an ONNX file.

    The input keeps its shape (n, h, w, c) and its name. The output is named `output`. If the model ends in a Reshape to
    classes, the output has log probabilities. If not, its first three channels are logits: the output has their
    probabilities, then the other channels unchanged.

    Raises ModelError if the model has another kind of layer.
    """
    image = model.inputs[0]
    graph = _Graph()
    names = {id(image): graph.add("Transpose", [image.name], "nchw", perm=[0, 3, 1, 2])}
    normalisations = {id(n.input): n for n in model.layers if type(n).__name__ == "BatchNormalization"}
    for layer in model.layers:
        if type(layer).__name__ != "InputLayer":
            inputs = layer.input if isinstance(layer.input, list) else [layer.input]
            sources = [names[id(tensor)] for tensor in inputs]
            names[id(layer.output)] = _add_layer(graph, layer, sources, normalisations.get(id(layer.output)))
    last, channels = names[id(model.outputs[0])], model.outputs[0].shape[-1]
    if type(model.layers[-1]).__name__ == "Reshape":
        graph.add("LogSoftmax", [last], output, axis=-1)
        shape = ["n", "frames", channels]
    else:
        parts = graph.constant("parts", np.array([3, channels - 3], np.int64))
        graph.add("Transpose", [last], "channels_last", perm=[0, 2, 3, 1])
        graph.nodes.append(helper.make_node("Split", ["channels_last", parts], ["heat", "sizes"], axis=-1))
        graph.add("Sigmoid", ["heat"], "probability")
        graph.add("Concat", ["probability", "sizes"], output, axis=-1)
        shape = ["n", "rows", "columns", channels]
    dimensions = ["n", *(d or a for d, a in zip(image.shape[1:], ("height", "width", ""), strict=True))]
    inputs = [helper.make_tensor_value_info(image.name, TensorProto.FLOAT, dimensions)]
    outputs = [helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)]
    content = helper.make_graph(graph.nodes, model.name, inputs, outputs, graph.weights)
    file = helper.make_model(content, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR)
    helper.set_model_props(file, metadata)
    onnx.checker.check_model(file, full_check=True)
    return file.SerializeToString()


def _add_layer(graph: _Graph, layer: Any, sources: list[str], normalisation: Any) -> str:
    """Add the nodes of a layer and return the name of its output.

    normalisation: the batch normalisation of this layer's output, or None.
    """
    kind, name = type(layer).__name__, layer.name
    if kind in _NO_OP:
        return sources[0]
    if kind in _SAME_OP:
        return graph.add(_SAME_OP[kind], sources, name)
    if kind == "Conv2D":
        kernel, bias = _folded(layer, normalisation)
        weights = [graph.constant(f"{name}/kernel", kernel), graph.constant(f"{name}/bias", bias)]
        strides, dilations = list(layer.strides), list(layer.dilation_rate)
        return graph.add("Conv", [*sources, *weights], name, strides=strides, dilations=dilations, pads=_pads(layer))
    if kind == "MaxPooling2D":
        size = list(layer.pool_size)
        return graph.add("MaxPool", sources, name, kernel_shape=size, strides=size)
    if kind == "Concatenate":
        return graph.add("Concat", sources, name, axis=1)
    if kind == "ZeroPadding2D":
        (top, bottom), (left, right) = layer.padding
        pads = graph.constant(f"{name}/pads", np.array([0, 0, top, left, 0, 0, bottom, right], np.int64))
        return graph.add("Pad", [*sources, pads], name)
    if kind == "UpSampling2D":
        scales = graph.constant(f"{name}/scales", np.array([1, 1, *layer.size], np.float32))
        how = {"mode": "nearest", "nearest_mode": "floor", "coordinate_transformation_mode": "asymmetric"}
        return graph.add("Resize", [*sources, "", scales], name, **how)
    if kind == "Reshape":
        graph.add("Transpose", sources, f"{name}/nhwc", perm=[0, 2, 3, 1])
        shape = graph.constant(f"{name}/shape", np.array([0, -1, layer.output.shape[-1]], np.int64))
        one = graph.constant(f"{name}/one", np.array([1], np.int64))
        graph.add("Squeeze", [f"{name}/nhwc", one], f"{name}/row")
        return graph.add("Reshape", [f"{name}/row", shape], name)
    raise ModelError(f"layer '{name}' ({kind}): expected a kind of layer that learn.pages.networks uses")


def _folded(layer: Any, normalisation: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return the kernel (out, in, h, w) and bias (out,) of a convolution, float32, with its batch normalisation."""
    kernel = np.asarray(layer.kernel, np.float32)
    bias = np.asarray(layer.bias, np.float32) if layer.use_bias else np.zeros(kernel.shape[-1], np.float32)
    if normalisation is not None:
        variance, mean = np.asarray(normalisation.moving_variance), np.asarray(normalisation.moving_mean)
        factor = np.asarray(normalisation.gamma) / np.sqrt(variance + normalisation.epsilon)
        kernel = kernel * factor
        bias = np.asarray(normalisation.beta) + (bias - mean) * factor
    return np.ascontiguousarray(kernel.transpose(3, 2, 0, 1), np.float32), bias.astype(np.float32)


def _pads(layer: Any) -> list[int]:
    """Return the padding of a convolution: top, left, bottom, right.

    TensorFlow's "same" puts an odd pixel at the end. The stride has to divide the height and width of the input.
    """
    if layer.padding != "same":
        return [0, 0, 0, 0]
    pads = []
    for size, stride, step in zip(layer.kernel_size, layer.strides, layer.dilation_rate, strict=True):
        total = max(0, (size - 1) * step + 1 - stride)
        pads.append((total // 2, total - total // 2))
    return [pads[0][0], pads[1][0], pads[0][1], pads[1][1]]
