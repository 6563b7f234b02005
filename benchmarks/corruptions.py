"""How well does a network read spoilt digits? MNIST's test images under 17 corruptions, for any model.onnx.

    python benchmarks/corruptions.py                                  the model in this package: about a minute
    python benchmarks/corruptions.py seed=runs/a/model.onnx tiny=runs/b/model.onnx       others beside it
    python benchmarks/corruptions.py --picture corruptions.png        what they look like

The corruptions are those of Mu & Gilmer 2019, "MNIST-C: A Robustness Benchmark for Computer Vision" (arXiv:1906.02337),
and two of its longer list, written anew from their descriptions; most go back to Hendrycks & Dietterich 2019. Strengths
are chosen so that a person still reads nearly all of them. Nothing is trained on them, and nothing is chosen by them.
Results go to benchmarks/results/corruptions.json, beside those of models that were scored before.
"""

import argparse
import importlib.metadata
import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw

from mnist_cnn import mnist
from mnist_cnn.learn.run import machine, replacing
from mnist_cnn.read import Classifier

RESULT = Path(__file__).parent / "results" / "corruptions.json"
SIDE = 28
Corruption = Callable[[np.ndarray, np.random.Generator], np.ndarray]
"""float32 (28, 28), 0 to 1 -> the same; what leaves that range is cut off by ``corrupt``."""


