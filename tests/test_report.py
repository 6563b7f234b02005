"""The report: one page that needs nothing else, every picture with a sentence, and a saliency map that is right."""

import base64
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from mnist_cnn import mnist
from mnist_cnn.errors import RunError
from mnist_cnn.learn import figures, report
from mnist_cnn.learn.evaluate import Evaluation, evaluate, load
from mnist_cnn.learn.model import build
from mnist_cnn.learn.recipes import ACCURATE, DENSE, SEED
from mnist_cnn.learn.run import Run, start
from mnist_cnn.learn.score import score


class Page(HTMLParser):
    """The attributes and the text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data.replace("\N{NO-BREAK SPACE}", " ")

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def test_the_page_stands_alone_and_explains_each_picture(
    run: Run, evaluation: Evaluation, dataset: mnist.Dataset
) -> None:
    file = report.write(run, dataset, evaluation)
    text = file.read_text("utf-8")
    page = Page(text)
    assert file == run.path / "report.html"
    assert "http" not in re.sub(r'src="data:[^"]*"', "", text)
    assert not page.all("script")
    assert not page.all("link")
    pictures = page.all("img")
    assert len(pictures) == len(page.all("figcaption")) == 7
    for picture in pictures:
        assert picture["alt"]
        header, _, data = (picture["src"] or "").partition(",")
        assert header == "data:image/png;base64"
        image = Image.open(io.BytesIO(base64.b64decode(data))).convert("L")
        assert image.width > 1000
        assert np.asarray(image).std() > 5, "an empty picture"
    assert len(list((run.path / "pictures").glob("report-*.png"))) == 7
    assert f"{evaluation.score.errors:,} errors of 10,000" in page.text
    assert f"{100 * evaluation.score.accuracy:.2f} % of the test digits read right" in page.text
    assert run.config()["recipe"]["summary"] in page.text


def test_captions_are_one_sentence(run: Run, evaluation: Evaluation, dataset: mnist.Dataset) -> None:
    captions = {title: caption for title, caption, _ in report._pictures(run, dataset, evaluation)}
    for title, caption in captions.items():
        assert len(re.findall(r"[.?!](\s|$)", caption)) == 1, title
        assert caption.endswith(".")
    assert captions["Learning curves"].endswith("; training stops once the blue line is above the red one.")
    way = captions["A digit on its way through the network"]
    assert ("keeps the strongest" in way) == (run.config()["recipe"]["name"] == "seed")
    assert "a Dense layer weighs it all" in way


@pytest.mark.slow  # four hundred little pictures
def test_captions_tell_of_this_network_and_no_other(dataset: mnist.Dataset, tmp_path: Path) -> None:
    few = mnist.Dataset(*(mnist.Digits(digits.images[:100], digits.labels[:100]) for digits in dataset))
    run, model = start(ACCURATE, few, tmp_path / "run"), build(ACCURATE)
    model.optimizer.build(model.trainable_variables)
    model.save(run.model)
    run.write_history([{"epoch": 1, "loss": 2.3, "accuracy": 0.1, "seconds": 1}])
    captions = {title: caption for title, caption, _ in report._pictures(run, few, evaluate(run, few))}
    assert captions["Learning curves"].endswith(
        "small; it was taught to be 95.5 % sure and no more, so its loss cannot fall below 0.28."
    )
    assert captions["Reliability"].endswith("so it may be right more often than it says.")
    way = captions["A digit on its way through the network"]
    assert "keeps the mean, of each map its mean is left, and the last layer" in way


def test_the_marks_of_the_accuracy_are_where_they_say() -> None:
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


def test_a_run_without_history_has_no_report(evaluation: Evaluation, dataset: mnist.Dataset, tmp_path: object) -> None:
    with pytest.raises(RunError, match=r"expected finished epochs in history.csv, found none"):
        report.write(Run(tmp_path), dataset, evaluation)  # type: ignore[arg-type]


@pytest.mark.parametrize("recipe", [SEED, DENSE], ids=lambda recipe: recipe.name)
def test_saliency_is_the_slope_of_the_winning_score(recipe: object) -> None:
    """Against finite differences, which need no gradient tape; on noise, which has no ties for the pooling."""
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


def test_the_worst_mistakes_come_first(dataset: mnist.Dataset) -> None:
    labels = np.array([1, 2, 3, 4])
    probabilities = np.full((4, 10), 0.01)
    for row, (said, sure) in enumerate([(1, 0.91), (7, 0.6), (8, 0.99995), (9, 0.75)]):
        probabilities[row, said] = sure
    figure = figures.worst_mistakes(dataset.test.images[:4], labels, probabilities)
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert titles == ["is 3, said 8\n99.99 % sure", "is 4, said 9\n75 % sure", "is 2, said 7\n60 % sure"]


def test_no_mistakes_and_one_epoch_draw_too(dataset: mnist.Dataset) -> None:
    labels = dataset.test.labels[:50]
    perfect = np.eye(10)[labels]
    figure = figures.worst_mistakes(dataset.test.images[:50], labels, perfect)
    assert figure.axes[0].texts[0].get_text() == "No mistake at all."
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


def test_feature_maps_have_a_picture_for_each_map(run: Run, dataset: mnist.Dataset) -> None:
    model = load(run)
    drawn = len(figures.feature_maps(model, dataset.test.images[0]).get_axes())
    assert drawn == {"seed": 1 + 33 + 33 + 1 + 1, "dense": 1 + 1 + 1}[run.config()["recipe"]["name"]]


def test_a_report_on_other_data_is_a_page_of_its_own(run: Run, evaluation: Evaluation, dataset: mnist.Dataset) -> None:
    images, labels = dataset.test
    ones = mnist.Digits(images[labels == 1][:1], labels[labels == 1][:1])  # as little as there can be
    other = mnist.Dataset(ones, ones)
    file = report.write(run, other, evaluate(run, other, "elsewhere/fashion"))
    page = Page(file.read_text("utf-8"))
    assert file.name.startswith("report-fashion-")
    assert "trained on 3,000 images of MNIST, and tested here on other data: elsewhere/fashion" in page.text
    assert "labels corrected" not in page.text
    assert "honest number" not in page.text
