"""Which reads pages better: today's reader, or the finder and the string network (``mnist_cnn.learn.pages``)?

    python benchmarks/page_networks.py                                                  # the networks of this folder
    python benchmarks/page_networks.py --finder runs/finder/weights.npz --strings runs/strings/weights.npz

The question that is answered before the reader is built on the two networks. Rows right on the development pages, and
whole strings on the cheques, sudokus and exams, of ../shared/data. Between the networks stands only a sketch of the
geometry: glyphs near each other are a run, a run is a strip, runs at one height are a row. Writes
benchmarks/results/page_networks.json.
"""

import argparse
import json
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from peers import CROPS, DATA, PAGES, Row, cases_of, score_crops, score_pages

from mnist_cnn.learn import convnet_export, pages
from mnist_cnn.learn.run import machine, replacing
from mnist_cnn.read import strips
from mnist_cnn.read.finder import DIGIT, SIGN, Finder
from mnist_cnn.read.picture import Picture, gray
from mnist_cnn.read.strings import NAMES, Strings

RESULT = Path(__file__).parent / "results" / "page_networks.json"
KEPT = Path(__file__).parent / "networks"
"""Weights of the first short trainings, in half precision; ``pages --start`` takes them too."""
_REACH = 1.1
"""Digits nearer than this, in digit heights, belong to one run."""
_SURE = 0.4
"""Heat from which a glyph is believed."""


class Word(NamedTuple):
    """What a run says, and where it is, in pixels."""

    text: str
    left: float
    middle: float
    """Of its height, where the page's slope is taken out."""
    height: float


def read(picture: Picture, finder: Finder, strings: Strings) -> list[list[Word]]:
    """The rows of a picture from the top down, each its words from left to right."""
    pixels, _ = gray(picture)
    glyphs = finder.glyphs(pixels)
    glyphs = glyphs[glyphs[:, 5] > _SURE]
    slope = _slope(glyphs[glyphs[:, 4] == DIGIT])
    found = _runs(glyphs, slope)
    cut = [strips.band(boxes, slope) for boxes in found]
    said = strings.read([strips.cut(pixels, strip) for strip in cut]) if cut else []
    words = []
    for boxes, strip, string in zip(found, cut, said, strict=True):
        margin = (strips.ROOM - 0.6) * strips.DIGIT
        text = "".join(NAMES[m.label] for m in string.marks if margin < m.x < strip.width - margin).strip("#")
        if any(letter.isdigit() for letter in text):
            x, y = (boxes[:, 0] + boxes[:, 2]).mean() / 2, (boxes[:, 1] + boxes[:, 3]).mean() / 2
            height = float(np.median(boxes[:, 3] - boxes[:, 1]))
            words.append(Word(text, float(boxes[:, 0].min()), float(y - slope * x), height))
    rows: list[list[Word]] = []
    for word in sorted(words, key=lambda word: word.middle):
        near = [
            r for r in rows if abs(np.mean([w.middle for w in r]) - word.middle) < 0.5 * min(word.height, r[0].height)
        ]
        if near:
            near[-1].append(word)
        else:
            rows.append([word])
    return [sorted(row, key=lambda word: word.left) for row in rows]


def _slope(digits: np.ndarray) -> float:
    """The tilt of the page, from each digit to the next on its right."""
    x, y = (digits[:, 0] + digits[:, 2]) / 2, (digits[:, 1] + digits[:, 3]) / 2
    tall = digits[:, 3] - digits[:, 1]
    slopes = []
    for i in range(len(digits)):
        dx, dy = x - x[i], y - y[i]
        near = (dx > 0) & (dx < 3.5 * tall[i]) & (abs(dy) < 0.5 * tall[i]) & (abs(np.log(tall / tall[i])) < 0.5)
        if near.any():
            j = int(np.argmin(np.where(near, dx, np.inf)))
            slopes.append(float(dy[j] / dx[j]))
    return float(np.median(slopes)) if slopes else 0.0