def shot_noise(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A sensor that counts few photons: Poisson noise, 5 for white."""
    return rng.poisson(image * 5) / 5


def impulse_noise(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Dead and stuck pixels: one in five, half of them black, half white."""
    chance = rng.random(image.shape)
    return np.where(chance < 0.1, 0.0, np.where(chance < 0.2, 1.0, image))


def blur(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Out of focus: a Gaussian of 2 pixels."""
    return 1.5 * cv2.GaussianBlur(image, (0, 0), 2.0)


def glass_blur(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Through frosted glass: a little blur, pixels that change places with neighbours, twice, and blur again."""
    image = cv2.GaussianBlur(image, (0, 0), 0.7)
    for _ in range(2):
        for y, x in np.ndindex(SIDE - 2, SIDE - 2):
            dy, dx = rng.integers(-1, 2, 2)
            one, other = (y + 1, x + 1), (y + 1 + dy, x + 1 + dx)
            image[one], image[other] = image[other], image[one]
    return cv2.GaussianBlur(image, (0, 0), 0.7)


def motion_blur(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A camera that moved by 6 pixels, at up to 45 degrees."""
    angle = np.deg2rad(rng.uniform(-45, 45))
    kernel = np.zeros((9, 9), np.float32)
    reach = 3.0 * np.array([np.cos(angle), np.sin(angle)])
    ends = [tuple(np.rint(16 * (4 + sign * reach)).astype(int).tolist()) for sign in (-1, 1)]
    cv2.line(kernel, ends[0], ends[1], 1.0, 1, cv2.LINE_AA, shift=4)
    return 1.5 * cv2.filter2D(image, -1, kernel / kernel.sum())


def shear(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Leaning by 0.5 or so, to either side."""
    return _affine(image, np.array([[1, _either(rng, 0.4, 0.6)], [0, 1]]))


def scale(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Written at 50 to 70 % of the size, each axis for itself."""
    return _affine(image, np.diag(1 / rng.uniform(0.5, 0.7, 2)))


def rotate(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Turned by 20 to 40 degrees, to either side."""
    angle = np.deg2rad(_either(rng, 20, 40))
    return _affine(image, np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]))


def translate(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Moved by 3 to 5 pixels along each axis, so that hardly any ink is lost."""
    return _affine(image, np.eye(2), (_either(rng, 3, 5), _either(rng, 3, 5)))


def brightness(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Too much light: all of it 0.5 brighter."""
    return image + 0.5


def contrast(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Washed out: 30 % of the contrast, around the mean."""
    return 0.3 * (image - image.mean()) + image.mean()


def stripe(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The middle columns inverted, as a broken scanner does."""
    image[:, 10:18] = 1 - image[:, 10:18]
    return image


def fog(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Clouds in front: noise of many scales, half as high at each finer one, as plasma fractals have it."""
    cloud = np.zeros(image.shape, np.float32)
    for octave, knots in enumerate((3, 5, 9, 17)):
        knot = rng.random((knots, knots), np.float32)
        cloud += 0.5**octave * cv2.resize(knot, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    cloud -= cloud.min()
    return (image + 1.2 * cloud / cloud.max()) / 1.8


def spatter(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Drops of ink: the tops of smooth noise."""
    noise = cv2.GaussianBlur(rng.standard_normal(image.shape, np.float32), (0, 0), 1.0)
    drops = np.clip(6 * (noise / noise.std() - 1.3), 0, 1)
    return np.maximum(image, drops)


def dotted_line(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A dotted line from edge to edge, through the middle third."""
    (x0, y0), (x1, y1) = _across(rng)
    for t in np.arange(0, 1, 0.09):
        cv2.circle(image, (round(x0 + t * (x1 - x0)), round(y0 + t * (y1 - y0))), 0, 1.0, -1)
    return image


def zigzag(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A jagged line from edge to edge, 2 pixels to either side, through the middle third."""
    (x0, y0), (x1, y1) = _across(rng)
    along = np.array([x1 - x0, y1 - y0]) / np.hypot(x1 - x0, y1 - y0)
    t = np.linspace(0, 1, 12)[:, None]
    side = np.where(np.arange(12) % 2, 2.0, -2.0)[:, None] * [-along[1], along[0]]
    points = np.array([x0, y0]) + t * [x1 - x0, y1 - y0] + side
    return cv2.polylines(image, [np.rint(16 * points).astype(np.int32)], False, 1.0, 1, cv2.LINE_AA, shift=4)


def canny_edges(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The outline alone (Canny 1986)."""
    smooth = cv2.GaussianBlur(image, (0, 0), 1.0)
    return cv2.Canny(np.rint(255 * smooth).astype(np.uint8), 50, 150) / 255


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
        spoilt = CORRUPTIONS[name](image.astype(np.float32) / 255, np.random.default_rng((number, i)))
        out[i] = np.rint(255 * np.clip(spoilt, 0, 1))
    return out


def _affine(image: np.ndarray, matrix: np.ndarray, move: tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
    """Each place gets what was at matrix @ place - move, seen from the middle."""
    middle = np.full(2, (SIDE - 1) / 2)
    offset = middle - matrix @ middle - move
    full = np.hstack([matrix, offset[:, None]])
    return cv2.warpAffine(image, full, (SIDE, SIDE), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)


def _either(rng: np.random.Generator, low: float, high: float) -> float:
    return float(rng.uniform(low, high) * rng.choice((-1, 1)))


def _across(rng: np.random.Generator) -> tuple[tuple[float, float], tuple[float, float]]:
    """The ends of a line from the left edge to the right, or from top to bottom."""
    first, second = rng.uniform(SIDE / 3, 2 * SIDE / 3, 2)
    return ((0, first), (SIDE - 1, second)) if rng.random() < 0.5 else ((first, 0), (second, SIDE - 1))


def picture() -> Image.Image:
    """A row a corruption, with the first of each digit."""
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", metavar="NAME=MODEL.onnx", help="beside `handwriting`, the shipped one")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="draw what they look like instead")
    options = parser.parse_args()
    if options.picture:
        picture().save(options.picture)
        return
    if wrong := [text for text in options.models if "=" not in text]:
        parser.error(f"expected NAME=MODEL.onnx, found {wrong[0]}")
    files = {"handwriting": None} | dict(text.split("=", 1) for text in options.models)
    classifiers = {name: Classifier(file, threads=2) for name, file in files.items()}
    images, labels = mnist.load(mnist.FILES).test

    def errors(spoilt: np.ndarray) -> dict[str, float]:
        given = mnist.as_input(spoilt)
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
    models = json.loads(RESULT.read_text())["models"] if RESULT.exists() else {}
    for name in classifiers:
        spoilt = {corruption: row[name] for corruption, row in rows.items()}
        mean = sum(spoilt.values()) / len(spoilt)
        models[name] = {"clean": clean[name], "mean": mean, "errors": spoilt}
        print(f"{name}: {100 * clean[name]:.2f} % errors as they are, {100 * mean:.2f} % on average when spoilt")
    versions = {name: importlib.metadata.version(name) for name in ("numpy", "onnxruntime", "opencv-python-headless")}
    with replacing(RESULT) as temporary:
        result = {"machine": machine(), "versions": versions, "n": len(labels), "models": models}
        temporary.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
