"""The corruptions: of MNIST's form, the same each time, and such that a digit stays a digit."""

import json
from pathlib import Path

import corruptions
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnist_cnn import mnist
from mnist_cnn.read import Classifier

NAMES = list(corruptions.CORRUPTIONS)


def test_there_are_all_that_are_known_for_mnist() -> None:
    assert len(NAMES) == 17
    assert {"shot noise", "glass blur", "dotted line", "canny edges"} < set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_spoilt_digit_is_changed_and_still_there(name: str, dataset: mnist.Dataset) -> None:
    images = dataset.test.images[:200]
    before = images.copy()
    spoilt = corruptions.corrupt(name, images)
    assert np.array_equal(images, before)
    assert spoilt.shape == images.shape
    assert spoilt.dtype == np.uint8
    assert np.array_equal(spoilt[:50], corruptions.corrupt(name, images[:50]))
    assert (np.abs(spoilt.astype(int) - images).mean(axis=(1, 2)) > 1).all()
    # Chance is 10 %; the network knows nothing of most of them, so this is not about being good at it.
    found = Classifier().probabilities(mnist.as_input(spoilt)).argmax(axis=1)
    assert (found == dataset.test.labels[:200]).mean() > 0.15


@given(st.sampled_from(NAMES), st.sampled_from([0, 255, None]), st.integers(0, 2**32))
def test_anything_can_be_spoilt(name: str, value: int | None, seed: int) -> None:
    rng = np.random.default_rng(seed)
    image = rng.random((28, 28), np.float32) if value is None else np.full((28, 28), value / 255, np.float32)
    found = corruptions.CORRUPTIONS[name](image, rng)
    assert found.shape == (28, 28)
    assert np.isfinite(found).all()


def test_what_moves_a_digit_moves_it_so_far(dataset: mnist.Dataset) -> None:
    image, rng = dataset.test.images[0].astype(np.float32) / 255, np.random.default_rng(0)
    y, x = np.mgrid[:28, :28]

    def centre(ink: np.ndarray) -> np.ndarray:
        return np.array([(ink * x).sum(), (ink * y).sum()]) / ink.sum()

    for _ in range(20):
        small = corruptions.scale(image.copy(), rng)
        assert 0.2 < small.sum() / image.sum() < 0.55
        moved = np.abs(centre(corruptions.translate(small, rng)) - centre(small))  # too small to leave the field
        assert (moved > 2.9).all()
        assert (moved < 5.1).all()


def test_scored_models_are_kept_beside_new_ones(
    dataset: mnist.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = mnist.Dataset(dataset.train, mnist.Digits(*(array[:50] for array in dataset.test)))
    monkeypatch.setattr(mnist, "load", lambda *_: few)
    monkeypatch.setattr(corruptions, "RESULT", tmp_path / "corruptions.json")
    known = {"clean": 0.5, "mean": 0.5, "errors": {}}
    corruptions.RESULT.write_text(json.dumps({"models": {"known": known}}))
    monkeypatch.setattr("sys.argv", ["corruptions.py"])
    corruptions.main()
    result = json.loads(corruptions.RESULT.read_text())
    assert result["n"] == 50
    assert result["models"]["known"] == known
    row = result["models"]["handwriting"]
    assert row["clean"] < 0.05
    assert row["mean"] == pytest.approx(np.mean(list(row["errors"].values())))
    assert list(row["errors"]) == NAMES


def test_the_picture_has_a_row_for_each() -> None:
    sheet = corruptions.picture()
    assert sheet.height == 60 * (1 + len(NAMES))
    rows = {np.asarray(sheet)[60 * i : 60 * i + 60, 150:].tobytes() for i in range(1 + len(NAMES))}
    assert len(rows) == 1 + len(NAMES)
