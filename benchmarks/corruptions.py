"""How well does a network read spoilt digits? MNIST's test images under 17 corruptions, for any model.onnx.

    python benchmarks/corruptions.py                                  the model in this package: about a minute
    python benchmarks/corruptions.py seed=runs/a/model.onnx tiny=runs/b/model.onnx       others beside it
    python benchmarks/corruptions.py --picture corruptions.png        what they look like

The corruptions are the 15 of Mu & Gilmer 2019, "MNIST-C: A Robustness Benchmark for Computer Vision" (1906.02337), and
two of its longer list (blur, contrast), written anew; most go back to Hendrycks & Dietterich 2019. The severities are
the published ones. What differs: shear keeps the height (theirs shrinks it by 1 - cos 0.4); motion blur takes whole
pixels; the zigzag has no last half tooth; Canny is OpenCV's; and each image has a random generator of its own. So the
errors are near those on the published files, not the same. Nothing is trained on them, and nothing is chosen by them.
Results go to benchmarks/results/corruptions.json, beside those of models that were scored before.
"""

import argparse
import importlib.metadata
import itertools
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
        spoilt = CORRUPTIONS[name](image.astype(np.float32) / 255, np.random.default_rng((number, i)))
        out[i] = np.rint(255 * np.clip(spoilt, 0, 1))
    return out


def _affine(image: np.ndarray, matrix: np.ndarray, move: np.ndarray | tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
    """Each place gets what was at matrix @ place - move, seen from the middle."""
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
