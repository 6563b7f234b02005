"""Figures: axes, counts and order are correct, and the saliency map is the gradient of the score."""

import io

import keras
import numpy as np
import pytest

from mnist_cnn import mnist
from mnist_cnn.learn import figures
from mnist_cnn.learn.evaluate import Evaluation, load
from mnist_cnn.learn.model import build
from mnist_cnn.learn.recipes import DENSE, SEED
from mnist_cnn.learn.run import Run
from mnist_cnn.learn.score import score


def test_tick_labels_have_the_value_of_their_tick() -> None:
    history = [{"epoch": n + 1, "loss": 0.1, "accuracy": a, "seconds": 1} for n, a in enumerate((0.849, 0.98, 0.9989))]
    figure = figures.learning_curves(history, None)
    figure.draw_without_rendering()
    axis = figure.axes[0].yaxis
    low, high = figure.axes[0].get_ylim()
    marks = {at: text.get_text() for at, text in zip(axis.get_ticklocs(), axis.get_ticklabels(), strict=True)}
    shown = {at: text for at, text in marks.items() if low <= at <= high}
    assert len(shown) > 3
    for at, text in shown.items():
        assert float(text.removesuffix(" %")) == pytest.approx(100 * at)
        assert at < 1.0001


@pytest.mark.parametrize("recipe", [SEED, DENSE], ids=lambda recipe: recipe.name)
def test_saliency_is_the_gradient_of_the_highest_score(recipe: object) -> None:
    """The expected values are finite differences, on noise, because pooling has no ties there."""
    keras.utils.set_random_seed(1)
    model = build(recipe)  # type: ignore[arg-type]
    random = np.random.default_rng(1)
    image = random.integers(0, 256, (1, 28, 28), dtype=np.uint8)
    heat = figures.saliency(model, image)
    assert heat.shape == (1, 28, 28)
    assert heat.max() == 1
    model.layers[-1].activation = keras.activations.linear
    scores = keras.Model(model.inputs[0], model.layers[-1](model.layers[-2].output))
    pixels = mnist.as_input(image)
    winner = int(np.asarray(scores(pixels)).argmax())
    step = 1e-3
    slopes = np.zeros((28, 28))
    for row in range(28):
        both = np.repeat(pixels, 56, axis=0)
        both[np.arange(28), row, np.arange(28)] += step
        both[28 + np.arange(28), row, np.arange(28)] -= step
        values = np.asarray(scores(both))[:, winner]
        slopes[row] = (values[:28] - values[28:]) / (2 * step)
    expected = np.abs(slopes) / np.abs(slopes).max()
    assert np.quantile(np.abs(heat[0] - expected), 0.97) < 0.02  # a kink of ReLU within the step may differ


def test_worst_mistakes_are_in_order_of_confidence(dataset: mnist.Dataset) -> None:
    labels = np.array([1, 2, 3, 4])
    probabilities = np.full((4, 10), 0.01)
    for row, (said, sure) in enumerate([(1, 0.91), (7, 0.6), (8, 0.99995), (9, 0.75)]):
        probabilities[row, said] = sure
    figure = figures.worst_mistakes(dataset.test.images[:4], labels, probabilities)
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert titles == ["3 read as 8\n99.99 %", "4 read as 9\n75 %", "2 read as 7\n60 %"]


def test_figures_need_no_mistakes_and_only_one_epoch(dataset: mnist.Dataset) -> None:
    labels = dataset.test.labels[:50]
    perfect = np.eye(10)[labels]
    figure = figures.worst_mistakes(dataset.test.images[:50], labels, perfect)
    assert figure.axes[0].texts[0].get_text() == "No errors."
    result = score(perfect, labels)
    for drawing in (
        figures.confusion_matrix(result),
        figures.reliability(result),
        figures.learning_curves([{"epoch": 1, "loss": 0.1, "accuracy": 0.9, "seconds": 1}], 0.995),
    ):
        drawing.savefig(io.BytesIO())


def test_the_confusion_matrix_shows_the_counts(evaluation: Evaluation) -> None:
    shown = [text.get_text() for text in figures.confusion_matrix(evaluation.score).axes[0].texts]
    assert shown == [f"{count:,}" if count else "·" for row in evaluation.score.confusion for count in row]


def test_feature_maps_have_one_image_per_map(run: Run, dataset: mnist.Dataset) -> None:
    model = load(run)
    drawn = len(figures.feature_maps(model, dataset.test.images[0]).get_axes())
    assert drawn == {"seed": 1 + 33 + 33 + 1 + 1, "dense": 1 + 1 + 1}[run.config()["recipe"]["name"]]
