"""Measure the accuracy of a recipe: train networks with n seeds and score each once on the test images.

    python benchmarks/accuracy.py --recipe tiny --seeds 5              one row per seed, then mean and sd
    python benchmarks/accuracy.py --recipe tiny --seeds 50 --engine ray --address head:6379       on a cluster
    python benchmarks/accuracy.py --recipe ensemble                    the mean of the first five of `accurate`
    python benchmarks/accuracy.py --recipe tiny --seeds 3 --validation     to choose settings: no test image is used

Writes benchmarks/results/accuracy-RECIPE.json after each seed. An interrupted run resumes after its last epoch.
With --validation, it trains on 55,000 images, scores on the other 5,000 and writes nothing.

`seconds` is the time of all epochs. `milliseconds` is the time to classify one image with `Classifier` on one thread.
Runs in runs/accuracy/ that another machine has trained are scored on this machine. To estimate their seconds here, two
epochs are trained, and the faster one is multiplied by the number of epochs. Leave the machine idle meanwhile.
"""

import argparse
import dataclasses
import functools
import statistics
import tempfile
from pathlib import Path
from typing import Any

import cost
import engines
import numpy as np
import result_files
import seeds

from mnist_cnn import mnist
from mnist_cnn.learn import ensemble, train
from mnist_cnn.learn.evaluate import evaluate
from mnist_cnn.learn.model import build, digits
from mnist_cnn.learn.recipes import RECIPES, Recipe
from mnist_cnn.learn.run import Run, start
from mnist_cnn.learn.score import score, score_corrected
from mnist_cnn.provenance import TRAINING, machine
from mnist_cnn.read import Classifier

RESULTS = result_files.FOLDER
RUNS = Path(__file__).parents[1] / "runs/accuracy"
MEMBERS = 5
COLUMNS = ("accuracy", "corrected_accuracy", "errors", "seconds", "milliseconds")


def trained(recipe: Recipe, seed: int, dataset: mnist.Dataset) -> Run:
    """Return the run of a recipe and seed below runs/accuracy/, trained to its end."""
    folder = RUNS / f"{recipe.name}-{seed}{'-validation' if recipe.held_out else ''}"
    return seeds.trained(recipe, seed, dataset, folder)


def single(recipe: Recipe, seed: int, dataset: mnist.Dataset, busy: bool) -> dict[str, Any]:
    """Train and score one network; return its row."""
    run = trained(recipe, seed, dataset)
    found = evaluate(run, dataset)
    assert found.corrected  # noqa: S101
    scored = row(found.score.errors, found.corrected.errors, duration(run, busy), run.path / "model.onnx", dataset)
    return {"seed": seed, "epochs": len(run.history())} | elsewhere([run]) | scored


def ensembled(number: int, dataset: mnist.Dataset, busy: bool) -> dict[str, Any]:
    """Score an ensemble of `accurate` and return its row. Ensemble 1 has the seeds 1 to 5, ensemble 2 has 6 to 10."""
    members = range(MEMBERS * (number - 1) + 1, MEMBERS * number + 1)
    runs = [trained(RECIPES["accurate"], seed, dataset) for seed in members]
    file = RUNS / f"ensemble-{number}.onnx"
    ensemble.write(runs, file)
    probabilities = Classifier(file, threads=2).probabilities(mnist.as_input(dataset.test.images))
    errors = [scorer(probabilities, dataset.test.labels).errors for scorer in (score, score_corrected)]
    known = result_files.load(RESULTS / "accuracy-accurate.json").get("rows", [])
    measured = {row["seed"]: row["seconds"] for row in known}
    seconds = sum(measured.get(seed) or duration(run, busy) for seed, run in zip(members, runs, strict=True))
    scored = row(errors[0], errors[1], seconds, file, dataset)
    return {"seed": number, "members": list(members)} | elsewhere(runs) | scored


def elsewhere(runs: list[Run]) -> dict[str, Any]:
    """Return the other machines that trained the runs, with their versions; empty if this machine trained all."""
    own, found = machine(), {}
    for config in (run.config() for run in runs):
        other = config["machine"]
        if (other["processor"], other["cores"]) != (own["processor"], own["cores"]):
            found[other["processor"]] = config["versions"]
    return {"trained_on": found} if found else {}


def duration(run: Run, busy: bool) -> float:
    """Return the seconds of all epochs of a run.

    busy: the machine had other work, so every epoch counts as long as the fastest.
    """
    seconds = [epoch["seconds"] for epoch in run.history()]
    if elsewhere([run]):
        return len(seconds) * epoch_here(run.config()["recipe"]["name"])
    return len(seconds) * min(seconds) if busy else sum(seconds)


