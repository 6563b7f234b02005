"""How does the reader compare with RapidOCR and Tesseract on the same pictures?

    python benchmarks/peers.py                        all readers on all sets; rows that are stored are kept
    python benchmarks/peers.py --who ours --again     score this project's reader again, after it has changed
    python benchmarks/peers.py --limit 20             20 pictures per set, for a quick look: nothing is stored

The sets are in the folder --data: `pages` (photographs and scans with several rows) and `handwriting` (crops with one
number or one digit each). They are not part of this project, and nothing is trained on them.

- `ours` is `read_image`, which also says which numbers it accepts.
- `rapidocr` is RapidOCR as its documentation uses it. Of its text, digits and the signs in numbers are kept.
- `rapidocr digits` is RapidOCR's recogniser without its detector, its output limited to digits. It is for crops only.
- `tesseract` is Debian's, limited to digits, on pages also to the signs. Page segmentation mode 6 (a block) for pages,
  7 (a line) for cheques, 10 (a character) for single digits. Crops are enlarged, made dark on light and given a border,
  as its documentation recommends.

Words are joined into rows by `join_rows`, for every reader alike. Each page of a TIFF is a picture of its own.
RapidOCR is installed into runs/peers/rapidocr, Tesseract by apt-get if it is missing.
Writes benchmarks/results/peers.json after each set and reader, so an interrupted run resumes.
"""

import argparse
import contextlib
import functools
import json
import os
import re
import shutil
import subprocess
import sys
import unicodedata
import venv
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import click
import cv2
import handwriting
import numpy as np
from PIL import Image

import mnist_cnn
from mnist_cnn.errors import ImageError
from mnist_cnn.files import replacing
from mnist_cnn.provenance import READING, machine, versions
from mnist_cnn.read import Row as ReadRow
from mnist_cnn.read import read_image

ROOT = Path(__file__).parents[1]
RESULT = Path(__file__).parent / "results" / "peers.json"
WORK = ROOT / "runs/peers"
DATA = ROOT.parent / "shared/data"
NOTE = "Each row has the date and versions it was measured with; `ours` also the commit and model of the reader."

READERS = ("ours", "rapidocr", "rapidocr digits", "tesseract")
PAGES = ("pages, real", "pages, composed")
CROPS: dict[str, tuple[str, int | None, int]] = {
    "exams": ("exams.npz", 300, 10),
    "canvas": ("canvas.npz", 300, 10),
    "optdigits": ("optdigits.npz", 300, 10),
    "sudoku": ("sudoku.zip", None, 10),
    "cheques": ("cheques.zip", None, 7),
}
"""By set: file, how many of its pictures, evenly spread (None: all), and Tesseract's page segmentation mode."""
SLOW = {"rapidocr": 100, "tesseract": 300}
"""Maximum number of crops per set for slow readers: a detector on each crop, or a process per crop."""

SIGNS = ".,-/+x=*"
"""What is kept beside digits."""


class Word(NamedTuple):
    """A word or a line that a reader found, with its box in pixels."""

    text: str
    left: float
    top: float
    right: float
    bottom: float
    accepted: bool = False


class Row(NamedTuple):
    """A row of a picture as a reader returned it."""

    text: str
    accepted: bool

    @property
    def number(self) -> str:
        """The row's digits alone."""
        return re.sub(r"[^0-9]", "", self.text)


class Case(NamedTuple):
    """One picture, as one file per page, and its rows: as written, and as digits alone."""

    name: str
    files: tuple[Path, ...]
    written: list[str]
    numbers: list[str]


Answer = list[Row]
Reader = Callable[[Path], list[Word]]


# Rows -------------------------------------------------------------------------------------------------------------


def join_rows(words: list[Word]) -> list[Row]:
    """The rows of a picture from the top down, each with its words from left to right, parted by a space.

    Words share a row if they overlap vertically by at least half of the lower one's height; of several rows, a word
    goes to the one with the largest overlap. A row's band is the mean of its words' tops and bottoms. A row is accepted
    if all of its words are. Words without a digit or sign are dropped.
    """
    kept = [word._replace(text=text) for word in words if (text := numeric(word.text))]
    rows: list[list[Word]] = []
    for word in sorted(kept, key=lambda word: word.top + word.bottom):
        overlaps = [_overlap(word, row) for row in rows]
        if overlaps and max(overlaps) >= 0.5:
            rows[overlaps.index(max(overlaps))].append(word)
        else:
            rows.append([word])
    rows.sort(key=lambda row: sum(_band(row)))
    ordered = [sorted(row, key=lambda word: word.left) for row in rows]
    return [Row(" ".join(word.text for word in row), all(word.accepted for word in row)) for row in ordered]


def _band(row: list[Word]) -> tuple[float, float]:
    return sum(word.top for word in row) / len(row), sum(word.bottom for word in row) / len(row)


