"""Measure the milliseconds per step when one process, or two, train one network.

    python benchmarks/distributed.py              25 minutes; leave the machine idle meanwhile

Each case is a recipe and a batch size. It is trained by Keras on TensorFlow and by Keras on JAX with one process on one
core, then by JAX with two processes on two cores. The last stands for two machines of one core each, with a connection
as fast as this machine's memory. Each way is a separate `mnist-cnn train`. The step time comes from the last of three
epochs, in which nothing is compiled. Writes benchmarks/results/distributed.json.
"""

import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import result_files

from mnist_cnn.learn.recipes import RECIPES
from mnist_cnn.learn.run import Run

RESULT = result_files.FOLDER / "distributed.json"
CASES = (("seed", 32), ("seed", 1024), ("accurate", 128), ("accurate", 1024))
WAYS = {"tensorflow": (1, ()), "jax": (1, ("--processes", "1")), "jax, 2 processes": (2, ("--processes", "2"))}
STEPS, EPOCHS = 40, 3


def measure(recipe: str, batch: int, cores: int, arguments: tuple[str, ...]) -> float:
    """Return the seconds per step of a training on the first `cores` cores."""
    limit = min(STEPS * batch, 20 * 1024)
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        command = ["taskset", "--cpu-list", f"0-{cores - 1}", sys.executable, "-m", "mnist_cnn", "train"]
        command += ["--recipe", recipe, "--batch-size", str(batch), "--limit", str(limit), "--epochs", str(EPOCHS)]
        command += ["--target", "1", "--out", str(run), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return Run.open(run).history()[-1]["seconds"] / math.ceil(limit / batch)


def main() -> None:
    rows: list[dict[str, Any]] = []
    for recipe, batch in CASES:
        assert recipe in RECIPES  # noqa: S101
        row: dict[str, Any] = {"recipe": recipe, "batch": batch}
        for way, (cores, arguments) in WAYS.items():
            row[way] = 1000 * measure(recipe, batch, cores, arguments)
        rows.append(row)
        print(json.dumps(row), flush=True)
    result_files.write(RESULT, result_files.origin("keras", "tensorflow-cpu", "jax") | {"rows": rows})


if __name__ == "__main__":
    main()
