"""The classifier: the shipped model matches its card and metadata, and invalid models are errors."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from mnist_cnn import mnist
from mnist_cnn.errors import ModelError
from mnist_cnn.read import Classifier
from mnist_cnn.read.classifier import SHIPPED


def test_the_model_card_has_the_hash_of_the_shipped_file() -> None:
    content = SHIPPED.read_bytes()
    assert len(content) < 3_000_000
    assert hashlib.sha256(content).hexdigest() in (SHIPPED.parent / "README.md").read_text("utf-8")


def test_the_shipped_model_has_the_score_in_its_metadata(dataset: mnist.Dataset) -> None:
    classifier = Classifier(threads=2)
    assert classifier.metadata["recipe"] == "handwriting"
    assert classifier.metadata["dataset"] == mnist.SHA256["train-images-idx3-ubyte"]
    assert len(classifier.metadata["commit"]) == 40
    assert 0.5 < float(classifier.metadata["temperature"]) < 2
    probabilities = classifier.probabilities(mnist.as_input(dataset.test.images))
    assert probabilities.sum(axis=1).max() <= 1.0001
    wrong = probabilities.argmax(axis=1) != dataset.test.labels
    assert classifier.metadata["test_images"] == "10000"
    assert abs(int(wrong.sum()) - int(classifier.metadata["test_errors"])) <= 1
    assert wrong.sum() <= 50
    accepted = probabilities.max(axis=1) >= classifier.threshold
    assert accepted.mean() >= 0.99


@pytest.mark.parametrize("n", [1, 2, 63, 64, 65, 128, 200])
def test_a_batch_gives_the_same_probabilities_as_single_images(n: int, dataset: mnist.Dataset) -> None:
    classifier, images = Classifier(), mnist.as_input(dataset.test.images[:n])
    alone = np.concatenate([classifier.probabilities(image[None]) for image in images])
    together = classifier.probabilities(images)
    assert together.shape == (n, 10)
    assert together.dtype == np.float32
    np.testing.assert_allclose(together, alone, atol=1e-6)


def test_threads_can_share_a_classifier(dataset: mnist.Dataset) -> None:
    classifier, images = Classifier(), mnist.as_input(dataset.test.images[:400])
    expected = classifier.probabilities(images)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(classifier.probabilities, np.split(images, len(images))))
    np.testing.assert_allclose(np.concatenate(found), expected, atol=1e-6)


def test_images_of_any_layout_and_precision_are_accepted(dataset: mnist.Dataset) -> None:
    classifier, images = Classifier(), mnist.as_input(dataset.test.images[:2])
    expected = classifier.probabilities(images)
    for image in (images[:1].astype(np.float64), np.asfortranarray(images[:1]), images[::2], images[:1].astype(">f4")):
        np.testing.assert_allclose(classifier.probabilities(image), expected[:1], atol=1e-6)


def test_an_empty_batch_is_classified_and_invalid_images_are_refused() -> None:
    assert Classifier().probabilities(np.zeros((0, 28, 28, 1), np.float32)).shape == (0, 10)
    with pytest.raises(ModelError, match=r"expected a shape \(n, 28, 28, 1\), found \(28, 28\)"):
        Classifier().probabilities(np.zeros((28, 28), np.float32))
    for kind in (np.uint8, np.int64, np.complex64, bool, object):
        with pytest.raises(ModelError, match="images: expected floats from 0 to 1, found"):
            Classifier().probabilities(np.zeros((2, 28, 28, 1), kind))


def made(path: Path, name: str = "image", width: int = 10, **metadata: str) -> Path:
    """Write a model of one Gemm with zero weights and return its file."""
    nodes = [
        helper.make_node("Flatten", [name], ["flat"]),
        helper.make_node("Gemm", ["flat", "kernel"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"]),
    ]
    kernel = helper.make_tensor("kernel", TensorProto.FLOAT, [784, width], bytes(784 * width * 4), raw=True)
    graph = helper.make_graph(
        nodes,
        "made",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 28, 28, 1])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", width])],
        [kernel],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, metadata)
    onnx.save(model, path)
    return path


def test_a_model_without_calibration_accepts_all(tmp_path: Path) -> None:
    assert Classifier(made(tmp_path / "model.onnx")).threshold == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "picture"}, "expected one input 'image'"),
        ({"width": 7}, r"expected probabilities \(n, 10\)"),
        ({"threshold": "high"}, "expected a threshold from 0 to 1"),
        ({"threshold": "3"}, "expected a threshold from 0 to 1"),
    ],
)
def test_a_model_of_another_kind_is_an_error(arguments: dict[str, str], message: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=message):
        Classifier(made(tmp_path / "model.onnx", **arguments))  # type: ignore[arg-type]


@pytest.mark.parametrize("content", [b"", b"\x80\x04\x95", SHIPPED.read_bytes()[:5000], bytes(2000)])
def test_a_file_that_is_not_a_model_is_an_error(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(content)
    with pytest.raises(ModelError, match=r"model\.onnx: expected"):
        Classifier(tmp_path / "model.onnx")


def test_a_model_that_refers_to_other_files_is_refused(tmp_path: Path) -> None:
    model = onnx.load(made(tmp_path / "model.onnx"))
    onnx.save(model, tmp_path / "other.onnx", save_as_external_data=True, location="weights", size_threshold=0)
    with pytest.raises(ModelError, match=r"other\.onnx: expected"):
        Classifier(tmp_path / "other.onnx")


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="expected a model file"):
        Classifier(tmp_path / "nothing.onnx")
    with pytest.raises(ModelError, match="expected a model file"):
        Classifier(tmp_path)