def _overlap(word: Word, row: list[Word]) -> float:
    """The vertical overlap of a word and a row, as a share of the lower one's height."""
    top, bottom = _band(row)
    lower = min(word.bottom - word.top, bottom - top)
    return (min(word.bottom, bottom) - max(word.top, top)) / max(lower, 1e-6)


def numeric(text: str) -> str:
    """A text's digits and signs; pieces with letters and without a digit are dropped, an x stays between digits."""
    text = unicodedata.normalize("NFKC", text).translate(str.maketrans("×X−–—", "xx---"))
    pieces = [piece for piece in text.split() if re.search("[0-9]", piece) or not re.search(r"[^\W\d_]{2}", piece)]
    kept = re.sub(rf"[^0-9 {re.escape(SIGNS)}]", "", " ".join(pieces))
    return " ".join(re.sub(r"(?<![0-9 ])x|x(?![0-9 ])", "", kept).split())


def plain(text: str) -> str:
    """A row as written, so that two ways to write it compare equal.

    A sum has no spaces. Elsewhere one space parts words, and a dash or a dot that stands alone (an empty cell) is
    left out.
    """
    if re.search("[+x=*]", text):
        return text.replace(" ", "")
    return " ".join(word for word in text.split() if word.strip("-_."))


# Scores -----------------------------------------------------------------------------------------------------------


def in_order(found: list[str], expected: list[str]) -> int:
    """How many expected rows were found, in their order: the length of the longest common subsequence."""
    best = [0] * (len(expected) + 1)
    for row in found:
        last = best[:]
        for j, other in enumerate(expected, 1):
            best[j] = max(last[j], best[j - 1], last[j - 1] + (row == other))
    return best[-1]


def score_pages(cases: list[Case], answers: list[Answer]) -> dict[str, Any]:
    """A reader's row for a set of pages; rows without a digit do not count.

    rows, digits, written: how many there are, were right as digits, and were right as written, in order.
    whole: pictures on which every row is right as digits and there is no other row.
    extra: rows output whose digits are not a row of the page.
    accepted_right, accepted_wrong: accepted rows whose digits are a row of the page, and the other accepted rows.
    """
    total = dict.fromkeys(("rows", "digits", "written", "whole", "extra", "accepted_right", "accepted_wrong"), 0)
    for case, answer in zip(cases, answers, strict=True):
        rows = [row for row in answer if row.number]
        numbers = [row.number for row in rows]
        right = in_order(numbers, case.numbers)
        total["rows"] += len(case.numbers)
        total["digits"] += right
        total["written"] += in_order([plain(row.text) for row in rows], [plain(row) for row in case.written])
        total["whole"] += right == len(case.numbers) == len(rows)
        total["extra"] += sum(number not in case.numbers for number in numbers)
        total["accepted_right"] += sum(row.accepted and row.number in case.numbers for row in rows)
        total["accepted_wrong"] += sum(row.accepted and row.number not in case.numbers for row in rows)
    return {"n": len(cases), **total}


def score_crops(cases: list[Case], answers: list[Answer]) -> dict[str, Any]:
    """A reader's row for a set of crops, where all digits of a picture are one number.

    whole: numbers that are right. interval: its share's 95 % interval. digits: the share of digits that are right, by
    edit distance. empty: pictures without a digit read. accepted_right, accepted_wrong: of the accepted numbers.
    """
    found = ["".join(row.number for row in answer) for answer in answers]
    expected = ["".join(case.numbers) for case in cases]
    accepted = [all(row.accepted for row in answer if row.number) for answer in answers]
    right = [one == other for one, other in zip(found, expected, strict=True)]
    wrong_digits = sum(handwriting.edits(one, other) for one, other in zip(found, expected, strict=True))
    sure = [hit for hit, number, accept in zip(right, found, accepted, strict=True) if number and accept]
    return {
        "n": len(cases),
        "whole": sum(right),
        "interval": handwriting.wilson(sum(right), len(cases)),
        "digits": max(0.0, 1 - wrong_digits / sum(map(len, expected))),
        "empty": sum(not number for number in found),
        "accepted_right": sum(sure),
        "accepted_wrong": len(sure) - sum(sure),
    }


# The sets ---------------------------------------------------------------------------------------------------------


def cases_of(name: str, who: str, data: Path, limit: int | None) -> list[Case]:
    """The pictures of a set, at most `limit`, evenly spread; crops and pages of a TIFF are written below runs/peers."""
    if name in PAGES:
        labels = json.loads((data / "pages/labels.json").read_text("utf-8"))
        labels = [label for label in labels if label["file"].startswith("composed/") == (name == "pages, composed")]
        return [_page(label, data / "pages") for label in _spread(labels, limit)]
    file, sample, _ = CROPS[name]
    pictures = handwriting.read_set(data / "handwriting" / file)
    places = _spread(list(range(pictures.n)), sample)
    places = _spread(places, SLOW.get(who))
    places = _spread(places, limit)
    return [_crop(name, pictures.item(place)) for place in places]


