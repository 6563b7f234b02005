"""Training of the page networks: targets for strips and pictures, checkpoints and the command's errors."""

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mnist_cnn import mnist
from mnist_cnn.errors import RunError
from mnist_cnn.learn import pages, scenes
from mnist_cnn.learn.writing import OTHER, Glyph
from mnist_cnn.read import strips
from mnist_cnn.read.finder import MARGIN, Finder, framed
from mnist_cnn.read.strings import Strings


@pytest.fixture(scope="module")
def digits(dataset: mnist.Dataset) -> mnist.Digits:
    return mnist.Digits(dataset.train.images[:2000], dataset.train.labels[:2000])


@pytest.fixture(scope="module")
def examples(digits: mnist.Digits) -> list[pages.Example]:
    rng = np.random.default_rng(0)
    return [example for _ in range(40) for example in pages.strips_of(digits, rng)]


def scene_of(*glyphs: Glyph, side: int = 320) -> scenes.Scene:
    return scenes.Scene(np.full((side, side), 200, np.uint8), list(glyphs), [list(range(len(glyphs)))])


def row_of(labels: list[int], height: float = 40.0) -> scenes.Scene:
    """A scene with one run of equal glyphs, far enough apart that their frames do not touch."""
    width = 0.6 * height
    boxes = [(20 + 1.2 * width * i, 100.0, 20 + 1.2 * width * i + width, 100 + height) for i in range(len(labels))]
    return scene_of(*(Glyph(label, box, height) for label, box in zip(labels, boxes, strict=True)))


def labelled_runs(labels: np.ndarray) -> list[int]:
    """The labels of frames with equal neighbours as one, without blanks and ignored frames."""
    return [int(label) for label, _ in itertools.groupby(labels) if 0 <= label < pages.BLANK]


def test_each_glyph_of_a_run_has_its_frames_in_order() -> None:
    labels = [1, 1, 7, 10, 0, 5, 11, 5]
    found = [pages.frames(row_of(labels), list(range(8)), np.random.default_rng(seed)) for seed in range(60)]
    whole = [example for example in found if example and len(example[2]) == len(labels)]
    assert len(whole) > 10, "some start in the middle, or are ended by a gap"
    for pixels, frames, sequence in whole:
        assert pixels.shape == (strips.ROWS, 2 * len(frames))
        assert sequence == labels
        assert labelled_runs(frames) == labels


def test_frames_at_the_centre_have_the_label_and_the_rest_of_the_glyph_is_ignored() -> None:
    labels, sequence = pages._labels([pages._Seen(51.0, 20.0, 20.0, 24.0, 7)], 96)
    at = 2 * np.arange(48) + 1  # the middle of each frame, in pixels
    assert sequence == [7]
    assert at[labels == 7].tolist() == [49, 51, 53]
    assert at[labels == -1].tolist() == [43, 45, 47, 55, 57, 59]
    assert (labels == pages.BLANK).sum() == 48 - 9


def test_glyphs_above_the_middle_rows_are_ignored() -> None:
    labels, sequence = pages._labels([pages._Seen(51.0, 3.0, 20.0, 24.0, 7)], 96)
    assert sequence == []
    assert set(labels) == {-1, pages.BLANK}


def test_composed_strips_agree_with_their_sequences(examples: list[pages.Example]) -> None:
    assert len(examples) > 100
    agree = []
    for pixels, labels, sequence in examples:
        assert (pixels.shape, pixels.dtype) == ((strips.ROWS, 2 * len(labels)), np.uint8)
        assert (labels.min() >= -1, labels.max() <= pages.BLANK) == (True, True)
        assert set(sequence) <= set(range(OTHER + 1))
        if sequence and OTHER not in sequence:
            agree.append([label for label in labelled_runs(labels) if label != OTHER] == sequence)
    assert len(agree) > 50
    assert np.mean(agree) > 0.8, "digits that touch may share frames, and glyphs at the edge are not in the sequence"


def test_other_writing_side_by_side_is_one_glyph() -> None:
    found = [pages.frames(row_of([OTHER] * 3 + [4]), [0, 1, 2, 3], np.random.default_rng(seed)) for seed in range(20)]
    assert [OTHER, 4] in [example[2] for example in found if example]


