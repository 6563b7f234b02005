"""Insight: the maps of the first layer, and the saliency of each pixel."""

from pathlib import Path

import numpy as np

from mnist_cnn import mnist
from mnist_cnn.read import Classifier
from mnist_cnn.web.insight import Insight


def test_salient_pixels_matter_more_than_others(dataset: mnist.Dataset) -> None:
    tile = mnist.as_input(dataset.test.images[:1])[0, :, :, 0]
    insight, classifier = Insight(Classifier()), Classifier()
    maps, saliency = insight.maps(tile), insight.saliency(tile)
    assert maps.shape == (24, 28, 28)
    assert maps.min() >= 0
    assert maps.std(axis=(1, 2)).max() > 0.05
    assert saliency.shape == (28, 28)
    assert not saliency[tile == 0].any()
    # Without the most salient pixels, the probability falls more than without as many of the least salient.
    inked = np.argwhere(tile > 0)
    order = inked[np.argsort([-saliency[y, x] for y, x in inked])]
    without = np.stack([tile, tile, tile])
    without[1][tuple(order[:20].T)] = 0
    without[2][tuple(order[-20:].T)] = 0
    whole, most, least = classifier.probabilities(without[..., None])[:, 7]
    assert whole - most > 5 * abs(whole - least)


def test_a_network_without_convolution_has_no_maps(tmp_path: Path) -> None:
    from mnist_cnn.learn import export
    from mnist_cnn.learn.model import build
    from mnist_cnn.learn.recipes import DENSE, TINY

    for recipe, shape in ((DENSE, (0, 1, 1)), (TINY, (8, 28, 28))):
        export.onnx(build(recipe), tmp_path / "model.onnx", {})
        assert Insight(Classifier(tmp_path / "model.onnx")).maps(np.ones((28, 28), np.float32)).shape == shape
