"""Figures: matplotlib figures of a run: its training, its errors, its filters and its feature maps.

    >>> learning_curves(run.history(), target=0.995).savefig("curves.png")     # doctest: +SKIP

Images are uint8 (n, 28, 28), labels int (n,) and probabilities float (n, 10).
"""

from typing import Any

import keras
import matplotlib as mpl
import numpy as np
import tensorflow as tf
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from mnist_cnn import mnist
from mnist_cnn.learn.run import Epoch
from mnist_cnn.learn.score import Score

WIDTH = 9.0
"""Width of a figure in inches. At 160 dots per inch it is twice the width of a report in pixels."""
INK, BLUE, RED, GREY = "#1f2933", "#2f6db5", "#c8402f", "#9aa5b1"
STYLE: Any = {
    "figure.dpi": 160,
    "figure.constrained_layout.use": True,
    "font.size": 10,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}
STYLED = mpl.rc_context(STYLE)
PERCENT = FuncFormatter(lambda share, _: f"{100 * share:.4g} %")


@STYLED
def learning_curves(history: list[Epoch], target: float | None) -> Figure:
    """Return the training accuracy and the loss, one point per epoch, with the target accuracy if there is one."""
    epochs = [epoch["epoch"] for epoch in history]
    accuracies = [epoch["accuracy"] for epoch in history]
    figure = _figure(3.4)
    left, right = figure.subplots(1, 2)
    if target is not None:
        left.axhline(target, color=RED, linestyle="--", linewidth=1.2)
        left.annotate(
            f"target {100 * target:g} %",
            (0.02, target),
            xycoords=("axes fraction", "data"),
            xytext=(0, 4),
            textcoords="offset points",
            color=RED,
        )
    left.plot(epochs, accuracies, "o-", color=BLUE)
    for epoch, accuracy in zip(epochs, accuracies, strict=True):
        if len(epochs) > 10 and epoch not in (epochs[0], epochs[-1]):
            continue  # more labels would overlap
        text = f"{100 * accuracy:.2f} %"
        offset = (3, 6 if target is not None and accuracy > target else -13)
        side = "right" if epoch == epochs[-1] > 10 else "left"
        left.annotate(text, (epoch, accuracy), xytext=offset, textcoords="offset points", fontsize=8, ha=side)
    levels = accuracies if target is None else [*accuracies, target]
    low, high = min(levels), max(levels)
    margin = max(0.003, (high - low) * 0.18)
    left.set_ylim(low - margin, min(high + margin, 1 + margin / 4))
    left.yaxis.set_major_formatter(PERCENT)
    left.set_title("Training accuracy")
    right.plot(epochs, [epoch["loss"] for epoch in history], "o-", color=BLUE)
    right.set_ylim(bottom=0)
    right.set_title("Training loss")
    for axes in (left, right):
        axes.set_xlabel("epoch")
        axes.set_xlim(0.6, max(epochs) + 0.6)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.grid(axis="y", color=GREY, alpha=0.25)
    return figure


@STYLED
def confusion_matrix(score: Score) -> Figure:
    """Return the counts of labels and predictions. Errors are coloured, correct predictions are not."""
    counts = np.array(score.confusion)
    mistakes = counts.astype(float)
    np.fill_diagonal(mistakes, 0)
    figure = _figure(6.2, width=6.8)
    axes = figure.subplots()
    axes.imshow(mistakes, cmap="Reds", vmin=0, vmax=max(1, mistakes.max()) * 1.5)
    for label, row in enumerate(counts):
        for prediction, count in enumerate(row):
            right = label == prediction
            text = f"{count:,}" if count else "·"
            colour = GREY if right or not count else INK
            axes.text(prediction, label, text, ha="center", va="center", color=colour, fontsize=9 if right else 10)
    axes.set_xticks(range(10))
    axes.set_yticks(range(10))
    axes.tick_params(length=0)
    axes.set_xlabel("prediction")
    axes.set_ylabel("label")
    axes.spines[:].set_visible(False)
    return figure


