"""Where do the seconds of `fast` go, and how far are they from what the processor can do?

    python benchmarks/roofline.py        half a minute; writes benchmarks/results/roofline.json

A training with a clock around each of the kernel's parts, beside the rate of a large matrix product of NumPy's, which
is as fast as this processor multiplies. Seconds of the threads are divided by their number. Leave the machine idle.
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

import keras
import numba
import numpy as np

from mnist_cnn import mnist
from mnist_cnn.files import replacing
from mnist_cnn.learn import kernel, train
from mnist_cnn.learn.recipes import FAST
from mnist_cnn.learn.run import start
from mnist_cnn.provenance import TRAINING, machine, versions

RESULT = Path(__file__).parent / "results" / "roofline.json"
CONVOLUTION = 2 * 9 * 26 * 26 * 32  # floating-point operations for an image, if blank patches are not skipped
TIMES = 5


class Clock:
    """Seconds and operations of some functions, over all threads."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.operations: Counter[str] = Counter()
        self._lock = threading.Lock()

    def around(self, name: str, function: Callable, operations: Callable[..., int] = lambda *_: 0) -> Callable:
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
    """Operations a second of a matrix product that has all it could wish for."""
    a = np.random.default_rng(0).random((2048, 2048), np.float32)
    out = np.empty_like(a)
    np.matmul(a, a, out=out)
    taken = []
    for _ in range(10):
        began = time.perf_counter()
        np.matmul(a, a, out=out)
        taken.append(time.perf_counter() - began)
    return 2 * 2048**3 / statistics.median(taken)


def parts(dataset: mnist.Dataset, seed: int) -> dict[str, dict[str, float]]:
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


def imports() -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import keras"], check=True, capture_output=True)
    return time.perf_counter() - began


def main() -> None:
    dataset = mnist.load()
    parts(dataset, 0)
    measured = [parts(dataset, seed) for seed in range(1, TIMES + 1)]
    rows = {
        name: {key: statistics.median(each[name][key] for each in measured) for key in row}
        for name, row in measured[0].items()
    }
    result = {
        "machine": machine(),
        "versions": versions(*TRAINING),
        "n": TIMES,
        "threads": numba.get_num_threads(),
        "peak": peak(),
        "imports": statistics.median(imports() for _ in range(TIMES)),
        "parts": rows,
    }
    with replacing(RESULT) as temporary:
        temporary.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    keras.config.disable_interactive_logging()
    main()
