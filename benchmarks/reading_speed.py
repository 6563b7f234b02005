"""Compare ways to run a trained network: `Classifier`, ONNX Runtime, LiteRT, TensorFlow and Keras.

    python benchmarks/reading_speed.py        some minutes; writes benchmarks/results/reading_speed.json

The recipe `fast` trains one network first, and all ways use its weights. Each way has a process of its own. The
processes stay alive and alternate: in each round one of them works while the others wait. The start-up time is that
from the start of the process to its first answer. Memory is the peak of the process. Leave the machine idle meanwhile.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import cost
import numpy as np

# Each way imports its packages itself, since their import is part of its start-up time.

RESULT = Path(__file__).parent / "results" / "reading_speed.json"
Classify = Callable[[np.ndarray], np.ndarray]
"""float32 (n, 28, 28, 1) -> float32 (n, 10)."""
ROUNDS, ONES, MANY = 8, 200, 3
"""Rounds, and per round the number of single images and of batches."""
BATCH = 1000


def by_classifier(folder: Path, threads: int) -> Classify:
    from mnist_cnn.read.classifier import Classifier

    return Classifier(folder / "model.onnx", threads=threads).probabilities


def by_onnxruntime(folder: Path, threads: int) -> Classify:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(folder / "model.onnx", options, providers=["CPUExecutionProvider"])
    return lambda images: session.run(None, {"image": images})[0]


def by_litert(folder: Path, threads: int) -> Classify:
    return litert(folder / "model.tflite", threads)


def litert(file: Path, threads: int = 1) -> Classify:
    """Return a function that classifies images by a LiteRT file."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(file), num_threads=threads)
    (given,), (returned,) = interpreter.get_input_details(), interpreter.get_output_details()
    shape: tuple[int, ...] = ()

    def read(images: np.ndarray) -> np.ndarray:
        nonlocal shape
        if images.shape != shape:
            shape = images.shape
            interpreter.resize_tensor_input(given["index"], shape)
            interpreter.allocate_tensors()
        interpreter.set_tensor(given["index"], images)
        interpreter.invoke()
        return interpreter.get_tensor(returned["index"])

    return read


def by_keras(folder: Path, threads: int) -> Classify:
    import keras
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    model = keras.saving.load_model(folder / "model.keras")
    return lambda images: model.predict(images, batch_size=BATCH, verbose=0)


def by_function(folder: Path, threads: int, jit_compile: bool = False) -> Classify:
    import keras
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    model = keras.saving.load_model(folder / "model.keras")
    signature = [tf.TensorSpec((None, 28, 28, 1))]
    function = tf.function(lambda images: model(images), input_signature=signature, jit_compile=jit_compile)
    return lambda images: function(images).numpy()


def by_xla(folder: Path, threads: int) -> Classify:
    return by_function(folder, threads, jit_compile=True)


WAYS = {
    "Classifier": by_classifier,
    "ONNX Runtime": by_onnxruntime,
    "LiteRT": by_litert,
    "tf.function": by_function,
    "tf.function, XLA": by_xla,
    "keras predict": by_keras,
}


class Child:
    """A process that classifies images in one of these ways; it waits between its rounds."""

    def __init__(self, way: str, threads: int, folder: Path) -> None:
        began = time.perf_counter()
        command = [sys.executable, __file__, "--child", way, str(threads), str(folder)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self.answer = self._line()
        self.startup = time.perf_counter() - began

    def round(self) -> dict[str, Any]:
        """Run one round; return the seconds of single images and of batches, and the memory in bytes."""
        assert self._process.stdin  # noqa: S101
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return self._line()

    def end(self) -> None:
        """Close the standard input, which ends the process, and wait for it."""
        self._process.communicate()

    def _line(self) -> Any:
        assert self._process.stdout  # noqa: S101
        return json.loads(self._process.stdout.readline())


def child(way: str, threads: int, folder: Path) -> None:
    """Print the answer for one image, then a round for each line on standard input; run this in a separate process."""
    images = np.load(folder / "images.npy")
    read = WAYS[way](folder, threads)
    print(json.dumps(read(images[:1])[0].tolist()), flush=True)
    for size in (1, BATCH):  # the first calls are slower
        read(images[:size])
    for _ in sys.stdin:
        ones, many = cost.seconds(partial(read, images[:1]), ONES), cost.seconds(partial(read, images), MANY)
        print(json.dumps({"ones": ones, "many": many, "memory": cost.peak_memory()}), flush=True)


def prepare(folder: Path) -> None:
    """Train a network and write it in every format, and a batch of images."""
    from mnist_cnn import mnist
    from mnist_cnn.learn import export, train
    from mnist_cnn.learn.recipes import FAST
    from mnist_cnn.learn.run import start

    dataset = mnist.load()
    model = train.fit(start(FAST, dataset, folder), dataset)
    export.litert(model, folder / "model.tflite")
    np.save(folder / "images.npy", mnist.as_input(dataset.test.images[:BATCH]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--child", nargs=3, metavar=("WAY", "THREADS", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        way, threads, folder = options.child
        child(way, int(threads), Path(folder))
        return
    import result_files

    from mnist_cnn.provenance import TRAINING

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "run")
        prepare(folder)
        rows = [measure(folder, threads) for threads in (1, 2)]
    result = result_files.origin(*TRAINING, "onnxruntime", "ai-edge-litert")
    result |= {"rounds": ROUNDS, "batch": BATCH, "threads": dict(zip(("1", "2"), rows, strict=True))}
    result_files.write(RESULT, result)
    print(json.dumps(result, indent=2))


def measure(folder: Path, threads: int) -> dict[str, Any]:
    """Return a row per way: medians in seconds, and the 99th percentile of one image."""
    startups: dict[str, list[float]] = {way: [] for way in WAYS}
    for again in range(6):
        for way in WAYS:
            process = Child(way, threads, folder)
            process.end()
            if again:  # the first start reads the files from the disk
                startups[way].append(process.startup)
    children = {way: Child(way, threads, folder) for way in WAYS}
    reference = np.array(children["keras predict"].answer)
    rounds: dict[str, list[dict[str, Any]]] = {way: [] for way in WAYS}
    for _ in range(ROUNDS):
        for way, process in children.items():
            rounds[way].append(process.round())
    for process in children.values():
        process.end()
    rows = {}
    for way, found in rounds.items():
        ones, many = ([value for row in found for value in row[name]] for name in ("ones", "many"))
        rows[way] = {
            "p50": statistics.median(ones),
            "p99": float(np.quantile(ones, 0.99)),
            "images_a_second": BATCH / statistics.median(many),
            "startup": statistics.median(startups[way]),
            "startup_max": max(startups[way]),
            "memory": found[-1]["memory"],
            "differs_from_keras": float(np.abs(np.array(children[way].answer) - reference).max()),
        }
    return rows


if __name__ == "__main__":
    main()
