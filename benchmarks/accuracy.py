"""How accurate is a recipe, honestly? Its networks of n seeds, each scored once on the test images.

    python benchmarks/accuracy.py --recipe tiny --seeds 5              a row a seed, then mean and sd
    python benchmarks/accuracy.py --recipe tiny --seeds 50 --engine ray --address head:6379       on a cluster
    python benchmarks/accuracy.py --recipe ensemble                    the mean of the first five of `accurate`
    python benchmarks/accuracy.py --recipe tiny --seeds 3 --validation     to choose settings: no test image is used

Writes benchmarks/results/accuracy-RECIPE.json after each seed and goes on from there, within a seed from its last
epoch, so it may be stopped at any time. With --validation it trains on 55,000 images, scores on the other 5,000 and
writes nothing. Seconds are those of the epochs; milliseconds those of reading one image, `Classifier`, one thread.
A run in runs/accuracy/ that another machine has trained is scored here, and its seconds are what it would take here:
two epochs are trained for that, and the faster is multiplied, so leave this one idle meanwhile.
"""

import argparse
import dataclasses
import functools
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import engines
import numpy as np
import seeds

from mnist_cnn import mnist
from mnist_cnn.files import replacing
from mnist_cnn.learn import ensemble, train
from mnist_cnn.learn.evaluate import evaluate
from mnist_cnn.learn.model import build, digits
from mnist_cnn.learn.recipes import RECIPES, Recipe
from mnist_cnn.learn.run import Run, start
from mnist_cnn.learn.score import score, score_corrected
from mnist_cnn.provenance import TRAINING, machine, versions
from mnist_cnn.read import Classifier

RESULTS = Path(__file__).parent / "results"
RUNS = Path(__file__).parents[1] / "runs/accuracy"
MEMBERS = 5
COLUMNS = ("accuracy", "corrected_accuracy", "errors", "seconds", "milliseconds")


busy = False
"""Whether the machine does other things meanwhile: then only its fastest epoch tells how long an epoch takes."""


def trained(recipe: Recipe, seed: int, dataset: mnist.Dataset) -> Run:
    folder = RUNS / f"{recipe.name}-{seed}{'-validation' if recipe.held_out else ''}"
    return seeds.trained(recipe, seed, dataset, folder)


def single(recipe: Recipe, seed: int, dataset: mnist.Dataset) -> dict[str, Any]:
    run = trained(recipe, seed, dataset)
    found = evaluate(run, dataset)
    assert found.corrected  # noqa: S101
    scored = row(found.score.errors, found.corrected.errors, duration(run), run.path / "model.onnx", dataset)
    return {"seed": seed, "epochs": len(run.history())} | elsewhere([run]) | scored


def ensembled(number: int, dataset: mnist.Dataset) -> dict[str, Any]:
    """The ensemble of the seeds 1 to 5 of `accurate`, of 6 to 10, and so on."""
    members = range(MEMBERS * (number - 1) + 1, MEMBERS * number + 1)
    runs = [trained(RECIPES["accurate"], seed, dataset) for seed in members]
    file = RUNS / f"ensemble-{number}.onnx"
    ensemble.write(runs, file)
    probabilities = Classifier(file, threads=2).probabilities(mnist.as_input(dataset.test.images))
    errors = [of(probabilities, dataset.test.labels).errors for of in (score, score_corrected)]
    known = RESULTS / "accuracy-accurate.json"
    rows = {row["seed"]: row["seconds"] for row in json.loads(known.read_text())["rows"]} if known.exists() else {}
    seconds = sum(rows.get(seed) or duration(run) for seed, run in zip(members, runs, strict=True))
    scored = row(errors[0], errors[1], seconds, file, dataset)
    return {"seed": number, "members": list(members)} | elsewhere(runs) | scored


def elsewhere(runs: list[Run]) -> dict[str, Any]:
    """On which other machines they were trained, if on others, and by which versions."""
    own, found = machine(), {}
    for config in (run.config() for run in runs):
        its = config["machine"]
        if (its["processor"], its["cores"]) != (own["processor"], own["cores"]):
            found[its["processor"]] = config["versions"]
    return {"trained_on": found} if found else {}


