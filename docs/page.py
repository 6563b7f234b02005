"""Make the page that README reads, docs/pictures/page.jpg, and what came of it, docs/pictures/page-read.png.

    python docs/page.py

The digits are MNIST's validation images, written on a page by benchmarks/photographs.py.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image

from mnist_cnn import mnist
from mnist_cnn.read import read_image
from mnist_cnn.read.annotate import annotate

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "benchmarks"))

from photographs import photograph  # noqa: E402

NUMBER = (3, 1, 4, 1, 5, 9)
SEED = 8


def main() -> None:
    _, validation = mnist.split(mnist.load().train)
    rng = np.random.default_rng(SEED)
    digits = [validation.images[rng.choice(np.flatnonzero(validation.labels == digit))] for digit in NUMBER]
    file = ROOT / "docs/pictures/page.jpg"
    Image.fromarray(photograph(np.stack(digits), rng)).save(file, quality=88)
    reading = read_image(file)
    annotate(file, reading).save(file.with_name("page-read.png"), optimize=True)
    print(reading.number, reading.accepted)


if __name__ == "__main__":
    main()
