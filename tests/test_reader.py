"""The reader, on numbers composed of test digits of MNIST: texts, places, confidences and rejections."""

import dataclasses
import json
import time
from collections.abc import Callable, Sequence

import cv2
import numpy as np
import pytest

from mnist_cnn import mnist
from mnist_cnn.read.classifier import Classifier
from mnist_cnn.read.reader import read_image
from mnist_cnn.read.reading import Digit, Reading

PAPER, PEN = 215, 40
LETTER = ([(0, 60), (25, 0), (50, 60)], [(10, 40), (40, 40)])
Corners = tuple[int, int, int, int]
"""left, top, right, bottom"""


@pytest.fixture(scope="module")
def digits(dataset: mnist.Dataset) -> mnist.Digits:
    return dataset.test


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier()


def written(
    images: Sequence[np.ndarray], height: int = 60, gap: int = 20, margin: int = 40
) -> tuple[np.ndarray, list[Corners]]:
    """Digits side by side, dark on paper, uint8 (h, w), and where each is; their boxes are `gap` pixels apart."""
    side = height * 28 // 20
    page = np.zeros((side + 2 * margin, 0), np.uint8)
    corners = []
    for image in images:
        large = cv2.resize(image, (side, side), interpolation=cv2.INTER_CUBIC)
        rows, columns = (np.flatnonzero(large.max(axis=axis) > 60) for axis in (1, 0))
        large = large[:, columns[0] : columns[-1] + 1]
        x = max(page.shape[1] + gap, margin)
        page = np.pad(page, ((0, 0), (0, x + large.shape[1] - page.shape[1])))
        place = page[margin : margin + side, x:]
        np.maximum(place, large, out=place)
        corners.append((x, margin + int(rows[0]), page.shape[1], margin + int(rows[-1]) + 1))
    page = np.pad(page, ((0, 0), (0, margin)))
    return np.rint(PAPER + (PEN - PAPER) * (page / 255)).astype(np.uint8), corners


def number(digits: mnist.Digits, seed: int, length: int = 5) -> tuple[list[np.ndarray], str]:
    chosen = np.random.default_rng(seed).integers(0, len(digits.images), length)
    return list(digits.images[chosen]), "".join(map(str, digits.labels[chosen]))


def two_words(digits: mnist.Digits) -> tuple[np.ndarray, str]:
    """Two digits, and far to the right three: the page, uint8 (h, w), and its text."""
    (left, first), (right, second) = number(digits, 1, 2), number(digits, 5, 3)
    page = np.hstack([written(left)[0], np.full_like(written(left)[0], PAPER)[:, :120], written(right)[0]])
    return page, f"{first} {second}"


def overlap(found: Digit, expected: Corners) -> float:
    """Intersection over union."""
    x, y, right, bottom = found.box.x, found.box.y, found.box.x + found.box.width, found.box.y + found.box.height
    left_, top_, right_, bottom_ = expected
    both = max(0, min(right, right_) - max(x, left_)) * max(0, min(bottom, bottom_) - max(y, top_))
    return both / ((right - x) * (bottom - y) + (right_ - left_) * (bottom_ - top_) - both)


