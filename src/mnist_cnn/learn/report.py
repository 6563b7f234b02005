"""The report: one HTML page about a run, for readers who are new to CNNs.

    >>> write(run, dataset, evaluate(run, dataset))        # doctest: +SKIP
    PosixPath('runs/seed-20261123-093000/report.html')

The page contains its pictures, so it opens offline and can be sent. The run's folder ``pictures/`` has them as files.
"""

import base64
import io
import json
from pathlib import Path

import keras
import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from matplotlib.figure import Figure

from mnist_cnn import mnist
from mnist_cnn.errors import RunError
from mnist_cnn.files import replacing
from mnist_cnn.learn import figures
from mnist_cnn.learn.evaluate import Evaluation, load
from mnist_cnn.learn.layers import CategoricalCrossentropy
from mnist_cnn.learn.recipes import Recipe
from mnist_cnn.learn.run import Run


def write(run: Run, dataset: mnist.Dataset, evaluation: Evaluation) -> Path:
    """Draw the run's pictures, write ``report.html`` and return its path.

    The page of a score on other data than the run's own has the name of that score's JSON file.
    Raises RunError if the run has no history, FileError if a file cannot be written.
    """
    history = run.history()
    if not history:
        raise RunError(f"{run.path}: expected finished epochs in history.csv, found none")
    config = run.config()
    name = evaluation.file.stem
    pictures = [
        {
            "title": title,
            "caption": caption,
            "data": _save(figure, run, f"{name}-{title}"),
            "tall": figure.get_figheight() > figure.get_figwidth(),
        }
        for title, caption, figure in _pictures(run, dataset, evaluation)
    ]
    template = Environment(
        loader=PackageLoader("mnist_cnn", "learn"), autoescape=True, undefined=StrictUndefined
    ).get_template("report.html.j2")
    page = template.render(
        run=run.path.resolve().name,
        config=config,
        recipe=run.recipe(),
        history=history,
        own=name == "report",
        data=config["data"]["path"] or "MNIST",
        tested=json.loads(evaluation.file.read_text("utf-8"))["data"]["path"] or "MNIST",
        seconds=sum(epoch.get("seconds", 0) for epoch in history),
        score=evaluation.score,
        corrected=evaluation.corrected,
        pictures=pictures,
    )
    return run.write_text(f"{name}.html", page)


def _pictures(run: Run, dataset: mnist.Dataset, evaluation: Evaluation) -> list[tuple[str, str, Figure]]:
    """Return title, caption and figure of each picture."""
    images, labels = dataset.test
    model, recipe, score = load(run), run.recipe(), evaluation.score
    kinds = [type(layer) for layer in model.layers]
    convolution = keras.layers.Conv2D in kinds
    changed = ", which are warped differently in each epoch" if recipe.augmentation == "warped" else ""
    floor, smoothed = _label_smoothing(recipe)
    stop = " Training stops once the blue line is above the red line." if recipe.target is not None else ""
    weights = "filters" if convolution else "units of the first layer (the first 32)"
    found = " Some filters respond to upper edges, some to left edges, some to spots of ink." if convolution else ""
    examples = [int(np.flatnonzero(labels == digit)[0]) for digit in np.unique(labels)]
    return [
        (
            "Learning curves",
            f"Accuracy and loss on the training images{changed}, after each epoch. An epoch is one pass over the "
            f"training images. Training reduces the loss.{floor}{stop}",
            figures.learning_curves(run.history(), recipe.target),
        ),
        (
            "Worst mistakes",
            "The test images that the network got wrong with the highest confidence, with their official label, the "
            "prediction and its confidence. Some of them are hard to read for people too.",
            figures.worst_mistakes(images, labels, evaluation.probabilities),
        ),
        (
            "Confusion matrix",
            f"Each of the {score.images:,} test images is counted in the row of its label and the column of its "
            "prediction. Numbers off the diagonal are mistakes. The more frequent a mistake, the redder its cell.",
            figures.confusion_matrix(score),
        ),
        (
            "Calibration",
            "Accuracy of the predictions by their confidence. On the dashed line, confidence equals accuracy: of the "
            "predictions with 90 % confidence, 90 % are right. Points below the line are overconfident. The bars show "
            f"the number of images at each point.{smoothed}",
            figures.reliability(score),
        ),
        (
            f"Learned {weights}",
            "The weights of the first layer after training. Each tile is placed over a part of the image. Its "
            f"output is large where there is ink under the red pixels and no ink under the blue pixels.{found}",
            figures.filters(model),
        ),
        (
            "Feature maps",
            f"One test image after each layer. Bright means a large output. {_layers(kinds)}",
            figures.feature_maps(model, images[0]),
        ),
        (
            "Saliency maps",
            "Below each digit, drawn as a white outline, the pixels are bright where more or less ink would change the "
            "prediction most. These pixels lie on the strokes, and in gaps that another digit would fill.",
            figures.saliency_maps(model, images[examples]),
        ),
    ]


def _label_smoothing(recipe: Recipe) -> tuple[str, str]:
    """Return two sentences, on loss and confidence under label smoothing; empty if the recipe has none."""
    if not isinstance(recipe.loss, CategoricalCrossentropy) or not recipe.loss.label_smoothing:
        return "", ""
    targets = np.full(recipe.classes, recipe.loss.label_smoothing / recipe.classes)
    targets[0] += 1 - recipe.loss.label_smoothing
    reason = f" Label smoothing trains the network towards {100 * targets[0]:g} % confidence, so"
    return (
        f"{reason} its loss cannot fall below {-targets @ np.log(targets):.2f}.",
        f"{reason} it may be right more often than its confidence says.",
    )


def _layers(kinds: list[type]) -> str:
    """Return in sentences what the layers of these types do."""
    effects = {
        keras.layers.Conv2D: "Convolution finds edges.",
        keras.layers.MaxPooling2D: "Max pooling halves the size and keeps the largest values.",
        keras.layers.AveragePooling2D: "Average pooling halves the size and keeps the mean values.",
        keras.layers.GlobalAveragePooling2D: "Global average pooling keeps the mean of each map.",
    }
    found = [sentence for kind, sentence in effects.items() if kind in kinds]
    if kinds.count(keras.layers.Dense) > 1:
        found.append("The hidden Dense layer combines all values.")
    return " ".join([*found, "The last layer returns the probabilities."])


def _save(figure: Figure, run: Run, name: str) -> str:
    """Write the figure into the run's pictures/ and return it as a data URL."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=160)
    words = "".join(letter if letter.isalnum() else " " for letter in name.lower()).split()
    with replacing(run.path / "pictures" / ("-".join(words) + ".png")) as temporary:
        temporary.write_bytes(buffer.getvalue())
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