def duration(run: Run) -> float:
    """Seconds that all of its epochs took; for a run of another machine, and on a busy one: times its fastest here."""
    seconds = [epoch["seconds"] for epoch in run.history()]
    if elsewhere([run]):
        return len(seconds) * epoch_here(run.config()["recipe"]["name"])
    return len(seconds) * min(seconds) if busy else sum(seconds)


@functools.cache
def epoch_here(name: str) -> float:
    """Seconds of the faster of the recipe's first two epochs."""
    recipe, dataset = dataclasses.replace(RECIPES[name], epochs=2), mnist.load(mnist.FILES)
    with tempfile.TemporaryDirectory() as folder:
        run = start(recipe, dataset, Path(folder) / "run", seed=1)
        train.fit(run, dataset)
        return min(epoch["seconds"] for epoch in run.history())


def row(errors: int, corrected: int, seconds: float, file: Path, dataset: mnist.Dataset) -> dict[str, Any]:
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
    """The median of reading one image, 300 times."""
    classifier, image = Classifier(file), np.zeros((1, 28, 28, 1), np.float32)
    taken = []
    for _ in range(300):
        began = time.perf_counter()
        classifier.probabilities(image)
        taken.append(time.perf_counter() - began)
    return 1000 * statistics.median(taken)


def validated(recipe: Recipe, seed: int, dataset: mnist.Dataset) -> int:
    """Errors of 5,000, by a network that learnt from the other 55,000."""
    run = trained(dataclasses.replace(recipe, held_out=True), seed, dataset)
    _, (images, labels) = mnist.split(dataset.train)
    model = train.fit(run, dataset)
    return score(digits(model, mnist.as_input(images)), labels).errors


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipe", choices=[*RECIPES, "ensemble"], required=True)
    parser.add_argument("--seeds", type=int, default=1, metavar="N", help="seeds 1 to N (default 1)")
    parser.add_argument("--validation", action="store_true", help="score on the 5,000 validation images only")
    parser.add_argument("--again", action="store_true", help="score anew; what is trained in runs/accuracy/ stays")
    parser.add_argument(
        "--busy",
        action="store_true",
        help="this machine has other work: a training's seconds are its fastest epoch's, times the number of epochs",
    )
    engines.options(parser)
    options = parser.parse_args()
    if options.seeds < 1:
        parser.error(f"--seeds: expected at least 1, found {options.seeds}")
    if options.validation and options.recipe == "ensemble":
        parser.error("--validation is for the recipes: an ensemble learns nothing of its own")
    global busy
    busy = options.busy
    if options.validation:
        dataset = mnist.load(mnist.FILES)
        for seed in range(1, options.seeds + 1):
            print(f"{options.recipe} {seed}: {validated(RECIPES[options.recipe], seed, dataset)} errors of 5,000")
        return
    file = RESULTS / f"accuracy-{options.recipe}.json"
    stored = json.loads(file.read_text()) if file.exists() and not options.again else {"rows": []}
    rows = stored["rows"]
    missing = sorted(set(range(1, options.seeds + 1)) - {known["seed"] for known in rows})
    recipe = RECIPES["accurate" if options.recipe == "ensemble" else options.recipe]

    def work(seed: int) -> engines.Row:
        dataset = mnist.load(mnist.FILES)
        return ensembled(seed, dataset) if options.recipe == "ensemble" else single(recipe, seed, dataset)

    for _, found in engines.each(work, missing, options.engine, options.address, options.cpus):
        rows = sorted([*rows, found], key=lambda known: known["seed"])
        parameters = build(recipe).count_params() * (MEMBERS if options.recipe == "ensemble" else 1)
        result = {"recipe": options.recipe, "machine": machine(), "versions": versions(*TRAINING)}
        result["busy"] = busy or stored.get("busy", False)
        result |= {"n": len(rows), "parameters": parameters, "bytes": rows[-1]["bytes"]}
        for column in COLUMNS:
            result[column] = seeds.spread([known[column] for known in rows])
        with replacing(file) as temporary:
            temporary.write_text(json.dumps(result | {"rows": rows}, indent=2) + "\n")
    for known in rows:
        print(f"{options.recipe} {known['seed']}: {known['errors']} errors, {known['seconds']:.0f} s")


if __name__ == "__main__":
    main()
