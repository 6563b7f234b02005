"""Texts: the numbers and words on composed pages."""

import numpy as np

from mnist_cnn.learn.pages import texts
from mnist_cnn.read.labels import SIGNS


def test_numbers_have_only_digits_signs_and_spaces() -> None:
    rng = np.random.default_rng(0)
    drawn = [texts.number(rng) for _ in range(2000)]
    assert set("".join(drawn)) == set("0123456789 " + SIGNS)
    assert all(text.strip() == text and text for text in drawn)
    assert np.mean([text.isdigit() for text in drawn]) > 0.5
