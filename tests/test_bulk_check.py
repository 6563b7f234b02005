"""Check: inputs that are missing, and output folders that cannot be used."""

import os
from pathlib import Path

import pytest

from mnist_cnn.bulk.check import check
from mnist_cnn.errors import BulkError


def test_missing_inputs_are_named(tmp_path: Path) -> None:
    out = tmp_path / "read"
    with pytest.raises(BulkError, match=rf"^{tmp_path}/none\.png: expected pictures, .*, found no such file$"):
        check([str(tmp_path), str(tmp_path / "none.png")], out)
    with pytest.raises(BulkError, match=r"^INPUT: expected pictures, .*, found an empty name$"):
        check([""], out)
    check([str(tmp_path), "memory://anywhere", "*.png", "0?.png"], out)
    assert os.listdir(tmp_path) == []


def test_the_output_folder_is_new_or_empty_or_a_run_to_resume(tmp_path: Path) -> None:
    out = tmp_path / "read"
    out.mkdir()
    check([str(tmp_path)], out)
    for leftover in ("plan.parquet", ".partial-4-plan.parquet"):
        (out / leftover).touch()
    check([str(tmp_path)], out)
    (out / "letter.txt").touch()
    with pytest.raises(BulkError, match="expected an empty folder or a bulk run to resume, found other files"):
        check([str(tmp_path)], out)
    (out / "bulk.json").touch()
    check([str(tmp_path / "gone.png")], out)


def test_a_file_in_place_of_the_output_folder_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(BulkError, match=r"file: expected an empty folder .*, found a file; use a new --out"):
        check([str(tmp_path)], file)
    with pytest.raises(BulkError, match=rf"file/below: expected a folder to write to, but {file} is a file"):
        check([str(tmp_path)], file / "below")
