"""Compare the time to a saved model: the plain Keras script `exercise.py` and `mnist-cnn train --recipe fast`.

    python benchmarks/speed.py --pairs 5      about two minutes per pair on 2 cores

They alternate as whole processes, together with the recipe `fast` trained by Keras without the kernel. `seconds` is
from the start of the process to the saved model, with imports, data, compiling and training. `to_the_end` also has the
score and the report. `first_start` is the first start after installation, when Numba compiles.

If scikit-learn is installed, Keras imports it, which takes 0.7 s more. Training does not need it. So the stored result
is from an environment with the extra `train` only: run `pip install '.[train]'` and use that Python.
Writes benchmarks/results/speed.json. Leave the machine idle meanwhile.
"""

import argparse
import importlib.util
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import result_files

from mnist_cnn.provenance import TRAINING

HERE = Path(__file__).parent
RESULT = result_files.FOLDER / "speed.json"
NAMES = ("exercise", "fast, by Keras", "fast")
TRAIN = "from mnist_cnn.cli import main; main()"


def command(name: str, seed: int, folder: Path) -> tuple[list[str], Path]:
    """Return the command to run and the model file that it writes."""
    if name == "exercise":
        file = folder / "model.keras"
        return [sys.executable, str(HERE / "exercise.py"), str(seed), str(file)], file
    code = "import sys; sys.modules['numba'] = None; " + TRAIN if "Keras" in name else TRAIN
    run = folder / "run"
    arguments = ["train", "--recipe", "fast", "--seed", str(seed), "--out", str(run)]
    return [sys.executable, "-c", code, *arguments], run / "model.keras"


def measure(name: str, seed: int, **variables: str) -> dict[str, Any]:
    """Run one training; return its seconds to the saved model and to its end, and the facts of its last epoch."""
    with tempfile.TemporaryDirectory() as folder:
        line, model = command(name, seed, Path(folder))
        began = time.time()
        done = subprocess.run(line, env=os.environ | variables, capture_output=True, text=True, check=True)
        ended = time.time()
        accuracies = re.findall(r"- accuracy: ([\d.]+)", done.stdout)
        return {
            "seconds": round(model.stat().st_mtime - began, 2),
            "to_the_end": round(ended - began, 2),
            "epochs": len(accuracies),
            "training_accuracy": float(accuracies[-1]),
            "stopped": "training stops" in done.stdout,
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--pairs",
        type=int,
        default=5,
        metavar="N",
        help="number of rounds, each with one run of every kind (default 5)",
    )
    parser.add_argument(
        "--out", type=Path, default=RESULT, metavar="FILE", help="result file (default benchmarks/results/speed.json)"
    )
    options = parser.parse_args()
    pairs: int = options.pairs
    if pairs < 1:
        parser.error(f"--pairs: expected at least 1, found {pairs}")
    with tempfile.TemporaryDirectory() as cache:
        first = measure("fast", 0, NUMBA_CACHE_DIR=cache)  # this also reads TensorFlow's files from the disk once
    measure("fast", 0)
    rounds = []
    for seed in range(1, pairs + 1):
        rounds.append({name: measure(name, seed) for name in NAMES})
        row = rounds[-1]
        print(f"{seed}: " + ", ".join(f"{name} {row[name]['seconds']} s" for name in NAMES), flush=True)
    ratios = [row["exercise"]["seconds"] / row["fast"]["seconds"] for row in rounds]
    result = {
        **result_files.origin(*TRAINING),
        "scikit_learn": importlib.util.find_spec("sklearn") is not None,
        "n": pairs,
        "first_start": first,
        "ratio": {"median": statistics.median(ratios), "min": min(ratios), "max": max(ratios)},
        "rounds": rounds,
    }
    result_files.write(options.out, result)
    low, middle, high = min(ratios), statistics.median(ratios), max(ratios)
    print(f"fast is {middle:.1f} times faster to the saved model ({low:.1f} to {high:.1f}).")


if __name__ == "__main__":
    main()
