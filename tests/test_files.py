"""Atomic files: the old content or the new content, and nothing in between."""

from pathlib import Path

import pytest

from mnist_cnn.errors import FileError
from mnist_cnn.files import PARTIAL, replacing


def test_the_file_appears_whole_after_the_block(tmp_path: Path) -> None:
    file = tmp_path / "new" / "a.json"
    with replacing(file) as temporary:
        temporary.write_text("half")
        assert not file.exists()
        assert (temporary.parent, temporary.suffix) == (file.parent, ".json")
        assert temporary.name.startswith(PARTIAL)
        temporary.write_text("whole")
    assert file.read_text() == "whole"
    assert [path.name for path in file.parent.iterdir()] == ["a.json"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_exception_keeps_the_old_file_and_removes_the_new_one(error: type[BaseException], tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text("old")

    def fail() -> None:
        with replacing(file) as temporary:
            temporary.write_text("half")
            raise error

    with pytest.raises(error):
        fail()
    assert file.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_a_full_disk_and_a_file_as_folder_are_named(tmp_path: Path) -> None:
    with (
        pytest.raises(FileError, match=r"a\.json: cannot be written: No space left on device"),
        replacing(tmp_path / "a.json"),
        open("/dev/full", "w") as full,
    ):
        full.write("x")
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(FileError, match=r"file/a\.json: cannot be written: File exists"),
        replacing(tmp_path / "file/a.json") as temporary,
    ):
        temporary.write_text("x")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
