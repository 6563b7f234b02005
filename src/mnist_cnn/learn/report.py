"""The report: one HTML page that shows a run to somebody who has never seen a CNN.

    >>> write(run, dataset, evaluate(run, dataset))        # doctest: +SKIP
    PosixPath('runs/seed-20261123-093000/report.html')

The pictures are inside the page, so it opens offline and can be sent; they are in the run's ``pictures/`` as well.
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
from mnist_cnn.learn.run import Run


def write(run: Run, dataset: mnist.Dataset, evaluation: Evaluation) -> Path:
    """Draw the run's pictures and write its ``report.html``; returns the page's path.

    A score on data that is not the run's own gets a page beside it, with the name of its JSON file.
    Raises RunError if a file cannot be written.
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
    images, labels = dataset.test
    model, recipe = load(run), run.recipe()
    kinds = [type(layer) for layer in model.layers]
    convolution = keras.layers.Conv2D in kinds
    steps = {
        keras.layers.Conv2D: "filters find edges",
        keras.layers.MaxPooling2D: "max pooling halves the size and keeps the largest values",
        keras.layers.AveragePooling2D: "average pooling halves the size and keeps the means",
        keras.layers.GlobalAveragePooling2D: "global pooling keeps one mean per map",
    }
    way = [words for kind, words in steps.items() if kind in kinds]
    way += ["a Dense layer combines all values"] * (kinds.count(keras.layers.Dense) > 1)
    warped = ", warped in a new way each time" if recipe.augmentation == "warped" else ""
    lowest_loss = low_confidence = ""
    if isinstance(recipe.loss, CategoricalCrossentropy) and recipe.loss.label_smoothing:
        smoothed = np.full(recipe.classes, recipe.loss.label_smoothing / recipe.classes)
        smoothed[0] += 1 - recipe.loss.label_smoothing
        smoothing = f"; label smoothing trains for a confidence of {100 * smoothed[0]:g} %, so"
        lowest_loss = f"{smoothing} the loss cannot fall below {-smoothed @ np.log(smoothed):.2f}"
        low_confidence = f"{smoothing} the accuracy may be higher than the confidence"
    examples = [int(np.flatnonzero(labels == digit)[0]) for digit in np.unique(labels)]
    what = "filters" if convolution else "units of the first layer (first 32)"
    score = evaluation.score
    return [
        (
            "Learning curves",
            f"Accuracy and loss on the training images after each epoch, which is one pass over these images{warped}"
            + ("; training stops once the blue line is above the red one" if recipe.target is not None else "")
            + f"{lowest_loss}.",
            figures.learning_curves(run.history(), recipe.target),
        ),
        (
            "Worst mistakes",
            "Test images that were read wrongly with the highest confidence: the official label, the prediction and "
            "its confidence; some of these digits are hard to read for people too.",
            figures.worst_mistakes(images, labels, evaluation.probabilities),
        ),
        (
            "Confusion matrix",
            f"Number of the {score.images:,} test images for each label (row) and prediction (column): errors are off "
            "the diagonal, and frequent errors are dark red.",
            figures.confusion_matrix(score),
        ),
        (
            "Calibration",
            "Accuracy of the predictions by their confidence: on the dashed line both are equal, below it the network "
            f"is overconfident, and the bars show the number of images per point{low_confidence}.",
            figures.reliability(score),
        ),
        (
            f"Learned {what}",
            "Weights of the first layer, which were random before training: the output is large where there is ink "
            "under red weights and none under blue ones"
            + (", so one filter finds upper edges, another one left edges or spots." if convolution else "."),
            figures.filters(model),
        ),
        (
            "Feature maps",
            "Output of each layer for one test image, with large values bright: "
            f"{', '.join(way)}, and the last layer returns the probabilities.",
            figures.feature_maps(model, images[0]),
        ),
        (
            "Saliency maps",
            "Pixels that change the prediction most, bright below each digit with its outline in white: they are on "
            "the strokes, and in gaps that another digit would fill.",
            figures.saliency_maps(model, images[examples]),
        ),
    ]


def _save(figure: Figure, run: Run, name: str) -> str:
    """Write the figure into the run's pictures/ and return it as a data URL."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=160)
    words = "".join(letter if letter.isalnum() else " " for letter in name.lower()).split()
    with replacing(run.path / "pictures" / ("-".join(words) + ".png")) as temporary:
        temporary.write_bytes(buffer.getvalue())
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
