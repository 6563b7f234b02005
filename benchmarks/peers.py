"""Compare the reader with RapidOCR and Tesseract on the same pictures.

    python benchmarks/peers.py                        all readers on all sets; stored rows are kept
    python benchmarks/peers.py --who ours --again     score this project's reader again, after it has changed
    python benchmarks/peers.py --limit 20             20 pictures per set, for a quick look: nothing is stored

The sets are in the folder --data: `pages` (photographs and scans with several rows) and `handwriting` (crops with one
number or one digit each). They are not part of this project, and nothing is trained on them. Each page of a TIFF is a
picture of its own. The readers are described in peers_readers.py. The words of every reader are joined into rows and
scored by the same code, in peers_rows.py.
Writes benchmarks/results/peers.json after each set and reader, so an interrupted run resumes.
"""

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import numpy as np
import result_files
import sets
from peers_readers import READERS, WORK, reader, save, stop
from peers_rows import Case, join_rows, score_crops, score_pages
from PIL import Image

from mnist_cnn.provenance import machine

RESULT = result_files.FOLDER / "peers.json"
DATA = result_files.ROOT.parent / "shared/data"
NOTE = "Each row has the date and versions it was measured with; `ours` also the commit and model of the reader."

PAGES = ("pages, real", "pages, composed")
PAGE_MODE = 6
"""Tesseract's page segmentation mode for pages: a block of text."""
CROPS: dict[str, tuple[str, int | None, int]] = {
    "exams": ("exams.npz", 300, 10),
    "canvas": ("canvas.npz", 300, 10),
    "optdigits": ("optdigits.npz", 300, 10),
    "sudoku": ("sudoku.zip", None, 10),
    "cheques": ("cheques.zip", None, 7),
}
"""By set: its file, the number of pictures used, evenly spread (None: all), and Tesseract's page segmentation mode.

10 is a character, 7 a line.
"""
SLOW = {"rapidocr": 100, "tesseract": 300}
"""Maximum number of crops per set for slow readers: a detector on each crop, or a process per crop."""


# The sets ---------------------------------------------------------------------------------------------------------


def cases_of(name: str, who: str, data: Path, limit: int | None) -> list[Case]:
    """Return the pictures of a set, at most `limit`, evenly spread.

    Crops and the pages of a TIFF are written as files below runs/peers.
    """
    if name in PAGES:
        labels = json.loads((data / "pages/labels.json").read_text("utf-8"))
        labels = [label for label in labels if label["file"].startswith("composed/") == (name == "pages, composed")]
        return [_page(label, data / "pages") for label in _spread(labels, limit)]
    file, sample, _ = CROPS[name]
    pictures = sets.read_set(data / "handwriting" / file)
    places = _spread(list(range(pictures.n)), sample)
    places = _spread(places, SLOW.get(who))
    places = _spread(places, limit)
    return [_crop(name, pictures.item(place)) for place in places]


def _spread(items: list[Any], n: int | None) -> list[Any]:
    count = min(n or len(items), len(items))
    return [items[i] for i in np.unique(np.linspace(0, len(items) - 1, count).astype(int)).tolist()]


def _page(label: dict[str, Any], folder: Path) -> Case:
    rows = [(row, number) for row, number in zip(label["rows"], label["digits"], strict=True) if number]
    file = folder / label["file"]
    with Image.open(file) as image:
        frames = getattr(image, "n_frames", 1)
        files = (file,) if frames == 1 else tuple(save(_frame(image, i), f"{file.stem}-{i}") for i in range(frames))
    return Case(label["file"], files, [row for row, _ in rows], [number for _, number in rows])


def _frame(image: Image.Image, index: int) -> Image.Image:
    image.seek(index)
    return image.copy()


def _crop(name: str, item: sets.Item) -> Case:
    stem = f"{name}/{Path(item.name).stem}"
    content = item.picture
    if isinstance(content, bytes):
        file = WORK / "pictures" / f"{stem}{Path(item.name).suffix}"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    else:
        file = save(Image.fromarray(content), stem)
    return Case(item.name, (file,), [item.label], [item.label])


# Results ----------------------------------------------------------------------------------------------------------


def measure(who: str, name: str, data: Path, limit: int | None) -> dict[str, Any]:
    """Return the row of one reader for one set."""
    cases = cases_of(name, who, data, limit)
    mode = CROPS[name][2] if name in CROPS else PAGE_MODE
    with (
        reader(who, name in CROPS, mode) as (read, about),
        click.progressbar(cases, label=f"{name}, {who}", file=sys.stderr) as bar,
    ):
        answers = [[row for file in case.files for row in join_rows(read(file))] for case in bar]
    result = (score_pages if name in PAGES else score_crops)(cases, answers)
    return result | {"measured": datetime.now(UTC).date().isoformat(), "machine": machine(), **about}


def load() -> dict[str, Any]:
    """Return the stored rows, by set and reader."""
    stored: dict[str, Any] = result_files.load(RESULT).get("sets", {})
    return stored


def store(name: str, who: str, row: dict[str, Any]) -> None:
    """Store a row beside those of the other sets and readers."""
    rows = load()
    rows.setdefault(name, {})[who] = row
    ordered = {
        name: {who: rows[name][who] for who in READERS if who in rows[name]}
        for name in (*PAGES, *CROPS)
        if name in rows
    }
    result_files.write(RESULT, {"note": NOTE, "sets": ordered})


def line(name: str, who: str, row: dict[str, Any]) -> str:
    """Return the numbers of a row as one line of text."""
    kept = {key: value for key, value in row.items() if type(value) in (int, float) and key != "mode"}
    shown = "  ".join(
        f"{key} {value:.3f}" if isinstance(value, float) else f"{key} {value}" for key, value in kept.items()
    )
    return f"{name:16} {who:16} {shown}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA, metavar="DIR", help="folder with `pages` and `handwriting`")
    parser.add_argument("--who", nargs="+", choices=READERS, default=READERS, help="measure these readers only")
    parser.add_argument(
        "--only", nargs="+", choices=(*PAGES, *CROPS), default=(*PAGES, *CROPS), help="measure these sets only"
    )
    parser.add_argument("--limit", type=int, metavar="N", help="use at most N pictures per set; nothing is stored")
    parser.add_argument("--again", action="store_true", help="measure stored rows again")
    options = parser.parse_args()
    if missing := [part for part in ("pages/labels.json", "handwriting") if not (options.data / part).exists()]:
        raise stop(f"{options.data / missing[0]}: not found; give the folder of the pictures with --data")
    for name in options.only:
        for who in options.who:
            if who == "rapidocr digits" and name in PAGES:
                continue
            row = None if options.again or options.limit else load().get(name, {}).get(who)
            if row is None:
                row = measure(who, name, options.data, options.limit)
                if options.limit is None:
                    store(name, who, row)
            print(line(name, who, row), flush=True)


if __name__ == "__main__":
    main()
