"""Plots: each public function returns docs/pictures/NAME.svg."""

import io
import statistics
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from results import PROGRAMS, leaderboard, load, median_seconds, round_seconds

from mnist_cnn import mnist

STYLE: Any = {
    "svg.hashsalt": "mnist-cnn",
    "svg.fonttype": "none",
    "font.size": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
INK, FAINT, WARM = "#1f5f8b", "#9db8c9", "#c0392b"


def speed() -> str:
    """The wait for a trained network, and the time by the number of images."""
    growth = load("growth")
    with plt.rc_context(STYLE):
        figure, (axes, right) = plt.subplots(1, 2, figsize=(11, 3.4), layout="constrained", width_ratios=(1.3, 1))
        for place, name in enumerate(PROGRAMS):
            taken = round_seconds(name)
            axes.barh(-place, statistics.median(taken), color=INK if name == "fast" else FAINT, height=0.55)
            axes.plot(taken, [-place] * len(taken), "|", color="#222222", markersize=9)
            axes.text(max(taken) + 1.2, -place, f"{median_seconds(name):.1f} s", va="center", weight="bold")
        axes.set(
            yticks=[0, -1, -2],
            yticklabels=[name.replace("`", "").replace(", ", ",\n") for name in PROGRAMS.values()],
            xlabel="seconds from start to saved model\n(one stroke per round; bar: median)",
            xlim=(0, 1.15 * max(round_seconds("exercise"))),
        )
        axes.tick_params(axis="y", length=0)
        for kind, colour, label in (("reading", WARM, "reading photographs"), ("training", INK, "one training epoch")):
            seconds = [row["seconds"] for row in growth[kind].values()]
            right.loglog([int(n) for n in growth[kind]], seconds, "o-", color=colour, label=label)
        right.set(xlabel="number of images", ylabel="seconds")
        right.legend(frameon=False, fontsize=9.5)
        right.grid(alpha=0.25)
        return _svg(figure)


def accuracy() -> str:
    """Test accuracy of every network of the leaderboard by its number of parameters."""
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(8, 4.2), layout="constrained")
        for result in leaderboard():
            accuracies = [100 * row["accuracy"] for row in result["rows"]]
            size, mean = result["parameters"], float(np.mean(accuracies))
            axes.semilogx([size] * len(accuracies), accuracies, "_", color=INK, markersize=14, alpha=0.6)
            axes.semilogx(size, mean, "o", color=WARM, markersize=6)
            label = f"{result['recipe']}  {mean:.2f}"
            axes.annotate(label, (size, mean), (12, 0), textcoords="offset points", va="center")
        low, high = axes.get_xlim()
        axes.set(xlabel="parameters", ylabel="test accuracy (%)", xlim=(low, high * 4))
        axes.grid(alpha=0.25, axis="y")
        return _svg(figure)


def disputed() -> str:
    """The test images whose labels people did not agree with."""
    test = mnist.load(mnist.FILES).test
    shown = sorted({*mnist.DISPUTED_LABELS, *mnist.CORRECTED_LABELS})
    with plt.rc_context(STYLE):
        figure, places = plt.subplots(3, 5, figsize=(8, 6), layout="constrained")
        for index, axes in zip(shown, places.flat, strict=True):
            axes.imshow(test.images[index], cmap="gray_r", interpolation="nearest")
            axes.set(xticks=[], yticks=[])
            people = f"people: {mnist.CORRECTED_LABELS[index]}" if index in mnist.CORRECTED_LABELS else "people differ"
            axes.set_title(f"label {test.labels[index]}, {people}", fontsize=9.5)
            axes.set_xlabel(f"number {index:,}", fontsize=8, color="#666666")
        return _svg(figure)


def risk() -> str:
    """The share of accepted test digits that is wrong by the share that is accepted."""
    digits = load("refusal")["digits"]
    ranks, n = np.array(digits["error_ranks"]), digits["n"]
    shown = ranks[ranks > n * 9 // 10]
    accepted = np.unique([n * 9 // 10, *shown, *(shown + 1), n])
    at = 100 * digits["accepted"] / n, 100 * digits["errors_among_accepted"] / digits["accepted"]
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
        axes.plot(100 * accepted / n, 100 * np.searchsorted(ranks, accepted) / accepted, color=INK, linewidth=2)
        axes.plot(*at, "o", color=WARM)
        axes.annotate(
            f"at the threshold: {at[0]:.2f} % accepted,\n{digits['errors_among_accepted']} of them wrong",
            at, (-14, 26), textcoords="offset points", ha="right", color=WARM,
            arrowprops={"arrowstyle": "-", "color": WARM},
        )  # fmt: skip
        axes.set(
            xlabel="accepted MNIST test digits, most confident first (%)",
            ylabel="wrong among the accepted (%)",
            xlim=(90, 100.1),
            ylim=(0, None),
        )
        return _svg(figure)


def _svg(figure: Figure) -> str:
    """Return the figure as SVG, the same text at any time and in any place."""
    content = io.StringIO()
    figure.savefig(content, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    plt.close(figure)
    return "\n".join(line.rstrip() for line in content.getvalue().splitlines()) + "\n"
