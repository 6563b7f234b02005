"""Does the exercise always work? The seed recipe over n random seeds: when it stops, and what it scores.

    python benchmarks/seeds.py --n 10          a row a seed, then mean and sd; about a minute a seed on 2 cores
    python benchmarks/seeds.py --n 100 --engine ray --address head:6379        on a cluster

Writes benchmarks/results/seeds.json after each seed and goes on from there, so it may be stopped at any time.
Seconds are those of the epochs alone: without start-up, loading and evaluation. Leave the machine idle meanwhile.
"""

import argparse
import dataclasses
import json
import shutil
import statistics
from pathlib import Path

import engines

from mnist_cnn import mnist
from mnist_cnn.errors import RunError
from mnist_cnn.files import replacing
from mnist_cnn.learn import train
from mnist_cnn.learn.evaluate import evaluate
from mnist_cnn.learn.recipes import RECIPES, Recipe
from mnist_cnn.learn.run import Run, start
from mnist_cnn.provenance import TRAINING, machine, versions

RESULTS = Path(__file__).parent / "results"
RUNS = Path(__file__).parents[1] / "runs/seeds"
COLUMNS = ("epochs", "training_accuracy", "test_accuracy", "errors", "seconds")


def trained(recipe: Recipe, seed: int, dataset: mnist.Dataset, folder: Path) -> Run:
    """The run in the folder, trained to its end; begun if there is none. Raises RunError if it is of another recipe."""
    run = Run.open(folder) if (folder / "config.json").exists() else start(recipe, dataset, folder, seed=seed)
    if dataclasses.replace(run.recipe(), summary=recipe.summary) != recipe:
        raise RunError(f"{folder}: expected a run of {recipe.name} as it is now, found one of another; move it away")
    train.fit(run, dataset)
    return run


def measure(recipe: str, seed: int, dataset: mnist.Dataset) -> dict[str, float]:
    run = trained(RECIPES[recipe], seed, dataset, RUNS / f"{recipe}-{seed}")
    score = evaluate(run, dataset).score
    history = run.history()
    return {
        "seed": seed,
        "epochs": len(history),
        "training_accuracy": history[-1]["accuracy"],
        "stopped": run.reached_target(),
        "test_accuracy": score.accuracy,
        "errors": score.errors,
        "seconds": round(sum(epoch["seconds"] for epoch in history), 1),
    }


def spread(values: list[float]) -> dict[str, float | None]:
    """Mean, standard deviation (None for one value), least and most."""
    sd = statistics.stdev(values) if len(values) > 1 else None
    return {"mean": statistics.mean(values), "sd": sd, "min": min(values), "max": max(values)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=10, help="seeds 1 to n (default 10)")
    parser.add_argument("--recipe", choices=RECIPES, default="seed")
    parser.add_argument("--again", action="store_true", help="forget the stored results and begin anew")
    engines.options(parser)
    options = parser.parse_args()
    file = RESULTS / ("seeds.json" if options.recipe == "seed" else f"seeds-{options.recipe}.json")
    if options.again:
        file.unlink(missing_ok=True)
        for folder in RUNS.glob(f"{options.recipe}-*"):
            shutil.rmtree(folder)
    rows = json.loads(file.read_text())["rows"] if file.exists() else []
    missing = sorted(set(range(1, options.n + 1)) - {row["seed"] for row in rows})

    def work(seed: int) -> engines.Row:
        return measure(options.recipe, seed, mnist.load())

    for _, row in engines.each(work, missing, options.engine, options.address, options.cpus):
        rows = sorted([*rows, row], key=lambda row: row["seed"])
        result = {"recipe": options.recipe, "machine": machine(), "versions": versions(*TRAINING)}
        result |= {"n": len(rows), "stopped": sum(row["stopped"] for row in rows)}
        for column in COLUMNS:
            result[column] = spread([row[column] for row in rows])
        with replacing(file) as temporary:
            temporary.write_text(json.dumps(result | {"rows": rows}, indent=2) + "\n")
    print(f"{'seed':>4}" + "".join(f"{column:>20}" for column in COLUMNS))
    for row in rows:
        print(f"{row['seed']:>4}" + "".join(f"{row[column]:>20.5g}" for column in COLUMNS))


if __name__ == "__main__":
    main()
