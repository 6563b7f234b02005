"""docs/accuracy.md and its pictures, made from benchmarks/results/; `generate.py` writes them."""

import statistics
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from performance import INK, RESULTS, STYLE, WARM, load, svg, wrapped

from mnist_cnn import mnist
from mnist_cnn.learn import leaderboard


def page() -> str:
    """docs/accuracy.md."""
    results = leaderboard.read(RESULTS)
    return f"""# Accuracy, honestly

Made by `python docs/generate.py` from `benchmarks/results/`; not edited by hand. `mnist-cnn leaderboard` prints the
table.

{table(results)}

![Test accuracy by number of parameters, a stroke for each network, on a logarithmic scale](pictures/accuracy.svg)

## What stands behind a number

- A row is n networks that differ in their seed alone, the seeds from 1 on, none left out: their mean ± their standard
  deviation. Each was trained on all 60,000 training images and scored on the 10,000 test images **once**, after its
  last epoch, by the one scorer (`learn/evaluate.py`), which counts errors as integers. No epoch, seed or setting was
  chosen by such a score. Nothing in training can see a test image: a test takes them away and trains every recipe
  without. One choice did know test scores: several networks have borne the name `accurate`, each fixed before it was
  scored, and one more was scored and did not get it, since it was no better. [LOG.md](../LOG.md) has the scores of all.
- Settings were chosen by training on 55,000 images and scoring on the other 5,000
  (`python benchmarks/accuracy.py --recipe tiny --validation`): the last ones, nearly all by other writers, since MNIST
  is in the order of its writers (a split at random would share them). Those of `accurate` were chosen by
  cross-validation among the 60,000: trained on two thirds, scored on the other, each third a stretch of neighbours.
  [LOG.md](../LOG.md) has what was tried, failures included.
- Even so, 10,000 images leave room for chance: at 99.7 % it moves a score by 0.05 points (one standard deviation),
  whatever the network. Two recipes that lie closer than that may be equally good.
- Circulating claims of 99.87 and 99.91 % were the best of many epochs, networks or ensembles **on the test set**.
  Whoever does that reports luck as well.

## Rerun it

```bash
make train ARGS='--recipe tiny'                                              # one network, its score, its report
.venv/bin/python benchmarks/accuracy.py --recipe tiny --seeds 5 --again      # the row; its runs stay in runs/accuracy/
```

{_rerun(results)}

## Test labels that are wrong

People who were asked again did not agree with 15 of the 10,000 test labels (Northcutt et al. 2021, "Pervasive Label
Errors in Test Sets"). The column "labels corrected" counts ten of them as what most people saw, and leaves out five on
which they did not agree.

![The 15 images, each with its label and what people saw](pictures/disputed.svg)
{_robustness()}"""


def table(results: list[dict[str, Any]]) -> str:
    """The leaderboard and where it was made."""
    machines = {f"{r['machine']['cores']} cores of an {r['machine']['processor']}" for r in results}
    versions = results[0]["versions"]
    text = f"""
        n: how many networks, which differ in their seed, were trained and scored once each on MNIST's test images. Test
        accuracy, errors of 10,000 and labels corrected are their mean ± their standard deviation; training is the
        median of what their epochs took on {" and on ".join(sorted(machines))}, with Keras {versions["keras"]} on
        TensorFlow {versions["tensorflow"]}; one image is read by ONNX Runtime on one thread.{_elsewhere(results)}
        """
    return f"{leaderboard.table(results)}\n\n{wrapped(text)}"


def _elsewhere(results: list[dict[str, Any]]) -> str:
    """A sentence on those that another machine trained; empty if there are none."""
    found: dict[tuple[str, str], dict[str, None]] = {}
    for result in results:
        for row in result["rows"]:
            for machine, versions in row.get("trained_on", {}).items():
                found.setdefault((machine, versions["jax"]), {})[f"`{result['recipe']}`"] = None
    return "".join(
        f" But {' and '.join(names)} learnt on an {machine}, with JAX {jax}; the time given for them is an estimate: "
        "two epochs were run on the machine above, and the faster stands for each."
        for (machine, jax), names in found.items()
    )


