"""Strings: the shipped string network reads strips, alone and in batches of any order."""

from pathlib import Path

import numpy as np
import pytest
from test_reader import number, written

from mnist_cnn import mnist
from mnist_cnn.errors import ModelError
from mnist_cnn.read.classifier import SHIPPED
from mnist_cnn.read.labels import BLANK, SLASH
from mnist_cnn.read.strings import Strings, _with_fewer_slashes
from mnist_cnn.read.strips import band, cut

FILE = SHIPPED.parent / "strings.onnx"


@pytest.fixture(scope="module")
def strips(dataset: mnist.Dataset) -> list[tuple[np.ndarray, str]]:
    """Strips of numbers with two to six digits, uint8 (40, w), and their texts."""
    made = []
    for seed in range(10):
        images, text = number(dataset.test, seed, 2 + seed % 5)
        page, boxes = written(images, gap=12)
        made.append((cut(page, band(np.array(boxes, float))), text))
    return made


def test_a_strip_gives_its_text(strips: list[tuple[np.ndarray, str]]) -> None:
    read = Strings(FILE).read([strip for strip, _ in strips])
    assert sum(string.text == text for string, (_, text) in zip(read, strips, strict=True)) >= 9
    assert all(0 < string.probability <= 1 for string in read)
    assert all([mark.x for mark in string.marks] == sorted(mark.x for mark in string.marks) for string in read)


def test_a_batch_gives_the_same_as_single_strips(strips: list[tuple[np.ndarray, str]]) -> None:
    images = [strip for strip, _ in strips]
    network = Strings(FILE, threads=2)
    together, alone = network.read(images[::-1])[::-1], [network.read([image])[0] for image in images]
    for one, other in zip(together, alone, strict=True):
        assert one.text == other.text
        assert one.probability == pytest.approx(other.probability, rel=0.02)
    assert network.read([]) == network.read_views([]) == []


def test_views_of_each_piece_are_read_together(strips: list[tuple[np.ndarray, str]]) -> None:
    (one, first), (other, second) = strips[:2]
    found = Strings(FILE).read_views([[one, one, one], [other, other, other]])
    assert [seen.string.text for seen in found] == [first, second]
    assert [(seen.view, seen.agree) for seen in found] == [(0, 2), (0, 2)]


def test_slashes_lose_probability_and_the_sum_stays_1() -> None:
    p = np.random.default_rng(0).dirichlet(np.ones(BLANK + 1), 50).astype(np.float32)
    found = np.exp(_with_fewer_slashes(np.log(p)))
    assert found.sum(axis=1) == pytest.approx(1)
    assert (found[:, SLASH] < p[:, SLASH]).all()
    others = np.delete(np.arange(BLANK + 1), SLASH)
    ratio = found[:, others] / p[:, others]
    assert ratio == pytest.approx(np.broadcast_to(ratio[:, :1], ratio.shape), rel=1e-4)


def test_another_network_is_an_error(tmp_path: Path) -> None:
    for path in (SHIPPED, SHIPPED.parent / "finder.onnx", tmp_path / "none.onnx"):
        with pytest.raises(ModelError, match=rf"{path.name}: expected"):
            Strings(path)
