"""Train a recipe with n random seeds: the epochs until the target is reached, and the score.

    python benchmarks/seeds.py --n 10          one row per seed, then mean and sd; about a minute per seed on 2 cores
    python benchmarks/seeds.py --n 100 --engine ray --address head:6379        on a cluster

Writes benchmarks/results/seeds.json after each seed, so an interrupted run resumes. Seconds are those of the epochs,
without start-up, loading and evaluation. Leave the machine idle meanwhile.
"""

import argparse
import dataclasses
import shutil
from pathlib import Path

import engines
import result_files

from mnist_cnn import mnist
from mnist_cnn.errors import RunError
from mnist_cnn.learn import train
from mnist_cnn.learn.evaluate import evaluate
from mnist_cnn.learn.recipes import RECIPES, Recipe
from mnist_cnn.learn.run import Run, start
from mnist_cnn.provenance import TRAINING

RUNS = Path(__file__).parents[1] / "runs/seeds"
COLUMNS = ("epochs", "training_accuracy", "test_accuracy", "errors", "seconds")


def trained(recipe: Recipe, seed: int, dataset: mnist.Dataset, folder: Path) -> Run:
    """Return the run in the folder, trained to its end; a new run is started if the folder has none.

    Raises RunError if the folder has a run of another recipe.
    """
    run = Run.open(folder) if (folder / "config.json").exists() else start(recipe, dataset, folder, seed=seed)
    if dataclasses.replace(run.recipe(), summary=recipe.summary) != recipe:
        raise RunError(f"{folder}: expected a run of the current recipe {recipe.name}, found another; move it away")
    train.fit(run, dataset)
    return run


def measure(recipe: str, seed: int, dataset: mnist.Dataset) -> dict[str, float]:
    """Train and score one network; return its row."""
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=10, metavar="N", help="use the seeds 1 to N (default 10)")
    parser.add_argument("--recipe", choices=RECIPES, default="seed")
    parser.add_argument("--again", action="store_true", help="delete the stored results and runs, and train again")
    engines.options(parser)
    options = parser.parse_args()
    file = result_files.FOLDER / ("seeds.json" if options.recipe == "seed" else f"seeds-{options.recipe}.json")
    if options.again:
        file.unlink(missing_ok=True)
        for folder in RUNS.glob(f"{options.recipe}-*"):
            shutil.rmtree(folder)
    rows: list[engines.Row] = result_files.load(file).get("rows", [])
    missing = sorted(set(range(1, options.n + 1)) - {row["seed"] for row in rows})

    def work(seed: int) -> engines.Row:
        return measure(options.recipe, seed, mnist.load())

    for _, row in engines.each(work, missing, options.engine, options.address, options.cpus):
        rows = sorted([*rows, row], key=lambda row: row["seed"])
        result = {"recipe": options.recipe} | result_files.origin(*TRAINING)
        result |= {"n": len(rows), "stopped": sum(row["stopped"] for row in rows)}
        result |= {column: result_files.spread([row[column] for row in rows]) for column in COLUMNS}
        result_files.write(file, result | {"rows": rows})
    print(f"{'seed':>4}" + "".join(f"{column:>20}" for column in COLUMNS))
    for row in rows:
        print(f"{row['seed']:>4}" + "".join(f"{row[column]:>20.5g}" for column in COLUMNS))


if __name__ == "__main__":
    main()
