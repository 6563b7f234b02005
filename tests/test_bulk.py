"""Bulk reading: the rows of `read_image`, and each input exactly once, also after processes were killed."""

import gzip
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from conftest import BROKEN, Command

from mnist_cnn import mnist
from mnist_cnn.mnist import idx
from mnist_cnn.read import Classifier, read_image


@pytest.fixture(scope="module")
def parquet(pictures: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Parquet file like Hugging Face's datasets, with 60 row groups, so 60 units."""
    file = tmp_path_factory.mktemp("parquet") / "crops.parquet"
    column = [{"bytes": content, "path": None} for content in pictures]
    pq.write_table(pa.table({"label": list(range(60)), "image": column}), file, row_group_size=1)
    return file


def rows(out: Path, table: str = "readings") -> list[dict[str, Any]]:
    """Return all rows, sorted by their ids."""
    return sorted(ds.dataset(out / table).to_table().to_pylist(), key=lambda row: row["id"])


def ids(out: Path) -> list[str]:
    """Return the ids of all rows in readings and errors."""
    return sorted(row["id"] for table in ("readings", "errors") for row in rows(out, table))


def begin(*arguments: object) -> subprocess.Popen[bytes]:
    """Start ``mnist-cnn bulk`` in its own process."""
    command = [sys.executable, "-m", "mnist_cnn", "bulk", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def wait_for_parts(out: Path, count: int) -> None:
    """Wait until `count` parts are finished."""
    end = time.monotonic() + 120
    while len(list(out.glob("readings/part-*.parquet"))) < count:
        assert time.monotonic() < end
        time.sleep(0.01)


def test_every_kind_of_input_has_the_rows_of_read_image(
    command: Command, pictures: list[bytes], parquet: Path, tmp_path: Path
) -> None:
    (tmp_path / "scans/deep").mkdir(parents=True)
    for i, content in enumerate(pictures[:10]):
        (tmp_path / "scans" / ("deep" if i % 2 else "") / f"{i}.png").write_bytes(content)
    (tmp_path / "scans/notes.txt").write_text("no picture")
    tiles = mnist.load().test.images[:30]
    (tmp_path / "scans/labels-idx1-ubyte").write_bytes(idx.encode(np.zeros(30, np.uint8)))
    (tmp_path / "scans/images-idx3-ubyte").write_bytes(idx.encode(tiles))
    done = command("bulk", "scans", parquet, "--out", "read", "--workers", 2)
    assert done.returncode == 1
    failed = sum(content == BROKEN for content in (*pictures[:10], *pictures))
    assert f"read: {100 - failed} read, {failed} failed" in done.stdout
    found = {row["id"]: row for row in rows(tmp_path / "read")}
    for i, content in enumerate(pictures[:10]):
        assert_same(found.get(str(tmp_path / "scans" / ("deep" if i % 2 else "") / f"{i}.png")), content)
    for i, content in enumerate(pictures):
        assert_same(found.get(f"{parquet}#{i}"), content)
    probabilities = Classifier().probabilities(mnist.as_input(tiles))
    for i, own in enumerate(probabilities):
        row = found[f"{tmp_path}/scans/images-idx3-ubyte#{i}"]
        assert row["number"] == str(own.argmax())
        assert row["confidence"] == pytest.approx(own.max(), abs=1e-6)
    errors = rows(tmp_path / "read", "errors")
    assert len(errors) == failed
    assert all("expected a whole picture" in row["error"] or "expected a picture" in row["error"] for row in errors)


@pytest.mark.slow
def test_rows_with_another_number_of_digits_are_not_accepted(
    command: Command, pictures: list[bytes], tmp_path: Path
) -> None:
    (tmp_path / "scans").mkdir()
    (tmp_path / "scans/0.png").write_bytes(pictures[0])
    (tmp_path / "scans/images-idx3-ubyte").write_bytes(idx.encode(mnist.load().test.images[:5]))
    for n in (1, 9):
        assert command("bulk", "scans", "--digits", n, "--out", f"read{n}").returncode == 0
        found = [row["accepted"] for row in rows(tmp_path / f"read{n}") if "#" in row["id"]]
        assert len(found) == 5
        assert all(found) if n == 1 else not any(found)
    picture = next(row for row in rows(tmp_path / "read9") if row["id"].endswith("0.png"))
    assert not picture["accepted"]


def assert_same(row: dict[str, Any] | None, content: bytes) -> None:
    if content == BROKEN:
        assert row is None
        return
    assert row
    reading = read_image(content)
    assert (row["number"], row["accepted"]) == (reading.number, reading.accepted)
    assert row["confidence"] == np.float32(reading.confidence)
    assert (row["reason"], row["width"], row["height"]) == (reading.reason, reading.width, reading.height)
    words = [(i, j, word) for i, row in enumerate(reading.rows) for j, word in enumerate(row.words)]
    assert [
        (
            d["row"],
            d["word"],
            d["text"],
            d["digit"],
            d["x"],
            d["y"],
            d["width"],
            d["height"],
            d["accepted"],
            d["reason"],
        )
        for d in row["digits"]
    ] == [
        (i, j, word.text, d.digit, *d.box.to_dict().values(), d.accepted, d.reason)
        for i, j, word in words
        for d in word.digits
    ]
    assert [(r["text"], r["number"], r["accepted"], r["reason"]) for r in row["rows"]] == [
        (r.text, r.number, r.accepted, r.reason) for r in reading.rows
    ]
    assert row["others"] == [box.to_dict() for box in reading.others]


@pytest.mark.slow
def test_a_killed_run_resumes(command: Command, parquet: Path, tmp_path: Path) -> None:
    out = tmp_path / "read"
    with begin(parquet, "--out", out, "--workers", 2) as process:
        wait_for_parts(out, 3)
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGKILL)
    _, alive = psutil.wait_procs(children, timeout=20)
    assert not alive, "worker processes exit with their run"
    before = {file: file.stat().st_mtime_ns for file in out.glob("readings/part-*.parquet")}
    assert 3 <= len(before) < 60
    done = command("bulk", parquet, "--out", out)
    assert done.returncode == 1
    assert f"{len(before):,} of 60 inputs are finished already" in done.stderr
    assert all(file.stat().st_mtime_ns == time for file, time in before.items())
    assert ids(out) == sorted(f"{parquet}#{i}" for i in range(60))
    again = command("bulk", parquet, "--out", out)
    assert again.returncode == 1, "the same exit code: some inputs could not be read"
    assert "; this run: 0 in " in again.stdout


@pytest.mark.slow
def test_a_killed_worker_is_a_one_line_error_and_the_run_resumes(
    command: Command, parquet: Path, tmp_path: Path
) -> None:
    out = tmp_path / "read"
    with begin(parquet, "--out", out, "--workers", 2) as process:
        wait_for_parts(out, 2)
        working = [
            child for child in psutil.Process(process.pid).children() if "spawn_main" in " ".join(child.cmdline())
        ]
        working[0].kill()
        assert process.wait(60) == 2
        assert process.stderr
        assert process.stderr.read().decode().count("\n") == 1
    assert command("bulk", parquet, "--out", out).returncode == 1
    assert ids(out) == sorted(f"{parquet}#{i}" for i in range(60))


@pytest.mark.slow
def test_ray_writes_the_same_rows_even_if_a_worker_is_killed(command: Command, parquet: Path, tmp_path: Path) -> None:
    assert command("bulk", parquet, "--out", tmp_path / "local").returncode == 1
    out = tmp_path / "ray"
    with begin(parquet, "--out", out, "--engine", "ray", "--workers", 2) as process:
        wait_for_parts(out, 3)
        actors = [
            child for child in psutil.Process().children(recursive=True) if "MapWorker" in " ".join(child.cmdline())
        ]
        assert actors
        actors[0].kill()
        assert process.wait(240) == 1
    for table in ("readings", "errors"):
        assert rows(out, table) == rows(tmp_path / "local", table)
    assert ids(out) == sorted(f"{parquet}#{i}" for i in range(60))


@pytest.mark.slow
def test_truncated_and_gzipped_idx_files(command: Command, tmp_path: Path) -> None:
    content = idx.encode(mnist.load().test.images[:20])
    (tmp_path / "short.idx3").write_bytes(content[:-800])
    done = command("bulk", "short.idx3", "--out", "short")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "expected 15,696 bytes for 20 images, found 14,896" in done.stderr
    whole = gzip.compress(content)
    (tmp_path / "whole.idx3.gz").write_bytes(whole)
    assert command("bulk", "whole.idx3.gz", "--out", "whole").returncode == 0
    assert len(rows(tmp_path / "whole")) == 20
    (tmp_path / "half.idx3.gz").write_bytes(whole[: len(whole) // 2])
    assert command("bulk", "half.idx3.gz", "whole.idx3.gz", "--out", "half").returncode == 1
    assert len(ids(tmp_path / "half")) == len(set(ids(tmp_path / "half"))) == 40
    assert len(rows(tmp_path / "half", "errors")) == 20


def test_a_bad_file_in_a_folder_is_one_error_row(command: Command, tmp_path: Path, pictures: list[bytes]) -> None:
    """Files in --out are not inputs, a file in several inputs is read once, and unusual file names are read."""
    folder = tmp_path / "scans"
    folder.mkdir()
    (folder / "broken.parquet").write_bytes(b"PAR1")
    (folder / "20x20-idx3-ubyte").write_bytes(idx.encode(np.zeros((3, 20, 20), np.uint8)))
    (folder / "a.png").write_bytes(pictures[0])
    (folder / "a::b *.png").write_bytes(pictures[1])
    with (Path(os.fsdecode(os.fsencode(folder) + b"/bad\xff.png"))).open("wb") as file:
        file.write(pictures[2])
    arguments = ("bulk", "scans", "scans/a.png", "scans/a::b *.png", "scans/../scans/a*.png", "--out", "scans/read")
    assert command(*arguments).returncode == 1
    assert [Path(name).name for name in ids(folder / "read")] == [
        "20x20-idx3-ubyte",
        "a.png",
        "a::b *.png",
        "bad\\xff.png",
        "broken.parquet",
    ]
    assert [Path(row["id"]).name for row in rows(folder / "read")] == ["a.png", "a::b *.png"]


def test_a_write_error_is_one_line(command: Command, tmp_path: Path, parquet: Path) -> None:
    out = tmp_path / "read"
    with begin(parquet, "--out", out, "--workers", 1) as process:
        wait_for_parts(out, 1)
        process.kill()
    shutil.rmtree(out / "errors")
    (out / "errors").write_text("a file")  # an error like a full disk, also for root
    done = command("bulk", parquet, "--out", out)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 2)
    assert f"{out}: cannot be written" in done.stderr
    (out / "errors").unlink()
    (out / "bulk.json").write_text("{")
    done = command("bulk", parquet, "--out", out)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)


@pytest.mark.slow
def test_rows_of_a_file_that_changed_during_the_run_are_errors(command: Command, tmp_path: Path, parquet: Path) -> None:
    """Rows that were read before stay."""
    file, out = tmp_path / "crops.parquet", tmp_path / "read"
    shutil.copy(parquet, file)
    assert command("bulk", file, "--out", out).returncode == 1
    before = rows(out)
    for number in (7, 8):
        (out / f"readings/part-{number:07}.parquet").unlink()
    pq.write_table(pq.read_table(file), file)  # the same rows, in one group
    assert command("bulk", file, "--out", out).returncode == 1
    assert ids(out) == sorted(f"{file}#{i}" for i in range(60))
    found = {row["id"]: row["error"] for row in rows(out, "errors")}
    assert all("the file has changed since the run began" in found[f"{file}#{number}"] for number in (7, 8))
    assert rows(out) == [row for row in before if row["id"] not in found]
