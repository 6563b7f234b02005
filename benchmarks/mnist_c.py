"""The corruptions of MNIST-C, and two more, as functions of an image.

They are the 15 of Mu & Gilmer 2019, "MNIST-C: A Robustness Benchmark for Computer Vision" (1906.02337), and blur and
contrast of its longer list. Most go back to Hendrycks & Dietterich 2019. This is an independent implementation with the
published severities. Four details differ: shear keeps the height (the original shrinks it by 1 - cos 0.4), motion blur
moves by whole pixels, the zigzag lacks its last half tooth, and the Canny edges are OpenCV's. Each image has a random
generator of its own. So errors are close to those on the published files, but not equal.
"""

import itertools
from collections.abc import Callable

import cv2
import numpy as np

SIDE = 28
LONGER_LIST = ("blur", "contrast")
"""The corruptions that are not among the 15 of MNIST-C."""
Corruption = Callable[[np.ndarray, np.random.Generator], np.ndarray]
"""float32 (28, 28) from 0 to 1 -> the same shape; ``corrupt`` clips values outside that range."""


def shot_noise(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Add the Poisson noise of a sensor with few photons: 3 for white."""
    return rng.poisson(image * 3) / 3


def impulse_noise(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Set 17 % of the pixels, half of them to black and half to white (severity 4)."""
    chance = rng.random(image.shape)
    return np.where(chance < 0.085, 0.0, np.where(chance < 0.17, 1.0, image))


def blur(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Blur by a Gaussian of 2 pixels, as out of focus. From the longer list, not in MNIST-C."""
    return cv2.GaussianBlur(image, (0, 0), 2.0)


def glass_blur(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Blur, swap pixels with the one above, left or both in two passes, and blur again, as frosted glass does."""
    pixels = cv2.GaussianBlur(image, (0, 0), 0.7).ravel().tolist()  # a list: single pixels are slow in an array
    places = np.arange(SIDE * SIDE).reshape(SIDE, SIDE)[27:1:-1, 27:1:-1].ravel()
    for _ in range(2):
        far = rng.integers(0, 2, (3, len(places)))  # half of them stay; rows and columns
        for one, other in zip(places.tolist(), (places - far[0] * (SIDE * far[1] + far[2])).tolist(), strict=True):
            pixels[one], pixels[other] = pixels[other], pixels[one]
    return cv2.GaussianBlur(np.array(pixels, np.float32).reshape(SIDE, SIDE), (0, 0), 0.7)


def motion_blur(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Blur by half a Gaussian of 3 pixels to one side, at up to 45 degrees, as a moving camera does."""
    angle, steps = np.deg2rad(rng.uniform(-45, 45)), np.arange(21)
    kernel = np.zeros((41, 41), np.float32)
    rows, columns = np.rint(20 + steps * [[np.sin(angle)], [np.cos(angle)]]).astype(int)
    np.add.at(kernel, (rows, columns), np.exp(-(steps**2) / 18))
    return cv2.filter2D(image, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REPLICATE)


def shear(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Shear by 0.4 pixels per row, to either side."""
    return _affine(image, np.array([[1, 0.4 * rng.choice((-1, 1))], [0, 1]]))


def scale(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Shrink to 70 % of the size."""
    return _affine(image, np.eye(2) / 0.7)


def rotate(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Rotate by 0.4 radians, 23 degrees, to either side."""
    sin, cos = np.sin(0.4) * rng.choice((-1, 1)), np.cos(0.4)
    return _affine(image, np.array([[cos, -sin], [sin, cos]]))


def translate(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Move by 3 pixels along each axis, to either side."""
    return _affine(image, np.eye(2), rng.choice((-3, 3), 2))


def brightness(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Make all pixels brighter by 0.5."""
    return image + 0.5


def contrast(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Reduce the contrast to 10 %, around the mean. From the longer list, not in MNIST-C."""
    return 0.1 * (image - image.mean()) + image.mean()


def stripe(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Invert the left and the right quarter."""
    return np.where(abs(np.arange(SIDE) - 13.5) > 7, 1 - image, image)


def fog(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Add clouds, three times as bright as the ink: a corner of a plasma fractal."""
    return (image + 3 * _plasma(rng)[:SIDE, :SIDE]) * image.max() / (image.max() + 3)


def spatter(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Add splashes of dark grey mud where smooth noise is high."""
    noise = cv2.GaussianBlur(rng.normal(0.65, 0.3, image.shape), (0, 0), 1.0)
    mud = cv2.GaussianBlur((noise > 0.65).astype(np.float32), (0, 0), 1.5)
    mud[mud < 0.8] = 0
    return image * (1 - mud) + mud * 63 / 255


def dotted_line(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Add a line from edge to edge, dashed by two columns."""
    line = _line((0, int(rng.integers(27))), (27, int(rng.integers(27))))
    return image + np.where(np.arange(SIDE) // 2 % 2, line, 0)


def zigzag(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Add a jagged line from side to side, with teeth of 2 pixels every 4 pixels."""
    start = rng.integers(27)
    slope = np.arctan(rng.integers(-5, 5) / 23)
    along = np.append(0, np.arange(2, 23 / np.cos(slope), 4))
    aside = np.append(0, np.resize((2, -2), len(along) - 1))
    columns = 2 + along * np.cos(slope) - aside * np.sin(slope)
    rows = start + along * np.sin(slope) + aside * np.cos(slope)
    corners = list(zip(columns, rows, strict=True))
    return image + sum(_line(one, other) for one, other in itertools.pairwise(corners))


def canny_edges(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Keep the outline only (Canny 1986): sigma 1, thresholds 0.1 and 0.2 on the Sobel gradient."""
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
    """Return corrupted images, uint8 (n, 28, 28). The random numbers of an image depend on its index only."""
    number, out = list(CORRUPTIONS).index(name), np.empty_like(images)
    for i, image in enumerate(images):
        corrupted = CORRUPTIONS[name](image.astype(np.float32) / 255, np.random.default_rng((number, i)))
        out[i] = np.rint(255 * np.clip(corrupted, 0, 1))
    return out


def _affine(image: np.ndarray, matrix: np.ndarray, move: np.ndarray | tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
    """Return an image whose value at `place` comes from matrix @ place - move, relative to the centre."""
    middle = np.full(2, (SIDE - 1) / 2)
    full = np.hstack([matrix, (middle - matrix @ middle - move)[:, None]])
    return cv2.warpAffine(image, full, (SIDE, SIDE), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)


def _line(start: tuple[float, float], end: tuple[float, float]) -> np.ndarray:
    """Draw a line between two (column, row): 1 on it, and log(1 - d / 2.3) + 1 at d rows from it."""
    columns, rows = np.arange(SIDE), np.arange(SIDE)[:, None]
    at = start[1] + (end[1] - start[1]) / (end[0] - start[0]) * (columns - start[0])
    ink = np.log(np.maximum(1 - abs(rows - at) / 2.3, 1e-9)) + 1
    return np.where((columns >= np.floor(start[0])) & (columns < np.ceil(end[0])), np.clip(ink, 0, 1), 0)


def _plasma(rng: np.random.Generator, side: int = 256) -> np.ndarray:
    """Return diamond-square clouds (Fournier et al. 1982) on a torus, from 0 to 1.

    The height is divided by 1.4 at each finer step.
    """
    cloud, step, height = np.zeros((side, side)), side, 1.0

    def displaced(four: np.ndarray) -> np.ndarray:
        return four / 4 + height * rng.uniform(-1, 1, four.shape)

    while step > 1:
        half = step // 2
        corners = cloud[::step, ::step]
        pairs = corners + np.roll(corners, -1, 0)
        cloud[half::step, half::step] = centres = displaced(pairs + np.roll(pairs, -1, 1))
        upright, level = corners + np.roll(corners, -1, 0), corners + np.roll(corners, -1, 1)
        cloud[half::step, ::step] = displaced(upright + centres + np.roll(centres, 1, 1))
        cloud[::step, half::step] = displaced(level + centres + np.roll(centres, 1, 0))
        step, height = half, height / 1.4
    cloud -= cloud.min()
    return cloud / cloud.max()
