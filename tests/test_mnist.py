"""The dataset: the shipped files are MNIST, and damaged files or files of another form are errors in one line."""

import gzip
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from mnist_cnn import mnist
from mnist_cnn.errors import DatasetError
from mnist_cnn.mnist import idx

FILES = Path(mnist.__file__).parent / "files"
TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS = mnist.SHA256


def digits(n: int, seed: int) -> mnist.Digits:
    random = np.random.default_rng(seed)
    return mnist.Digits(random.integers(0, 256, (n, 28, 28), dtype=np.uint8), random.integers(0, 10, n, dtype=np.uint8))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of small data in MNIST's form: 60 training and 10 test images."""
    for name, array in zip(mnist.SHA256, (*digits(60, 1), *digits(10, 2)), strict=True):
        (tmp_path / name).write_bytes(idx.encode(array))
    return tmp_path


def test_the_shipped_files_are_mnist(dataset: mnist.Dataset) -> None:
    (x_train, y_train), (x_test, y_test) = dataset
    assert (x_train.shape, y_train.shape) == ((60000, 28, 28), (60000,))
    assert (x_test.shape, y_test.shape) == ((10000, 28, 28), (10000,))
    assert {array.dtype for array in (x_train, y_train, x_test, y_test)} == {np.dtype(np.uint8)}
    assert y_train[:5].tolist() == [5, 0, 4, 1, 9]
    assert dataset.sha256() == mnist.SHA256


def test_a_changed_shipped_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(mnist.SHA256, TEST_LABELS, "0" * 64)
    with pytest.raises(DatasetError, match=r"t10k-labels.*expected SHA-256 0000.*reinstall.*found ff7bcfd4"):
        mnist.load()


def test_the_attribution_ships_with_the_files() -> None:
    text = (FILES / "LICENSE.md").read_text()
    assert "LeCun" in text
    assert "Attribution-ShareAlike 3.0" in text


def test_other_data_of_the_same_form_loads_with_its_hash_recorded(folder: Path) -> None:
    dataset = mnist.load(folder)
    assert np.array_equal(dataset.train.images, digits(60, 1).images)
    assert np.array_equal(dataset.test.labels, digits(10, 2).labels)
    assert set(dataset.sha256()) == set(mnist.SHA256)
    assert not dataset.sha256().items() & mnist.SHA256.items()


