"""The report: one self-contained page, with a caption for each figure."""

import base64
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mnist_cnn import mnist
from mnist_cnn.errors import RunError
from mnist_cnn.learn import report
from mnist_cnn.learn.evaluate import Evaluation, evaluate
from mnist_cnn.learn.model import build
from mnist_cnn.learn.recipes import ACCURATE
from mnist_cnn.learn.run import Run, start


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


def test_the_page_is_self_contained_and_has_a_caption_for_each_figure(
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
    assert f"{100 * evaluation.score.accuracy:.2f} % test accuracy" in page.text
    assert run.config()["recipe"]["summary"] in page.text


def test_captions_are_short_sentences(run: Run, evaluation: Evaluation, dataset: mnist.Dataset) -> None:
    captions = {title: caption for title, caption, _ in report._pictures(run, dataset, evaluation)}
    for title, caption in captions.items():
        assert caption.endswith("."), title
        assert max(len(sentence.split()) for sentence in re.split(r"[.:] ", caption)) <= 25, title
        assert not re.search("[;—]", caption), title
    assert captions["Learning curves"].endswith(" Training stops once the blue line is above the red line.")
    layers = captions["Feature maps"]
    assert ("keeps the largest values" in layers) == (run.config()["recipe"]["name"] == "seed")
    assert "The hidden Dense layer combines all values." in layers


@pytest.mark.slow  # it draws four hundred images
def test_captions_depend_on_the_network(dataset: mnist.Dataset, tmp_path: Path) -> None:
    few = mnist.Dataset(*(mnist.Digits(digits.images[:100], digits.labels[:100]) for digits in dataset))
    run, model = start(ACCURATE, few, tmp_path / "run"), build(ACCURATE)
    model.optimizer.build(model.trainable_variables)
    model.save(run.model)
    run.write_history([{"epoch": 1, "loss": 2.3, "accuracy": 0.1, "seconds": 1}])
    captions = {title: caption for title, caption, _ in report._pictures(run, few, evaluate(run, few))}
    assert captions["Learning curves"].endswith(
        " Label smoothing trains the network towards 95.5 % confidence, so its loss cannot fall below 0.28."
    )
    assert captions["Calibration"].endswith("so it may be right more often than its confidence says.")
    layers = captions["Feature maps"]
    assert "keeps the mean values. Global average pooling keeps the mean of each map. The last layer returns" in layers
    assert "Dense layer" not in layers


def test_a_run_without_history_has_no_report(evaluation: Evaluation, dataset: mnist.Dataset, tmp_path: object) -> None:
    with pytest.raises(RunError, match=r"expected finished epochs in history.csv, found none"):
        report.write(Run(tmp_path), dataset, evaluation)  # type: ignore[arg-type]


def test_a_report_on_other_data_is_a_page_of_its_own(run: Run, evaluation: Evaluation, dataset: mnist.Dataset) -> None:
    images, labels = dataset.test
    ones = mnist.Digits(images[labels == 1][:1], labels[labels == 1][:1])  # the smallest possible dataset
    other = mnist.Dataset(ones, ones)
    file = report.write(run, other, evaluate(run, other, "elsewhere/fashion"))
    page = Page(file.read_text("utf-8"))
    assert file.name.startswith("report-fashion-")
    assert "trained on 3,000 images of MNIST, tested on other data: elsewhere/fashion" in page.text
    assert "corrected labels" not in page.text
    assert "how well the network reads new digits" not in page.text
