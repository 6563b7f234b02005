"""Measure the robustness of a network, and of the whole reader, to corruption: MNIST's test images under MNIST-C.

    python benchmarks/corruptions.py                                  the shipped model, then the reader: some minutes
    python benchmarks/corruptions.py seed=runs/a/model.onnx tiny=runs/b/model.onnx       other models beside it
    python benchmarks/corruptions.py --only reading                   the reader only
    python benchmarks/corruptions.py --picture corruptions.png        draw one image per corruption and digit

The corruptions are in mnist_c.py. Nothing is trained on them or chosen by them.

`models` are networks that classify each of the 10,000 images. `reading` is `read_image`, which gets the corrupted
28 x 28 image as a picture, so it has to find the ink and bring it to MNIST's form. It gets the first 1,000 images under
the 15 corruptions of MNIST-C. A picture is right if its only digit is read right.
Writes benchmarks/results/corruptions.json. Rows that are not measured are kept.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import result_files
from mnist_c import CORRUPTIONS, LONGER_LIST, SIDE, corrupt
from PIL import Image, ImageDraw

from mnist_cnn import mnist
from mnist_cnn.errors import ImageError
from mnist_cnn.provenance import READING
from mnist_cnn.read import Classifier, read_image

RESULT = result_files.FOLDER / "corruptions.json"
READ = 1000
"""The reader gets this number of images per corruption, the first ones."""


def picture() -> Image.Image:
    """Return a sheet with the first image of each digit: a row of clean images, and one row per corruption."""
    test = mnist.load(mnist.FILES).test
    first = np.array([int(np.flatnonzero(test.labels == digit)[0]) for digit in range(10)])
    names, size = ["clean", *CORRUPTIONS], 2 * SIDE + 4
    sheet = Image.new("L", (150 + 10 * size, len(names) * size), 255)
    pen = ImageDraw.Draw(sheet)
    for row, name in enumerate(names):
        images = test.images[first] if name == "clean" else corrupt(name, test.images[: first.max() + 1])[first]
        pen.text((8, row * size + size / 2), name, 0, anchor="lm", font_size=16)
        for column, image in enumerate(images):
            tile = Image.fromarray(image).resize((2 * SIDE, 2 * SIDE), Image.Resampling.NEAREST)
            sheet.paste(tile, (150 + column * size, row * size + 2))
    return sheet


def classify(classifiers: dict[str, Classifier], images: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    """Return by model the share of errors: `clean`, `errors` by corruption, and the `mean` of these."""

    def errors(corrupted: np.ndarray) -> dict[str, float]:
        given = mnist.as_input(corrupted)
        found = {name: each.probabilities(given).argmax(axis=1) for name, each in classifiers.items()}
        return {name: int((digits != labels).sum()) / len(labels) for name, digits in found.items()}

    clean = errors(images)
    rows = {}
    for name in CORRUPTIONS:
        rows[name] = errors(corrupt(name, images))
        print(
            f"{name:<14}" + "".join(f"   {model} {100 * share:5.2f} %" for model, share in rows[name].items()),
            flush=True,
        )
    models = {}
    for name in classifiers:
        shares = {corruption: row[name] for corruption, row in rows.items()}
        mean = sum(shares.values()) / len(shares)
        models[name] = {"clean": clean[name], "mean": mean, "errors": shares}
        print(f"{name}: {100 * clean[name]:.2f} % errors on clean images, {100 * mean:.2f} % on average when corrupted")
    return models


def read(images: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    """Return the same for ``read_image``, and the shares accepted, and accepted but wrong, by corruption."""
    rows = {"clean": _reading(images, labels)}
    for name in CORRUPTIONS:
        if name not in LONGER_LIST:
            rows[name] = _reading(corrupt(name, images), labels)
            print(f"{name:<14}   read_image {100 * rows[name][0]:5.2f} %", flush=True)
    clean, names = rows["clean"], [name for name in rows if name != "clean"]
    mean = sum(rows[name][0] for name in names) / len(names)
    print(f"read_image: {100 * clean[0]:.2f} % errors on clean images, {100 * mean:.2f} % on average when corrupted")
    return {
        "n": len(labels),
        "clean": clean[0],
        "mean": mean,
        "errors": {name: rows[name][0] for name in names},
        "accepted": {name: row[1] for name, row in rows.items()},
        "accepted_wrong": {name: row[2] for name, row in rows.items()},
    }


def _reading(images: np.ndarray, labels: np.ndarray) -> tuple[float, float, float]:
    """Return the shares of images that are wrong, accepted, and accepted but wrong. A rejected picture is wrong."""
    wrong = accepted = accepted_wrong = 0
    for image, label in zip(images, labels.tolist(), strict=True):
        try:
            reading = read_image(image)
        except ImageError:
            wrong += 1
            continue
        missed = reading.number != str(label)
        wrong += missed
        accepted += reading.accepted
        accepted_wrong += missed and reading.accepted
    return wrong / len(labels), accepted / len(labels), accepted_wrong / len(labels)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "models", nargs="*", metavar="NAME=MODEL.onnx", help="models to measure beside `handwriting`, the shipped model"
    )
    parser.add_argument("--only", choices=("models", "reading"), help="measure this part only")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="draw the corrupted images instead")
    options = parser.parse_args()
    if options.picture:
        picture().save(options.picture)
        return
    if wrong := [text for text in options.models if "=" not in text]:
        parser.error(f"expected NAME=MODEL.onnx, found {wrong[0]}")
    images, labels = mnist.load(mnist.FILES).test
    result, origin = result_files.load(RESULT), result_files.origin(*READING)
    if options.only != "reading":
        files = {"handwriting": None} | dict(text.split("=", 1) for text in options.models)
        classifiers = {name: Classifier(file, threads=2) for name, file in files.items()}
        models = result.get("models", {}) | classify(classifiers, images, labels)
        result = result | origin | {"n": len(labels), "models": models}
    if options.only != "models":
        result["reading"] = origin | result_files.reader_commit() | read(images[:READ], labels[:READ])
    result_files.write(RESULT, result)


if __name__ == "__main__":
    main()
