"""Digits of a strip come into MNIST's form, dark on bright or bright on dark, without their neighbours."""

import cv2
import numpy as np
import pytest
from test_reader import written

from mnist_cnn import mnist
from mnist_cnn.read.classifier import Classifier
from mnist_cnn.read.strips import band
from mnist_cnn.read.tiles import tiles


@pytest.mark.parametrize("inverted", [False, True])
@pytest.mark.parametrize("height", [20, 60, 300])
def test_the_classifier_reads_the_tiles(height: int, inverted: bool, dataset: mnist.Dataset) -> None:
    classifier, right = Classifier(), 0
    for start in range(0, 200, 5):
        images, labels = dataset.test.images[start : start + 5], dataset.test.labels[start : start + 5]
        page, boxes = written(list(images), height, height // 4, height)
        page = 255 - page if inverted else page
        found = tiles(page, band(np.array(boxes, float)), boxes, [True] * 5)
        images_ = [tile.image for tile in found if tile is not None]
        assert [image.shape for image in images_] == [(28, 28)] * 5
        right += int((classifier.probabilities(np.stack(images_)[..., None]).argmax(axis=1) == labels).sum())
    assert right >= 190  # of 200


def test_only_wanted_boxes_have_tiles(dataset: mnist.Dataset) -> None:
    page, boxes = written(list(dataset.test.images[:3]))
    found = tiles(page, band(np.array(boxes, float)), boxes, [True, False, True])
    assert [tile is None for tile in found] == [False, True, False]
    assert tiles(page, band(np.array(boxes, float)), boxes, [False] * 3) == [None] * 3


def test_a_rule_at_the_edge_of_a_box_is_left_out() -> None:
    page = np.full((120, 120), 230, np.uint8)
    cv2.line(page, (60, 30), (60, 90), 30, 5)
    plain = tiles(page, band(np.array([[52.0, 30, 68, 90]])), [(52, 30, 68, 90)], [True])[0]
    cv2.line(page, (0, 95), (120, 95), 30, 2)
    ruled = tiles(page, band(np.array([[52.0, 30, 68, 90]])), [(52, 30, 68, 90)], [True])[0]
    assert plain is not None
    assert ruled is not None
    assert np.abs(plain.image - ruled.image).mean() < 0.02


@pytest.mark.parametrize(
    ("mark", "dotted"),
    [
        ([], False),
        ([(150, 138, 5)], True),  # a point
        ([(150, 138, 2)], True),  # of a fine pen
        ([(150, 80, 5)], False),  # at the middle
        ([(150, 120, 25)], False),  # as large as a digit
    ],
)
@pytest.mark.parametrize("inverted", [False, True])
def test_a_point_between_two_digits_is_seen(mark: list[tuple[int, int, int]], dotted: bool, inverted: bool) -> None:
    page = np.full((220, 320), 220, np.uint8)
    for x in (100, 200):
        cv2.ellipse(page, (x, 100), (22, 40), 0, 0, 360, 40, 7)
    for x, y, radius in mark:
        cv2.circle(page, (x, y), radius, 40, -1)
    boxes = [(76.0, 57.0, 124.0, 143.0), (176.0, 57.0, 224.0, 143.0)]
    page = 255 - page if inverted else page
    first, last = tiles(page, band(np.array(boxes)), boxes, [True, True])
    assert first is not None
    assert last is not None
    assert (first.dotted, last.dotted) == (dotted, False)
