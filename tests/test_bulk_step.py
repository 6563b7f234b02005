"""Step: the rows and errors of one unit. Rows of whole runs are in test_bulk.py."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from conftest import BROKEN

from mnist_cnn import mnist
from mnist_cnn.bulk.plan import Unit
from mnist_cnn.bulk.schema import ERRORS, READINGS
from mnist_cnn.bulk.step import Done, Settings, Step, failures, readings
from mnist_cnn.mnist import idx
from mnist_cnn.read import read_image


def test_a_unit_of_pictures_has_a_row_or_an_error_per_picture(pictures: list[bytes], tmp_path: Path) -> None:
    names = [str(tmp_path / name) for name in ("good.png", "broken.png", "missing.png")]
    Path(names[0]).write_bytes(pictures[0])
    Path(names[1]).write_bytes(BROKEN)
    unit, step = Unit(7, "pictures", tuple(names)), Step(Settings(str(tmp_path / "read")))
    assert step.run(unit) == Done(7, 1, 2)
    good, bad = (pq.read_table(path(tmp_path / "read", unit)) for path in (readings, failures))
    assert (good.schema, bad.schema) == (READINGS, ERRORS)
    assert (good["id"].to_pylist(), bad["id"].to_pylist()) == (names[:1], names[1:])
    assert good["number"].to_pylist() == [read_image(pictures[0]).number]
    assert bad["error"].to_pylist()[1] == f"{names[2]}: expected a picture, found: No such file or directory"

    before = readings(tmp_path / "read", unit).read_bytes()
    assert step.run(unit) == Done(7, 1, 2)
    assert readings(tmp_path / "read", unit).read_bytes() == before
    assert len([file for file in (tmp_path / "read").rglob("*") if file.is_file()]) == 2, "no temporary files"


@pytest.mark.parametrize(("threshold", "accepted"), [(0.0, True), (1.1, False)])
def test_a_unit_of_tiles_has_their_range_of_the_file(
    threshold: float, accepted: bool, dataset: mnist.Dataset, tmp_path: Path
) -> None:
    file = tmp_path / "images-idx3-ubyte"
    file.write_bytes(idx.encode(dataset.test.images[:20]))
    unit = Unit(0, "tiles", (str(file),), 5, 15)
    assert Step(Settings(str(tmp_path), threshold=threshold)).run(unit) == Done(0, 10, 0)
    found = pq.read_table(readings(tmp_path, unit)).to_pylist()
    assert [row["id"] for row in found] == [f"{file}#{i}" for i in range(5, 15)]
    assert (
        np.mean([row["number"] == str(label) for row, label in zip(found, dataset.test.labels[5:15], strict=True)])
        > 0.8
    )
    assert {row["accepted"] for row in found} == {accepted}


def test_tiles_after_the_end_of_the_file_are_errors(dataset: mnist.Dataset, tmp_path: Path) -> None:
    file = tmp_path / "images-idx3-ubyte"
    file.write_bytes(idx.encode(dataset.test.images[:20])[:-1])
    unit = Unit(0, "tiles", (str(file),), 0, 20)
    assert Step(Settings(str(tmp_path))).run(unit) == Done(0, 0, 20)
    errors = set(pq.read_table(failures(tmp_path, unit))["error"].to_pylist())
    assert errors == {"the file: cannot be read to its end: the file is truncated"}
