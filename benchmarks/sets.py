"""Sets of pictures with labels: sets that are made here, and sets in files.

    >>> [pictures.name for pictures in built_in()]
    ['photographs', 'photographed numbers', 'uci', 'drawings']

A set in a file is an .npz with the arrays `images`, uint8 (n, h, w) or (n, h, w, 3), and `labels`, or a .zip of
pictures with a labels.csv (columns `file` and `label`, the digits as text).
"""

import csv
import functools
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from drawings import drawing
from photographs import photograph

from mnist_cnn import mnist

SEED = 20261123


class Item(NamedTuple):
    """One picture and the digits on it as text."""

    name: str
    picture: np.ndarray | bytes
    """uint8 (h, w) or (h, w, 3), or the bytes of a picture file."""
    label: str


class Set(NamedTuple):
    """Pictures that are loaded or made one at a time."""

    name: str
    n: int
    item: Callable[[int], Item]


def built_in() -> list[Set]:
    """Return the sets made here: photographs of MNIST's test digits, UCI's 8 x 8 digits, and drawings.

    They are the same each time.
    """
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
    return Item(f"{k}-{index:04}", photograph(images[places], rng), label)


def _uci(index: int) -> Item:
    images, labels = _load_digits()
    enlarged = cv2.resize(images[index].astype(np.float32) * (255 / 16), (64, 64), interpolation=cv2.INTER_CUBIC)
    return Item(f"{index:04}", np.clip(enlarged + 0.5, 0, 255).astype(np.uint8), str(labels[index]))


def _drawing(index: int) -> Item:
    """Return a drawing: one digit in seven of ten cases, otherwise two or three."""
    rng = np.random.default_rng((SEED, 0, index))
    return Item(f"{index:04}", *drawing(int(rng.choice((1, 2, 3), p=(0.7, 0.2, 0.1))), rng))


@functools.cache
def mnist_test() -> mnist.Digits:
    """Return MNIST's test digits without the fifteen whose labels are known to be wrong or are disputed."""
    images, labels = mnist.load().test
    agreed = np.setdiff1d(np.arange(len(images)), [*mnist.CORRECTED_LABELS, *mnist.DISPUTED_LABELS])
    return mnist.Digits(images[agreed], labels[agreed])


@functools.cache
def _load_digits() -> tuple[np.ndarray, np.ndarray]:
    from sklearn.datasets import load_digits  # type: ignore[import-untyped]

    digits = load_digits()
    return digits.images, digits.target


def read_set(file: Path) -> Set:
    """Return the set in an .npz or a .zip file, named like the file."""
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
