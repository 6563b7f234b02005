"""Errors: all are in one tree, and their messages are one line."""

import inspect

import pytest

from mnist_cnn import errors
from mnist_cnn.errors import DatasetError, ImageError, MissingExtraError, MnistCnnError


def test_all_errors_are_in_one_tree() -> None:
    found = [one for _, one in inspect.getmembers(errors, inspect.isclass)]
    assert len(found) > 10
    assert all(issubclass(one, MnistCnnError) for one in found)


@pytest.mark.parametrize("kind", [DatasetError, ImageError])
def test_a_message_has_the_name_and_what_was_expected_and_found(kind: type[DatasetError | ImageError]) -> None:
    assert str(kind("a.png", expected="a picture", found="a folder")) == "a.png: expected a picture, found a folder"


def test_a_missing_extra_says_what_to_type() -> None:
    message = str(MissingExtraError("keras", "train"))
    assert "'keras' is missing" in message
    assert "pip install 'mnist-cnn[train]'" in message
    assert "\n" not in message
