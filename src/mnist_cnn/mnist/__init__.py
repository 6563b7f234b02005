"""MNIST: 60,000 training and 10,000 test images of handwritten digits, in the package and verified.

    >>> (x_train, y_train), (x_test, y_test) = load()
    >>> x_train.shape, x_train.dtype, y_test[:3].tolist()
    ((60000, 28, 28), dtype('uint8'), [7, 2, 1])

Other data of the same form (Fashion-MNIST, KMNIST, your own) loads from a folder of IDX files or a Keras
``mnist.npz``: ``load("path/to/it")``. Its hashes are then recorded instead of matched.
"""

import hashlib
import os
import zipfile
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mnist_cnn.errors import DatasetError
from mnist_cnn.mnist import idx

DATA_VARIABLE = "MNIST_CNN_DATA"
FILES = Path(__file__).parent / "files"

# SHA-256 of each file's decompressed bytes: the gzip wrapping differs between mirrors, the content may not.
SHA256 = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
_IMAGES, _LABELS, _TEST_IMAGES, _TEST_LABELS = SHA256
_NPZ_KEYS = {_IMAGES: "x_train", _LABELS: "y_train", _TEST_IMAGES: "x_test", _TEST_LABELS: "y_test"}

# The 15 test labels that people, asked again, did not agree with (cleanlab; Northcutt et al. 2021, "Pervasive
# Label Errors in Test Sets"): ten have a new majority label, on five there is no label to be right about.
CORRECTED_LABELS = {947: 9, 1621: 6, 1901: 4, 2462: 0, 2597: 3, 3558: 0, 5937: 3, 6651: 6, 6783: 6, 9729: 6}
DISPUTED_LABELS = (2130, 2654, 3520, 8527, 9679)


class Digits(NamedTuple):
    """Images and what they show."""

    images: np.ndarray
    """uint8 (n, 28, 28); 0 is paper, 255 is ink."""
    labels: np.ndarray
    """uint8 (n,), each 0 to 9."""


class Dataset(NamedTuple):
    """What ``load`` returns; it unpacks like ``keras.datasets.mnist.load_data()``."""

    train: Digits
    test: Digits

    def sha256(self) -> dict[str, str]:
        """SHA-256 of the IDX form of each of the four arrays, by MNIST's file names."""
        arrays = (*self.train, *self.test)
        return {name: hashlib.sha256(idx.encode(array)).hexdigest() for name, array in zip(SHA256, arrays, strict=True)}


def load(path: str | os.PathLike[str] | None = None) -> Dataset:
    """Load MNIST, or data of its form from elsewhere.

    path: a folder of four IDX files, gzipped or not, or Keras's ``mnist.npz``. By default the folder named by the
    environment variable ``MNIST_CNN_DATA``, or else the files in this package, whose hashes must match.

    Raises DatasetError, with the file, what was expected and what was found.
    """
    source = Path(os.environ.get(DATA_VARIABLE) or FILES) if path is None else Path(path)
    expected = "a folder of IDX files or an mnist.npz"
    if path == "":
        raise DatasetError("the path of the data", expected=expected, found="an empty path")
    try:
        if source.is_dir():
            arrays, names = _read_folder(source)
        elif source.is_file():
            arrays, names = _read_npz(source)
        else:
            found = "something else" if source.exists() else "nothing there"
            raise DatasetError(source, expected=expected, found=found)
    except OSError as error:
        raise DatasetError(source, expected=expected, found=error.strerror or str(error)) from None
    _check(arrays, names)
    dataset = Dataset(Digits(arrays[_IMAGES], arrays[_LABELS]), Digits(arrays[_TEST_IMAGES], arrays[_TEST_LABELS]))
    for name, found in dataset.sha256().items():
        if source == FILES and found != SHA256[name]:
            raise DatasetError(names[name], expected=f"SHA-256 {SHA256[name]} (reinstall the package)", found=found)
        twin = next((other for other, known in SHA256.items() if known == found), name)
        if twin != name:
            raise DatasetError(names[name], expected=name, found=f"the content of MNIST's {twin}: are they swapped?")
    return dataset


