"""The plan of a bulk run: its inputs, divided into units."""

from pathlib import Path

import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import Command
from hypothesis import given
from hypothesis import strategies as st

from mnist_cnn.bulk import plan
from mnist_cnn.errors import BulkError
from mnist_cnn.mnist import idx


def test_wrong_inputs_are_one_line_errors(command: Command, tmp_path: Path) -> None:
    pq.write_table(pa.table({"label": [1]}), tmp_path / "labels.parquet")
    (tmp_path / "broken.parquet").write_bytes(b"PAR1")
    (tmp_path / "labels-idx1-ubyte").write_bytes(idx.encode(np.zeros(3, np.uint8)))
    (tmp_path / "empty").mkdir()
    bad = {
        "none": "no such file",
        "empty": "none in it",
        "*.png": "found none",
        "labels.parquet": "found: label",
        "broken.parquet": "expected a Parquet file",
        "labels-idx1-ubyte": "images of 28 x 28",
        "nothing://there": "found",
    }
    for name, why in bad.items():
        with pytest.raises(BulkError, match=r"expected") as error:
            list(plan.units([str(tmp_path / name) if "://" not in name else name]))
        assert why in str(error.value)
        assert name.split("/")[-1] in str(error.value)
    done = command("bulk", "none", "--out", "read")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    done = command("bulk", "empty", "--out", "read2", "--address", "localhost:1")
    assert done.returncode == 2
    assert "--engine ray" in done.stderr


def test_inputs_can_be_on_any_file_system_of_fsspec(pictures: list[bytes]) -> None:
    memory = fsspec.filesystem("memory")
    memory.pipe({"/crops/b.png": pictures[0], "/crops/a/c.png": pictures[1], "/crops/none.txt": b""})
    [unit] = plan.units(["memory://crops"])
    assert [source.split("crops/")[1] for source in unit.sources] == ["b.png", "a/c.png"]
    with fsspec.open(unit.sources[1]) as file:
        assert file.read() == pictures[1]


@st.composite
def planned(draw: st.DrawFn) -> list[plan.Unit]:
    texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
    units = []
    for number in range(draw(st.integers(0, 8))):
        kind = draw(st.sampled_from(["pictures", "tiles", "parquet"]))
        sources = tuple(draw(st.lists(texts, min_size=1, max_size=4 if kind == "pictures" else 1)))
        start, stop = (0, 0) if kind == "pictures" else sorted(draw(st.tuples(*[st.integers(0, 2**40)] * 2)))
        units.append(plan.Unit(number, kind, sources, start, stop))
    return units


@given(planned())
def test_a_plan_is_read_as_it_was_written(tmp_path_factory: pytest.TempPathFactory, units: list[plan.Unit]) -> None:
    file = tmp_path_factory.mktemp("plan") / "plan.parquet"
    plan.write(file, units)
    assert list(plan.read(file)) == units
