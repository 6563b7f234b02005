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
from mnist_cnn.learn.recipes import CategoricalCrossentropy
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
    ways = {
        keras.layers.Conv2D: "filters find edges",
        keras.layers.MaxPooling2D: "pooling halves the size and keeps the strongest",
        keras.layers.AveragePooling2D: "pooling halves the size and keeps the mean",
        keras.layers.GlobalAveragePooling2D: "of each map its mean is left",
    }
    way = [words for kind, words in ways.items() if kind in kinds]
    way += ["a Dense layer weighs it all"] * (kinds.count(keras.layers.Dense) > 1)
    drawn = ", each drawn anew, warped" if recipe.lessons == "warped" else ""
    floor = modesty = ""
    if isinstance(recipe.loss, CategoricalCrossentropy) and recipe.loss.label_smoothing:
        taught = np.full(recipe.classes, recipe.loss.label_smoothing / recipe.classes)
        taught[0] += 1 - recipe.loss.label_smoothing
        softened = f"; it was taught to be {100 * taught[0]:g} % sure and no more, so"
        floor = f"{softened} its loss cannot fall below {-taught @ np.log(taught):.2f}"
        modesty = f"{softened} it may be right more often than it says"
    examples = [int(np.flatnonzero(labels == digit)[0]) for digit in np.unique(labels)]
    what = "filters" if convolution else "units of the first layer (the first 32)"
    score = evaluation.score
    return [
        (
            "Learning curves",
            f"After each epoch, which is one pass over the training images{drawn}: the share it got right while "
            "learning from them, and its loss, which is what training makes small"
            + ("; training stops once the blue line is above the red one" if recipe.target is not None else "")
            + f"{floor}.",
            figures.learning_curves(run.history(), recipe.target),
        ),
        (
            "Worst mistakes",
            "The test images it got wrong while being most sure of itself: what each is by its official label, what "
            "the network said, and how sure it was; on some of them you may side with the network.",
            figures.worst_mistakes(images, labels, evaluation.probabilities),
        ),
        (
            "Confusion matrix",
            f"Each of the {score.images:,} test images is counted in the row of what it is and the column of what the "
            "network said, so every number off the diagonal is a kind of mistake, redder where it is made more often.",
            figures.confusion_matrix(score),
        ),
        (
            "Reliability",
            "On the dashed line it is right as often as it is sure, nine times in ten where it says 90 %; points below "
            f"the line are over-confidence, and the bars tell how many images each point stands for{modesty}.",
            figures.reliability(score),
        ),
        (
            f"Learned {what}",
            "What training made of the first layer, which began as noise: each little picture is laid over a place of "
            "the image, and its output is large where there is ink under the red and none under the blue"
            + (", so one finds upper edges, another left ones, another spots of ink." if convolution else "."),
            figures.filters(model),
        ),
        (
            "A digit on its way through the network",
            "One test image as every layer passes it on, bright where the output is large: "
            f"{', '.join(way)}, and the last layer turns that into probabilities.",
            figures.feature_maps(model, images[0]),
        ),
        (
            "What it looks at",
            "Below each digit, whose outline is white, the pixels are bright where a little more or less ink would "
            "move its answer most: at the stroke and, just as telling, in gaps that another digit would fill.",
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
