"""The command ``mnist-cnn bulk``: its output folder, its exit codes and its progress."""

import io
import shutil
from pathlib import Path

import numpy as np
import pytest
from conftest import PAGE, Command

from mnist_cnn.bulk.command import Progress, bulk, duration
from mnist_cnn.errors import BulkError
from mnist_cnn.mnist import idx


def test_a_run_resumes_without_its_inputs(command: Command, tmp_path: Path) -> None:
    shutil.copy(PAGE, tmp_path / "page.jpg")
    assert command("bulk", "page.jpg", "--out", "read").returncode == 0
    (tmp_path / "page.jpg").unlink()
    again = command("bulk", "page.jpg", "--out", "read")
    assert (again.returncode, again.stdout[:15]) == (0, "read: 1 read, 0"), again
    assert "1 of 1 inputs are finished already" in again.stderr


def test_an_output_folder_belongs_to_one_set_of_inputs_and_settings(
    command: Command, tmp_path: Path, pictures: list[bytes]
) -> None:
    for name in ("one.png", "two.png"):
        (tmp_path / name).write_bytes(pictures[0])
    assert command("bulk", "one.png", "--out", "read").returncode == 0
    for other in (["two.png"], ["one.png", "--threshold", 0.1], ["one.png", "--digits", 2]):
        done = command("bulk", *other, "--out", "read")
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert "use a new --out" in done.stderr
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/letter.txt").write_text("mine")
    done = command("bulk", "one.png", "--out", "mine")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)


def test_inputs_without_pictures_leave_no_folder(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "old").mkdir()
    for name in ("empty", "*.png"):
        for out in ("new", "old"):
            with pytest.raises(BulkError, match="found none"):
                bulk((str(tmp_path / name),), tmp_path / out)
    assert sorted(file.name for file in tmp_path.rglob("*")) == ["empty", "old"]


def test_empty_inputs_are_one_line_errors(command: Command, tmp_path: Path) -> None:
    (tmp_path / "none-idx3-ubyte").write_bytes(idx.encode(np.zeros((0, 28, 28), np.uint8)))
    for name in ("none-idx3-ubyte", ""):
        done = command("bulk", name, "--out", f"read{name}")
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)


def test_durations_are_in_seconds_minutes_or_hours() -> None:
    assert [duration(s) for s in (3.2, 89, 600, 12_000)] == ["3 s", "89 s", "10 min", "3 h 20 min"]


def test_progress_in_a_log_has_a_line_every_30_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    log = io.StringIO()
    progress = Progress(1000, 400, log)
    for seconds, done in ((10, 100), (31, 310), (32, 320), (61.5, 600)):
        clock[0] = 100 + seconds
        progress.show(done)
    progress.end()
    assert log.getvalue().splitlines() == [
        "710 of 1,000   10 per second   29 s left",
        "1,000 of 1,000   10 per second   0 s left",
    ]
