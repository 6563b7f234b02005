"""Check: inputs that are missing, and output folders that cannot be used."""

import os
from pathlib import Path

import pytest

from mnist_cnn.bulk.check import check
from mnist_cnn.errors import BulkError


def test_missing_inputs_are_named(tmp_path: Path) -> None:
    out = tmp_path / "read"
    (tmp_path / "a.png").touch()
    with pytest.raises(BulkError, match=rf"^{tmp_path}/none\.png: expected pictures, .*, found no such file$"):
        check([str(tmp_path), str(tmp_path / "none.png")], out)
    with pytest.raises(BulkError, match=r"^INPUT: expected pictures, .*, found an empty name$"):
        check([""], out)
    check([str(tmp_path), "memory://anywhere", "*.png", "0?.png"], out)
    assert os.listdir(tmp_path) == ["a.png"]


def test_a_folder_without_inputs_is_named(tmp_path: Path) -> None:
    (tmp_path / "labels").mkdir()
    for name in ("letter.txt", "labels/train-labels-idx1-ubyte.gz"):
        (tmp_path / name).touch()
        with pytest.raises(BulkError, match=rf"^{tmp_path}: expected a folder with pictures, .*, found none in it$"):
            check([str(tmp_path)], tmp_path / "read")
    for name in ("labels/a.PNG", "labels/train-images-idx3-ubyte", "labels/a.parquet", "labels/scan.pdf"):
        (tmp_path / name).touch()
        check([str(tmp_path)], tmp_path / "read")
        (tmp_path / name).unlink()


def test_the_output_folder_is_new_or_empty_or_a_run_to_resume(tmp_path: Path) -> None:
    out = tmp_path / "read"
    out.mkdir()
    (tmp_path / "a.png").touch()
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
    (tmp_path / "a.png").touch()
    with pytest.raises(BulkError, match=r"file: expected an empty folder .*, found a file; use a new --out"):
        check([str(tmp_path)], file)
    with pytest.raises(BulkError, match=rf"file/below: expected a folder to write to, but {file} is a file"):
        check([str(tmp_path)], file / "below")
