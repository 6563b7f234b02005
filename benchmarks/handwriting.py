"""Does it read handwriting? The reader on pictures it was not made for: how many it reads, and which not.

    python benchmarks/handwriting.py                                    the four sets made here; some minutes
    python benchmarks/handwriting.py --set exams.npz --set cheques.zip  and other people's
    python benchmarks/handwriting.py --only photographs --n 100         a part, for a quick look: nothing is stored

A --set is an .npz with arrays `images`, uint8 (n, h, w) or (n, h, w, 3), and `labels`, or a .zip of pictures with a
labels.csv (columns `file` and `label`, the digits as text).

Writes benchmarks/results/handwriting.json after each set, where a set that was not run keeps its row, and the failures
to runs/handwriting/<set>.png. Seconds are those of reading alone, after a first picture that is not counted.
"""

import argparse
import csv
import functools
import hashlib
import io
import json
import math
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import click
import cv2
import numpy as np
import photographs
from PIL import Image, ImageDraw, ImageFont

import mnist_cnn
from mnist_cnn import mnist
from mnist_cnn.errors import ImageError
from mnist_cnn.files import replacing
from mnist_cnn.provenance import READING, machine, versions

RESULTS = Path(__file__).parent / "results" / "handwriting.json"
SHEETS = Path("runs/handwriting")
SHEET_FAILURES = 60
SEED = 20261123

# What the reader is to reach, by set: the share of whole strings, and where it is longer numbers, of digits.
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


class Item(NamedTuple):
    """One picture and the digits on it."""

    name: str
    picture: np.ndarray | bytes
    """uint8 (h, w) or (h, w, 3), or a picture file's bytes."""
    label: str


class Set(NamedTuple):
    """Pictures that are loaded, or made, one at a time."""

    name: str
    n: int
    item: Callable[[int], Item]


class Answer(NamedTuple):
    """What the reader said to an item."""

    item: Item
    number: str
    confidence: float
    accepted: bool
    tiles: list[np.ndarray]
    """What the network saw, (28, 28) each."""

    @property
    def right(self) -> bool:
        return self.number == self.item.label


# The sets -----------------------------------------------------------------------------------------------------------


def built_in() -> list[Set]:
    """Photographs of MNIST's test digits, UCI's digits in 8 x 8, and drawings; the same ones every time."""
    return [
        Set("photographs", 1000, functools.partial(_photograph, 1)),
        Set("photographed numbers", 400, functools.partial(_photograph, 5)),
        Set("uci", 1797, _uci),
        Set("drawings", 1000, _drawing),
    ]


def _photograph(k: int, index: int) -> Item:
    images, labels = mnist_test()
    places = np.random.default_rng((SEED, k)).permutation(len(images))[index * k : (index + 1) * k]
    rng = np.random.default_rng((SEED, k, index))
    label = "".join(map(str, labels[places]))
    return Item(f"{k}-{index:04}", photographs.photograph(images[places], rng), label)


def _uci(index: int) -> Item:
    images, labels = _load_digits()
    enlarged = cv2.resize(images[index].astype(np.float32) * (255 / 16), (64, 64), interpolation=cv2.INTER_CUBIC)
    return Item(f"{index:04}", np.clip(enlarged + 0.5, 0, 255).astype(np.uint8), str(labels[index]))


def _drawing(index: int) -> Item:
    """One digit in seven of ten, or two, or three."""
    rng = np.random.default_rng((SEED, 0, index))
    return Item(f"{index:04}", *photographs.drawing(int(rng.choice((1, 2, 3), p=(0.7, 0.2, 0.1))), rng))


@functools.cache
def mnist_test() -> mnist.Digits:
    """MNIST's test digits without the fifteen whose labels are known to be wrong or disputed."""
    images, labels = mnist.load().test
    agreed = np.setdiff1d(np.arange(len(images)), [*mnist.CORRECTED_LABELS, *mnist.DISPUTED_LABELS])
    return mnist.Digits(images[agreed], labels[agreed])


@functools.cache
def _load_digits() -> tuple[np.ndarray, np.ndarray]:
    from sklearn.datasets import load_digits  # type: ignore[import-untyped]

    digits = load_digits()
    return digits.images, digits.target


def read_set(file: Path) -> Set:
    """The pictures of an .npz or a .zip, as this module's head describes them; its name is the file's."""
    items = _read_npz(file) if file.suffix == ".npz" else _read_zip(file)
    return Set(file.stem, len(items), items.__getitem__)


def _read_npz(file: Path) -> list[Item]:
    with np.load(file, allow_pickle=False) as arrays:
        images, labels = arrays["images"], arrays["labels"]
    return [Item(f"{i:04}", image, str(label)) for i, (image, label) in enumerate(zip(images, labels, strict=True))]


