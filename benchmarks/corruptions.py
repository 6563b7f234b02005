"""How robust is a network, and the whole reader, to corrupted digits? MNIST's test images under 17 corruptions.

    python benchmarks/corruptions.py                                  the shipped model, then the reader: some minutes
    python benchmarks/corruptions.py seed=runs/a/model.onnx tiny=runs/b/model.onnx       other models beside it
    python benchmarks/corruptions.py --only reading                   the reader alone
    python benchmarks/corruptions.py --picture corruptions.png        draw one image per corruption and digit

The corruptions are the 15 of Mu & Gilmer 2019, "MNIST-C: A Robustness Benchmark for Computer Vision" (1906.02337), and
two of its longer list (blur, contrast), written anew; most go back to Hendrycks & Dietterich 2019. The severities are
the published ones. Four details differ. Shear keeps the height (theirs shrinks it by 1 - cos 0.4). Motion blur moves by
whole pixels. The zigzag lacks its last half tooth. Canny is OpenCV's. Each image has a random generator of its own.
So the errors are near those on the published files, not the same. Nothing is trained on them or chosen by them.

`models` are networks that see each of the 10,000 images as it is. `reading` is `read_image`, which gets the corrupted
28 x 28 image as a picture: it has to find the ink, and bring it to MNIST's form. It gets the first 1,000 images under
the 15 corruptions of MNIST-C. A picture is right if its only digit is read right.
Results go to benchmarks/results/corruptions.json. What is not measured keeps its numbers.
"""

import argparse
import importlib.metadata
import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import peers
from PIL import Image, ImageDraw

from mnist_cnn import mnist
from mnist_cnn.errors import ImageError
from mnist_cnn.files import replacing
from mnist_cnn.provenance import machine
from mnist_cnn.read import Classifier, read_image

RESULT = Path(__file__).parent / "results" / "corruptions.json"
SIDE = 28
READ = 1000
"""How many images per corruption the reader gets: the first ones."""
LONGER_LIST = ("blur", "contrast")
"""The corruptions that are not among the 15 of MNIST-C."""
Corruption = Callable[[np.ndarray, np.random.Generator], np.ndarray]
"""float32 (28, 28), 0 to 1 -> the same; ``corrupt`` clips values that leave that range."""


