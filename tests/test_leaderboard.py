"""Leaderboard: the table of the results, and errors of wrong files."""

import json
from pathlib import Path

import accuracy
import pytest

from mnist_cnn.errors import RunError
from mnist_cnn.learn import leaderboard


def test_the_table_is_in_order_of_accuracy_and_wrong_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"expected files accuracy-RECIPE\.json, found none"):
        leaderboard.read(tmp_path)
    value = {"mean": 0.99, "sd": None}
    result = {"recipe": "a", "n": 1, "parameters": 12345, "bytes": 54321, "rows": [{"seconds": 90}]} | dict.fromkeys(
        accuracy.COLUMNS, value
    )
    better = result | {"recipe": "b", "n": 5, "accuracy": {"mean": 0.9971, "sd": 0.0002}}
    for each in (result, better):
        (tmp_path / f"accuracy-{each['recipe']}.json").write_text(json.dumps(each))
    lines = leaderboard.table(leaderboard.read(tmp_path)).splitlines()
    assert [line.split()[1] for line in lines[2:]] == ["b", "a"]
    assert "99.71 ± 0.02 %" in lines[2]
    assert "12,345" in lines[3]
    assert "1.5 min" in lines[3]
    assert len({len(line) for line in lines}) == 1
    for content in ("", "[]", "{}", '{"accuracy": 3}'):
        (tmp_path / "accuracy-c.json").write_text(content)
        with pytest.raises(RunError, match=r"accuracy-c\.json: expected a result of"):
            leaderboard.read(tmp_path)