def _runs(glyphs: np.ndarray, slope: float) -> list[np.ndarray]:
    """Boxes of digits that stand close together on one row, from left to right, widened by the signs beside them."""
    middle = (glyphs[:, 1] + glyphs[:, 3]) / 2 - slope * (glyphs[:, 0] + glyphs[:, 2]) / 2
    tall = glyphs[:, 3] - glyphs[:, 1]
    runs: list[list[int]] = []
    for i in sorted(np.flatnonzero(glyphs[:, 4] == DIGIT), key=lambda i: glyphs[i, 0] + glyphs[i, 2]):
        best, least = None, np.inf
        for run in runs:
            j = run[-1]
            gap, high = glyphs[i, 0] - glyphs[j, 2], max(tall[i], tall[j])
            overlap = (tall[i] + tall[j]) / 2 - abs(middle[i] - middle[j])
            if (
                gap < min(_REACH * high, least)
                and overlap > 0.45 * min(tall[i], tall[j])
                and 0.45 < tall[i] / tall[j] < 2.2
            ):
                best, least = run, gap
        if best is None:
            runs.append([int(i)])
        else:
            best.append(int(i))
    boxes = [glyphs[run, :4].copy() for run in runs]
    for sign in glyphs[glyphs[:, 4] == SIGN]:
        for run, own in zip(runs, boxes, strict=True):
            high = float(np.median(tall[run]))
            off = abs((sign[1] + sign[3]) / 2 - slope * (sign[0] + sign[2]) / 2 - np.median(middle[run]))
            if off < 0.8 * high and max(own[:, 0].min() - sign[2], sign[0] - own[:, 2].max()) < 0.9 * high:
                own[np.argmin(own[:, 0]), 0] = min(own[:, 0].min(), sign[0])
                own[np.argmax(own[:, 2]), 2] = max(own[:, 2].max(), sign[2])
    return boxes


def network(weights: Path, kind: str, folder: Path) -> Path:
    """A training's weights as an ONNX file in a folder."""
    model = pages.build_strings() if kind == "strings" else pages.build_finder()
    with np.load(weights) as file:
        model.set_weights([file[f"w{i}"].astype(np.float32) for i in range(len(model.weights))])
    output = "log_probabilities" if kind == "strings" else "glyphs"
    target = folder / f"{kind}.onnx"
    target.write_bytes(convnet_export.onnx_file(model, output, {"recipe": kind, "steps": str(_steps(weights))}))
    return target


def _steps(weights: Path) -> int:
    with np.load(weights) as file:
        return int(file["step"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--finder", type=Path, default=KEPT / "finder.npz", help="Weights of the finder.")
    parser.add_argument("--strings", type=Path, default=KEPT / "strings.npz", help="Weights of the string network.")
    parser.add_argument("--limit", type=int, help="Read only the first N of each set of crops; store nothing.")
    o = parser.parse_args()
    for weights in (o.finder, o.strings):
        if not weights.exists():
            sys.exit(f"{weights}: not found; train it with python -m mnist_cnn.learn.pages")
    if not DATA.exists():
        sys.exit(f"{DATA}: not found; expected the development sets there")
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as folder:
        finder = Finder(network(o.finder, "finder", Path(folder)))
        strings = Strings(network(o.strings, "strings", Path(folder)))
    found: dict[str, Any] = {}
    for name in (*PAGES, *CROPS):
        cases, answers = cases_of(name, "ours", DATA, o.limit), []
        began = time.process_time()
        for case in cases:
            rows = [row for file in case.files for row in read(file, finder, strings)]
            answers.append([Row(" ".join(word.text for word in row).replace("#", ""), False) for row in rows])
        seconds = (time.process_time() - began) / len(cases)
        score = (score_pages if name in PAGES else score_crops)(cases, answers)
        found[name] = {key: value for key, value in score.items() if not key.startswith("accepted")}
        found[name]["seconds per picture"] = round(seconds, 3)
        print(name, found[name], flush=True)
    if o.limit is None:
        steps = {kind: _steps(weights) for kind, weights in (("finder", o.finder), ("strings", o.strings))}
        about = {"measured": datetime.now(UTC).date().isoformat(), "machine": machine(), "steps": steps}
        with replacing(RESULT) as temporary:
            temporary.write_text(json.dumps(about | {"sets": found}, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
