"""The command ``mnist-cnn bulk``: makes the plan once, reads the missing units and shows the progress."""

import dataclasses
import hashlib
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

import click
import pyarrow.parquet as pq

from mnist_cnn.bulk import engines, plan
from mnist_cnn.bulk.check import check
from mnist_cnn.bulk.step import Done, Settings, readings
from mnist_cnn.errors import BulkError
from mnist_cnn.files import replacing
from mnist_cnn.read.classifier import Classifier


def bulk(
    inputs: tuple[str, ...],
    out: Path,
    engine: str = "local",
    address: str | None = None,
    workers: int | None = None,
    digits: int | None = None,
    threshold: float | None = None,
    model: Path | None = None,
) -> None:
    """Read all inputs into the Parquet files of `out`/readings and `out`/errors. Finished parts are kept.

    Raises BulkError if an input is missing or `out` belongs to other inputs or settings, ModelError if the model is
    bad, SystemExit with 1 if some inputs could not be read, with 2 if none could.
    """
    began = time.perf_counter()
    check(inputs, out)
    settings = Settings(str(out.absolute()), str(model.absolute()) if model else None, digits, threshold)
    _claim(inputs, out, settings)
    planned = out / "plan.parquet"
    sizes = {unit.number: len(unit) for unit in plan.read(planned)}
    finished = {unit.number for unit in plan.read(planned) if readings(out, unit).exists()}
    total, known = sum(sizes.values()), sum(sizes[number] for number in finished)
    if not total:
        raise BulkError(f"{', '.join(inputs)[:200]}: expected pictures to read, found none")
    if known:
        click.echo(
            f"{known:,} of {total:,} inputs are finished already. New files in the folders are not read.", err=True
        )
    missing = (unit for unit in plan.read(planned) if unit.number not in finished)
    done = _work(_engine(engine, settings, missing, workers, address), out, Progress(total, known, sys.stderr))
    errors = sum(pq.read_metadata(part).num_rows for part in (out / "errors").glob("part-*.parquet"))
    seconds = time.perf_counter() - began
    click.echo(
        f"{out}: {total - errors:,} read, {errors:,} failed; this run: {done:,} in {seconds:,.1f} s "
        f"({done / seconds:,.0f} per second)"
    )
    if errors:
        click.echo(f"Errors: {out / 'errors'}", err=True)
        raise SystemExit(1 if errors < total else 2)


def _engine(
    name: str, settings: Settings, units: Iterator[plan.Unit], workers: int | None, address: str | None
) -> Iterator[Done]:
    workers = workers or len(os.sched_getaffinity(0))
    if name == "ray":
        return engines.ray(settings, units, workers, address)
    return engines.local(settings, units, workers)


def _work(units: Iterator[Done], out: Path, progress: "Progress") -> int:
    """Finish all units and show the progress. Returns the number of inputs in them."""
    done = 0
    try:
        for unit in units:
            done += unit.read + unit.errors
            progress.show(done)
    except OSError as error:
        raise BulkError(f"{out}: cannot be written: {error.strerror or error}") from None
    finally:
        progress.end()
    return done


def _claim(inputs: tuple[str, ...], out: Path, settings: Settings) -> None:
    """Write the plan and the settings to `out`, or check that `out` belongs to the same inputs and settings."""
    names = [name if "://" in name or not name else os.path.abspath(name) for name in inputs]
    asked = dataclasses.asdict(settings) | {
        "inputs": names,
        "model": hashlib.sha256(Classifier(settings.model).path.read_bytes()).hexdigest(),
    }
    del asked["out"]
    file = out / "bulk.json"
    if file.exists():
        _compare(asked, file)
        return
    new = not out.exists()
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BulkError(f"{out}: expected a folder to write to, found: {error.strerror}") from None
    try:
        with replacing(out / "plan.parquet") as temporary:
            plan.write(temporary, plan.units(names, os.path.abspath(out)))
    except BulkError:
        if new:
            out.rmdir()
        raise
    with replacing(file) as temporary:
        temporary.write_text(json.dumps(asked, indent=2) + "\n")


def _compare(asked: dict[str, Any], file: Path) -> None:
    """Raise BulkError if the file has other inputs or settings, or is not the file of a bulk run."""
    try:
        begun = dict(json.loads(file.read_text()))
    except (ValueError, TypeError, OSError) as error:
        raise BulkError(f"{file}: expected the settings of a bulk run, found: {error}; use a new --out") from None
    other = next((name for name in asked if asked[name] != begun.get(name)), None)
    if other:
        raise BulkError(
            f"{file.parent}: expected the same {other} as in {file}, found a different value; use a new --out"
        )


class Progress:
    """Progress line: finished inputs, rate and remaining time; every 0.2 s on a terminal, every 30 s in a log."""

    def __init__(self, total: int, known: int, to: TextIO) -> None:
        self._total, self._known, self._to = total, known, to
        self._began = self._shown = time.monotonic()
        self._every = 0.2 if to.isatty() else 30.0

    def show(self, done: int) -> None:
        """Show that `done` inputs were finished in this run."""
        now = time.monotonic()
        if now - self._shown < self._every:
            return
        self._shown = now
        rate = done / max(now - self._began, 1e-9)
        left = (self._total - self._known - done) / max(rate, 1e-9)
        text = f"{self._known + done:,} of {self._total:,}   {rate:,.0f} per second   {duration(left)} left"
        self._to.write(f"\r\033[K{text}" if self._to.isatty() else f"{text}\n")
        self._to.flush()

    def end(self) -> None:
        """Remove the line from a terminal."""
        if self._to.isatty():
            self._to.write("\r\033[K")


def duration(seconds: float) -> str:
    """Return a duration as text: "40 s", "12 min", "3 h 20 min"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