def shot_noise(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A sensor that counts few photons: Poisson noise, 3 for white."""
    return rng.poisson(image * 3) / 3


def impulse_noise(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Dead and stuck pixels: 17 %, half of them black, half white (severity 4)."""
    chance = rng.random(image.shape)
    return np.where(chance < 0.085, 0.0, np.where(chance < 0.17, 1.0, image))


def blur(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Out of focus: a Gaussian of 2 pixels. Of the longer list, not of MNIST-C itself."""
    return cv2.GaussianBlur(image, (0, 0), 2.0)


def glass_blur(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Through frosted glass: a little blur, pixels that change places with the one above, left or both, twice; blur."""
    pixels = cv2.GaussianBlur(image, (0, 0), 0.7).ravel().tolist()  # a list: single pixels are slow in an array
    places = np.arange(SIDE * SIDE).reshape(SIDE, SIDE)[27:1:-1, 27:1:-1].ravel()
    for _ in range(2):
        far = rng.integers(0, 2, (3, len(places)))  # half of them stay; rows and columns
        for one, other in zip(places.tolist(), (places - far[0] * (SIDE * far[1] + far[2])).tolist(), strict=True):
            pixels[one], pixels[other] = pixels[other], pixels[one]
    return cv2.GaussianBlur(np.array(pixels, np.float32).reshape(SIDE, SIDE), (0, 0), 0.7)


def motion_blur(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A camera that moved: half a Gaussian of 3 pixels, to one side, at up to 45 degrees."""
    angle, steps = np.deg2rad(rng.uniform(-45, 45)), np.arange(21)
    kernel = np.zeros((41, 41), np.float32)
    rows, columns = np.rint(20 + steps * [[np.sin(angle)], [np.cos(angle)]]).astype(int)
    np.add.at(kernel, (rows, columns), np.exp(-(steps**2) / 18))
    return cv2.filter2D(image, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REPLICATE)


def shear(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Leaning by 0.4 pixels a row, to either side."""
    return _affine(image, np.array([[1, 0.4 * rng.choice((-1, 1))], [0, 1]]))


def scale(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Written at 70 % of the size."""
    return _affine(image, np.eye(2) / 0.7)


def rotate(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Turned by 0.4 radians, 23 degrees, to either side."""
    sin, cos = np.sin(0.4) * rng.choice((-1, 1)), np.cos(0.4)
    return _affine(image, np.array([[cos, -sin], [sin, cos]]))


def translate(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Moved by 3 pixels along each axis, to either side."""
    return _affine(image, np.eye(2), rng.choice((-3, 3), 2))


def brightness(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Too much light: all of it 0.5 brighter."""
    return image + 0.5


def contrast(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Washed out: 10 % of the contrast, around the mean. Of the longer list, not of MNIST-C itself."""
    return 0.1 * (image - image.mean()) + image.mean()


def stripe(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The left and the right quarter inverted."""
    return np.where(abs(np.arange(SIDE) - 13.5) > 7, 1 - image, image)


def fog(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Clouds in front, three times as thick as the ink: a corner of a plasma fractal."""
    return (image + 3 * _plasma(rng)[:SIDE, :SIDE]) * image.max() / (image.max() + 3)


def spatter(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Splashes of dark grey mud: where smooth noise is high."""
    noise = cv2.GaussianBlur(rng.normal(0.65, 0.3, image.shape), (0, 0), 1.0)
    mud = cv2.GaussianBlur((noise > 0.65).astype(np.float32), (0, 0), 1.5)
    mud[mud < 0.8] = 0
    return image * (1 - mud) + mud * 63 / 255


def dotted_line(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A line from edge to edge, two columns on, two off."""
    line = _line((0, int(rng.integers(27))), (27, int(rng.integers(27))))
    return image + np.where(np.arange(SIDE) // 2 % 2, line, 0)


def zigzag(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A jagged line across, 2 pixels to either side every 4."""
    start = rng.integers(27)
    slope = np.arctan(rng.integers(-5, 5) / 23)
    along = np.append(0, np.arange(2, 23 / np.cos(slope), 4))
    aside = np.append(0, np.resize((2, -2), len(along) - 1))
    columns = 2 + along * np.cos(slope) - aside * np.sin(slope)
    rows = start + along * np.sin(slope) + aside * np.cos(slope)
    corners = list(zip(columns, rows, strict=True))
    return image + sum(_line(one, other) for one, other in itertools.pairwise(corners))


def canny_edges(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The outline alone (Canny 1986): sigma 1, thresholds of 0.1 and 0.2 on Sobel's sums."""
    smooth = cv2.GaussianBlur(image, (0, 0), 1.0) * 255
    slopes = [cv2.Sobel(smooth, cv2.CV_32F, *axes, borderType=cv2.BORDER_REPLICATE) for axes in ((1, 0), (0, 1))]
    dx, dy = (np.rint(slope).astype(np.int16) for slope in slopes)
    return cv2.Canny(dx, dy, 0.1 * 255, 0.2 * 255, L2gradient=True) / 255


CORRUPTIONS: dict[str, Corruption] = {
    function.__name__.replace("_", " "): function
    for function in (
        *(shot_noise, impulse_noise, blur, glass_blur, motion_blur, shear, scale, rotate, translate),
        *(brightness, contrast, stripe, fog, spatter, dotted_line, zigzag, canny_edges),
    )
}


def corrupt(name: str, images: np.ndarray) -> np.ndarray:
    """uint8 (n, 28, 28) -> uint8 (n, 28, 28); an image's corruption depends on its place alone."""
    number, out = list(CORRUPTIONS).index(name), np.empty_like(images)
    for i, image in enumerate(images):
        corrupted = CORRUPTIONS[name](image.astype(np.float32) / 255, np.random.default_rng((number, i)))
        out[i] = np.rint(255 * np.clip(corrupted, 0, 1))
    return out


def _affine(image: np.ndarray, matrix: np.ndarray, move: np.ndarray | tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
    """Each place gets the value from matrix @ place - move, relative to the centre."""
    middle = np.full(2, (SIDE - 1) / 2)
    full = np.hstack([matrix, (middle - matrix @ middle - move)[:, None]])
    return cv2.warpAffine(image, full, (SIDE, SIDE), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)


def _line(start: tuple[float, float], end: tuple[float, float]) -> np.ndarray:
    """Between two (column, row): 1 on it, and log(1 - d / 2.3) + 1 at d rows from it."""
    columns, rows = np.arange(SIDE), np.arange(SIDE)[:, None]
    at = start[1] + (end[1] - start[1]) / (end[0] - start[0]) * (columns - start[0])
    ink = np.log(np.maximum(1 - abs(rows - at) / 2.3, 1e-9)) + 1
    return np.where((columns >= np.floor(start[0])) & (columns < np.ceil(end[0])), np.clip(ink, 0, 1), 0)


def _plasma(rng: np.random.Generator, side: int = 256) -> np.ndarray:
    """Diamond-square clouds (Fournier et al. 1982) on a torus, 0 to 1, each finer step 1.4 times as low."""
    cloud, step, height = np.zeros((side, side)), side, 1.0

    def wobbling(four: np.ndarray) -> np.ndarray:
        return four / 4 + height * rng.uniform(-1, 1, four.shape)

    while step > 1:
        half = step // 2
        corners = cloud[::step, ::step]
        pairs = corners + np.roll(corners, -1, 0)
        cloud[half::step, half::step] = centres = wobbling(pairs + np.roll(pairs, -1, 1))
        upright, level = corners + np.roll(corners, -1, 0), corners + np.roll(corners, -1, 1)
        cloud[half::step, ::step] = wobbling(upright + centres + np.roll(centres, 1, 1))
        cloud[::step, half::step] = wobbling(level + centres + np.roll(centres, 1, 0))
        step, height = half, height / 1.4
    cloud -= cloud.min()
    return cloud / cloud.max()


def picture() -> Image.Image:
    """One row per corruption, with the first image of each digit."""
    test = mnist.load(mnist.FILES).test
    first = np.array([int(np.flatnonzero(test.labels == digit)[0]) for digit in range(10)])
    names, size = ["as they are", *CORRUPTIONS], 2 * SIDE + 4
    sheet = Image.new("L", (150 + 10 * size, len(names) * size), 255)
    pen = ImageDraw.Draw(sheet)
    for row, name in enumerate(names):
        images = test.images[first] if name == "as they are" else corrupt(name, test.images[: first.max() + 1])[first]
        pen.text((8, row * size + size / 2), name, 0, anchor="lm", font_size=16)
        for column, image in enumerate(images):
            tile = Image.fromarray(image).resize((2 * SIDE, 2 * SIDE), Image.Resampling.NEAREST)
            sheet.paste(tile, (150 + column * size, row * size + 2))
    return sheet


def classify(classifiers: dict[str, Classifier], images: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    """By model: `clean`, the share of errors on the images as they are, `errors` by corruption, and their `mean`."""

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
    """The same of ``read_image``, with the share accepted, and the share accepted and wrong, by corruption."""
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
    """The shares of images that are read wrongly, accepted, and accepted though wrong. A rejected picture is wrong."""
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
    parser.add_argument("models", nargs="*", metavar="NAME=MODEL.onnx", help="beside `handwriting`, the shipped one")
    parser.add_argument("--only", choices=("models", "reading"), help="measure one of the two")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="draw the corrupted images instead")
    options = parser.parse_args()
    if options.picture:
        picture().save(options.picture)
        return
    if wrong := [text for text in options.models if "=" not in text]:
        parser.error(f"expected NAME=MODEL.onnx, found {wrong[0]}")
    images, labels = mnist.load(mnist.FILES).test
    result = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    versions = {name: importlib.metadata.version(name) for name in ("numpy", "onnxruntime", "opencv-python-headless")}
    origin = {"machine": machine(), "versions": versions}
    if options.only != "reading":
        files = {"handwriting": None} | dict(text.split("=", 1) for text in options.models)
        classifiers = {name: Classifier(file, threads=2) for name, file in files.items()}
        models = result.get("models", {}) | classify(classifiers, images, labels)
        result = result | origin | {"n": len(labels), "models": models}
    if options.only != "models":
        result["reading"] = origin | peers.commit() | read(images[:READ], labels[:READ])
    with replacing(RESULT) as temporary:
        temporary.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
