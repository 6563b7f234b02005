"""Examples of the string network: strips, the labels of their frames, their sequences and their batches."""

import itertools

import numpy as np
import pytest

from mnist_cnn import mnist
from mnist_cnn.learn.pages import string_examples
from mnist_cnn.learn.pages.glyphs import OTHER, Glyph
from mnist_cnn.learn.pages.scenes import Scene
from mnist_cnn.learn.pages.string_examples import Example, Seen, frame_labels
from mnist_cnn.read import strips
from mnist_cnn.read.labels import BLANK


@pytest.fixture(scope="module")
def examples(digits: mnist.Digits) -> list[Example]:
    rng = np.random.default_rng(0)
    return [example for _ in range(40) for example in string_examples.examples(digits, rng)]


def scene_of(*glyphs: Glyph, side: int = 320) -> Scene:
    return Scene(np.full((side, side), 200, np.uint8), list(glyphs), [list(range(len(glyphs)))])


def row_of(labels: list[int], height: float = 40.0) -> Scene:
    """A scene with one run of equal glyphs, far enough apart that their frames do not touch."""
    width = 0.6 * height
    boxes = [(20 + 1.2 * width * i, 100.0, 20 + 1.2 * width * i + width, 100 + height) for i in range(len(labels))]
    return scene_of(*(Glyph(label, box, height) for label, box in zip(labels, boxes, strict=True)))


def labelled_runs(labels: np.ndarray) -> list[int]:
    """The labels of frames with equal neighbours as one, without blanks and ignored frames."""
    return [int(label) for label, _ in itertools.groupby(labels) if 0 <= label < BLANK]


def test_glyphs_of_a_run_have_frames_in_their_order() -> None:
    labels = [1, 1, 7, 10, 0, 5, 11, 5]
    found = [string_examples.example(row_of(labels), list(range(8)), np.random.default_rng(seed)) for seed in range(60)]
    whole = [example for example in found if example and len(example[2]) == len(labels)]
    assert len(whole) > 10, "some start in the middle, or are ended by a gap"
    for pixels, frames, sequence in whole:
        assert pixels.shape == (strips.ROWS, 2 * len(frames))
        assert sequence == labels
        assert labelled_runs(frames) == labels


def test_only_frames_at_the_centre_of_a_glyph_have_its_label() -> None:
    labels, sequence = frame_labels([Seen(51.0, 20.0, 20.0, 24.0, 7)], 96)
    at = 2 * np.arange(48) + 1  # the middle of each frame, in pixels
    assert sequence == [7]
    assert at[labels == 7].tolist() == [49, 51, 53]
    assert at[labels == -1].tolist() == [43, 45, 47, 55, 57, 59]
    assert (labels == BLANK).sum() == 48 - 9


def test_glyphs_above_the_middle_rows_are_ignored() -> None:
    labels, sequence = frame_labels([Seen(51.0, 3.0, 20.0, 24.0, 7)], 96)
    assert sequence == []
    assert set(labels) == {-1, BLANK}


def test_composed_strips_agree_with_their_sequences(examples: list[Example]) -> None:
    assert len(examples) > 100
    agree = []
    for pixels, labels, sequence in examples:
        assert (pixels.shape, pixels.dtype) == ((strips.ROWS, 2 * len(labels)), np.uint8)
        assert (labels.min() >= -1, labels.max() <= BLANK) == (True, True)
        assert set(sequence) <= set(range(OTHER + 1))
        if sequence and OTHER not in sequence:
            agree.append([label for label in labelled_runs(labels) if label != OTHER] == sequence)
    assert len(agree) > 50
    assert np.mean(agree) > 0.8, "digits that touch may share frames, and glyphs at the edge are not in the sequence"


def test_other_writing_side_by_side_is_one_glyph() -> None:
    found = [
        string_examples.example(row_of([OTHER] * 3 + [4]), [0, 1, 2, 3], np.random.default_rng(seed))
        for seed in range(20)
    ]
    assert [OTHER, 4] in [example[2] for example in found if example]


def test_a_run_outside_the_picture_gives_no_strip() -> None:
    glyph = Glyph(3, (-100.0, 10, -70, 50), 40)
    assert string_examples.example(scene_of(glyph), [0], np.random.default_rng(0)) is None


def test_a_batch_pads_strips_to_the_widest(examples: list[Example]) -> None:
    some = examples[:5]
    x, labels, sequences, lengths = string_examples.batch(some)
    width = max(64, *(pixels.shape[1] for pixels, _, _ in some))
    assert x.shape == (5, strips.ROWS, width, 2)
    assert labels.shape == (5, width // 2)
    for i, (pixels, frames, sequence) in enumerate(some):
        assert np.array_equal(x[i, :, : pixels.shape[1]], strips.contrast(pixels))
        assert not x[i, :, pixels.shape[1] :].any()
        assert lengths[i] == len(frames)
        assert np.array_equal(labels[i, : len(frames)], frames)
        assert (labels[i, len(frames) :] == BLANK).all()
        assert [s for s in sequences[i] if s >= 0] == sequence


def test_batches_for_jax_have_few_shapes_and_the_same_strips(examples: list[Example]) -> None:
    short = [example for example in examples if example[0].shape[1] < 300][:6]
    batch = string_examples.batch(short)
    padded = string_examples.padded(*batch)
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
    sequences = string_examples.padded(batch[0], batch[1], long, batch[3])[2]
    assert (sequences[0] == -1).all(), "a sequence that does not fit is not used"
    assert np.array_equal(sequences[1, :40], long[1, :40])