def _spread(items: list[Any], n: int | None) -> list[Any]:
    return [
        items[i]
        for i in np.unique(np.linspace(0, len(items) - 1, min(n or len(items), len(items))).astype(int)).tolist()
    ]


def _page(label: dict[str, Any], folder: Path) -> Case:
    rows = [(row, number) for row, number in zip(label["rows"], label["digits"], strict=True) if number]
    file = folder / label["file"]
    with Image.open(file) as image:
        frames = getattr(image, "n_frames", 1)
        files = (file,) if frames == 1 else tuple(_save(_frame(image, i), f"{file.stem}-{i}") for i in range(frames))
    return Case(label["file"], files, [row for row, _ in rows], [number for _, number in rows])


def _frame(image: Image.Image, index: int) -> Image.Image:
    image.seek(index)
    return image.copy()


def _crop(name: str, item: handwriting.Item) -> Case:
    stem = f"{name}/{Path(item.name).stem}"
    content = item.picture
    if isinstance(content, bytes):
        file = WORK / "pictures" / f"{stem}{Path(item.name).suffix}"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    else:
        file = _save(Image.fromarray(content), stem)
    return Case(item.name, (file,), [item.label], [item.label])


def _save(image: Image.Image, stem: str) -> Path:
    file = WORK / "pictures" / f"{stem}.png"
    file.parent.mkdir(parents=True, exist_ok=True)
    image.save(file)
    return file


# The readers ------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def reader(who: str, name: str) -> Iterator[tuple[Reader, dict[str, Any]]]:
    """A reader that is ready for a set, and what it is: versions, and of this project commit and model."""
    if who == "ours":
        yield ours, {"versions": versions(*READING), "model": handwriting.model(), **commit()}
    elif who == "tesseract":
        program = _tesseract()
        mode = CROPS[name][2] if name in CROPS else 6
        shown = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
        about = {"versions": {"tesseract": (shown.stdout or shown.stderr).split()[1]}, "mode": mode}
        yield functools.partial(tesseract, program=program, mode=mode, crop=name in CROPS), about
    else:
        with _rapidocr("digits" if who == "rapidocr digits" else "whole") as (read, packages):
            yield read, {"versions": packages}


def ours(file: Path) -> list[Word]:
    """The rows that read_image finds; none if it rejects the picture."""
    try:
        reading = read_image(file)
    except ImageError:
        return []
    return [_word(row) for row in reading.rows if row.number]


def _word(row: ReadRow) -> Word:
    box = row.box
    return Word(row.text, box.x, box.y, box.x + box.width, box.y + box.height, row.accepted)


def commit() -> dict[str, Any]:
    """The newest of the last 100 commits that has the reader that runs; HEAD with uncommitted changes if none has."""

    def git(*arguments: str) -> str:
        return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout

    def reader_of(commit: str) -> dict[str, str]:
        tree = git("ls-tree", "-r", "--format=%(objectname) %(path)", f"{commit}:src/mnist_cnn/read").splitlines()
        blobs = {name: blob for blob, name in (entry.split(maxsplit=1) for entry in tree)}
        return {name: blob for name, blob in blobs.items() if name.endswith((".py", ".onnx"))}

    folder = Path(mnist_cnn.__file__).parent / "read"
    files = [file for file in folder.rglob("*") if file.suffix in (".py", ".onnx")]
    here = {file.relative_to(folder).as_posix(): git("hash-object", str(file)).strip() for file in files}
    commits = git("rev-list", "-100", "HEAD").split()
    same = next((commit for commit in commits if reader_of(commit) == here), None)
    return {"commit": same or commits[0], "uncommitted_changes": same is None}


def tesseract(file: Path, program: str, mode: int, crop: bool) -> list[Word]:
    """The words that Tesseract finds."""
    allowed = "0123456789" if crop else "0123456789" + SIGNS
    if crop:
        file = _save(Image.fromarray(prepare(np.asarray(Image.open(file).convert("L")))), "tesseract")
    command = [program, str(file), "stdout", "--psm", str(mode), "-c", f"tessedit_char_whitelist={allowed}", "tsv"]
    environment = os.environ | {"OMP_THREAD_LIMIT": "1"}
    shown = subprocess.run(command, capture_output=True, text=True, env=environment)
    return parse_tsv(shown.stdout)


def parse_tsv(table: str) -> list[Word]:
    """The words in Tesseract's TSV output."""
    cells = [line.split("\t") for line in table.splitlines()[1:]]
    words = []
    for level, *_, left, top, width, height, _confidence, text in (row for row in cells if len(row) == 12):
        if level == "5" and text.strip():
            x, y = int(left), int(top)
            words.append(Word(text, x, y, x + int(width), y + int(height)))
    return words