def split(train: Digits) -> tuple[Digits, Digits]:
    """The fixed split into training and validation images: 55,000 and 5,000 of MNIST's 60,000.

    The last twelfth validates, unshuffled, so the split is the same everywhere and needs no seed. MNIST's images are
    in the order of their writers, so nearly all of these are by other hands, as the test images are; a split at random
    would share the writers.
    """
    cut = len(train.images) - max(1, len(train.images) // 12)
    return Digits(train.images[:cut], train.labels[:cut]), Digits(train.images[cut:], train.labels[cut:])


def as_input(images: np.ndarray) -> np.ndarray:
    """uint8 (n, 28, 28), 0 to 255 -> float32 (n, 28, 28, 1), 0 to 1: the form every network here takes.

    The values are those of ``images.reshape(-1, 28, 28, 1) / 255.0`` after Keras has cast them to float32, in half
    the memory.
    """
    return images.reshape(-1, 28, 28, 1).astype(np.float32) / np.float32(255)


def _read_folder(folder: Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    arrays, names = {}, {}
    for name in SHA256:
        # Some mirrors unpack to "train-images.idx3-ubyte".
        spellings = [name, name.replace("-idx", ".idx")]
        candidates = [folder / (spelling + ending) for spelling in spellings for ending in ("", ".gz")]
        file = next((candidate for candidate in candidates if candidate.is_file()), None)
        if file is None:
            raise DatasetError(folder, expected=f"the file {name} or {name}.gz", found="neither")
        arrays[name] = idx.read(file, ndim=3 if "images" in name else 1)
        names[name] = str(file)
    return arrays, names


def _read_npz(file: Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    arrays, names = {}, {}
    try:
        with zipfile.ZipFile(file) as members:
            size = sum(member.file_size for member in members.infolist())
        if size > idx.MAX_BYTES:
            raise DatasetError(file, expected=f"at most {idx.MAX_BYTES:,} bytes", found=f"{size:,}")
        with np.load(file, allow_pickle=False) as content:
            for name, key in _NPZ_KEYS.items():
                names[name] = f"{file} [{key}]"
                if key not in content:
                    raise DatasetError(file, expected=f"an array {key}", found=", ".join(content) or "no arrays")
                arrays[name] = content[key]
                if not isinstance(arrays[name], np.ndarray):
                    raise DatasetError(names[name], expected="an array", found="a member of another kind")
    except (zipfile.BadZipFile, zlib.error, ValueError, RuntimeError, EOFError, OSError, MemoryError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise DatasetError(file, expected="a readable .npz file", found=reason) from None
    return arrays, names


def _check(arrays: dict[str, np.ndarray], names: dict[str, str]) -> None:
    """Whether the four arrays are of MNIST's form; labels become uint8."""
    for images_name, labels_name in ((_IMAGES, _LABELS), (_TEST_IMAGES, _TEST_LABELS)):
        images, labels = arrays[images_name], arrays[labels_name]
        found = f"{images.dtype} {images.shape}"
        if images.dtype != np.uint8 or images.ndim != 3 or images.shape[1:] != (28, 28) or not len(images):
            raise DatasetError(names[images_name], expected="images, uint8 (n, 28, 28)", found=found)
        found = f"{labels.dtype} {labels.shape}"
        if labels.dtype.kind not in "iu" or labels.shape != (len(images),):
            raise DatasetError(names[labels_name], expected=f"{len(images):,} labels, one an image", found=found)
        if labels.min() < 0 or labels.max() > 9:
            found = f"labels from {labels.min()} to {labels.max()}"
            raise DatasetError(names[labels_name], expected="labels from 0 to 9", found=found)
        arrays[labels_name] = labels.astype(np.uint8)