def _rerun(results: list[dict[str, Any]]) -> str:
    tiny = next(result for result in results if result["recipe"] == "tiny")
    minutes = statistics.median(row["seconds"] for row in tiny["rows"]) / 60
    low, high = (tiny["errors"]["mean"] + sign * 2 * tiny["errors"]["sd"] for sign in (-1, 1))
    return wrapped(
        f"""
        A network of the recipe `tiny` takes {minutes:.0f} minutes on 2 cores. Of those here, the best made
        {tiny["errors"]["min"]} errors and the worst {tiny["errors"]["max"]}; two standard deviations around their mean
        are {low:.0f} to {high:.0f} errors, where nearly every other should lie.
        """
    )


def _robustness() -> str:
    if not (RESULTS / "corruptions.json").exists():
        return ""
    models = load("corruptions")["models"]
    kinds = list(next(iter(models.values()))["errors"])

    def row(name: str, values: list[float], digits: int, mark: str = "") -> str:
        return f"| {name} | " + " | ".join(f"{mark}{100 * value:.{digits}f} %{mark}" for value in values) + " |"

    lines = [
        "",
        "## When the pictures are spoilt",
        "",
        "| | " + " | ".join(f"`{name}`" for name in models) + " |",
        "| --- |" + " --- |" * len(models),
        row("as they are", [model["clean"] for model in models.values()], 2),
        *(row(kind, [model["errors"][kind] for model in models.values()], 1) for kind in kinds),
        row(f"**mean of the {len(kinds)}**", [model["mean"] for model in models.values()], 1, "**"),
    ]
    text = """
        Errors on the 10,000 test images under the corruptions of Mu & Gilmer 2019, "MNIST-C", made anew from their
        definitions by `benchmarks/corruptions.py`, of one network each, that of seed 1; `handwriting` is the network in
        this package, which `mnist-cnn read` uses. Nothing was trained on them or chosen by them.
        """
    return "\n".join([*lines, "", wrapped(text), ""])


def plot() -> str:
    """docs/pictures/accuracy.svg: every network's test accuracy, by its parameters."""
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(8, 4.2), layout="constrained")
        for result in leaderboard.read(RESULTS):
            accuracies = [100 * row["accuracy"] for row in result["rows"]]
            axes.semilogx(
                [result["parameters"]] * len(accuracies), accuracies, "_", color=INK, markersize=14, alpha=0.6
            )
            axes.semilogx(result["parameters"], np.mean(accuracies), "o", color=WARM, markersize=6)
            axes.annotate(
                f"{result['recipe']}  {np.mean(accuracies):.2f}",
                (result["parameters"], np.mean(accuracies)),
                (12, 0),
                textcoords="offset points",
                va="center",
            )
        low, high = axes.get_xlim()
        axes.set(xlabel="parameters", ylabel="test accuracy (%)", xlim=(low, high * 4))
        axes.grid(alpha=0.25, axis="y")
        return svg(figure)


def disputed() -> str:
    """docs/pictures/disputed.svg: the test images whose labels people did not agree with."""
    test = mnist.load(mnist.FILES).test
    shown = sorted({**dict.fromkeys(mnist.DISPUTED_LABELS, "no agreement"), **mnist.CORRECTED_LABELS})
    with plt.rc_context(STYLE):
        figure, places = plt.subplots(3, 5, figsize=(8, 6), layout="constrained")
        for index, axes in zip(shown, places.flat, strict=True):
            axes.imshow(test.images[index], cmap="gray_r", interpolation="nearest")
            axes.set(xticks=[], yticks=[])
            people = f"people: {mnist.CORRECTED_LABELS[index]}" if index in mnist.CORRECTED_LABELS else "people differ"
            axes.set_title(f"label {test.labels[index]}, {people}", fontsize=9.5)
            axes.set_xlabel(f"number {index:,}", fontsize=8, color="#666666")
        return svg(figure)
