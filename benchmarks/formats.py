"""What does each form of the model weigh, load and take? Keras, ONNX, its int8 form and LiteRT, side by side.

    python benchmarks/formats.py RUN      a run of the recipe handwriting; writes benchmarks/results/formats.json

Loading is that of the file alone, in a process that has imported the library already, the median of 10; latency is of
one image, the median of 1,000 in five rounds that take turns; all on one thread. Errors are of MNIST's test images.
And what reading takes with it: a photograph of 12 megapixels, and the command from its start to its answer.
"""

import argparse
import hashlib
import json
import statistics
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np
import photographs
import tensorflow as tf
from reading_speed import Read, litert, seconds

from mnist_cnn import mnist
from mnist_cnn.files import replacing
from mnist_cnn.learn import export
from mnist_cnn.learn.evaluate import load
from mnist_cnn.learn.model import digits
from mnist_cnn.learn.run import Run
from mnist_cnn.provenance import READING, machine, versions
from mnist_cnn.read import Classifier, read_image

RESULT = Path(__file__).parent / "results" / "formats.json"


def by_keras(file: Path) -> Read:
    model = keras.saving.load_model(file)
    return lambda images: digits(model, images) if len(images) > 1 else np.asarray(model(images))[:, :10]


def by_onnx(file: Path) -> Read:
    return Classifier(file).probabilities


def reading() -> dict[str, Any]:
    """Medians of 9: a photograph of 4,000 x 3,000 pixels with five digits, and the command on README's page."""
    images = mnist.load().test.images[:5]
    photograph = cv2.resize(photographs.photograph(images, np.random.default_rng(0)), (4000, 3000))
    content = cv2.imencode(".jpg", photograph[..., ::-1])[1].tobytes()
    classifier = Classifier()
    read_image(content, classifier=classifier)
    page = Path(__file__).parents[1] / "docs/pictures/page.jpg"
    command = [sys.executable, "-m", "mnist_cnn", "read", str(page)]
    return {
        "photograph_seconds": statistics.median(seconds(partial(read_image, content, classifier=classifier), 9)),
        "command_seconds": statistics.median(
            seconds(partial(subprocess.run, command, check=True, capture_output=True), 9)
        ),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, metavar="RUN")
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    run = Run.open(parser.parse_args().run)
    images, labels = mnist.load().test
    images = mnist.as_input(images)
    with tempfile.TemporaryDirectory() as folder:
        onnx, int8, tflite = (Path(folder, name) for name in ("model.onnx", "int8.onnx", "model.tflite"))
        model = load(run)
        export.write(run, model, onnx)
        export.int8(onnx, int8)
        export.litert(model, tflite)
        forms = {
            "Keras": (run.model, by_keras),
            "ONNX": (onnx, by_onnx),
            "ONNX, int8": (int8, by_onnx),
            "LiteRT": (tflite, litert),
        }
        readers = {name: reader(file) for name, (file, reader) in forms.items()}
        expected = readers["Keras"](images)
        rows: dict[str, dict[str, Any]] = {}
        for name, (file, reader) in forms.items():
            found = readers[name](images)
            rows[name] = {
                "bytes": file.stat().st_size,
                "load_seconds": statistics.median(seconds(partial(reader, file), 10)),
                "errors": int((found.argmax(axis=1) != labels).sum()),
                "other_digits_than_keras": int((found.argmax(axis=1) != expected.argmax(axis=1)).sum()),
                "largest_difference_to_keras": float(np.abs(found - expected).max()),
            }
        taken: dict[str, list[float]] = {name: [] for name in forms}
        for _ in range(5):
            for name, read in readers.items():
                read(images[:1])
                taken[name] += seconds(partial(read, images[:1]), 200)
        for name, values in taken.items():
            rows[name] |= {"seconds": statistics.median(values), "seconds_p99": float(np.quantile(values, 0.99))}
    result = {
        "machine": machine(),
        "versions": versions(*READING, "keras"),
        "model": hashlib.sha256((run.path / "model.onnx").read_bytes()).hexdigest(),
        "n": len(labels),
        "forms": rows,
        "reading": reading(),
    }
    with replacing(RESULT) as temporary:
        temporary.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
