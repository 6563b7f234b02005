"""Measure how time and memory grow: training on 10,000, 60,000 and 600,000 images, reading 1, 100 and 10,000 pictures.

    python benchmarks/growth.py        about ten minutes; writes benchmarks/results/growth.json

Training is one epoch of the recipe `fast`. The 600,000 images are MNIST's and nine augmented copies of each; they are
made before the measurement and streamed from a file. Reading is the whole process `mnist-cnn read FOLDER --csv` on
photographs of one digit, of which 100 are different. Memory is the peak of the process, with the pages of the image
file that are in memory. Leave the machine idle meanwhile.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import photographs
import result_files
from cost import peak_memory

from mnist_cnn import mnist

RESULT = result_files.FOLDER / "growth.json"
IMAGES, PICTURES, TIMES = (10_000, 60_000, 600_000), (1, 100, 10_000), 3


def copies(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return n images, uint8 (n, 28, 28), and their labels: MNIST's training images, then augmented copies."""
    from mnist_cnn.learn import augment

    digits, rng = mnist.load().train, np.random.default_rng(0)
    order = np.arange(n) % len(digits.labels)
    images = np.empty((n, 28, 28), np.uint8)
    for i, source in enumerate(order):
        image, label = digits.images[source], int(digits.labels[source])
        images[i] = image if i < len(digits.labels) else np.rint(255 * augment.digit(image, label, rng))
    return images, digits.labels[order]


def train(n: int, folder: Path) -> None:
    """Train one epoch on the first n images and print its cost; run this in a separate process."""
    import keras

    from mnist_cnn.learn import kernel
    from mnist_cnn.learn.model import build
    from mnist_cnn.learn.recipes import FAST
    from mnist_cnn.learn.train import rates

    images = np.memmap(folder / "images", np.uint8, "r", shape=(n, 28, 28))
    digits = mnist.Digits(images, np.fromfile(folder / "labels", np.uint8, n))
    keras.utils.set_random_seed(0)
    model = build(FAST)
    kernel.Network(model, 256).learn(images[:256], digits.labels[:256], 0.0)  # numba loads its compiled functions
    steps = rates(FAST, -(-n // FAST.batch_size))[:1]
    began = time.perf_counter()
    kernel.fit(model, digits, FAST.batch_size, steps, keras.callbacks.CallbackList([], model=model))
    taken = time.perf_counter() - began
    print(json.dumps({"seconds": taken, "memory": peak_memory(), "data": images.nbytes}))


def read(n: int, photographs: list[bytes]) -> dict[str, float]:
    """Read n pictures by `mnist-cnn read` and return its seconds and its peak memory in bytes."""
    code = (
        "import sys; from mnist_cnn.cli import main\n"
        "try: main()\n"
        "finally: sys.path.insert(0, {!r}); import cost; print(cost.peak_memory(), file=sys.stderr)"
    )
    with tempfile.TemporaryDirectory() as folder:
        for i in range(n):
            Path(folder, f"{i:05}.jpg").write_bytes(photographs[i % len(photographs)])
        began = time.perf_counter()
        command = [sys.executable, "-c", code.format(str(Path(__file__).parent)), "read", folder, "--csv"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return {"seconds": time.perf_counter() - began, "memory": int(done.stderr.splitlines()[-1])}


def row(measured: list[dict[str, float]]) -> dict[str, Any]:
    """Return the median of each measured value, and the minimum and maximum of the seconds."""
    taken = [each["seconds"] for each in measured]
    medians = {name: statistics.median(each[name] for each in measured) for name in measured[0]}
    return medians | {"n": len(measured), "seconds_min": min(taken), "seconds_max": max(taken)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--child", nargs=2, metavar=("N", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        train(int(options.child[0]), Path(options.child[1]))
        return
    training: dict[int, list[dict[str, float]]] = {n: [] for n in IMAGES}
    with tempfile.TemporaryDirectory() as folder:
        images, labels = copies(IMAGES[-1])
        images.tofile(Path(folder, "images"))
        labels.astype(np.uint8).tofile(Path(folder, "labels"))
        del images, labels
        for _ in range(TIMES):
            for n in IMAGES:
                command = [sys.executable, __file__, "--child", str(n), folder]
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                training[n].append(json.loads(done.stdout.splitlines()[-1]))
                print(n, training[n][-1], flush=True)
    reading: dict[int, list[dict[str, float]]] = {n: [] for n in PICTURES}
    digits, rng = mnist.load().test.images, np.random.default_rng(0)
    shots = [cv2.imencode(".jpg", photographs.photograph(digits[i : i + 1], rng)[..., ::-1])[1] for i in range(100)]
    for again in range(TIMES):
        for n in PICTURES:
            if n < PICTURES[-1] or not again:  # the largest number is read once
                reading[n].append(read(n, [shot.tobytes() for shot in shots]))
                print(n, reading[n][-1], flush=True)
    result = {
        **result_files.origin("keras", "numba", "numpy", "onnxruntime"),
        "training": {str(n): row(measured) for n, measured in training.items()},
        "reading": {str(n): row(measured) for n, measured in reading.items()},
    }
    result_files.write(RESULT, result)


if __name__ == "__main__":
    main()
