"""Insight: the maps of a network's first layer, and how important each pixel is for its answer.

>>> insight = Insight(Classifier())
>>> insight.maps(tile).shape, insight.saliency(tile).shape                              # doctest: +SKIP
((24, 28, 28), (28, 28))
"""

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

from mnist_cnn.read.classifier import Classifier

PATCH, STEP = 4, 2
"""Side of the patch that is erased, and distance between patches, in pixels."""


class Insight:
    """The network of a classifier, to look inside."""

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier
        first = until_first_layer(classifier)
        self._first = None if first is None else _session(first)
        starts = range(0, 28 - PATCH + 1, STEP)
        corners = [(y, x) for y in starts for x in starts]
        self._patches = np.zeros((len(corners), 28, 28), bool)
        for patch, (y, x) in zip(self._patches, corners, strict=True):
            patch[y : y + PATCH, x : x + PATCH] = True

    def maps(self, tile: np.ndarray) -> np.ndarray:
        """Return the outputs of the first layer for a tile, float32 (28, 28), 0 to 1: float32 (k, h, w), 0 and more.

        k is 0 for a network that does not begin with a convolution.
        """
        if self._first is None:
            return np.zeros((0, 1, 1), np.float32)
        return self._first.run(None, {"image": np.ascontiguousarray(tile[None, :, :, None], np.float32)})[0][0]

    def saliency(self, tile: np.ndarray) -> np.ndarray:
        """Return how much the best digit's probability falls when a pixel and those around it are erased.

        float32 (28, 28), 0 to 1, for a tile, float32 (28, 28), 0 to 1: the mean over the patches that cover a pixel
        with ink, 0 elsewhere (occlusion; Zeiler & Fergus 2014, "Visualizing and Understanding Convolutional Networks").
        """
        inked = ((tile > 0) & self._patches).any(axis=(1, 2))
        images = np.concatenate([tile[None], np.where(self._patches[inked], 0, tile)])
        probabilities = self._classifier.probabilities(images[..., None].astype(np.float32))
        fall = np.maximum(probabilities[0].max() - probabilities[1:, probabilities[0].argmax()], 0)
        total = np.tensordot(fall, self._patches[inked], axes=1)
        return (total / np.maximum(self._patches.sum(axis=0), 1) * (tile > 0)).astype(np.float32)


def until_first_layer(classifier: Classifier) -> bytes | None:
    """Return the network up to its first convolution, with its normalisation and activation, as an ONNX file.

    None if there is no convolution.
    """
    model = onnx.load(classifier.path)
    end = next((node.output[0] for node in model.graph.node if node.op_type == "Conv"), None)
    if end is None:
        return None
    for node in model.graph.node:
        if node.op_type in ("BatchNormalization", "Relu") and node.input[0] == end:
            end = node.output[0]
    # Keep only the nodes and weights that lead to `end`.
    wanted: set[str] = {end}
    kept: list[onnx.NodeProto] = []
    for node in reversed(model.graph.node):
        if wanted.intersection(node.output):
            wanted.update(node.input)
            kept.insert(0, node)
    weights = [weight for weight in model.graph.initializer if weight.name in wanted]
    output = helper.make_tensor_value_info(end, TensorProto.FLOAT, None)
    graph = helper.make_graph(kept, "first", list(model.graph.input), [output], weights)
    first = helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)
    return first.SerializeToString()


def _session(content: bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
