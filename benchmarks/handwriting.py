"""Measure the share of handwriting that the reader reads right, on pictures it was not trained on.

    python benchmarks/handwriting.py                                    the four sets made here; some minutes
    python benchmarks/handwriting.py --set exams.npz --set cheques.zip  sets in files as well (see sets.py)
    python benchmarks/handwriting.py --only photographs --n 100         a part, for a quick look: nothing is stored

Writes benchmarks/results/handwriting.json after each set, and the failures to runs/handwriting/SET.png. Sets that are
not measured keep their rows. Seconds are those of reading alone, after a first picture that is not counted.
"""

import argparse
import io
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import click
import numpy as np
import result_files
import sets
from PIL import Image, ImageDraw, ImageFont
from sets import Item, Set

from mnist_cnn.errors import ImageError
from mnist_cnn.files import replacing
from mnist_cnn.learn.score import wilson
from mnist_cnn.provenance import READING

RESULTS = result_files.FOLDER / "handwriting.json"
SHEETS = Path("runs/handwriting")
SHEET_FAILURES = 60
"""Maximum number of failures on a sheet."""

TARGETS: dict[str, dict[str, float]] = {
    "photographs": {"strings": 0.985},
    "photographed numbers": {"strings": 0.95},
    "drawings": {"strings": 0.992},
    "exams": {"strings": 0.965},
    "canvas": {"strings": 0.997},
    "sudoku": {"strings": 0.965},
    "optdigits": {"strings": 0.968},
    "cheques": {"strings": 0.78, "digits": 0.94},
}
"""Targets by set: the share of whole strings that are right, and for cheques also the share of digits."""


class Answer(NamedTuple):
    """The reading of an item."""

    item: Item
    number: str
    confidence: float
    accepted: bool
    tiles: list[np.ndarray]
    """The images that the network classified, (28, 28) each."""

    @property
    def right(self) -> bool:
        return self.number == self.item.label


# Reading and scoring ------------------------------------------------------------------------------------------------


def read(pictures: Set, n: int | None = None) -> tuple[list[Answer], float]:
    """Return the answers for n pictures, evenly spread (None: all), and the mean seconds per picture.

    A right answer does not keep its picture: thousands of photographs would fill the memory.
    """
    chosen = np.unique(np.linspace(0, pictures.n - 1, n or pictures.n).astype(int)).tolist()
    answers: list[Answer] = []
    _answer(pictures.item(0))  # loads the model
    seconds = 0.0
    with click.progressbar(chosen, label=f"{pictures.name:20}", file=sys.stderr) as bar:
        for index in bar:
            item = pictures.item(index)
            began = time.perf_counter()
            answer = _answer(item)
            seconds += time.perf_counter() - began
            answers.append(answer._replace(item=item._replace(picture=b""), tiles=[]) if answer.right else answer)
    return answers, seconds / len(answers)


def _answer(item: Item) -> Answer:
    from mnist_cnn.read import read_image

    try:
        reading = read_image(item.picture)
    except ImageError:  # the reader rejects the picture
        return Answer(item, "", 0.0, False, [])
    tiles = [np.asarray(digit.tile) for digit in reading.digits]
    return Answer(item, reading.number, float(reading.confidence), bool(reading.accepted), tiles)


def score(answers: list[Answer], seconds: float) -> dict[str, Any]:
    """Return the row of a set, with shares from 0 to 1.

    `accepted_accuracy` is the share of accepted strings that are right; None if no string was accepted.
    """
    n, right = len(answers), sum(answer.right for answer in answers)
    accepted = [answer for answer in answers if answer.accepted]
    wrong_digits = sum(result_files.edits(answer.number, answer.item.label) for answer in answers)
    return {
        "n": n,
        "strings": right / n,
        "interval": wilson(right, n),
        "digits": 1 - wrong_digits / sum(len(answer.item.label) for answer in answers),
        "coverage": len(accepted) / n,
        "accepted_accuracy": sum(answer.right for answer in accepted) / len(accepted) if accepted else None,
        "seconds": round(seconds, 5),
    }


def judge(name: str, row: dict[str, Any]) -> dict[str, Any]:
    """Return the row with the targets of the set and whether all are reached; both None for a set without targets."""
    targets = TARGETS.get(name)
    reached = all(row[measure] >= target for measure, target in targets.items()) if targets else None
    return row | {"targets": targets, "reached": reached}


