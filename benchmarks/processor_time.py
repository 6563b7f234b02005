"""Measure the processor time to read a picture: photographs, cheques, and a page of 12 megapixels.

    python benchmarks/processor_time.py --cheques cheques.zip     about a minute

The time is that of ``read_image`` in a process with one thread that has read a picture before. Without --cheques, the
stored row of the cheques is kept. Writes benchmarks/results/processor_time.json. Leave the machine idle meanwhile.
"""

import time
from pathlib import Path
from typing import Any

import click
import cv2
import numpy as np
import result_files
import sets
from PIL import Image

from mnist_cnn.provenance import READING, machine, versions
from mnist_cnn.read import read_image

RESULT = result_files.FOLDER / "processor_time.json"
PAGE = Path(__file__).parents[1] / "docs/pictures/marks.jpg"
PIXELS = 12e6
N, PAGES = 100, 10


def measured(pictures: list[Any]) -> dict[str, Any]:
    """Return the processor seconds of reading each picture: n, mean and standard deviation."""
    read_image(pictures[-1])
    seconds = []
    for picture in pictures:
        before = time.process_time()
        read_image(picture)
        seconds.append(time.process_time() - before)
    result = {"n": len(seconds), "mean": float(np.mean(seconds)), "sd": float(np.std(seconds))}
    return {name: round(value, 4) for name, value in result.items()} | {"machine": machine()}


def page() -> np.ndarray:
    """Return the table in the documentation, enlarged to 12 million pixels, uint8 (h, w, 3)."""
    image = Image.open(PAGE).convert("RGB")
    scale = (PIXELS / (image.width * image.height)) ** 0.5
    return np.asarray(image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.BICUBIC))


@click.command()
@click.option(
    "--cheques",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A .zip of pictures of amounts on cheques.",
)
def main(cheques: Path | None) -> None:
    """Measure the processor time to read a picture."""
    cv2.setNumThreads(1)
    measured_sets = {
        name: each for each in sets.built_in() if (name := each.name) in ("photographs", "photographed numbers")
    }
    if cheques is not None:
        measured_sets["cheques"] = sets.read_set(cheques)
    result = result_files.load(RESULT)
    for name, each in measured_sets.items():
        result[name] = measured([each.item(i).picture for i in range(N)])
        print(name, result[name], flush=True)
    # Each page is different, since the reader keeps the strips that it read last.
    result["page of 12 megapixels"] = measured([page()[i:, i:] for i in range(PAGES)])
    print(result["page of 12 megapixels"])
    result["versions"] = versions(*READING)
    result_files.write(RESULT, result)


if __name__ == "__main__":
    main()
