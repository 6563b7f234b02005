"""How much processor time does reading a picture take? Photographs, cheques, and a page of 12 megapixels.

    python benchmarks/processor_time.py --cheques cheques.zip     writes benchmarks/results/processor_time.json

The time is that of ``read_image`` in a process with one thread, which has read a picture before. It takes a minute.
Leave the machine idle meanwhile. Without --cheques their row stays as it is.
"""

import json
import time
from pathlib import Path
from typing import Any

import click
import cv2
import handwriting
import numpy as np
from PIL import Image

from mnist_cnn.files import replacing
from mnist_cnn.provenance import READING, machine, versions
from mnist_cnn.read import read_image

RESULT = Path(__file__).parent / "results" / "processor_time.json"
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
    """Return the table of the documentation with 12 million pixels, uint8 (h, w, 3)."""
    image = Image.open(PAGE).convert("RGB")
    scale = (PIXELS / (image.width * image.height)) ** 0.5
    return np.asarray(image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.BICUBIC))


@click.command()
@click.option("--cheques", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Pictures of amounts.")
def main(cheques: Path | None) -> None:
    """Measure how much processor time reading takes."""
    cv2.setNumThreads(1)
    sets = {
        name: each for each in handwriting.built_in() if (name := each.name) in ("photographs", "photographed numbers")
    }
    if cheques is not None:
        sets["cheques"] = handwriting.read_set(cheques)
    result = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    for name, each in sets.items():
        result[name] = measured([each.item(i).picture for i in range(N)])
        print(name, result[name], flush=True)
    # No two alike: strips that were just read are not read again.
    result["page of 12 megapixels"] = measured([page()[i:, i:] for i in range(PAGES)])
    print(result["page of 12 megapixels"])
    result["versions"] = versions(*READING)
    with replacing(RESULT) as temporary:
        temporary.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