def test_a_run_outside_the_picture_gives_no_strip() -> None:
    glyph = Glyph(3, (-100.0, 10, -70, 50), 40)
    assert pages.frames(scene_of(glyph), [0], np.random.default_rng(0)) is None


@pytest.mark.parametrize(("label", "channel"), [(0, 0), (9, 0), (10, 1), (OTHER - 1, 1), (OTHER, 2)])
@pytest.mark.parametrize("height", [12.5, 24.0, 35.5])
def test_the_target_is_1_at_the_cell_of_each_glyph(label: int, channel: int, height: float) -> None:
    glyphs = [
        Glyph(label, (x, y, x + 0.6 * height, y + height), height) for x, y in ((20.0, 33), (151, 150), (270, 21))
    ]
    target = pages.truth(scene_of(*glyphs))
    assert (target.shape, target.dtype) == ((80, 80, 8), np.float32)
    assert (target[..., 3] == 1).sum() == (target[..., channel] == 1).sum() == 3
    assert not target[..., [c for c in range(3) if c != channel]].any()
    for glyph in glyphs:
        left, top, right, bottom = glyph.box
        x, y = (left + right) / 2, (top + bottom) / 2
        row, column = round(y / 4 - 0.5), round(x / 4 - 0.5)
        cell = target[row, column]
        assert cell[channel] == cell[3] == 1
        tall, wide = 24 * np.exp(cell[4:6])
        assert (tall, wide) == pytest.approx((height, 0.6 * height), rel=1e-5)
        assert ((column + cell[6] + 0.5) * 4, (row + cell[7] + 0.5) * 4) == pytest.approx((x, y), abs=1e-4)


def test_composed_scenes_have_a_1_for_each_digit_in_the_size_range(digits: mnist.Digits) -> None:
    """The size of a digit is its height, or the size of the writing if it is much smaller than the rest."""
    found = 0
    for seed in range(15):
        scene = scenes.compose(digits, np.random.default_rng(seed))
        target = pages.truth(scene)
        assert target[..., :3].min() >= -1
        assert target[..., :3].max() <= 1
        for glyph in scene.glyphs:
            left, top, right, bottom = glyph.box
            row, column = round((top + bottom) / 8 - 0.5), round((left + right) / 8 - 0.5)
            size = bottom - top if bottom - top > 0.55 * glyph.size else glyph.size
            inside = 0 <= row < 80 and 0 <= column < 80
            if glyph.label < 10 and inside and pages.shown(glyph, scene) and pages.SIZES[0] <= size <= pages.SIZES[1]:
                assert target[row, column, 0] == target[row, column, 3] == 1
                found += 1
    assert found > 50


@pytest.mark.parametrize(("height", "ignored"), [(5.0, False), (9.0, True), (45.0, True), (80.0, False)])
def test_glyphs_outside_the_size_range_are_ignored_or_background(height: float, ignored: bool) -> None:
    glyph = Glyph(5, (100.0, 100, 100 + 0.6 * height, 100 + height), height)
    target = pages.truth(scene_of(glyph))
    assert target.max() == 0
    assert (target.min() == -1) == ignored


