"""MNIST: 60,000 training and 10,000 test images of handwritten digits, shipped in the package and verified.

    >>> (x_train, y_train), (x_test, y_test) = load()
    >>> x_train.shape, x_train.dtype, y_test[:3].tolist()
    ((60000, 28, 28), dtype('uint8'), [7, 2, 1])

Other data of the same form (Fashion-MNIST, KMNIST, your own) is loaded by ``load("path")`` from a folder of IDX files
or a Keras ``mnist.npz``. Its hashes are recorded, not checked.
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

# SHA-256 of the decompressed bytes of each file, since mirrors compress them differently.
SHA256 = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
_IMAGES, _LABELS, _TEST_IMAGES, _TEST_LABELS = SHA256
_NPZ_KEYS = {_IMAGES: "x_train", _LABELS: "y_train", _TEST_IMAGES: "x_test", _TEST_LABELS: "y_test"}

# The 15 test labels that human reviewers did not confirm (cleanlab; Northcutt et al. 2021, "Pervasive Label Errors in
# Test Sets"): for ten, a majority agreed on another label; for five, there was no majority.
CORRECTED_LABELS = {947: 9, 1621: 6, 1901: 4, 2462: 0, 2597: 3, 3558: 0, 5937: 3, 6651: 6, 6783: 6, 9729: 6}
DISPUTED_LABELS = (2130, 2654, 3520, 8527, 9679)


class Digits(NamedTuple):
    """Images with their labels."""

    images: np.ndarray
    """uint8 (n, 28, 28), 0 for paper to 255 for ink."""
    labels: np.ndarray
    """uint8 (n,), 0 to 9."""


class Dataset(NamedTuple):
    """Training and test digits; unpacks like ``keras.datasets.mnist.load_data()``."""

    train: Digits
    test: Digits

    def sha256(self) -> dict[str, str]:
        """Return the SHA-256 of each of the four arrays in IDX form, by MNIST's file names."""
        arrays = (*self.train, *self.test)
        return {name: hashlib.sha256(idx.encode(array)).hexdigest() for name, array in zip(SHA256, arrays, strict=True)}


def load(path: str | os.PathLike[str] | None = None) -> Dataset:
    """Load MNIST, or other data of the same form.

    path: a folder of four IDX files, gzipped or not, or Keras's ``mnist.npz``. The default is the folder in the
    environment variable ``MNIST_CNN_DATA``. If that is not set, the files in this package are loaded, and their hashes
    are checked.

    Raises DatasetError if a file is missing, damaged or of another form.
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
            raise DatasetError(
                names[name], expected=name, found=f"the content of MNIST's {twin}; the files may be swapped"
            )
    return dataset


def split(train: Digits) -> tuple[Digits, Digits]:
    """Split into training and validation images: the first 55,000 and the last 5,000 of MNIST's 60,000.

    The last twelfth is for validation, without shuffling, so the split is always the same. MNIST's images are in the
    order of their writers. So nearly all validation images are by writers who are not in the training images, as in the
    test set. With a random split, both would have the same writers.
    """
    cut = len(train.images) - max(1, len(train.images) // 12)
    return Digits(train.images[:cut], train.labels[:cut]), Digits(train.images[cut:], train.labels[cut:])


def as_input(images: np.ndarray) -> np.ndarray:
    """Return images, uint8 (n, 28, 28), as the input of a network: float32 (n, 28, 28, 1) from 0 to 1.

    The values are equal to those of ``images.reshape(-1, 28, 28, 1) / 255.0`` after Keras has cast them to float32, but
    need half the memory.
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
                    raise DatasetError(names[name], expected="an array", found="another type")
    except (zipfile.BadZipFile, zlib.error, ValueError, RuntimeError, EOFError, OSError, MemoryError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise DatasetError(
            file, expected="a readable .npz file", found=f"another or a damaged file ({reason})"
        ) from None
    return arrays, names


def _check(arrays: dict[str, np.ndarray], names: dict[str, str]) -> None:
    """Check the form of the four arrays and convert the labels to uint8. Raises DatasetError."""
    for images_name, labels_name in ((_IMAGES, _LABELS), (_TEST_IMAGES, _TEST_LABELS)):
        images, labels = arrays[images_name], arrays[labels_name]
        found = f"{images.dtype} {images.shape}"
        if images.dtype != np.uint8 or images.ndim != 3 or images.shape[1:] != (28, 28) or not len(images):
            raise DatasetError(names[images_name], expected="images, uint8 (n, 28, 28)", found=found)
        found = f"{labels.dtype} {labels.shape}"
        if labels.dtype.kind not in "iu" or labels.shape != (len(images),):
            raise DatasetError(names[labels_name], expected=f"{len(images):,} labels, one per image", found=found)
        if labels.min() < 0 or labels.max() > 9:
            found = f"labels from {labels.min()} to {labels.max()}"
            raise DatasetError(names[labels_name], expected="labels from 0 to 9", found=found)
        arrays[labels_name] = labels.astype(np.uint8)
