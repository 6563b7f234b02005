"""Cuts: one of the cuts separates two digits that touch, and no ink is lost between cuts."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mnist_cnn.read.cuts import cuts, pieces
from mnist_cnn.read.lines import HEIGHT


def ring_and_bar(overlap: int, lean: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return a 0 and a 1 that overlap over some length: float32 (96, 120) each, 64 high."""
    ring, bar = np.zeros((2, 96, 120), np.float32)
    cv2.ellipse(ring, (40, 48), (20, 29), 0, 0, 360, 1.0, 6, cv2.LINE_AA)
    x = 40 + 20 + 6 - overlap
    cv2.line(bar, (x + lean, 19), (x - lean, 77), 1.0, 6, cv2.LINE_AA)
    return ring, bar


@pytest.mark.parametrize("overlap", [-6, 0, 2, 4])
@pytest.mark.parametrize("lean", [0, 3])
def test_overlapping_strokes_are_separated(overlap: int, lean: int) -> None:
    ring, bar = ring_and_bar(overlap, lean)
    line = np.maximum(ring, bar)
    found = pieces(line, cuts(line), HEIGHT)
    for digit in (ring, bar):
        box = cv2.boundingRect((digit > 0.5).astype(np.uint8))
        alike = [
            np.abs(np.array((p.left, p.top, p.ink.shape[1], p.ink.shape[0])) - box).max() <= 6
            and p.ink.sum() == pytest.approx(digit.sum(), rel=0.25)
            for p in found
        ]
        assert any(alike), "there is a piece that is this digit"


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_cuts_of_any_ink_are_in_order_and_inside(seed: int) -> None:
    rng = np.random.default_rng(seed)
    noise = rng.normal(0, 1, (96, int(rng.integers(40, 300)))).astype(np.float32)
    line = np.clip(cv2.GaussianBlur(noise, (0, 0), float(rng.uniform(0.5, 6))) * 8, 0, 1)
    places = cuts(line)
    height, width = line.shape
    assert places.seams.shape == (len(places.crossed), height)
    assert (places.seams[0] == 0).all()
    assert (places.seams[-1] == width).all()
    assert (np.diff(places.seams.mean(axis=1)) >= 0).all()
    assert places.seams.min() >= 0
    assert places.seams.max() <= width
    assert (places.crossed >= 0).all()
    for piece in pieces(line, places, HEIGHT):
        assert 0 <= piece.first < piece.last < len(places.crossed)
        assert piece.ink.size
        assert 0 <= piece.dropped <= 1


def test_an_empty_line_has_no_pieces() -> None:
    line = np.zeros((96, 80), np.float32)
    assert pieces(line, cuts(line), HEIGHT) == []
