"""The readers that are compared: this project's, RapidOCR and Tesseract. Each returns the words on a picture.

- `ours` is `read_image`, which also says which numbers it accepts.
- `rapidocr` is RapidOCR as its documentation uses it. Of its text, digits and the signs in numbers are kept.
- `rapidocr digits` is RapidOCR's recogniser without its detector, its output limited to digits. It is for crops only.
- `tesseract` is Debian's, limited to digits, on pages also to the signs. Crops are enlarged, made dark on light and
  given a border, as its documentation recommends.

RapidOCR is installed into runs/peers/rapidocr, and Tesseract by apt-get, if they are missing.
"""

import contextlib
import functools
import json
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import result_files
from peers_rows import SIGNS, Word
from PIL import Image

from mnist_cnn.errors import ImageError
from mnist_cnn.provenance import READING, versions
from mnist_cnn.read import Row as ReadRow
from mnist_cnn.read import read_image

READERS = ("ours", "rapidocr", "rapidocr digits", "tesseract")
WORK = result_files.ROOT / "runs/peers"
Reader = Callable[[Path], list[Word]]


@contextlib.contextmanager
def reader(who: str, crop: bool, mode: int) -> Iterator[tuple[Reader, dict[str, Any]]]:
    """Yield a reader that is ready, and its provenance: versions, and for this project commit and model.

    crop: the pictures are crops, not pages. mode: Tesseract's page segmentation mode.
    """
    if who == "ours":
        yield ours, {"versions": versions(*READING), "model": result_files.models(), **result_files.reader_commit()}
    elif who == "tesseract":
        program = _tesseract()
        shown = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
        about = {"versions": {"tesseract": (shown.stdout or shown.stderr).split()[1]}, "mode": mode}
        yield functools.partial(tesseract, program=program, mode=mode, crop=crop), about
    else:
        with _rapidocr("digits" if who == "rapidocr digits" else "whole") as (read, packages):
            yield read, {"versions": packages}


def ours(file: Path) -> list[Word]:
    """Return the rows that `read_image` finds; none if it rejects the picture."""
    try:
        reading = read_image(file)
    except ImageError:
        return []
    return [_word(row) for row in reading.rows if row.number]


def _word(row: ReadRow) -> Word:
    box = row.box
    return Word(row.text, box.x, box.y, box.x + box.width, box.y + box.height, row.accepted)


def tesseract(file: Path, program: str, mode: int, crop: bool) -> list[Word]:
    """Return the words that Tesseract finds."""
    allowed = "0123456789" if crop else "0123456789" + SIGNS
    if crop:
        file = save(Image.fromarray(prepare(np.asarray(Image.open(file).convert("L")))), "tesseract")
    command = [program, str(file), "stdout", "--psm", str(mode), "-c", f"tessedit_char_whitelist={allowed}", "tsv"]
    environment = os.environ | {"OMP_THREAD_LIMIT": "1"}
    shown = subprocess.run(command, capture_output=True, text=True, env=environment)
    return parse_tsv(shown.stdout)


def parse_tsv(table: str) -> list[Word]:
    """Return the words in Tesseract's TSV output."""
    cells = [line.split("\t") for line in table.splitlines()[1:]]
    words = []
    for level, *_, left, top, width, height, _confidence, text in (row for row in cells if len(row) == 12):
        if level == "5" and text.strip():
            x, y = int(left), int(top)
            words.append(Word(text, x, y, x + int(width), y + int(height)))
    return words


def prepare(image: np.ndarray) -> np.ndarray:
    """Prepare a crop, uint8 (h, w), as Tesseract's documentation recommends.

    The result is dark on light, at least 100 pixels high, and has a border.
    """
    edge = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
    if np.median(edge) < 128:
        image, edge = 255 - image, 255 - edge
    scale = max(1.0, 100 / image.shape[0])
    enlarged = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    return cv2.copyMakeBorder(enlarged, 20, 20, 20, 20, cv2.BORDER_CONSTANT, value=float(np.median(edge)))


def _tesseract() -> str:
    """Return Tesseract's program. If it is missing and the user is root, it is installed."""
    if not shutil.which("tesseract") and shutil.which("apt-get") and os.geteuid() == 0:
        subprocess.run(["apt-get", "update", "-q"], check=True, stdout=sys.stderr)
        install = ["apt-get", "install", "-qy", "--no-install-recommends", "tesseract-ocr"]
        subprocess.run(install, check=True, stdout=sys.stderr)
    if program := shutil.which("tesseract"):
        return program
    raise stop("tesseract: not found; on Debian and Ubuntu: apt-get install tesseract-ocr")


@contextlib.contextmanager
def _rapidocr(kind: str) -> Iterator[tuple[Reader, dict[str, str]]]:
    """Run RapidOCR in a process of its own; yield its reader and its versions."""
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


def stop(line: str) -> SystemExit:
    """Print one line to standard error and return the exit with code 2."""
    print(line, file=sys.stderr)
    return SystemExit(2)


def save(image: Image.Image, stem: str) -> Path:
    """Write a picture below runs/peers/pictures and return its file."""
    file = WORK / "pictures" / f"{stem}.png"
    file.parent.mkdir(parents=True, exist_ok=True)
    image.save(file)
    return file
