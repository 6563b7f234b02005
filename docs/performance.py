"""docs/performance.md and its picture, made from benchmarks/results/; `generate.py` writes them."""

import io
import json
import statistics
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt

RESULTS = Path(__file__).parents[1] / "benchmarks/results"
INK, FAINT = "#1f5f8b", "#9db8c9"
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
    test, machine = seeds["test_accuracy"], speed["machine"]
    return (
        f"With the recipe `fast` a learner waits **{wait:.0f} seconds** from typing the command to a saved "
        "network with more "
        f"than 99.5 % training accuracy, {speed['ratio']['median']:.1f} times less than the {exercise:.0f} of the "
        f"exercise's own script: the same network, stopped by the same rule, {seeds['stopped']} of {seeds['n']} seeds "
        f"reach it, {100 * test['mean']:.2f} ± {100 * test['sd']:.2f} % on the test set. (On {machine['cores']} "
        "cores of an "
        f"{machine['processor']}; [how, and how fast it reads](docs/performance.md).)"
    )


def page() -> str:
    """docs/performance.md."""
    speed, reading, roofline = (load(name) for name in ("speed", "reading_speed", "roofline"))
    return f"""# Performance

Made by `python docs/generate.py` from `benchmarks/results/`; not edited by hand. `make bench` measures all of it anew.

![Seconds from start to saved model: the exercise's script, fast by Keras, fast](pictures/speed.svg)

## How long a learner waits

{_waits(speed)}

## Where the time goes

{_roofline(roofline)}

## How fast it reads

{_reading(reading)}
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
    lines += [
        "",
        f"The recipe `fast` takes **{ratio['median']:.1f} times less** than the script ({ratio['min']:.1f} to "
        f"{ratio['max']:.1f}). Medians of {speed['n']} rounds, in which each has its turn (least to most), as "
        "whole processes: start, "
        "imports, data, compiling, training, saving. `mnist-cnn train` then also scores the network and draws "
        "its report. "
        f"The very first start after installation takes {first['seconds']:.1f} s, since numba compiles the "
        "kernel then, and "
        f"TensorFlow comes from the disk. {_where(speed)}{without}.",
    ]
    return "\n".join(lines)


def _roofline(result: dict[str, Any]) -> str:
    lines = ["| part of `fast` | seconds | operations a second |", "| --- | --- | --- |"]
    lines.append(f"| importing Keras and TensorFlow | {result['imports']:.2f} | |")
    for name, row in result["parts"].items():
        rate = row["operations"] / row["seconds"] / 1e9 if "operations" in row else None
        lines.append(f"| {name} | {row['seconds']:.2f} | {f'{rate:.0f} × 10⁹' if rate else ''} |")
    dense, total = (
        result["parts"]["Dense layers"],
        result["imports"] + sum(r["seconds"] for r in result["parts"].values()),
    )
    share = dense["operations"] / dense["seconds"] / result["peak"]
    all_of_it = 3 * 60_000 * (6 * 5408 * 128 + 3 * 2 * 9 * 26 * 26 * 32 * 2 / 3) / result["peak"]
    lines += [
        "",
        f"{result['threads']} threads multiply matrices at {result['peak'] / 1e9:.0f} × 10⁹ operations a second "
        "at best. Three "
        f"epochs with every gradient would be {all_of_it:.1f} s at that rate; the kernel does not compute the "
        "gradients of "
        f"the images it is sure of, and has {dense['operations'] / 1e9:.0f} × 10⁹ operations left in the Dense "
        "layers, nearly all "
        f"of them forward, which it does at {100 * share:.0f} % of that rate. Convolution and pooling skip the "
        "blank patches, which "
        "is why they seem as fast as they do. Adam goes over 25 MB in each step and waits for memory. So what "
        "is left to "
        f"gain is not in the arithmetic: of the {total:.1f} s, {result['imports']:.1f} s are the import of "
        "Keras and TensorFlow, which "
        "build the model, run the callback and save it. Medians of "
        f"{result['n']} trainings; the clocks themselves take some of it.",
    ]
    return "\n".join(lines)


def _reading(result: dict[str, Any]) -> str:
    lines = []
    for threads, rows in result["threads"].items():
        lines += [
            f"With {threads} thread{'s' if threads != '1' else ''}:",
            "",
            f"| | one image, p50 | p99 | images a second, {result['batch']:,} at once | start to first answer |",
            "| --- | --- | --- | --- | --- |",
        ]
        best = {key: min(row[key] for row in rows.values()) for key in ("p50", "p99", "startup")}
        fastest = max(row["images_a_second"] for row in rows.values())
        for way, row in rows.items():
            cells = [
                _cell(f"{1000 * row['p50']:.3f} ms", row["p50"] == best["p50"]),
                _cell(f"{1000 * row['p99']:.3f} ms", row["p99"] == best["p99"]),
                _cell(f"{row['images_a_second']:,.0f}", row["images_a_second"] == fastest),
                _cell(f"{row['startup']:.2f} s", row["startup"] == best["startup"]),
            ]
            lines.append(f"| {'our `Classifier`' if way == 'Classifier' else way} | {' | '.join(cells)} |")
        lines.append("")
    versions = result["versions"]
    lines.append(
        f"The seed network, the same weights for all, which differ by less than "
        f"{max(row['differs_from_keras'] for rows in result['threads'].values() for row in rows.values()):.0e} in what "
        f"they answer. Each is a process of its own; they take turns, {result['rounds']} rounds. Bold: the "
        "first of its column. "
        f"Keras {versions['keras']}, TensorFlow {versions['tensorflow']}, ONNX Runtime "
        f"{versions['onnxruntime']}, LiteRT "
        f"{versions['ai-edge-litert']}. {_where(result)}."
    )
    return "\n".join(lines)


def _cell(text: str, best: bool) -> str:
    return f"**{text}**" if best else text


def _median(speed: dict[str, Any], name: str, key: str) -> float:
    return statistics.median(row[name][key] for row in speed["rounds"])


def _where(result: dict[str, Any]) -> str:
    return f"On {result['machine']['cores']} cores of an {result['machine']['processor']}"


def plot() -> str:
    """docs/pictures/speed.svg: how long a learner waits."""
    speed = load("speed")
    style: Any = {"svg.hashsalt": "mnist-cnn", "svg.fonttype": "none", "font.size": 11}
    with plt.rc_context(style | {"axes.spines.top": False, "axes.spines.right": False}):
        figure, axes = plt.subplots(figsize=(8, 2.9), layout="constrained")
        for place, name in enumerate(MEANING):
            taken = [row[name]["seconds"] for row in speed["rounds"]]
            axes.barh(-place, statistics.median(taken), color=INK if name == "fast" else FAINT, height=0.55)
            axes.plot(taken, [-place] * len(taken), "|", color="#222222", markersize=9)
            axes.text(max(taken) + 1.2, -place, f"{statistics.median(taken):.1f} s", va="center", weight="bold")
        axes.set(
            yticks=[0, -1, -2],
            yticklabels=[meaning.replace("`", "").replace(", ", ",\n") for meaning in MEANING.values()],
            xlabel="seconds from start to saved model (each round a stroke, the bar their median)",
            xlim=(0, 1.15 * max(row["exercise"]["seconds"] for row in speed["rounds"])),
        )
        axes.tick_params(axis="y", length=0)
        content = io.StringIO()
        figure.savefig(content, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
        plt.close(figure)
    return "\n".join(line.rstrip() for line in content.getvalue().splitlines()) + "\n"