def test_a_batch_pads_strips_to_the_widest(examples: list[pages.Example]) -> None:
    some = examples[:5]
    x, labels, sequences, lengths = pages._strip_batch(some)
    width = max(64, *(pixels.shape[1] for pixels, _, _ in some))
    assert x.shape == (5, strips.ROWS, width, 2)
    assert labels.shape == (5, width // 2)
    for i, (pixels, frames, sequence) in enumerate(some):
        assert np.array_equal(x[i, :, : pixels.shape[1]], strips.contrast(pixels))
        assert not x[i, :, pixels.shape[1] :].any()
        assert lengths[i] == len(frames)
        assert np.array_equal(labels[i, : len(frames)], frames)
        assert (labels[i, len(frames) :] == pages.BLANK).all()
        assert [s for s in sequences[i] if s >= 0] == sequence


def test_validation_digits_are_not_in_training(dataset: mnist.Dataset) -> None:
    training, validation = pages.training_digits(), pages.validation_digits()
    assert (len(training.labels), len(validation.labels)) == (55_000, 5_000)
    train, held_out = mnist.split(dataset.train)
    assert np.array_equal(training.images, train.images)
    assert np.array_equal(validation.images, held_out.images)


def command(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mnist_cnn.learn.pages", *map(str, arguments)],
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_help_explains_each_option_and_has_examples() -> None:
    done = command("--help")
    assert done.returncode == 0
    assert "python -m mnist_cnn.learn.pages strings --out runs/strings" in done.stdout
    for line in done.stdout[done.stdout.index("Options:") :].splitlines()[1:]:
        if line.startswith("  -"):
            assert line.rstrip().endswith((".", "]", "for", "[default:")), line


def test_a_wrong_option_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    done = command("strings", "--out", tmp_path, "--steps", "many")
    assert done.returncode == 2
    assert done.stderr == "mnist_cnn.learn.pages: Invalid value for '--steps': 'many' is not a valid integer.\n"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--steps", "0"], "steps: expected 1 or more, found 0"),
        (["--threads", "0"], "threads: expected 1 or more, found 0"),
        (["--composers", "0"], "composers: expected 1 or more, found 0"),
        (["--batch", "-1"], "batch: expected 1 or more, found -1"),
        (["--echo", "-1"], "echo: expected 0 or more, found -1"),
        (["--seed", "-1"], "seed: expected 0 or more, found -1"),
        (["--rate", "nan"], "rate: expected a positive number, found nan"),
        (["--rate", "0"], r"rate: expected a positive number, found 0\.0"),
        (["--start", "missing.npz"], r"missing\.npz: expected a checkpoint weights\.npz, found no file"),
    ],
)
@pytest.mark.parametrize("kind", pages.BATCHES)
def test_bad_arguments_are_named(kind: str, options: list[str], message: str, tmp_path: Path) -> None:
    with pytest.raises(RunError, match=f"^{message}$"):
        pages.command.main([kind, "--out", str(tmp_path / "run"), *options], standalone_mode=False)
    assert not (tmp_path / "run").exists()


def test_bad_files_are_named(tmp_path: Path) -> None:
    file = tmp_path / "weights.npz"
    file.write_bytes(b"PK nonsense")
    for options, message in (
        (["--out", str(file)], "weights.npz: expected a folder or a new name, found: File exists"),
        (["--out", str(file / "below")], "below: expected a folder or a new name, found: Not a directory"),
        (
            ["--out", str(tmp_path)],
            "weights.npz: expected a checkpoint weights.npz, found another file or a damaged one",
        ),
        (["--out", str(tmp_path / "new"), "--start", str(file)], "found another file or a damaged one"),
    ):
        with pytest.raises(RunError, match=message):
            pages.command.main(["strings", *options], standalone_mode=False)


@pytest.mark.slow
@pytest.mark.parametrize("options", [[], ["--jax"]], ids=["tensorflow", "jax"])
@pytest.mark.parametrize("kind", pages.BATCHES)
def test_a_training_resumes_from_its_checkpoint(kind: str, options: list[str], tmp_path: Path) -> None:
    """Three steps, then two more. 20 to 60 seconds."""
    steps, weights = [], []
    for total in (3, 5, 5):
        done = command(kind, "--out", tmp_path / "run", "--steps", total, "--batch", 2, *options)
        assert done.returncode == 0, done.stderr
        steps += [json.loads(line)["step"] for line in done.stdout.splitlines()]
        with np.load(tmp_path / "run" / "weights.npz") as file:
            assert int(file["step"]) == total
            assert int(file["o0"]) == total, "the optimizer's own count of steps"
            weights.append([file[name] for name in file.files if name.startswith("w")])
    assert steps == [3, 5], "the third call has nothing left to do"
    assert not all(np.array_equal(a, b) for a, b in zip(weights[0], weights[1], strict=True))
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == [f"{kind}.onnx", "weights.npz"]
    (Finder if kind == "finder" else Strings)(tmp_path / "run" / f"{kind}.onnx")
    other = next(name for name in pages.BATCHES if name != kind)
    start = tmp_path / "run" / "weights.npz"
    done = command(other, "--out", tmp_path / "other", "--steps", 1, "--batch", 2, "--start", start)
    assert done.returncode == 2
    assert f"expected a checkpoint of the network '{other}', found one of another" in done.stderr.splitlines()[-1]


