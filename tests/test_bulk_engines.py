"""Engines: units on processes of this machine, and a missing cluster. Killed processes are in test_bulk.py."""

from pathlib import Path

import pytest

from mnist_cnn.bulk import engines
from mnist_cnn.bulk.plan import Unit
from mnist_cnn.bulk.step import Done, Settings, readings
from mnist_cnn.errors import BulkError


def test_every_unit_is_read_once(pictures: list[bytes], tmp_path: Path) -> None:
    file = tmp_path / "one.png"
    file.write_bytes(pictures[0])
    units = [Unit(number, "pictures", (str(file),)) for number in range(5)]
    found = list(engines.local(Settings(str(tmp_path / "read")), iter(units), 1))
    assert sorted(found) == [Done(number, 1, 0) for number in range(5)]
    assert all(readings(tmp_path / "read", unit).exists() for unit in units)


def test_a_missing_cluster_is_named_at_once() -> None:
    with (
        pytest.raises(BulkError, match=r"127\.0\.0\.1:1: expected a Ray cluster, found: .*refused"),
        engines.cluster("127.0.0.1:1"),
    ):
        pass