# Results ------------------------------------------------------------------------------------------------------------


def sheet(answers: list[Answer], file: Path) -> None:
    """Write a sheet of the first failures: picture, label, what was read, and the images the network classified."""
    width, height, columns, tile = 300, 270, 5, 40
    failures = [answer for answer in answers if not answer.right][:SHEET_FAILURES]
    page = Image.new("RGB", (columns * width, max(1, -(-len(failures) // columns)) * height), "white")
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(size=17)
    for place, answer in enumerate(failures):
        x, y = place % columns * width, place // columns * height
        picture = _picture(answer.item.picture)
        fit = min((width - 12) / picture.width, 166 / picture.height)
        picture = picture.resize((max(1, round(picture.width * fit)), max(1, round(picture.height * fit))))
        page.paste(picture, (x + 6, y + 6))
        draw.rectangle((x, y, x + width - 1, y + height - 1), outline="lightgrey")
        draw.text((x + 6, y + 174), f"{answer.item.label}   ({answer.item.name})", "black", font)
        verdict = "accepted" if answer.accepted else "unsure"
        draw.text((x + 6, y + 195), f"read {answer.number or '-'}   {answer.confidence:.2f} {verdict}", "crimson", font)
        for number, pixels in enumerate(answer.tiles[: (width - 12) // (tile + 2)]):
            page.paste(_tile(pixels).resize((tile, tile)), (x + 6 + number * (tile + 2), y + 222))
    file.parent.mkdir(parents=True, exist_ok=True)
    with replacing(file) as temporary:
        page.save(temporary)


def _picture(picture: np.ndarray | bytes) -> Image.Image:
    return (Image.open(io.BytesIO(picture)) if isinstance(picture, bytes) else Image.fromarray(picture)).convert("RGB")


def _tile(pixels: np.ndarray) -> Image.Image:
    grey = pixels.reshape(28, 28)
    return Image.fromarray(grey if grey.dtype == np.uint8 else np.clip(grey * 255 + 0.5, 0, 255).astype(np.uint8))


def store(rows: dict[str, dict[str, Any]]) -> None:
    """Store the rows, with the machine, versions and models they were measured with, beside those of other sets."""
    origin = result_files.origin(*READING) | {"model": result_files.models()}
    known = result_files.load(RESULTS).get("sets", {}) | {name: row | origin for name, row in rows.items()}
    result_files.write(RESULTS, {"sets": known})


def table(rows: dict[str, dict[str, Any]]) -> str:
    """Return the rows as a table of text."""
    lines = [f"{'set':22}{'n':>6}{'strings':>9}{'95 %':>16}{'digits':>9}{'accepted':>10}{'of these':>9}{'s each':>9}"]
    for name, row in rows.items():
        low, high = row["interval"]
        sure = "-" if row["accepted_accuracy"] is None else f"{row['accepted_accuracy']:.2%}"
        line = f"{name:22}{row['n']:>6}{row['strings']:>9.2%}{f'{low:.1%} - {high:.1%}':>16}{row['digits']:>9.2%}"
        line += f"{row['coverage']:>10.2%}{sure:>9}{row['seconds']:>9.4f}"
        if row["targets"]:
            targets = ", ".join(f"{measure} {target:.1%}" for measure, target in row["targets"].items())
            line += f"   {'reached' if row['reached'] else 'MISSED'} ({targets})"
        lines.append(line)
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--set", type=Path, action="append", default=[], metavar="PATH", help="measure this .npz or .zip as well"
    )
    parser.add_argument("--n", type=int, metavar="N", help="use N pictures per set, evenly spread; nothing is stored")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="measure these sets only")
    options = parser.parse_args()
    known = {pictures.name: pictures for pictures in [*sets.built_in(), *map(sets.read_set, options.set)]}
    if unknown := set(options.only or ()) - known.keys():
        parser.error(f"--only: expected names of {', '.join(known)}, found {', '.join(unknown)}")
    rows: dict[str, dict[str, Any]] = {}
    for name in options.only or known:
        answers, seconds = read(known[name], options.n)
        rows[name] = judge(name, score(answers, seconds))
        sheet(answers, SHEETS / f"{name}.png")
        if options.n is None:
            store(rows)
    print(table(rows))


if __name__ == "__main__":
    main()
