"""Lines: each line of writing is made level, scaled to one height and mapped back onto the picture."""

import cv2
import numpy as np
import pytest

from mnist_cnn.read.lines import HEIGHT, Line, lines
from mnist_cnn.read.reading import Box

Place = tuple[int, int, int, int]
"""Left, top, right and bottom."""


def zeros(places: list[Place], size: tuple[int, int] = (500, 700)) -> np.ndarray:
    """Return the ink of a 0 that fills each place, float32 (h, w)."""
    page = np.zeros(size, np.float32)
    for left, top, right, bottom in places:
        middle = (left + right) // 2, (top + bottom) // 2
        pen = max(4, (bottom - top) // 10)
        half = (right - left - pen) // 2, (bottom - top - pen) // 2
        cv2.ellipse(page, middle, half, 0, 0, 360, 1.0, pen, cv2.LINE_AA)
    return page


def row(left: int, top: int, height: int, n: int = 4) -> list[Place]:
    step = int(0.8 * height)
    return [(left + i * step, top, left + i * step + int(0.6 * height), top + height) for i in range(n)]


def around(line: Line, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom of a line's ink on the picture."""
    x, y, width, height = cv2.boundingRect((line.ink > 0.5).astype(np.uint8))
    box = line.box(x, y, x + width, y + height, size)
    return box.x, box.y, box.x + box.width, box.y + box.height


@pytest.mark.parametrize("height", [30, 60, 110])
def test_lines_are_found_from_the_top_down_at_one_height(height: int) -> None:
    places = [row(60, 40, height), row(90, 260, height, 3)]
    found = lines(zeros([place for line in places for place in line]))
    assert len(found) == 2
    for line, expected in zip(found, places, strict=True):
        assert line.ink.dtype == np.float32
        assert 0 <= line.ink.min() <= line.ink.max() <= 1
        rows = np.flatnonzero((line.ink > 0.5).any(axis=1))
        assert np.ptp(rows) + 1 == pytest.approx(HEIGHT, abs=8)
        corners = expected[0][0], expected[0][1], expected[-1][2], expected[-1][3]
        assert around(line, (700, 500)) == pytest.approx(corners, abs=4)


@pytest.mark.parametrize("degrees", [-15, -5, 8, 20])
def test_a_tilted_line_is_made_level(degrees: float) -> None:
    page = zeros(row(130, 220, 70, 7))
    matrix = cv2.getRotationMatrix2D((350, 250), degrees, 1)
    [line] = lines(cv2.warpAffine(page, matrix, (700, 500)))
    count, _, _, middles = cv2.connectedComponentsWithStats((line.ink > 0.5).astype(np.uint8), connectivity=8)
    assert count == 1 + 7
    slope = np.polyfit(*middles[1:].T, 1)[0]
    assert np.rad2deg(np.arctan(slope)) == pytest.approx(0, abs=1)


def test_specks_and_shadows_at_the_edge_are_not_lines() -> None:
    page = zeros(row(60, 200, 80))
    page[5:9, 600:604] = 1  # a speck
    page[:3] = 1  # the edge of a scan
    [line] = lines(page)
    assert around(line, (700, 500))[1] == pytest.approx(200, abs=4)
    assert lines(np.zeros((100, 100), np.float32)) == []


def test_boxes_stay_inside_the_picture_and_refer_to_its_size() -> None:
    line = Line(np.zeros((96, 200), np.float32), np.array([[0.5, 0, 10], [0, 0.5, 20]]))
    assert line.box(0, 0, 40, 60, (400, 300)) == Box(10, 20, 20, 30)
    assert line.box(0, 0, 40, 60, (400, 300), scale=2) == Box(5, 10, 10, 15)
    assert line.box(-100, -100, 2000, 2000, (400, 300)) == Box(0, 0, 400, 300)
    assert line.box(40, 60, 40, 60, (400, 300)) == Box(30, 50, 1, 1)
