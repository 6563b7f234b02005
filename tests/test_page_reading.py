"""The page reader, on pages with validation digits of MNIST: texts, accepted numbers and rejections."""

import cv2
import numpy as np
import pytest
from test_reader import PAPER, PEN

from mnist_cnn import mnist
from mnist_cnn.mnist import Digits
from mnist_cnn.read import Classifier, Reading, read_image
from mnist_cnn.read.page import PageReader


@pytest.fixture(scope="module")
def digits() -> Digits:
    return mnist.split(mnist.load().train)[1]


def word(text: str, digits: Digits, rng: np.random.Generator, height: int) -> np.ndarray:
    """Return the ink of digits and drawn signs, side by side, uint8 (1.4 * height, w)."""
    side, pen = height * 28 // 20, max(2, height // 9)
    parts = []
    for letter in text:
        part = np.zeros((side, side), np.uint8)
        if letter.isdigit():
            part = cv2.resize(digits.images[rng.choice(np.flatnonzero(digits.labels == int(letter)))], (side, side))
        middle, low = side // 2, side // 2 + height // 2
        if letter == ".":
            cv2.circle(part, (middle, low - pen // 2), pen, 255, -1, cv2.LINE_AA)
        elif letter == ",":
            cv2.line(part, (middle, low - pen), (middle - pen, low + 2 * pen), 255, pen, cv2.LINE_AA)
        elif letter in "-+":
            cv2.line(part, (middle - height // 4, middle), (middle + height // 4, middle), 255, pen, cv2.LINE_AA)
        elif letter == "/":
            cv2.line(part, (middle + height // 4, side - low), (middle - height // 4, low), 255, pen, cv2.LINE_AA)
        if letter == "+":
            cv2.line(part, (middle, middle - height // 4), (middle, middle + height // 4), 255, pen, cv2.LINE_AA)
        columns = np.flatnonzero(part.max(axis=0) > 60)
        parts.append(np.pad(part[:, columns[0] : columns[-1] + 1], ((0, 0), (0, height // 6))))
    return np.hstack(parts)


def page(rows: list[list[str]], digits: Digits, seed: int, height: int = 40, ruled: bool = False) -> np.ndarray:
    """Return words in columns, dark on paper, uint8 (h, w)."""
    rng = np.random.default_rng(seed)
    wide, tall = 8 * height, 2 * height
    sheet = np.full((tall * len(rows) + 80, wide * max(map(len, rows)) + 80), PAPER, np.float32)
    for i, row in enumerate(rows):
        for j, text in enumerate(row):
            ink = word(text, digits, rng, height).astype(np.float32) / 255
            x, y = 40 + wide * j + int(rng.uniform(0.5, 1.2) * height), 40 + tall * i + int(0.3 * height)
            sheet[y : y + ink.shape[0], x : x + ink.shape[1]] += (PEN - PAPER) * ink
    if ruled:
        for i in range(len(rows) + 1):
            cv2.line(sheet, (40, 40 + tall * i), (sheet.shape[1] - 40, 40 + tall * i), PEN, 2)
        for j in range(max(map(len, rows)) + 1):
            cv2.line(sheet, (40 + wide * j, 40), (40 + wide * j, sheet.shape[0] - 40), PEN, 2)
    return np.clip(sheet, 0, 255).astype(np.uint8)


def texts(reading: Reading) -> list[str]:
    return [row.text for row in reading.rows]


MARKS = [["1", "21.5", "17"], ["2", "19", "8.5"], ["3", "12", "20"], ["4", "7.5", "11"]]


@pytest.mark.parametrize("ruled", [False, True], ids=["plain", "ruled"])
def test_a_table_is_rows_of_words(ruled: bool, digits: Digits) -> None:
    right = 0
    for seed in range(5):
        reading = read_image(page(MARKS, digits, seed, ruled=ruled))
        right += sum(text in texts(reading) for text in map(" ".join, MARKS))
    assert right >= 11  # of 20


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_turned_page_is_read_upright(degrees: int, digits: Digits) -> None:
    picture = page(MARKS, digits, 1)
    upright = read_image(picture)
    reading = read_image(np.ascontiguousarray(np.rot90(picture, degrees // 90)))
    assert upright.turned == 0
    assert reading.turned == degrees
    assert texts(reading) == texts(upright)
    assert (reading.width, reading.height) == (upright.width, upright.height)


@pytest.mark.parametrize(
    ("text", "least"), [("5.23", 14), ("-7", 14), ("7/3/24", 13), ("12,5", 14), ("35+2", 14), ("1/2", 14), ("1/1", 1)]
)
def test_signs_are_kept(text: str, least: int, digits: Digits) -> None:
    readings = [read_image(page([[text]], digits, seed)) for seed in range(20)]
    assert sum(texts(reading) == [text] for reading in readings) >= least
    assert not any(reading.accepted and texts(reading) != [text] for reading in readings)


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_turned_number_is_read_upright(degrees: int, digits: Digits) -> None:
    picture = page([["27508"]], digits, 3)
    assert texts(read_image(picture)) == ["27508"]
    reading = read_image(np.ascontiguousarray(np.rot90(picture, degrees // 90)))
    assert texts(reading) == ["27508"]
    assert reading.turned == degrees


def test_rows_far_apart_are_in_order(digits: Digits) -> None:
    for seed in range(5):
        reading = read_image(page([["65", "71"], ["67", "72"], ["48", "73"]], digits, seed))
        places = [row.box.y for row in reading.rows]
        assert places == sorted(places)
        assert all(a.box.x < b.box.x for row in reading.rows for a, b in zip(row.words, row.words[1:], strict=False))


@pytest.mark.parametrize("text", ["name", "Total", "Roll no", "abc", "WXM"])
def test_print_is_not_accepted(text: str) -> None:
    for size in (1, 2, 3):
        picture = np.full((200, 600), PAPER, np.uint8)
        cv2.putText(picture, text, (40, 130), cv2.FONT_HERSHEY_DUPLEX, size, PEN, 2 * size, cv2.LINE_AA)
        assert not read_image(picture).accepted


def test_a_number_with_a_letter_beside_it_is_not_accepted(digits: Digits) -> None:
    refused = 0
    for seed in range(10):
        picture = page([["4207"]], digits, seed)
        ink = np.flatnonzero((picture < 120).any(axis=0))
        cv2.putText(picture, "K", (int(ink[-1]) + 8, 95), cv2.FONT_HERSHEY_SIMPLEX, 1.6, PEN, 4, cv2.LINE_AA)
        refused += not read_image(picture).accepted
    assert refused >= 9


@pytest.mark.slow
def test_accepted_numbers_are_right(digits: Digits) -> None:
    """On 180 pages that no constant was tuned on."""
    rng = np.random.default_rng(5)
    right = wrong = 0
    for seed in range(180):
        text = str(rng.integers(10, 10**5))
        reading = read_image(page([[text]], digits, 1000 + seed, int(rng.integers(20, 120))))
        if reading.accepted:
            right, wrong = right + (texts(reading) == [text]), wrong + (texts(reading) != [text])
    assert right >= 120
    assert wrong <= 3


def test_noise_has_no_accepted_numbers() -> None:
    rng = np.random.default_rng(0)
    for sigma in (0.7, 1.5, 3.0):
        noise = cv2.GaussianBlur(rng.normal(0, 1, (400, 500)).astype(np.float32), (0, 0), sigma)
        assert not read_image(np.clip(128 + 90 * noise / noise.std(), 0, 255).astype(np.uint8)).accepted


def test_the_turn_of_a_page_is_found(digits: Digits) -> None:
    picture = page([["65", "71", "60"], ["67", "72", "61"], ["48", "73", "62"]], digits, 2)
    for quarter in range(4):
        turned, reader = np.ascontiguousarray(np.rot90(picture, quarter)), PageReader()
        assert reader.turn(turned, reader.find(turned, Classifier()).glyphs) == 90 * quarter


def test_a_row_with_another_number_of_digits_is_not_accepted(digits: Digits) -> None:
    [row] = PageReader().read(page([["4207"]], digits, 3), Classifier(), digits=9).rows
    assert not row.accepted


@pytest.mark.parametrize("shape", [(2, 2), (3, 300), (28, 28), (400, 600)])
def test_a_blank_picture_has_no_rows(shape: tuple[int, int]) -> None:
    for paper in (0, 255):
        read = PageReader().read(np.full(shape, paper, np.uint8), Classifier())
        assert read[:3] == ([], [], None)
        assert read.found_digits == 0


def test_a_mark_much_fainter_than_the_digits_is_other_writing(digits: Digits) -> None:
    picture = np.pad(page([["420"]], digits, 3), ((0, 0), (0, 200)), mode="edge")
    ink = np.flatnonzero((picture < 120).any(axis=0))
    x, y = int(ink[-1]) + 80, np.flatnonzero((picture < 120).any(axis=1))
    for ink_level, expected in ((40, "4201"), (PAPER - 40, "420")):
        both = picture.copy()
        cv2.line(both, (x, int(y[0])), (x - 6, int(y[-1])), ink_level, 6, cv2.LINE_AA)
        reading = read_image(both)
        assert reading.number == expected
        assert bool(reading.others) == (expected == "420")