def _read_zip(file: Path) -> list[Item]:
    with zipfile.ZipFile(file) as members:
        table = next(name for name in members.namelist() if name.split("/")[-1] == "labels.csv")
        folder = table.removesuffix("labels.csv")
        rows = list(csv.DictReader(io.StringIO(members.read(table).decode("utf-8-sig"))))
        return [Item(row["file"], members.read(folder + row["file"]), row["label"].strip()) for row in rows]


# Reading and scoring ------------------------------------------------------------------------------------------------


def read(pictures: Set, n: int | None = None) -> tuple[list[Answer], float]:
    """The reader's answers, of n pictures evenly spread if not of all, and the seconds it took for one.

    An answer that is right has lost its picture: thousands of photographs would fill the memory.
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
    except ImageError:  # it refuses the picture, so it has read nothing
        return Answer(item, "", 0.0, False, [])
    tiles = [np.asarray(digit.tile) for digit in reading.digits]
    return Answer(item, reading.number, float(reading.confidence), bool(reading.accepted), tiles)


def score(answers: list[Answer], seconds: float) -> dict[str, Any]:
    """A set's row: shares from 0 to 1; `accepted_accuracy` is of whole strings, None where none was accepted."""
    n, right = len(answers), sum(answer.right for answer in answers)
    accepted = [answer for answer in answers if answer.accepted]
    wrong_digits = sum(edits(answer.number, answer.item.label) for answer in answers)
    return {
        "n": n,
        "strings": right / n,
        "interval": wilson(right, n),
        "digits": 1 - wrong_digits / sum(len(answer.item.label) for answer in answers),
        "coverage": len(accepted) / n,
        "accepted_accuracy": sum(answer.right for answer in accepted) / len(accepted) if accepted else None,
        "seconds": round(seconds, 5),
    }


def edits(one: str, other: str) -> int:
    """The least number of digits to insert, delete or replace that makes one string the other (Levenshtein 1966)."""
    distances = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        before, distances[0] = distances[0], i
        for j, b in enumerate(other, 1):
            before, distances[j] = distances[j], min(distances[j] + 1, distances[j - 1] + 1, before + (a != b))
    return distances[-1]


def wilson(hits: int, n: int) -> tuple[float, float]:
    """As in learn/evaluate.py, which would bring in Keras: the 95 % interval of a share."""
    z = 1.959963984540054
    middle = (hits + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * math.sqrt(hits * (n - hits) / n + z * z / 4)
    return max(0.0, middle - half), min(1.0, middle + half)


def judge(name: str, row: dict[str, Any]) -> dict[str, Any]:
    """The row with the set's targets and whether all are reached; None where there are none."""
    targets = TARGETS.get(name)
    reached = all(row[measure] >= target for measure, target in targets.items()) if targets else None
    return row | {"targets": targets, "reached": reached}


# What is written ----------------------------------------------------------------------------------------------------


def sheet(answers: list[Answer], file: Path) -> None:
    """The first failures as a picture: each with its label, what was read instead, and what the network saw."""
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
    """Put the rows beside those of the sets that were not run, each with what it was measured on."""
    old = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
    origin = {"machine": machine(), "versions": versions(*READING), "model": model()}
    known = old.get("sets", {}) | {name: row | origin for name, row in rows.items()}
    with replacing(RESULTS) as temporary:
        temporary.write_text(json.dumps({"sets": known}, indent=2) + "\n", "utf-8")


def model() -> dict[str, str]:
    """The SHA-256 of each model file the package ships, by name."""
    files = sorted((Path(mnist_cnn.__file__).parent / "read").rglob("*.onnx"))
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def table(rows: dict[str, dict[str, Any]]) -> str:
    lines = [f"{'set':22}{'n':>6}{'strings':>9}{'95 %':>16}{'digits':>9}{'accepted':>10}{'of them':>9}{'s each':>9}"]
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
    parser.add_argument("--set", type=Path, action="append", default=[], metavar="PATH", help="an .npz or .zip as well")
    parser.add_argument("--n", type=int, help="so many of each set only, evenly spread; nothing is stored then")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these sets only")
    options = parser.parse_args()
    sets = {pictures.name: pictures for pictures in [*built_in(), *map(read_set, options.set)]}
    if unknown := set(options.only or ()) - sets.keys():
        parser.error(f"--only: expected names of {', '.join(sets)}, found {', '.join(unknown)}")
    rows: dict[str, dict[str, Any]] = {}
    for name in options.only or sets:
        answers, seconds = read(sets[name], options.n)
        rows[name] = judge(name, score(answers, seconds))
        sheet(answers, SHEETS / f"{name}.png")
        if options.n is None:
            store(rows)
    print(table(rows))


if __name__ == "__main__":
    main()
