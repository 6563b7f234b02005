"""The handwriting benchmark: its rendered pictures, its sets, its scores and its stored results."""

import io
import itertools
import json
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from mnist_cnn import mnist

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))

import drawings
import handwriting
import photographs
import result_files
import sets


@pytest.fixture(scope="module")
def digits() -> np.ndarray:
    return mnist.load().test.images[:5]


def test_the_same_generator_makes_the_same_photograph(digits: np.ndarray) -> None:
    one, same, other = (photographs.photograph(digits, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert one.shape != other.shape or not np.array_equal(one, other)


@pytest.mark.parametrize("k", [1, 5])
def test_photographs_show_ink_with_paper_around_it(digits: np.ndarray, k: int) -> None:
    for seed in range(6):
        picture = photographs.photograph(digits[:k], np.random.default_rng(seed))
        h, w, channels = picture.shape
        assert (picture.dtype, channels) == (np.uint8, 3)
        assert 300 <= w <= 1600
        assert 100 <= h <= 1200
        grey = picture.mean(axis=2)
        off = np.abs(grey - np.median(grey))
        middle = off[h // 5 : -h // 5, w // 20 : -w // 20]
        assert np.quantile(middle, 0.998) > 30


def test_a_midline_is_thin_and_keeps_loops() -> None:
    y, x = np.mgrid[-30:31, -30:31]
    ring = (np.abs(np.hypot(y, x) - 20) < 6).astype(np.uint8)
    midline = photographs._thin(ring)
    assert 100 < midline.sum() < 140  # the circle of radius 20 has a length of 126
    assert np.abs(np.hypot(y, x)[midline > 0] - 20).max() < 3


@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_drawings_fit_on_the_canvas(k: int) -> None:
    for seed in range(15):
        image, label = drawings.drawing(k, np.random.default_rng(seed))
        assert (image.shape, image.dtype) == ((280, 280), np.uint8)
        assert len(label) == k
        assert label.isdecimal()
        paper = image[0, 0]
        assert paper in (0, 255)
        border = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
        assert (border == paper).all()
        assert 100 * k < (np.abs(image.astype(int) - paper) > 127).sum() < 280 * 280 / 2


def test_drawings_are_the_same_for_the_same_generator() -> None:
    assert np.array_equal(*(drawings.drawing(2, np.random.default_rng(3))[0] for _ in range(2)))


def distance(one: str, other: str) -> int:
    """Return Levenshtein's distance by its definition."""
    if not one or not other:
        return len(one) + len(other)
    replaced = distance(one[1:], other[1:]) + (one[0] != other[0])
    return min(replaced, distance(one[1:], other) + 1, distance(one, other[1:]) + 1)


def test_edits_follow_the_definition() -> None:
    strings = ["".join(digits) for n in range(4) for digits in itertools.product("12", repeat=n)] + ["12345", "5213"]
    for one, other in itertools.product(strings, repeat=2):
        assert result_files.edits(one, other) == distance(one, other)


def test_the_built_in_sets_stay_the_same() -> None:
    known = {pictures.name: pictures for pictures in sets.built_in()}
    assert {name: pictures.n for name, pictures in known.items()} == {
        "photographs": 1000,
        "photographed numbers": 400,
        "uci": 1797,
        "drawings": 1000,
    }
    for name, length in (("photographs", 1), ("photographed numbers", 5), ("uci", 1)):
        item, again = known[name].item(7), known[name].item(7)
        assert len(item.label) == length
        assert np.array_equal(item.picture, again.picture)
    assert known["uci"].item(0).picture.shape == (64, 64)
    assert known["uci"].item(3).label == "3"


def npz(folder: Path) -> Path:
    np.savez(folder / "small.npz", images=np.full((3, 9, 7), 200, np.uint8), labels=np.array([4, 0, 7], np.uint8))
    return folder / "small.npz"


def zipped(folder: Path) -> Path:
    png = io.BytesIO()
    Image.new("L", (12, 10), 99).save(png, "png")
    with zipfile.ZipFile(folder / "cheques.zip", "w") as members:
        members.writestr("a.png", png.getvalue())
        members.writestr("b.png", png.getvalue())
        members.writestr("labels.csv", "file,label\na.png,0123\nb.png,77\n")
    return folder / "cheques.zip"


def test_sets_are_read_from_npz_and_zip(tmp_path: Path) -> None:
    small, cheques = sets.read_set(npz(tmp_path)), sets.read_set(zipped(tmp_path))
    assert (small.name, small.n, [small.item(i).label for i in range(3)]) == ("small", 3, ["4", "0", "7"])
    assert small.item(1).picture.shape == (9, 7)
    assert (cheques.name, cheques.n, cheques.item(0)[::2]) == ("cheques", 2, ("a.png", "0123"))
    assert cheques.item(1).picture.startswith(b"\x89PNG")


def test_the_command_scores_and_stores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def read_image(picture: np.ndarray | bytes) -> SimpleNamespace:
        """Return 0123, accepted, for a file, and 4, not accepted, for an array."""
        digit = SimpleNamespace(tile=np.zeros((28, 28), np.float32))
        number, accepted = ("0123", True) if isinstance(picture, bytes) else ("4", False)
        return SimpleNamespace(number=number, confidence=0.5, accepted=accepted, digits=[digit] * len(number))

    monkeypatch.setattr("mnist_cnn.read.read_image", read_image, raising=False)
    monkeypatch.setattr(handwriting, "RESULTS", tmp_path / "results" / "handwriting.json")
    monkeypatch.setattr(handwriting, "SHEETS", tmp_path / "sheets")
    command = ["handwriting.py", "--set", str(npz(tmp_path)), "--set", str(zipped(tmp_path)), "--only"]
    for name in ("small", "cheques"):
        monkeypatch.setattr(sys, "argv", [*command, name])
        handwriting.main()
        assert (tmp_path / "sheets" / f"{name}.png").exists()
    rows = json.loads(handwriting.RESULTS.read_text())["sets"]
    small, cheques = rows["small"], rows["cheques"]
    assert (small["n"], small["strings"], small["coverage"], small["accepted_accuracy"]) == (3, 1 / 3, 0, None)
    assert (small["targets"], small["reached"]) == (None, None)
    assert (cheques["strings"], cheques["digits"], cheques["accepted_accuracy"]) == (1 / 2, 1 - 4 / 6, 1 / 2)
    assert (cheques["reached"], cheques["versions"]["numpy"]) == (False, np.__version__)
    assert "MISSED (strings 78.0%, digits 94.0%)" in capsys.readouterr().out
    monkeypatch.setattr(sys, "argv", [*command, "small", "--n", "2"])
    handwriting.main()
    assert json.loads(handwriting.RESULTS.read_text())["sets"] == rows  # a part is not stored