@pytest.mark.parametrize("form", ["gzipped", "dotted", "npz", "variable"])
def test_each_form_gives_the_same_arrays(form: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = mnist.load(folder)
    path: Path | None = folder
    if form == "npz":
        path = folder / "mnist.npz"
        (x_train, y_train), (x_test, y_test) = expected
        np.savez_compressed(path, x_train=x_train, y_train=y_train.astype(np.int64), x_test=x_test, y_test=y_test)
    for file in folder.glob("*-ubyte"):
        if form == "gzipped":
            file.with_name(file.name + ".gz").write_bytes(gzip.compress(file.read_bytes()))
            file.unlink()
        elif form == "dotted":
            file.rename(folder / file.name.replace("-idx", ".idx"))
    if form == "variable":
        monkeypatch.setenv(mnist.DATA_VARIABLE, str(folder))
        path = None
    found = mnist.load(path)
    assert found.sha256() == expected.sha256()


def damage(folder: Path, kind: str) -> None:
    images, labels = folder / TRAIN_IMAGES, folder / TRAIN_LABELS
    content = images.read_bytes()
    match kind:
        case "missing":
            images.unlink()
        case "empty":
            images.write_bytes(b"")
        case "truncated":
            images.write_bytes(content[:-1])
        case "cut in its header":
            images.write_bytes(content[:10])
        case "trailing":
            images.write_bytes(content + b"\0")
        case "swapped":
            images.write_bytes(labels.read_bytes())
            labels.write_bytes(content)
        case "train and test swapped":
            for own, other in ((TRAIN_LABELS, TEST_LABELS), (TRAIN_IMAGES, TEST_IMAGES)):
                (folder / own).unlink()
                (folder / (own + ".gz")).write_bytes((FILES / (other + ".gz")).read_bytes())
        case "wrong number of labels":
            labels.write_bytes(idx.encode(np.zeros(59, np.uint8)))
        case "wrong size":
            images.write_bytes(idx.encode(np.zeros((60, 27, 28), np.uint8)))
        case "no images":
            images.write_bytes(idx.encode(np.zeros((0, 28, 28), np.uint8)))
        case "label 10":
            labels.write_bytes(idx.encode(np.full(60, 10, np.uint8)))
        case "a huge size":
            images.write_bytes(struct.pack(">IIII", 2051, 2**32 - 1, 2**32 - 1, 2**32 - 1))
        case "a truncated gzip":
            images.write_bytes(gzip.compress(content)[:-200])
        case "a damaged gzip":
            packed = bytearray(gzip.compress(content))
            packed[len(packed) // 2] ^= 0xFF
            images.write_bytes(packed)
        case "a gzip with a wrong sum":
            packed = bytearray(gzip.compress(content))
            packed[-5] ^= 0xFF
            images.write_bytes(packed)
        case "unreadable":
            images.unlink()
            images.symlink_to("/proc/self/mem")  # exists, opens, and cannot be read, even by root
        case "a file of another type":
            images.write_bytes(b"\x89PNG\r\n" + bytes(100))


DAMAGES = {
    "missing": ("", "the file train-images-idx3-ubyte or train-images-idx3-ubyte.gz", "neither"),
    "empty": (TRAIN_IMAGES, "an IDX file of uint8 in 3 dimensions", "an empty file"),
    "truncated": (TRAIN_IMAGES, "47,040 bytes for 60 x 28 x 28 values", "47,039 bytes"),
    "cut in its header": (TRAIN_IMAGES, "a header of 16 bytes", "10 bytes"),
    "trailing": (TRAIN_IMAGES, "47,040 bytes for 60 x 28 x 28 values", "trailing bytes after them"),
    "swapped": (TRAIN_IMAGES, "magic number 2051 (uint8, 3 dimensions)", "2049"),
    "train and test swapped": (TRAIN_IMAGES, "train-images", "the content of MNIST's t10k-images"),
    "wrong number of labels": (TRAIN_LABELS, "60 labels, one per image", "uint8 (59,)"),
    "wrong size": (TRAIN_IMAGES, "images, uint8 (n, 28, 28)", "uint8 (60, 27, 28)"),
    "no images": (TRAIN_IMAGES, "images, uint8 (n, 28, 28)", "uint8 (0, 28, 28)"),
    "label 10": (TRAIN_LABELS, "labels from 0 to 9", "labels from 10 to 10"),
    "a huge size": (TRAIN_IMAGES, "at most 1,073,741,824 values", "4294967295 x 4294967295 x 4294967295"),
    "a truncated gzip": (TRAIN_IMAGES, "a complete gzip file", "a truncated one"),
    "a damaged gzip": (TRAIN_IMAGES, "a gzip file", "a damaged one"),
    "a gzip with a wrong sum": (TRAIN_IMAGES, "a gzip file", "a damaged one (CRC check failed"),
    "unreadable": (TRAIN_IMAGES, "a readable file", ""),
    "a file of another type": (TRAIN_IMAGES, "magic number 2051", "2303741511"),
}


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_bad_file_is_named_with_what_was_expected_and_found(kind: str, folder: Path) -> None:
    damage(folder, kind)
    name, expected, found = DAMAGES[kind]
    with pytest.raises(DatasetError) as raised:
        mnist.load(folder)
    message = str(raised.value)
    assert message.startswith(str(folder / name))
    assert f"expected {expected}" in message
    assert f"found {found}" in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "expected a readable .npz file"),
        (b"PK\x03\x04 and no more", "expected a readable .npz file"),
        ({"x_train": np.zeros((1, 28, 28), np.uint8)}, "expected an array y_train, found x_train"),
        (
            {"x_train": np.array([None])},
            r"npz: expected a readable .npz file, found another or a damaged file \(Object arrays",
        ),
        ({"x_train": np.zeros((1, 28, 28))}, r"\[x_train\]: expected images, uint8"),
        ({"y_train": np.zeros(1)}, r"\[y_train\]: expected 1 labels, one per image, found float64"),
        ({"y_train": np.array([-1])}, r"\[y_train\]: expected labels from 0 to 9, found labels from -1 to -1"),
    ],
)
def test_a_bad_npz_is_named(content: bytes | dict[str, np.ndarray], message: str, tmp_path: Path) -> None:
    file = tmp_path / "mnist.npz"
    if isinstance(content, bytes):
        file.write_bytes(content)
    else:
        arrays = dict(zip(("x_train", "y_train", "x_test", "y_test"), (*digits(1, 1), *digits(1, 2)), strict=True))
        arrays = content if "y_train" in message and "x_train" in content else arrays | content
        np.savez(file, **arrays)
    with pytest.raises(DatasetError, match=message):
        mnist.load(file)