def turned(picture: np.ndarray, degrees: float) -> np.ndarray:
    picture = np.pad(picture, picture.shape[1] // 4, constant_values=PAPER)
    height, width = picture.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    return cv2.warpAffine(picture, matrix, (width, height), borderValue=PAPER)


@pytest.mark.parametrize(
    "change",
    [np.asarray, lambda page: turned(page, 12), lambda page: turned(page, -12)],
    ids=["level", "uphill", "downhill"],
)
def test_numbers_are_read(change: Callable[[np.ndarray], np.ndarray], digits: mnist.Digits) -> None:
    numbers = [number(digits, seed) for seed in range(20)]
    read = [read_image(change(written(images)[0])).number for images, _ in numbers]
    assert sum(found == expected for found, (_, expected) in zip(read, numbers, strict=True)) >= 18


@pytest.mark.parametrize(("height", "n"), [(22, 6), (60, 6), (440, 3)], ids=["small", "usual", "large"])
def test_boxes_lie_around_the_digits_in_the_pictures_own_pixels(height: int, n: int, digits: mnist.Digits) -> None:
    for seed in range(n):
        images, expected = number(digits, seed + 1)
        page, corners = written(images, height, height // 3, height)
        reading = read_image(page)
        assert (reading.width, reading.height) == page.shape[::-1]
        assert (reading.width > 2000) == (height == 440)
        assert reading.number == expected
        assert all(
            overlap(*pair) > (0.6 if height > 22 else 0.45) for pair in zip(reading.digits, corners, strict=True)
        )


def test_rows_are_ordered_from_the_top_down(digits: mnist.Digits) -> None:
    for seed in range(3):
        (above, first), (below, second) = number(digits, seed + 30, 3), number(digits, seed + 40, 4)
        pages = [written(images)[0] for images in (above, below)]
        width = max(page.shape[1] for page in pages)
        page = np.vstack([np.pad(p, ((0, 0), (0, width - p.shape[1])), constant_values=PAPER) for p in pages])
        reading = read_image(page)
        assert [row.number for row in reading.rows] == [first, second]
        assert reading.number == first + second
        assert all(digit.box.y < pages[0].shape[0] for digit in reading.rows[0].digits)


def test_an_inverted_picture_gives_the_same_reading(digits: mnist.Digits) -> None:
    for seed in range(8):
        page, _ = written(number(digits, seed)[0])
        assert read_image(255 - page).number == read_image(page).number


def test_touching_digits_are_separated(digits: mnist.Digits) -> None:
    numbers = [number(digits, seed + 100, 2) for seed in range(20)]
    read = [read_image(written(images, gap=-1)[0]).number for images, _ in numbers]
    assert sum(found == expected for found, (_, expected) in zip(read, numbers, strict=True)) >= 14


def test_a_known_number_of_digits_is_read(digits: mnist.Digits) -> None:
    page, _ = written(number(digits, 3, 4)[0])
    for n in (3, 4, 5):
        assert len(read_image(page, digits=n).rows[0].digits) == n


@pytest.mark.parametrize("gap", [20, 300], ids=["one piece", "several pieces"])
def test_a_row_with_another_number_of_digits_is_not_accepted(gap: int, digits: mnist.Digits) -> None:
    images, expected = number(digits, 1)
    page, _ = written(images, gap=gap)
    [row] = read_image(page, digits=5).rows
    assert (row.number, row.accepted, row.reason) == (expected, True, None)
    for n in (1, 3, 4, 6, 9):
        reading = read_image(page, digits=n)
        assert not reading.accepted
        assert not any(row.accepted for row in reading.rows)
    [row] = read_image(page, digits=100).rows
    assert row.reason is not None
    assert row.reason.endswith("digits, expected 100")
    assert row.to_dict()["reason"] == row.reason


def test_a_tile_is_one_digit(digits: mnist.Digits) -> None:
    [row] = read_image(digits.images[0], digits=9).rows
    assert (row.number, row.accepted, row.reason) == (str(digits.labels[0]), False, "1 digit, expected 9")
    assert read_image(digits.images[0], digits=1).accepted


def test_a_row_with_digits_left_out_to_reach_the_number_is_not_accepted(digits: mnist.Digits) -> None:
    page, _ = written(number(digits, 1)[0])
    [row] = read_image(page, digits=4).rows
    assert not row.accepted
    assert row.reason in ("5 digits, expected 4", "a mark in it was not read", "read as 8836 or 8361")


@pytest.mark.parametrize("degrees", [0, 5, -12])
@pytest.mark.parametrize("gap", [150, 280])
def test_digits_far_apart_are_one_row_from_left_to_right(gap: int, degrees: float, digits: mnist.Digits) -> None:
    for seed in (1, 5, 9):
        images, expected = number(digits, seed, 6)
        page = turned(written(images, gap=gap)[0], degrees)
        reading = read_image(page)
        together = read_image(written(images)[0])
        assert [row.number for row in reading.rows] == [expected]
        assert reading.accepted or not together.accepted


def test_two_rows_of_three_columns_are_two_numbers(digits: mnist.Digits) -> None:
    (above, first), (below, second) = number(digits, 1, 3), number(digits, 5, 3)
    pages = [written(images, gap=250, margin=15)[0] for images in (above, below)]
    width = max(page.shape[1] for page in pages)
    page = np.vstack([np.pad(p, ((0, 0), (0, width - p.shape[1])), constant_values=PAPER) for p in pages])
    assert [row.number for row in read_image(page).rows] == [first, second]


def test_numbers_far_apart_are_two_words(digits: mnist.Digits) -> None:
    page, text = two_words(digits)
    for picture in (page, turned(page, 5)):
        [row] = read_image(picture).rows
        assert (row.text, row.number, row.accepted) == (text, text.replace(" ", ""), True)
        assert row.to_dict()["text"] == text
        assert read_image(picture, digits=5).rows[0].text == text
        [shorter] = read_image(picture, digits=4).rows
        assert not shorter.accepted
        assert shorter.text.replace(" ", "") == shorter.number


@pytest.mark.parametrize("gap", [20, 150, 280])
def test_digits_with_even_gaps_are_one_word(gap: int, digits: mnist.Digits) -> None:
    images, expected = number(digits, 5, 6)
    [row] = read_image(written(images, gap=gap)[0]).rows
    assert row.text == row.number == expected


def strike(page: np.ndarray, x: int, strokes: Sequence[Sequence[tuple[int, int]]] = LETTER) -> None:
    """Write a letter on a page of `written`, from x on."""
    for stroke in strokes:
        cv2.polylines(page, [np.array(stroke) + np.array((x, 52))], False, PEN, 6, cv2.LINE_AA)


def test_a_letter_beside_a_number_is_a_place_without_a_number(digits: mnist.Digits) -> None:
    images, expected = number(digits, 1)
    page, corners = written(images, margin=40)
    page = np.pad(page, ((0, 0), (0, 500)), constant_values=PAPER)
    strike(page, corners[-1][2] + 300)
    reading = read_image(page)
    assert [row.text for row in reading.rows] == [expected]
    assert reading.accepted
    [other] = reading.others
    assert other.x >= corners[-1][2]
    assert all(digit.reason != "not a digit" for digit in reading.digits)


def test_numbers_with_a_letter_between_them_are_not_accepted(digits: mnist.Digits) -> None:
    images, expected = number(digits, 1, 2)
    page, corners = written(images, gap=700)
    assert read_image(page).accepted
    x = (corners[0][2] + corners[1][0]) // 2
    strike(page, x)
    [row] = read_image(page).rows
    assert (row.number, row.accepted, row.reason) == (expected, False, "a part without digits")
    assert row.text == " ".join(expected)


def test_the_threshold_decides_what_is_accepted(digits: mnist.Digits, classifier: Classifier) -> None:
    page, _ = written(number(digits, 1)[0])
    usual, none, all_ = (read_image(page, threshold=threshold) for threshold in (None, 1, 0))
    assert usual.number == all_.number
    assert usual.accepted
    assert all_.accepted
    assert not none.accepted
    assert all(not digit.accepted and digit.reason for digit in none.digits)
    for digit in usual.digits:
        assert digit.accepted == (digit.confidence >= classifier.threshold)


@pytest.mark.parametrize("inverted", [False, True])
def test_images_of_mnist_are_classified_unchanged(inverted: bool, digits: mnist.Digits, classifier: Classifier) -> None:
    images = digits.images[:500]
    probabilities = classifier.probabilities(mnist.as_input(images))
    for image, expected in zip(images, probabilities, strict=True):
        [digit] = read_image(255 - image if inverted else image).digits
        assert digit.digit == expected.argmax()
        assert digit.confidence == pytest.approx(expected.max(), abs=1e-5)
        assert np.array_equal(digit.tile, image.astype(np.float32) / 255)
        assert (digit.box.width, digit.box.height) == (28, 28)


def test_an_image_of_mnists_size_with_other_marks_is_one_digit(digits: mnist.Digits) -> None:
    stripes = np.where(abs(np.arange(28) - 13.5) > 7, 255 - digits.images, digits.images)[:60]
    right = 0
    for image, label in zip(stripes, digits.labels, strict=False):
        reading = read_image(image)
        right += reading.number == str(label)
        assert not reading.accepted or len(reading.number) == 1
        assert not reading.rows or reading.rows[0].words[0].box.width <= 28
        assert len(read_image(image, digits=2).number) != 1 or not read_image(image, digits=2).accepted
    assert right > 45


@pytest.mark.parametrize("shape", [(28, 28), (100, 100), (300, 500), (2100, 900)])
def test_a_blank_page_has_no_rows(shape: tuple[int, int]) -> None:
    for paper in (0, PAPER, 255):
        reading = read_image(np.full(shape, paper, np.uint8))
        assert (reading.rows, reading.number, reading.confidence, reading.accepted) == ((), "", 0, False)


@pytest.mark.parametrize("pen", [6, 10, 14])
@pytest.mark.parametrize(
    "strokes",
    [
        [[(0, 6), (2, 0), (4, 6)], [(1, 4), (3, 4)]],
        [[(0, 0), (1, 6), (2, 2), (3, 6), (4, 0)]],
        [[(0, 0), (0, 6)], [(4, 0), (0, 3), (4, 6)]],
    ],
    ids="AWK",
)
def test_letters_are_not_accepted(strokes: list[list[tuple[int, int]]], pen: int) -> None:
    picture = np.full((280, 280), PAPER, np.uint8)
    for stroke in strokes:
        cv2.polylines(picture, [np.array(stroke) * (30, 28) + (80, 56)], False, PEN, pen, cv2.LINE_AA)
    reading = read_image(picture)
    assert reading.rows or reading.others
    assert not reading.accepted


def test_a_reading_is_json_and_immutable(digits: mnist.Digits) -> None:
    reading = read_image(written(number(digits, 1)[0])[0])
    told = json.loads(json.dumps(reading.to_dict()))
    assert told == reading.to_dict()
    [word] = told["rows"][0]["words"]
    assert told["number"] == reading.number == told["rows"][0]["number"] == word["number"]
    assert "".join(str(digit["digit"]) for digit in word["digits"]) == reading.number
    assert word["digits"][0]["box"].keys() == {"x", "y", "width", "height"}
    assert reading.confidence == pytest.approx(np.prod([word.confidence for row in reading.rows for word in row.words]))
    row, first = reading.rows[0], reading.digits[0]
    values: list[tuple[object, str]] = [(reading, "rows"), (row, "words"), (row.words[0], "glyphs"), (first, "digit")]
    for value, name in [*values, (first.box, "x")]:
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(value, name, None)
    assert isinstance(reading, Reading)


def test_a_box_around_a_number_is_not_read(digits: mnist.Digits) -> None:
    images, label = number(digits, 3)
    page, _ = written(images)
    height, width = page.shape
    cv2.rectangle(page, (8, 8), (width - 9, height - 9), PEN, 3)
    assert read_image(page).number == read_image(written(images)[0]).number == label
    empty = np.full((240, 700), 255, np.uint8)
    cv2.rectangle(empty, (20, 20), (680, 220), 0, 3)
    assert read_image(empty).number == ""


@pytest.mark.parametrize("shape", [(2, 5000), (3, 3500), (5000, 2)])
def test_very_flat_pictures_are_read(shape: tuple[int, int]) -> None:
    read_image(np.random.default_rng(0).integers(0, 255, shape, np.uint8))


def test_a_line_of_noise_is_read_in_seconds() -> None:
    """The line is as wide as possible, and has a possible cut everywhere."""
    noise = np.random.default_rng(0).normal(0, 1, (90, 1600)).astype(np.float32)
    page = np.where(cv2.GaussianBlur(noise, (0, 0), 2.5) > 0.1, PEN, PAPER).astype(np.uint8)
    began = time.perf_counter()
    read_image(page)
    assert time.perf_counter() - began < 10


def test_a_given_threshold_is_used_for_all_digits(digits: mnist.Digits) -> None:
    page, _ = written(number(digits, 1)[0], gap=-6)
    assert all(digit.accepted for digit in read_image(page, threshold=0.0).digits)
    assert not any(digit.accepted for digit in read_image(page, threshold=1.0).digits)
