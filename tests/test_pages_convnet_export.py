"""ONNX files of the page networks: the same function as the Keras models, at several sizes."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import onnx
import onnxruntime
import pytest

from mnist_cnn.errors import ModelError
from mnist_cnn.learn.pages.convnet_export import onnx_file
from mnist_cnn.learn.pages.networks import CLASSES, build_finder, build_strings


def with_random_statistics(build: Callable[[], Any]) -> Any:
    """A new network whose batch normalisation and biases differ from those of a new one, so that no part is hidden."""
    keras.utils.set_random_seed(0)
    model, rng = build(), np.random.default_rng(0)
    assert model.dtype_policy.name == "float32"
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            ranges = ((0.4, 1.2), (-0.3, 0.3), (-0.3, 0.3), (0.5, 1.5))  # gamma, beta, mean, variance
            layer.set_weights([rng.uniform(*r, w.shape) for r, w in zip(ranges, layer.get_weights(), strict=True)])
        elif isinstance(layer, keras.layers.Conv2D) and layer.use_bias:
            kernel, bias = layer.get_weights()
            layer.set_weights([kernel, bias + rng.uniform(-0.5, 0.5, bias.shape)])
    return model


def test_the_string_network_agrees_with_keras() -> None:
    model = with_random_statistics(build_strings)
    content = onnx_file(model, "log_probabilities", {"recipe": "strings"})
    session = onnxruntime.InferenceSession(content)
    (given,), (returned,) = session.get_inputs(), session.get_outputs()
    assert (given.name, given.shape, given.type) == ("strip", ["n", 40, "width", 2], "tensor(float)")
    assert (returned.name, returned.shape) == ("log_probabilities", ["n", "frames", CLASSES])
    assert session.get_modelmeta().custom_metadata_map == {"recipe": "strings"}
    for n, width in ((1, 64), (3, 176)):
        x = np.random.default_rng(width).normal(size=(n, 40, width, 2)).astype(np.float32)
        expected = keras.ops.convert_to_numpy(keras.ops.log_softmax(model(x, training=False)))
        assert expected.shape == (n, width // 2, CLASSES)
        assert expected.std(axis=(0, 1)).max() > 0.01, "equal outputs would prove nothing"
        (found,) = session.run(None, {"strip": x})
        assert np.abs(found - expected).max() < 1e-5


def test_the_finder_agrees_with_keras() -> None:
    model = with_random_statistics(build_finder)
    session = onnxruntime.InferenceSession(onnx_file(model, "cells", {}))
    (given,), (returned,) = session.get_inputs(), session.get_outputs()
    assert (given.name, given.shape, given.type) == ("picture", ["n", "height", "width", 2], "tensor(float)")
    assert (returned.name, returned.shape) == ("cells", ["n", "rows", "columns", 7])
    for n, height, width in ((1, 320, 320), (2, 104, 72)):
        x = np.random.default_rng(width).normal(size=(n, height, width, 2)).astype(np.float32)
        expected = np.array(model(x, training=False))
        assert expected.shape == (n, height // 4, width // 4, 7)
        assert expected.std(axis=(0, 1, 2)).min() > 0.01, "equal outputs would prove nothing"
        expected[..., :3] = 1 / (1 + np.exp(-expected[..., :3]))
        (found,) = session.run(None, {"picture": x})
        assert np.abs(found - expected).max() < 1e-5


@pytest.mark.parametrize("build", [build_strings, build_finder])
def test_batch_normalisation_and_dropout_leave_no_nodes(build: Callable[[], Any]) -> None:
    kinds = {node.op_type for node in onnx.load_from_string(onnx_file(build(), "out", {})).graph.node}
    assert not kinds & {"BatchNormalization", "Dropout"}


def test_an_unknown_layer_is_named() -> None:
    image = keras.Input((None, None, 2))
    model = keras.Model(image, keras.layers.LayerNormalization(name="norm")(image))
    with pytest.raises(ModelError, match=r"layer 'norm' \(LayerNormalization\): expected a kind of layer that learn"):
        onnx_file(model, "out", {})