@functools.cache
def epoch_here(name: str) -> float:
    """Train two epochs of a recipe and return the seconds of the faster one."""
    recipe, dataset = dataclasses.replace(RECIPES[name], epochs=2), mnist.load(mnist.FILES)
    with tempfile.TemporaryDirectory() as folder:
        run = start(recipe, dataset, Path(folder) / "run", seed=1)
        train.fit(run, dataset)
        return min(epoch["seconds"] for epoch in run.history())


def row(errors: int, corrected: int, seconds: float, file: Path, dataset: mnist.Dataset) -> dict[str, Any]:
    """Return the columns that all rows have. corrected: errors against the corrected labels."""
    n = len(dataset.test.labels)
    return {
        "errors": errors,
        "accuracy": 1 - errors / n,
        "corrected_accuracy": 1 - corrected / (n - len(mnist.DISPUTED_LABELS)),
        "seconds": round(seconds, 1),
        "milliseconds": milliseconds(file),
        "bytes": file.stat().st_size,
    }


def milliseconds(file: Path) -> float:
    """Return the median time to classify one image, of 300 times."""
    classifier, image = Classifier(file), np.zeros((1, 28, 28, 1), np.float32)
    return 1000 * statistics.median(cost.seconds(lambda: classifier.probabilities(image), 300))


def validated(recipe: Recipe, seed: int, dataset: mnist.Dataset) -> int:
    """Train on 55,000 images and return the number of errors on the other 5,000."""
    run = trained(dataclasses.replace(recipe, held_out=True), seed, dataset)
    _, (images, labels) = mnist.split(dataset.train)
    model = train.fit(run, dataset)
    return score(digits(model, mnist.as_input(images)), labels).errors


def main() -> None:
    options = parse()
    if options.validation:
        dataset = mnist.load(mnist.FILES)
        for seed in range(1, options.seeds + 1):
            print(f"{options.recipe} {seed}: {validated(RECIPES[options.recipe], seed, dataset)} errors of 5,000")
        return
    for known in measure(options):
        print(f"{options.recipe} {known['seed']}: {known['errors']} errors, {known['seconds']:.0f} s")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipe", choices=[*RECIPES, "ensemble"], required=True)
    parser.add_argument("--seeds", type=int, default=1, metavar="N", help="use the seeds 1 to N (default 1)")
    parser.add_argument("--validation", action="store_true", help="score on the 5,000 validation images only")
    parser.add_argument("--again", action="store_true", help="score again; trained runs in runs/accuracy/ are kept")
    busy = "the machine has other work: estimate the training time as the fastest epoch times the number of epochs"
    parser.add_argument("--busy", action="store_true", help=busy)
    engines.options(parser)
    options = parser.parse_args()
    if options.seeds < 1:
        parser.error(f"--seeds: expected at least 1, found {options.seeds}")
    if options.validation and options.recipe == "ensemble":
        parser.error("--validation: expected a recipe, found ensemble, which is not trained itself")
    return options


def measure(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Measure the seeds that have no row yet, store the result after each, and return all rows."""
    joined = options.recipe == "ensemble"
    file = RESULTS / f"accuracy-{options.recipe}.json"
    stored = {} if options.again else result_files.load(file)
    rows: list[dict[str, Any]] = stored.get("rows", [])
    missing = sorted(set(range(1, options.seeds + 1)) - {known["seed"] for known in rows})
    recipe = RECIPES["accurate" if joined else options.recipe]

    def work(seed: int) -> engines.Row:
        dataset = mnist.load(mnist.FILES)
        return ensembled(seed, dataset, options.busy) if joined else single(recipe, seed, dataset, options.busy)

    for _, found in engines.each(work, missing, options.engine, options.address, options.cpus):
        rows = sorted([*rows, found], key=lambda known: known["seed"])
        parameters = build(recipe).count_params() * (MEMBERS if joined else 1)
        result = {"recipe": options.recipe} | result_files.origin(*TRAINING)
        result["busy"] = options.busy or stored.get("busy", False)
        result |= {"n": len(rows), "parameters": parameters, "bytes": rows[-1]["bytes"]}
        result |= {column: result_files.spread([known[column] for known in rows]) for column in COLUMNS}
        result_files.write(file, result | {"rows": rows})
    return rows


if __name__ == "__main__":
    main()
