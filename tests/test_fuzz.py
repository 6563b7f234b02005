"""What fuzzing (tests/fuzz/pictures.py) found, and all kinds of damage it came upon: a reading or a clear error."""

import time
import zipfile
from pathlib import Path

import pytest

from mnist_cnn.errors import ImageError
from mnist_cnn.read import read_image

with zipfile.ZipFile(Path(__file__).parent / "fuzz/corpus.zip") as _members:
    CORPUS = {name: _members.read(name) for name in _members.namelist()}


@pytest.mark.parametrize("name", CORPUS)
def test_a_find_gives_a_reading_or_a_clear_error(name: str) -> None:
    began, message = time.perf_counter(), None
    try:
        assert 0 <= read_image(CORPUS[name]).confidence <= 1
    except ImageError as error:
        message = str(error)
    assert message is None or ("expected" in message and "\n" not in message)
    assert time.perf_counter() - began < 10
