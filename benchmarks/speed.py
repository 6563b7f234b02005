"""How long does a learner wait? The exercise's script and `mnist-cnn train --recipe fast`, in turns, whole processes.

    python benchmarks/speed.py --pairs 5      about two minutes a pair on 2 cores; writes benchmarks/results/speed.json

Seconds are from the start of the process to the saved model: imports, data, compiling and training are in them. Beside
them the same recipe trained by Keras, for what the kernel gives and what the schedule gives; the first start after
installation, when numba compiles; and the whole command, with score and report. Leave the machine idle meanwhile.

Keras imports scikit-learn where it is installed, which takes it 0.7 s more; who trains has no need of it, so the stored
result is of an environment with the extra `train` alone: pip install '.[train]', and its python for this script.
"""

import argparse
import importlib.util
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from mnist_cnn.files import replacing
from mnist_cnn.provenance import TRAINING, machine, versions

HERE = Path(__file__).parent
RESULT = HERE / "results" / "speed.json"
NAMES = ("exercise", "fast, by Keras", "fast")
TRAIN = "from mnist_cnn.cli import main; main()"


def command(name: str, seed: int, folder: Path) -> tuple[list[str], Path]:
    """What to start, and the model it will write."""
    if name == "exercise":
        file = folder / "model.keras"
        return [sys.executable, str(HERE / "exercise.py"), str(seed), str(file)], file
    code = "import sys; sys.modules['numba'] = None; " + TRAIN if "Keras" in name else TRAIN
    run = folder / "run"
    arguments = ["train", "--recipe", "fast", "--seed", str(seed), "--out", str(run)]
    return [sys.executable, "-c", code, *arguments], run / "model.keras"


def measure(name: str, seed: int, **variables: str) -> dict[str, Any]:
    """Start it, wait for its end, and look when the model was there."""
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
    parser.add_argument("--pairs", type=int, default=5, help="rounds, in each of which all have their turn (default 5)")
    parser.add_argument("--out", type=Path, default=RESULT, help="the result's file (default benchmarks/results/)")
    options = parser.parse_args()
    pairs: int = options.pairs
    if pairs < 1:
        parser.error(f"--pairs: expected at least 1, found {pairs}")
    with tempfile.TemporaryDirectory() as cache:
        first = measure("fast", 0, NUMBA_CACHE_DIR=cache)  # also brings TensorFlow's files into memory
    measure("fast", 0)
    rounds = []
    for seed in range(1, pairs + 1):
        rounds.append({name: measure(name, seed) for name in NAMES})
        row = rounds[-1]
        print(f"{seed}: " + ", ".join(f"{name} {row[name]['seconds']} s" for name in NAMES), flush=True)
    ratios = [row["exercise"]["seconds"] / row["fast"]["seconds"] for row in rounds]
    result = {
        "machine": machine(),
        "versions": versions(*TRAINING),
        "scikit_learn": importlib.util.find_spec("sklearn") is not None,
        "n": pairs,
        "first_start": first,
        "ratio": {"median": statistics.median(ratios), "min": min(ratios), "max": max(ratios)},
        "rounds": rounds,
    }
    with replacing(options.out) as temporary:
        temporary.write_text(json.dumps(result, indent=2) + "\n")
    low, middle, high = min(ratios), statistics.median(ratios), max(ratios)
    print(f"From its start to the saved model, fast takes {middle:.1f} times less ({low:.1f} to {high:.1f}).")


if __name__ == "__main__":
    main()
