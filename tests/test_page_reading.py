"""The page reader, on pages that show MNIST's validation digits: what it says, what it accepts and what it rejects."""

import itertools
from pathlib import Path

import cv2
import numpy as np
import pytest
from test_reader import PAPER, PEN

from mnist_cnn.learn import pages
from mnist_cnn.mnist import Digits
from mnist_cnn.read.classifier import Classifier
from mnist_cnn.read.page import PageReader
from mnist_cnn.read.reading import Row


@pytest.fixture(scope="module")
def digits() -> Digits:
    return pages.validation_digits()


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> PageReader:
    folder, kept = tmp_path_factory.mktemp("networks"), Path(__file__).parents[1] / "benchmarks/networks"
    for kind in pages.BATCHES:
        pages.export(kind, kept / f"{kind}.npz", folder / f"{kind}.onnx")
    return PageReader(folder / "finder.onnx", folder / "strings.onnx")


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


MARKS = [["1", "21.5", "17"], ["2", "19", "8.5"], ["3", "12", "20"], ["4", "7.5", "11"]]


def read(reader: PageReader, picture: np.ndarray) -> list[Row]:
    return reader.read(picture, Classifier())[0]


@pytest.mark.parametrize("ruled", [False, True], ids=["plain", "ruled"])
def test_a_table_is_rows_of_words(ruled: bool, digits: Digits, reader: PageReader) -> None:
    right = 0
    for seed in range(5):
        texts = [row.text for row in read(reader, page(MARKS, digits, seed, ruled=ruled))]
        right += sum(text in texts for text in map(" ".join, MARKS))
    assert right >= 10  # of 20


def test_rows_and_words_are_in_order(digits: Digits, reader: PageReader) -> None:
    for seed in range(3):
        rows = read(reader, page([["65", "71"], ["67", "72"], ["48", "73"]], digits, seed))
        places = [row.box.y for row in rows]
        assert places == sorted(places)
        assert all(a.box.x < b.box.x for row in rows for a, b in itertools.pairwise(row.words))


def test_the_turn_of_a_page_is_found(digits: Digits, reader: PageReader) -> None:
    picture = page([["65", "71", "60"], ["67", "72", "61"], ["48", "73", "62"]], digits, 2)
    for quarter in range(4):
        assert reader.turn(np.ascontiguousarray(np.rot90(picture, quarter))) == 90 * quarter


def test_a_row_with_another_number_of_digits_is_not_accepted(digits: Digits, reader: PageReader) -> None:
    [row] = reader.read(page([["4207"]], digits, 3), Classifier(), digits=9)[0]
    assert not row.accepted


@pytest.mark.parametrize("shape", [(2, 2), (3, 300), (28, 28), (400, 600)])
def test_a_blank_picture_has_no_rows(shape: tuple[int, int], reader: PageReader) -> None:
    for paper in (0, 255):
        assert reader.read(np.full(shape, paper, np.uint8), Classifier()) == ([], [], None)


def test_accepted_numbers_are_right(digits: Digits, reader: PageReader) -> None:
    rng, accepted, wrong = np.random.default_rng(5), 0, 0
    for seed in range(40):
        text = str(rng.integers(10, 10**5))
        rows = read(reader, page([[text]], digits, 1000 + seed, int(rng.integers(20, 120))))
        if rows and all(row.accepted for row in rows):
            accepted, wrong = accepted + 1, wrong + ([row.text for row in rows] != [text])
    assert accepted >= 10
    assert wrong <= 2