def test_a_checkpoint_becomes_a_network_that_the_reader_takes(tmp_path: Path) -> None:
    kept = Path(__file__).parents[1] / "benchmarks" / "networks"
    for kind, network in (("finder", Finder), ("strings", Strings)):
        pages.export(kind, kept / f"{kind}.npz", tmp_path / f"{kind}.onnx")
        network(tmp_path / f"{kind}.onnx")
    with pytest.raises(RunError, match="expected a checkpoint of the network 'finder'"):
        pages.export("finder", kept / "strings.npz", tmp_path / "other.onnx")


def test_a_crop_moves_its_glyphs_with_it() -> None:
    scene = scene_of(Glyph(7, (100, 120, 130, 170), 50), Glyph(1, (200, 120, 210, 170), 50))
    part, (x, y) = pages.crop(scene, (90.4, 110.2, 140, 180))
    assert part.pixels.shape == (180 - y, 140 - x)
    assert part.glyphs[0].box == (100 - x, 120 - y, 130 - x, 170 - y)
    whole, at = pages.crop(scene, (-50, -50, 900, 900))
    assert (whole.pixels.shape, at) == ((320, 320), (0, 0))


def test_pictures_of_the_finder_show_close_ups_with_their_margin(digits: mnist.Digits) -> None:
    rng = np.random.default_rng(1)
    drawn = [pages.picture(digits, rng) for _ in range(40)]
    assert all(x.shape == (320, 320, 2) and y.shape == (80, 80, 8) for x, y in drawn)
    mosaics = [(x, y) for x, y in drawn if not x[-4:].any() and not x[:, -4:].any()]
    assert 5 <= len(mosaics) <= 25
    for x, y in mosaics:
        empty = ~x.any(axis=2).reshape(80, 4, 80, 4).any(axis=(1, 3))
        assert not y[..., 3][empty].any(), "all glyphs are inside the pictures"
    assert framed(np.zeros((31, 50), np.uint8)).shape == (48, 72)
    assert MARGIN == 8


def test_a_glyph_cut_off_by_the_edge_is_ignored() -> None:
    target = pages.truth(scene_of(Glyph(5, (-8, 100, 12, 124), 24)))
    assert target[..., 3].sum() == 0
    assert (target[27:29, 0, 0] == -1).any()


@pytest.mark.parametrize("echo", [0, 1, 3])
def test_batches_come_again_as_often_as_asked(echo: int) -> None:
    new = iter(range(1000))
    batches = pages._echoed(lambda: next(new), echo, np.random.default_rng(0))
    drawn = np.array([next(batches) for _ in range(200 * (1 + echo))]).reshape(200, 1 + echo)
    assert np.array_equal(drawn[:, 0], np.arange(200))
    again = drawn[:, :1] - drawn[:, 1:]
    assert ((again >= 0) & (again < 100)).all()
    assert not echo or len(np.unique(again)) > 50


def test_batches_for_jax_have_few_shapes_and_the_same_strips(examples: list[pages.Example]) -> None:
    short = [example for example in examples if example[0].shape[1] < 300][:6]
    batch = pages._strip_batch(short)
    padded = pages._padded(*batch)
    width = batch[0].shape[2]
    assert padded[0].shape[2] == min(w for w in (96, 128, 160, 224, 320, 640) if w >= width)
    assert np.array_equal(padded[0][:, :, :width], batch[0])
    assert not padded[0][:, :, width:].any()
    assert np.array_equal(padded[1][:, : width // 2], batch[1])
    assert (padded[1][:, width // 2 :] == -1).all()
    n = batch[2].shape[1]
    assert padded[2].shape == (6, 48)
    assert np.array_equal(padded[2][:, :n], batch[2])
    assert (padded[2][:, n:] == -1).all()
    long = np.tile(np.arange(60, dtype=np.int32) % 10, (6, 1))
    long[1, 40:] = -1
    sequences = pages._padded(batch[0], batch[1], long, batch[3])[2]
    assert (sequences[0] == -1).all(), "a sequence that does not fit is not used"
    assert np.array_equal(sequences[1, :40], long[1, :40])