def prepare(image: np.ndarray) -> np.ndarray:
    """A crop, uint8 (h, w), as Tesseract's documentation recommends: dark on light, 100 pixels or higher, a border."""
    edge = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
    if np.median(edge) < 128:
        image, edge = 255 - image, 255 - edge
    scale = max(1.0, 100 / image.shape[0])
    enlarged = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    return cv2.copyMakeBorder(enlarged, 20, 20, 20, 20, cv2.BORDER_CONSTANT, value=float(np.median(edge)))


def _tesseract() -> str:
    """Tesseract's program, installed if it is missing and this user may."""
    if not shutil.which("tesseract") and shutil.which("apt-get") and os.geteuid() == 0:
        subprocess.run(["apt-get", "update", "-q"], check=True, stdout=sys.stderr)
        install = ["apt-get", "install", "-qy", "--no-install-recommends", "tesseract-ocr"]
        subprocess.run(install, check=True, stdout=sys.stderr)
    if program := shutil.which("tesseract"):
        return program
    raise _stop("tesseract: not found; on Debian and Ubuntu: apt-get install tesseract-ocr")


@contextlib.contextmanager
def _rapidocr(kind: str) -> Iterator[tuple[Reader, dict[str, str]]]:
    """RapidOCR in a process of its own, installed into runs/peers/rapidocr the first time."""
    folder = WORK / "rapidocr"
    program = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    installed = (
        program.exists() and not subprocess.run([program, "-c", "import rapidocr"], capture_output=True).returncode
    )
    if not installed:
        venv.create(folder, clear=True, with_pip=True)
        install = [str(program), "-m", "pip", "install", "--disable-pip-version-check", "rapidocr", "onnxruntime"]
        subprocess.run(install, check=True, stdout=sys.stderr)
    command = [str(program), str(Path(__file__).with_name("peers_rapidocr.py")), kind]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as worker:
        to, back = worker.stdin, worker.stdout
        assert to is not None and back is not None  # noqa: S101, PT018

        def read(file: Path) -> list[Word]:
            to.write(f"{file}\n")
            to.flush()
            return [Word(*word) for word in json.loads(back.readline())]

        yield read, json.loads(back.readline())
        to.close()


def _stop(line: str) -> SystemExit:
    print(line, file=sys.stderr)
    return SystemExit(2)


# What is written --------------------------------------------------------------------------------------------------


def measure(who: str, name: str, data: Path, limit: int | None) -> dict[str, Any]:
    """One reader's row for one set."""
    cases = cases_of(name, who, data, limit)
    with reader(who, name) as (read, about), click.progressbar(cases, label=f"{name}, {who}", file=sys.stderr) as bar:
        answers = [[row for file in case.files for row in join_rows(read(file))] for case in bar]
    result = (score_pages if name in PAGES else score_crops)(cases, answers)
    return result | {"measured": datetime.now(UTC).date().isoformat(), "machine": machine(), **about}


def load() -> dict[str, Any]:
    """The stored rows, by set and reader."""
    return json.loads(RESULT.read_text("utf-8"))["sets"] if RESULT.exists() else {}


def store(name: str, who: str, row: dict[str, Any]) -> None:
    """Put a row beside those of the other sets and readers."""
    sets = load()
    sets.setdefault(name, {})[who] = row
    ordered = {
        name: {who: sets[name][who] for who in READERS if who in sets[name]}
        for name in (*PAGES, *CROPS)
        if name in sets
    }
    with replacing(RESULT) as temporary:
        temporary.write_text(json.dumps({"note": NOTE, "sets": ordered}, indent=2) + "\n", "utf-8")


def line(name: str, who: str, row: dict[str, Any]) -> str:
    kept = {key: value for key, value in row.items() if type(value) in (int, float) and key != "mode"}
    shown = "  ".join(
        f"{key} {value:.3f}" if isinstance(value, float) else f"{key} {value}" for key, value in kept.items()
    )
    return f"{name:16} {who:16} {shown}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA, metavar="DIR", help="folder with `pages` and `handwriting`")
    parser.add_argument("--who", nargs="+", choices=READERS, default=READERS, help="these readers only")
    parser.add_argument("--only", nargs="+", choices=(*PAGES, *CROPS), default=(*PAGES, *CROPS), help="these sets only")
    parser.add_argument("--limit", type=int, help="maximum number of pictures per set; nothing is stored then")
    parser.add_argument("--again", action="store_true", help="measure rows again that are stored")
    options = parser.parse_args()
    if missing := [part for part in ("pages/labels.json", "handwriting") if not (options.data / part).exists()]:
        raise _stop(
            f"{options.data / missing[0]}: not found; expected the pictures to compare on, name them with --data"
        )
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