@STYLED
def worst_mistakes(images: np.ndarray, labels: np.ndarray, probabilities: np.ndarray, most: int = 24) -> Figure:
    """Return the errors with the highest confidence, the highest first.

    most: maximum number of errors.
    """
    predictions = probabilities.argmax(axis=1)
    confidences = probabilities.max(axis=1)
    wrong = np.flatnonzero(predictions != labels)
    wrong = wrong[np.argsort(-confidences[wrong], kind="stable")][:most]
    columns = 8
    rows = max(1, -(-len(wrong) // columns))
    figure = _figure(1.62 * rows)
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in grid:
        axes.axis("off")
    for axes, index in zip(grid, wrong, strict=False):
        _digit(axes, images[index])
        axes.set_title(f"{labels[index]} read as {predictions[index]}\n{_percent(confidences[index])}", fontsize=9)
    if not len(wrong):
        grid[0].text(0, 0.5, "No errors.", fontsize=12)
    return figure


@STYLED
def reliability(score: Score) -> Figure:
    """Return the accuracy by confidence, and the number of images by confidence."""
    figure = _figure(5.2, width=6.8)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    confidences = [b.confidence for b in score.bins]
    accuracies = [b.accuracy for b in score.bins]
    sizes = [b.images for b in score.bins]
    upper.plot((0, 1), (0, 1), "--", color=GREY, linewidth=1.2, label="perfect calibration")
    upper.plot(confidences, accuracies, color=BLUE, linewidth=1)
    upper.scatter(confidences, accuracies, 18 + 30 * np.log10(sizes), color=BLUE, zorder=3, label="this network")
    upper.set_ylim(-0.02, 1.04)
    upper.set_ylabel("accuracy")
    upper.yaxis.set_major_formatter(PERCENT)
    upper.legend(
        frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=2
    )  # above the axes, where it hides no point
    upper.text(0.98, 0.06, "overconfident below the line", ha="right", color=GREY, transform=upper.transAxes)
    lower.bar(confidences, sizes, width=0.03, color=BLUE)
    lower.set_yscale("log")
    lower.set_ylim(bottom=0.5)
    lower.set_ylabel("images")
    lower.set_xlabel("confidence (highest probability)")
    lower.set_xlim(0, 1.02)
    lower.xaxis.set_major_formatter(PERCENT)
    return figure


@STYLED
def filters(model: keras.Sequential) -> Figure:
    """Return the weights of the first layer as small images: 3 x 3 filters, or 28 x 28 per unit of a Dense layer."""
    kernel = _first_with_weights(model).get_weights()[0]
    pictures = kernel[:, :, 0] if kernel.ndim == 4 else kernel.reshape(28, 28, -1)
    pictures = pictures[:, :, :32]
    figure = _figure(2.2)
    grid = figure.subplots(2, 16).ravel()
    limit = np.abs(pictures).max()
    for axes in grid:
        axes.axis("off")
    for number, axes in enumerate(grid[: pictures.shape[2]]):
        image = axes.imshow(pictures[:, :, number], cmap="RdBu_r", vmin=-limit, vmax=limit)
        axes.set_title(number + 1, fontsize=8)
    bar = figure.colorbar(image, ax=grid.tolist(), orientation="horizontal", aspect=50, shrink=0.5, pad=0.06)
    bar.set_ticks([-limit, 0, limit], labels=["ink lowers the output", "0", "ink raises the output"])
    bar.outline.set_visible(False)
    return figure


@STYLED
def feature_maps(model: keras.Sequential, image: np.ndarray) -> Figure:
    """Return the output of each layer for one image, uint8 (28, 28), up to the probabilities."""
    outputs = keras.Model(model.inputs[0], [layer.output for layer in model.layers])(mnist.as_input(image[None]))
    stages = [
        (layer, np.asarray(output)[0])
        for layer, output in zip(model.layers, outputs, strict=True)
        if not isinstance(layer, keras.layers.Flatten | keras.layers.Dropout | keras.layers.BatchNormalization)
        and not (isinstance(layer, keras.layers.Conv2D) and layer.activation is keras.activations.linear)
    ]
    # Up to 24 maps are one row, more are three rows.
    heights = [1.6, *({3: 2.75 if values.shape[-1] > 24 else 1.15}.get(values.ndim, 0.8) for _, values in stages[:-1])]
    heights.append(1.7)
    figure = _figure(sum(heights) + 0.3)
    parts = figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
    parts[0].suptitle("Image: 28 x 28", fontsize=10, x=0.01, ha="left")
    _digit(parts[0].subplots(), image)
    for part, (layer, values) in zip(parts[1:], stages, strict=True):
        kind = type(layer).__name__
        if values.ndim == 3:
            height, width, count = values.shape
            shown = f"{count} maps of {height} x {width}" + (" (first 48)" if count > 48 else "")
            part.suptitle(f"{kind}: {shown}", fontsize=10, x=0.01, ha="left")
            for number, axes in enumerate(
                part.subplots(*((3, -(-min(count, 48) // 3)) if count > 24 else (1, max(16, count)))).ravel()
            ):
                axes.axis("off")
                if number < count:
                    axes.imshow(values[:, :, number], cmap="gray", norm=PowerNorm(0.6, vmin=0, vmax=values.max()))
        elif layer is not model.layers[-1]:
            part.suptitle(f"{kind}: {len(values)} values, large ones are bright", fontsize=10, x=0.01, ha="left")
            axes = part.subplots()
            axes.imshow(values.reshape(-1, np.gcd(len(values), 64)), cmap="gray", aspect="auto", vmin=0)
            axes.axis("off")
        else:
            part.suptitle(f"{kind}: probability of each digit", fontsize=10, x=0.01, ha="left")
            axes = part.subplots()
            bars = axes.bar(range(len(values)), values, color=[RED if v == values.max() else GREY for v in values])
            axes.bar_label(bars, [_percent(v) if v >= 0.005 else "" for v in values], fontsize=9)
            axes.set_xticks(range(len(values)), [*map(str, range(10)), "none"][: len(values)])
            axes.set_ylim(0, 1.25)
            axes.set_yticks([])
            axes.spines["left"].set_visible(False)
    return figure


@STYLED
def saliency_maps(model: keras.Sequential, images: np.ndarray) -> Figure:
    """Return digits and, below each, its saliency map with the outline of the digit."""
    figure = _figure(2.15)
    upper, lower = figure.subplots(2, len(images), squeeze=False)
    predictions = np.asarray(model(mnist.as_input(images)))[:, :10].argmax(axis=1)
    for column, (image, heat) in enumerate(zip(images, saliency(model, images), strict=True)):
        _digit(upper[column], image)
        upper[column].set_title(f"prediction {predictions[column]}", fontsize=9)
        lower[column].imshow(heat, cmap="inferno", vmin=0, vmax=1)
        lower[column].contour(image, levels=[100], colors="white", linewidths=0.8)
        lower[column].axis("off")
    return figure


def saliency(model: keras.Sequential, images: np.ndarray) -> np.ndarray:
    """Return the change of the predicted digit's score per change of each pixel, float32 (n, 28, 28), at most 1.

    The score is the one before the softmax, because the softmax hardly changes when the confidence is high (Simonyan et
    al. 2013, "Deep Inside Convolutional Networks").
    """
    pixels = tf.constant(mnist.as_input(images))
    body = keras.Model(model.inputs[0], model.layers[-1].input)
    kernel, bias = model.layers[-1].weights
    with tf.GradientTape() as tape:
        tape.watch(pixels)
        scores = tf.linalg.matmul(body(pixels), kernel) + bias
        winning = tf.reduce_max(scores, axis=1)
    slopes = np.abs(np.asarray(tape.gradient(winning, pixels))[..., 0])
    return slopes / np.maximum(slopes.max(axis=(1, 2), keepdims=True), 1e-12)


def _figure(height: float, width: float = WIDTH) -> Figure:
    return Figure(figsize=(width, height))


def _digit(axes: Axes, image: np.ndarray) -> None:
    axes.imshow(image, cmap="gray", vmin=0, vmax=255)
    axes.axis("off")


def _percent(value: float) -> str:
    """Return a share as a percentage of at most "99.99 %"."""
    return f"{100 * min(value, 0.9999):.2f} %" if value > 0.99 else f"{100 * value:.0f} %"


def _first_with_weights(model: keras.Sequential) -> keras.Layer:
    return next(layer for layer in model.layers if layer.weights)