@pytest.mark.parametrize("kind", ["deflate", "member", "size"])
def test_a_damaged_npz_is_named(kind: str, tmp_path: Path) -> None:
    file = tmp_path / "mnist.npz"
    np.savez_compressed(file, x_train=np.tile(np.arange(28, dtype=np.uint8), (50, 28, 1)))
    if kind == "deflate":
        content = bytearray(file.read_bytes())
        content[200:230] = bytes(30)
        file.write_bytes(content)
    else:
        header = "{'descr': '|u1', 'fortran_order': False, 'shape': (10**12, 28, 28)}".replace("10**12", str(10**12))
        array = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode()
        with zipfile.ZipFile(file, "w") as members:
            members.writestr("x_train.npy", array if kind == "size" else b"not an array")
    with pytest.raises(DatasetError, match=r"mnist.npz.*: expected .*, found .+"):
        mnist.load(file)


@pytest.mark.parametrize(("path", "found"), [("", "an empty path"), ("a" * 300, "File name too long")])
def test_an_invalid_path_is_an_error(path: str, found: str) -> None:
    with pytest.raises(DatasetError, match=f"expected a folder of IDX files or an mnist.npz, found {found}"):
        mnist.load(path)


def test_a_missing_path_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"expected a folder of IDX files or an mnist.npz, found nothing there"):
        mnist.load(tmp_path / "nowhere")


def test_the_split_is_fixed_and_complete(dataset: mnist.Dataset) -> None:
    training, validation = mnist.split(dataset.train)
    assert (len(training.images), len(validation.images)) == (55000, 5000)
    assert np.array_equal(np.concatenate([training.labels, validation.labels]), dataset.train.labels)
    assert np.shares_memory(validation.images, dataset.train.images)


def test_input_equals_the_formula_of_the_exercise(dataset: mnist.Dataset) -> None:
    images = dataset.test.images[:50]
    expected = (images.reshape(-1, 28, 28, 1) / 255.0).astype(np.float32)
    found = mnist.as_input(images)
    assert found.dtype == np.float32
    assert np.array_equal(found, expected)
    every_value = np.resize(np.arange(256, dtype=np.uint8), (1, 28, 28))
    assert np.array_equal(mnist.as_input(every_value).ravel(), (every_value / 255.0).astype(np.float32).ravel())


def test_every_correction_changes_a_label(dataset: mnist.Dataset) -> None:
    assert len(mnist.CORRECTED_LABELS) + len(mnist.DISPUTED_LABELS) == 15
    assert all(dataset.test.labels[index] != label for index, label in mnist.CORRECTED_LABELS.items())
