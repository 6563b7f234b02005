"""Corruptions are reproducible, keep MNIST's form and a readable digit; models and the reader are scored."""

import json
from pathlib import Path
from types import SimpleNamespace

import corruptions
import mnist_c
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnist_cnn import mnist
from mnist_cnn.errors import ImageError
from mnist_cnn.read import Classifier

NAMES = list(mnist_c.CORRUPTIONS)


def test_all_corruptions_of_mnist_c_are_implemented() -> None:
    assert len(NAMES) == 17
    assert len(set(NAMES) - set(mnist_c.LONGER_LIST)) == 15
    assert {"shot noise", "glass blur", "dotted line", "canny edges"} < set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_corrupted_digit_is_changed_and_still_readable(name: str, dataset: mnist.Dataset) -> None:
    images = dataset.test.images[:200]
    before = images.copy()
    corrupted = mnist_c.corrupt(name, images)
    assert np.array_equal(images, before)
    assert corrupted.shape == images.shape
    assert corrupted.dtype == np.uint8
    assert np.array_equal(corrupted[:50], mnist_c.corrupt(name, images[:50]))
    assert (np.abs(corrupted.astype(int) - images).mean(axis=(1, 2)) > 1).all()
    # Chance is 10 %. The bar is low, since the network was not trained on most corruptions.
    found = Classifier().probabilities(mnist.as_input(corrupted)).argmax(axis=1)
    assert (found == dataset.test.labels[:200]).mean() > 0.15


@given(st.sampled_from(NAMES), st.sampled_from([0, 255, None]), st.integers(0, 2**32))
def test_any_image_can_be_corrupted(name: str, value: int | None, seed: int) -> None:
    rng = np.random.default_rng(seed)
    image = rng.random((28, 28), np.float32) if value is None else np.full((28, 28), value / 255, np.float32)
    found = mnist_c.CORRUPTIONS[name](image, rng)
    assert found.shape == (28, 28)
    assert np.isfinite(found).all()


def test_scale_and_translate_have_the_published_severity(dataset: mnist.Dataset) -> None:
    image, rng = dataset.test.images[0].astype(np.float32) / 255, np.random.default_rng(0)
    y, x = np.mgrid[:28, :28]

    def centre(ink: np.ndarray) -> np.ndarray:
        return np.array([(ink * x).sum(), (ink * y).sum()]) / ink.sum()

    for _ in range(20):
        small = mnist_c.scale(image.copy(), rng)
        assert 0.2 < small.sum() / image.sum() < 0.55
        moved = np.abs(centre(mnist_c.translate(small, rng)) - centre(small))  # too small to leave the image
        assert (moved > 2.9).all()
        assert (moved < 5.1).all()


def test_stored_models_are_kept_beside_new_ones(
    dataset: mnist.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = mnist.Dataset(dataset.train, mnist.Digits(*(array[:50] for array in dataset.test)))
    monkeypatch.setattr(mnist, "load", lambda *_: few)
    monkeypatch.setattr(corruptions, "RESULT", tmp_path / "corruptions.json")
    monkeypatch.setattr(corruptions, "READ", 10)
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
    read = result["reading"]
    assert read["n"] == 10
    assert list(read["errors"]) == [name for name in NAMES if name not in mnist_c.LONGER_LIST]
    assert read["mean"] == pytest.approx(np.mean(list(read["errors"].values())))
    assert list(read["accepted"]) == list(read["accepted_wrong"]) == ["clean", *read["errors"]]


def test_the_reader_can_be_scored_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corruptions, "RESULT", tmp_path / "corruptions.json")
    monkeypatch.setattr(corruptions, "READ", 3)
    known = {"machine": {}, "versions": {}, "n": 10000, "models": {"known": {"clean": 0.5, "mean": 0.5, "errors": {}}}}
    corruptions.RESULT.write_text(json.dumps(known))
    monkeypatch.setattr("sys.argv", ["corruptions.py", "--only", "reading"])
    corruptions.main()
    result = json.loads(corruptions.RESULT.read_text())
    assert {name: result[name] for name in known} == known
    assert result["reading"]["clean"] == 0


def test_misread_and_rejected_pictures_count_as_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([("7", True), ("1", True), ("1", False), ("77", False), None])

    def read_image(image: np.ndarray) -> SimpleNamespace:
        if (answer := next(answers)) is None:
            raise ImageError("the picture", expected="a picture", found="something else")
        return SimpleNamespace(number=answer[0], accepted=answer[1])

    monkeypatch.setattr(corruptions, "read_image", read_image)
    found = corruptions._reading(np.zeros((5, 28, 28), np.uint8), np.full(5, 7))
    assert found == (4 / 5, 2 / 5, 1 / 5)


def test_the_picture_has_a_row_for_each_corruption() -> None:
    sheet = corruptions.picture()
    assert sheet.height == 60 * (1 + len(NAMES))
    rows = {np.asarray(sheet)[60 * i : 60 * i + 60, 150:].tobytes() for i in range(1 + len(NAMES))}
    assert len(rows) == 1 + len(NAMES)
