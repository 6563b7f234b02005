"""Profile the recipe `fast`: the seconds of each part of its kernel, compared with the processor's peak rate.

    python benchmarks/roofline.py        half a minute; writes benchmarks/results/roofline.json

The peak rate is that of a large matrix product by NumPy. The seconds of parts that several threads run are divided by
the number of threads. Leave the machine idle meanwhile.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cost
import keras
import numba
import numpy as np
import result_files

from mnist_cnn import mnist
from mnist_cnn.learn import kernel, train
from mnist_cnn.learn.recipes import FAST
from mnist_cnn.learn.run import start
from mnist_cnn.provenance import TRAINING

RESULT = result_files.FOLDER / "roofline.json"
CONVOLUTION = 2 * 9 * 26 * 26 * 32  # floating-point operations per image, if blank patches are not skipped
TIMES = 5


class Clock:
    """The seconds and operations of some functions, summed over all threads."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.operations: Counter[str] = Counter()
        self._lock = threading.Lock()

    def around(self, name: str, function: Callable, operations: Callable[..., int] = lambda *_: 0) -> Callable:
        """Return the function with a clock around it. operations: their number for the function's arguments."""

        def timed(*arguments: Any, **named: Any) -> Any:
            began = time.perf_counter()
            result = function(*arguments, **named)
            taken = time.perf_counter() - began
            with self._lock:
                self.seconds[name] += taken
                self.operations[name] += operations(*arguments)
            return result

        return timed


class Numpy:
    """NumPy, with a clock around its matrix products."""

    def __init__(self, clock: Clock) -> None:
        self.matmul = clock.around("Dense layers", np.matmul, lambda a, b: 2 * a.shape[0] * a.shape[1] * b.shape[1])

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)


def peak() -> float:
    """Return the operations per second of a large matrix product whose arrays are allocated already."""
    a = np.random.default_rng(0).random((2048, 2048), np.float32)
    out = np.empty_like(a)
    np.matmul(a, a, out=out)
    return 2 * 2048**3 / statistics.median(cost.seconds(lambda: np.matmul(a, a, out=out), 10))


def parts(dataset: mnist.Dataset, seed: int) -> dict[str, dict[str, float]]:
    """Train a network and return the seconds, and where they are known the operations, of each part."""
    clock, threads = Clock(), min(numba.get_num_threads(), kernel.SIDE)
    conv = "convolution and pooling"
    clocked = {
        "np": Numpy(clock),
        "_convolve": clock.around(conv, kernel._convolve, lambda images, *_: len(images) * CONVOLUTION),
        "_learn_row": clock.around(conv, kernel._learn_row),
        "_adam": clock.around("Adam", kernel._adam, lambda weights, *_: 12 * len(weights)),
    }
    originals = {name: getattr(kernel, name) for name in clocked}
    for name, function in clocked.items():
        setattr(kernel, name, function)
    try:
        with tempfile.TemporaryDirectory() as folder:
            run = start(FAST, dataset, Path(folder, "run"), seed=seed)
            began = time.perf_counter()
            train.fit(run, dataset)
            whole = time.perf_counter() - began
            epochs = sum(epoch["seconds"] for epoch in run.history())
    finally:
        for name, original in originals.items():
            setattr(kernel, name, original)
    rows = {
        name: {"seconds": clock.seconds[name] / threads, "operations": clock.operations[name]}
        for name in ("Dense layers", "convolution and pooling", "Adam")
    }
    rows["the rest of the epochs"] = {"seconds": epochs - sum(row["seconds"] for row in rows.values())}
    rows["around the epochs: numba, files"] = {"seconds": whole - epochs}
    return rows


def import_keras() -> None:
    """Import Keras in a fresh process."""
    subprocess.run([sys.executable, "-c", "import keras"], check=True, capture_output=True)


def main() -> None:
    dataset = mnist.load()
    parts(dataset, 0)  # warm-up
    measured = [parts(dataset, seed) for seed in range(1, TIMES + 1)]
    rows = {
        name: {key: statistics.median(each[name][key] for each in measured) for key in row}
        for name, row in measured[0].items()
    }
    result = {
        **result_files.origin(*TRAINING),
        "n": TIMES,
        "threads": numba.get_num_threads(),
        "peak": peak(),
        "imports": statistics.median(cost.seconds(import_keras, TIMES)),
        "parts": rows,
    }
    result_files.write(RESULT, result)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    keras.config.disable_interactive_logging()
    main()
