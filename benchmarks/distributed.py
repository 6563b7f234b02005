"""Does training one network by several processes pay? Milliseconds a step, on one core of a processor and on two.

    python benchmarks/distributed.py              25 minutes; leave the machine idle meanwhile

For some recipes and batches: Keras on TensorFlow, and Keras on JAX, by one process on one core; then JAX by two
processes on two cores, as by two machines of one core each with a network as fast as this machine's memory. Each way is
`mnist-cnn train` in a process of its own; a step's time is the last of three epochs', which has no compiling in it.
Writes benchmarks/results/distributed.json.
"""

import json
import math
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from mnist_cnn.files import replacing
from mnist_cnn.learn.recipes import RECIPES
from mnist_cnn.learn.run import Run
from mnist_cnn.provenance import machine

RESULT = Path(__file__).parent / "results/distributed.json"
CASES = (("seed", 32), ("seed", 1024), ("accurate", 128), ("accurate", 1024))
WAYS = {"tensorflow": (1, ()), "jax": (1, ("--processes", "1")), "jax, 2 processes": (2, ("--processes", "2"))}
STEPS, EPOCHS = 40, 3


def measure(recipe: str, batch: int, cores: int, arguments: tuple[str, ...]) -> float:
    """Seconds a step."""
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
    versions = {name: version(name) for name in ("keras", "tensorflow-cpu", "jax")}
    with replacing(RESULT) as temporary:
        temporary.write_text(json.dumps({"machine": machine(), "versions": versions, "rows": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
