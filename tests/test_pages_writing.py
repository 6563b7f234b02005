"""Writing: the habits of a writer, and boxes and words of written lines."""

import numpy as np

from mnist_cnn import mnist
from mnist_cnn.learn.pages import writing
from mnist_cnn.learn.pages.writing import Writer
from mnist_cnn.read.labels import SIGNS


def test_some_writers_draw_all_digits_from_skeletons(digits: mnist.Digits) -> None:
    writers = [Writer(digits, np.random.default_rng(seed)) for seed in range(300)]
    drawn = [writer for writer in writers if writer.drawn.all()]
    assert 0.09 < len(drawn) / 300 < 0.22
    assert 0 < sum(writer.straight for writer in writers) < len(drawn)


def test_images_per_digit_are_not_cached_across_datasets(dataset: mnist.Dataset) -> None:
    """The index of images per digit is cached by the labels' identity, which Python may reuse."""
    for first in range(0, 2000, 200):
        some = mnist.Digits(dataset.train.images[first : first + 200], dataset.train.labels[first : first + 200])
        for digit, places in enumerate(writing._places(some)):
            assert (some.labels[places] == digit).all()


def test_boxes_of_written_glyphs_fit_their_ink(digits: mnist.Digits) -> None:
    rng = np.random.default_rng(0)
    for text in [*"0123456789", *"+x=()-"]:
        line = Writer(digits, rng).write(text, 40)
        (glyph,) = line.glyphs
        assert glyph.label == (int(text) if text.isdigit() else 10 + SIGNS.index(text))
        rows, columns = (np.flatnonzero(line.ink.max(axis=axis) > 0.2) for axis in (1, 0))
        found = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
        assert np.abs(np.array(glyph.box) - found).max() <= 2


def test_spaces_separate_words(digits: mnist.Digits) -> None:
    line = Writer(digits, np.random.default_rng(0)).write("12 3,4", 30, gap=3)
    assert [glyph.label for glyph in line.glyphs] == [1, 2, 3, 10 + SIGNS.index(","), 4]
    assert [glyph.word for glyph in line.glyphs] == [0, 0, 1, 1, 1]
    assert line.glyphs[2].box[0] - line.glyphs[1].box[2] > 2 * 30
