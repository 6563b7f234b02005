"""docs/performance.md and its picture, made from benchmarks/results/; `generate.py` writes them."""

import io
import json
import statistics
import textwrap
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

RESULTS = Path(__file__).parents[1] / "benchmarks/results"
STYLE: Any = {
    "svg.hashsalt": "mnist-cnn",
    "svg.fonttype": "none",
    "font.size": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
INK, FAINT, WARM = "#1f5f8b", "#9db8c9", "#c0392b"
CONVOLUTION = 2 * 9 * 26 * 26 * 32  # operations for an image, forward; as many for its gradient
MEANING = {
    "exercise": "the exercise's script",
    "fast, by Keras": "recipe `fast`, trained by Keras",
    "fast": "recipe `fast`",
}


def load(name: str) -> dict[str, Any]:
    return json.loads((RESULTS / f"{name}.json").read_text("utf-8"))


def headline() -> str:
    """README's sentence: how long a learner waits."""
    speed, seeds = load("speed"), load("seeds-fast")
    wait, exercise = (_median(speed, name, "seconds") for name in ("fast", "exercise"))
    test, ratio = seeds["test_accuracy"], speed["ratio"]
    return wrapped(
        f"""
        The recipe `fast` takes **{wait:.0f} seconds** from the command to a saved network with more than 99.5 %
        training accuracy. The same exercise as a plain Keras script takes {exercise:.0f} seconds,
        {ratio["median"]:.1f} times as long. {seeds["stopped"]} of {seeds["n"]} seeds reach the target, with
        {_percent(test)} on the test set. ({_where(speed)}; [docs/performance.md](docs/performance.md).)
        """
    )


def page() -> str:
    """docs/performance.md."""
    speed, reading, growth, roofline = (load(name) for name in ("speed", "reading_speed", "growth", "roofline"))
    return f"""# Performance

Made by `python docs/generate.py` from `benchmarks/results/`; not edited by hand. `make bench` measures all of it anew.

![Seconds from start to saved model; seconds by the number of images or photographs](pictures/speed.svg)

## How long a learner waits

{_waits(speed)}

## Where the time goes

{_roofline(roofline)}

## How fast it reads

{_reading(reading)}

## How the cost grows

{_growth(growth)}
"""


def _waits(speed: dict[str, Any]) -> str:
    lines = [
        "| | from start to saved model | epochs | training accuracy | until the command ends |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, meaning in MEANING.items():
        rows = [row[name] for row in speed["rounds"]]
        taken = [row["seconds"] for row in rows]
        epochs = sorted({row["epochs"] for row in rows})
        accuracies = [100 * row["training_accuracy"] for row in rows]
        lines.append(
            f"| {meaning} | {statistics.median(taken):.1f} s ({min(taken):.1f} to {max(taken):.1f}) "
            f"| {' or '.join(map(str, epochs))} | {min(accuracies):.2f} to {max(accuracies):.2f} % "
            f"| {_median(speed, name, 'to_the_end'):.1f} s |"
        )
    ratio, first = speed["ratio"], speed["first_start"]
    without = "" if speed["scikit_learn"] else ", in an environment with the extra `train` alone"
    text = wrapped(
        f"""
        The script takes **{ratio["median"]:.1f} times as long** as the recipe `fast` ({ratio["min"]:.1f} to
        {ratio["max"]:.1f}; the aim was 10). Medians of {speed["n"]} rounds in which each has its turn, in brackets
        the least and the most; whole processes: start, imports, data, compiling, training, saving. `mnist-cnn
        train` then also scores the network and draws its report. Where numba has yet to compile the kernel, at the
        first start after installation, it takes {first["seconds"]:.1f} s. {_where(speed)}{without}.
        """
    )
    return "\n".join([*lines, "", text])


def _roofline(result: dict[str, Any]) -> str:
    lines = ["| part of `fast` | seconds | operations a second |", "| --- | --- | --- |"]
    lines.append(f"| importing Keras and TensorFlow | {result['imports']:.2f} | |")
    for name, row in result["parts"].items():
        rate = row["operations"] / row["seconds"] / 1e9 if "operations" in row else None
        lines.append(f"| {name} | {row['seconds']:.2f} | {f'{rate:.0f} × 10⁹' if rate else ''} |")
    dense, adam, imports = result["parts"]["Dense layers"], result["parts"]["Adam"], result["imports"]
    total = imports + sum(row["seconds"] for row in result["parts"].values())
    forward, peak = 3 * 60_000 * 2 * 5408 * 128, result["peak"]
    everything = 3 * forward + 3 * 60_000 * 2 * CONVOLUTION
    moved = adam["operations"] / 12 * 6 * 4  # for each weight: three numbers of 4 bytes read, three written
    text = wrapped(
        f"""
        {result["threads"]} threads multiply large matrices at {peak / 1e9:.0f} × 10⁹ operations a second. Three
        epochs with every gradient would be {everything / peak:.1f} s at that rate. The kernel does not compute the
        gradients of the images it is sure of: of {3 * forward / 1e9:.0f} × 10⁹ operations in the Dense layers
        {dense["operations"] / 1e9:.0f} are left, {forward / 1e9:.0f} of them forward, which it does at
        {100 * dense["operations"] / dense["seconds"] / peak:.0f} % of that rate. Convolution and pooling skip blank
        patches, which are counted here as if they were computed. Adam moves {moved / 1e9:.0f} GB between caches and
        memory. The largest part is none of this: of {total:.1f} s, {imports:.1f} s are the import of Keras and
        TensorFlow, which build the model, run the callback and save it. Medians of {result["n"]} trainings; the
        clocks themselves take a little.
        """
    )
    return "\n".join([*lines, "", text])


def _behind(result: dict[str, Any]) -> str:
    """Where our Classifier is more than a tenth behind the first of a column."""
    names = {"p50": "one image's median", "p99": "its 99th percentile", "startup": "the start"}
    missed = []
    for threads, rows in result["threads"].items():
        for key, name in names.items():
            first = min(rows, key=lambda way: rows[way][key])
            more = rows["Classifier"][key] / rows[first][key] - 1
            if more > 0.1:
                missed.append(f"{name} with {threads} thread{'s' * (threads != '1')} ({first}, {100 * more:.0f} %)")
    return f", but for {', '.join(missed)}" if missed else ""


def _reading(result: dict[str, Any]) -> str:
    lines = []
    for threads, rows in result["threads"].items():
        lines += [
            f"With {threads} thread{'s' if threads != '1' else ''}:",
            "",
            f"| | one image, p50 | p99 | images a second by {result['batch']:,} | start to first answer | memory |",
            "| --- | --- | --- | --- | --- | --- |",
        ]
        best = {key: min(row[key] for row in rows.values()) for key in ("p50", "p99", "startup", "memory")}
        fastest = max(row["images_a_second"] for row in rows.values())
        for way, row in rows.items():
            cells = [
                _cell(f"{1000 * row['p50']:.3f} ms", row["p50"] == best["p50"]),
                _cell(f"{1000 * row['p99']:.3f} ms", row["p99"] == best["p99"]),
                _cell(f"{row['images_a_second']:,.0f}", row["images_a_second"] == fastest),
                _cell(f"{row['startup']:.2f} s", row["startup"] == best["startup"]),
                _cell(f"{row['memory'] / 1e6:.0f} MB", row["memory"] == best["memory"]),
            ]
            lines.append(f"| {'our `Classifier`' if way == 'Classifier' else way} | {' | '.join(cells)} |")
        lines.append("")
    versions = result["versions"]
    apart = max(row["differs_from_keras"] for rows in result["threads"].values() for row in rows.values())
    text = wrapped(
        f"""
        The seed network, with the same weights for all; what they answer differs by {apart:.1e} at most. Each is a
        process of its own, and they take turns, {result["rounds"]} rounds. Bold: the first of its column. Our
        `Classifier` is ONNX Runtime with one thread, unless told otherwise, and with at most 64 images at once, which
        stay in the processor's cache from layer to layer: with many images that makes it faster and smaller than ONNX
        Runtime alone. It was to be first or within 10 % of the first everywhere, and is{_behind(result)}. With one
        image all of them read the Dense layer's 2.8 MB once, and what differs is what else they do; LiteRT's library is
        smaller and loads sooner. Times of one image and of 1,000 are of all rounds, the start's of 5.
        Keras {versions["keras"]}, TensorFlow {versions["tensorflow"]}, ONNX Runtime
        {versions["onnxruntime"]}, LiteRT {versions["ai-edge-litert"]}. {_where(result)}.
        """
    )
    return "\n".join([*lines, text])


def _growth(result: dict[str, Any]) -> str:
    lines = [
        "| an epoch of `fast` on | seconds | for 10,000 images | memory | of it, the images |",
        "| --- | --- | --- | --- | --- |",
    ]
    for n, row in result["training"].items():
        lines.append(
            f"| {int(n):,} images | {row['seconds']:.2f} ({row['seconds_min']:.2f} to {row['seconds_max']:.2f}) "
            f"| {1e4 * row['seconds'] / int(n):.2f} s | {row['memory'] / 1e6:.0f} MB | {row['data'] / 1e6:.0f} MB |"
        )
    lines += ["", "| `mnist-cnn read` of | seconds | for a picture | memory |", "| --- | --- | --- | --- |"]
    for n, row in result["reading"].items():
        lines.append(
            f"| {int(n):,} photograph{'s' if n != '1' else ''} | {row['seconds']:.2f} "
            f"| {1000 * row['seconds'] / int(n):.1f} ms | {row['memory'] / 1e6:.0f} MB |"
        )
    times = {row["n"] for rows in (result["training"], result["reading"]) for row in rows.values()}
    text = wrapped(
        f"""
        Time grows in step with the work from 60,000 images and 100 photographs on; below that the start weighs more.
        Memory is that of Keras and TensorFlow, or of OpenCV and ONNX Runtime, and of the images, 784 bytes each, which
        this benchmark streams from their file; `mnist-cnn train --data` has them in memory. 600,000 of them are
        MNIST's and changed copies.
        Medians of {max(times)}, but for the 10,000 photographs, which are read once. {_where(result)}.
        """
    )
    return "\n".join([*lines, "", text])


def wrapped(text: str) -> str:
    """Return text as lines of at most 120 characters."""
    return textwrap.fill(" ".join(text.split()), 120, break_long_words=False, break_on_hyphens=False)


def _cell(text: str, best: bool) -> str:
    return f"**{text}**" if best else text


def _median(speed: dict[str, Any], name: str, key: str) -> float:
    return statistics.median(row[name][key] for row in speed["rounds"])


def _percent(values: dict[str, float]) -> str:
    return f"{100 * values['mean']:.2f} ± {100 * values['sd']:.2f} %"


def _where(result: dict[str, Any]) -> str:
    return f"On {result['machine']['cores']} cores of an {result['machine']['processor']}"


def plot() -> str:
    """docs/pictures/speed.svg: how long a learner waits, and how the cost grows."""
    speed, growth = load("speed"), load("growth")
    with plt.rc_context(STYLE):
        figure, (axes, right) = plt.subplots(1, 2, figsize=(11, 3.4), layout="constrained", width_ratios=(1.3, 1))
        for place, name in enumerate(MEANING):
            taken = [row[name]["seconds"] for row in speed["rounds"]]
            axes.barh(-place, statistics.median(taken), color=INK if name == "fast" else FAINT, height=0.55)
            axes.plot(taken, [-place] * len(taken), "|", color="#222222", markersize=9)
            axes.text(max(taken) + 1.2, -place, f"{statistics.median(taken):.1f} s", va="center", weight="bold")
        axes.set(
            yticks=[0, -1, -2],
            yticklabels=[meaning.replace("`", "").replace(", ", ",\n") for meaning in MEANING.values()],
            xlabel="seconds from start to saved model\n(a stroke for each round, the bar is their median)",
            xlim=(0, 1.15 * max(row["exercise"]["seconds"] for row in speed["rounds"])),
        )
        axes.tick_params(axis="y", length=0)
        for kind, colour, label in (("reading", WARM, "reading photographs"), ("training", INK, "an epoch on images")):
            seconds = [row["seconds"] for row in growth[kind].values()]
            right.loglog([int(n) for n in growth[kind]], seconds, "o-", color=colour, label=label)
        right.set(xlabel="how many", ylabel="seconds")
        right.legend(frameon=False, fontsize=9.5)
        right.grid(alpha=0.25)
        return svg(figure)


def svg(figure: Figure) -> str:
    """The figure as it is stored: the same text whenever and wherever it is made."""
    content = io.StringIO()
    figure.savefig(content, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    plt.close(figure)
    return "\n".join(line.rstrip() for line in content.getvalue().splitlines()) + "\n"
