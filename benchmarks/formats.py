"""Compare the formats of the model: size, load time, latency and errors of Keras, ONNX, ONNX in int8 and LiteRT.

    python benchmarks/formats.py RUN      RUN: a run of the recipe `handwriting`; writes benchmarks/results/formats.json

All formats use one thread. The load time is the median of 10 loads of the file, after its library was imported. The
latency is that of one image: the median of 1,000, in five rounds in which the formats alternate. Errors are those on
MNIST's test images. Two more times show the whole reader: `read_image` on a photograph of 12 megapixels, and
`mnist-cnn read` from its start to its end.
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
import result_files
import tensorflow as tf
from cost import seconds
from reading_speed import Classify, litert

from mnist_cnn import mnist
from mnist_cnn.learn import export
from mnist_cnn.learn.evaluate import load
from mnist_cnn.learn.model import digits
from mnist_cnn.learn.run import Run
from mnist_cnn.provenance import READING
from mnist_cnn.read import Classifier, read_image

RESULT = result_files.FOLDER / "formats.json"


def by_keras(file: Path) -> Classify:
    """Return a function that classifies images by a Keras model; a single image without `predict`, which is slower."""
    model = keras.saving.load_model(file)
    return lambda images: digits(model, images) if len(images) > 1 else np.asarray(model(images))[:, :10]


def by_onnx(file: Path) -> Classify:
    return Classifier(file).probabilities


def reading() -> dict[str, Any]:
    """Return the median seconds, of 9 times, to read a photograph, and of the command on the README's page.

    The photograph has 4,000 x 3,000 pixels and five digits.
    """
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
    parser.add_argument("run", type=Path, metavar="RUN", help="folder of a run of the recipe `handwriting`")
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
        **result_files.origin(*READING, "keras"),
        "model": hashlib.sha256((run.path / "model.onnx").read_bytes()).hexdigest(),
        "n": len(labels),
        "forms": rows,
        "reading": reading(),
    }
    result_files.write(RESULT, result)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
