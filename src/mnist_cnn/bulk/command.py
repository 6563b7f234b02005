"""The command ``mnist-cnn bulk``: plan once, read what is not read yet, tell how far it is."""

import dataclasses
import hashlib
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import click
import pyarrow.parquet as pq

from mnist_cnn.bulk import engines, plan
from mnist_cnn.bulk.step import Done, Settings, readings
from mnist_cnn.errors import BulkError
from mnist_cnn.files import PARTIAL, replacing
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
    """Read all inputs into `out`/readings and `out`/errors, Parquet; what is there already is not read again.

    Raises BulkError if an input is not there or `out` belongs to other inputs or settings, ModelError if the model is
    bad, SystemExit with 1 if some could not be read, with 2 if none could.
    """
    began = time.perf_counter()
    settings = Settings(str(out.absolute()), str(model.absolute()) if model else None, digits, threshold)
    _claim(inputs, out, settings)
    workers = workers or len(os.sched_getaffinity(0))
    sizes = {unit.number: len(unit) for unit in plan.read(out / "plan.parquet")}
    there = {unit.number for unit in plan.read(out / "plan.parquet") if readings(out, unit).exists()}
    total, known = sum(sizes.values()), sum(sizes[number] for number in there)
    if not total:
        raise BulkError(f"{', '.join(inputs)[:200]}: expected something to read, found nothing in it")
    if known:
        click.echo(f"{known:,} of {total:,} were done before. What came into the folders since is not read.", err=True)
    missing = (unit for unit in plan.read(out / "plan.parquet") if unit.number not in there)
    progress, done = Progress(total, known, sys.stderr), 0
    try:
        for one in _engine(engine, settings, missing, workers, address):
            done += one.read + one.errors
            progress.show(done)
    except OSError as error:
        raise BulkError(f"{out}: cannot be written: {error.strerror or error}") from None
    finally:
        progress.end()
    errors = sum(pq.read_metadata(part).num_rows for part in (out / "errors").glob("part-*.parquet"))
    seconds = time.perf_counter() - began
    click.echo(
        f"{out}: {total - errors:,} read, {errors:,} could not be; {done:,} of them now, in {seconds:,.1f} s "
        f"({done / seconds:,.0f} a second)"
    )
    if errors:
        click.echo(f"Why: {out / 'errors'}", err=True)
        raise SystemExit(1 if errors < total else 2)


def _engine(
    name: str, settings: Settings, units: Iterator[plan.Unit], workers: int, address: str | None
) -> Iterator[Done]:
    if name == "ray":
        return engines.ray(settings, units, workers, address)
    return engines.local(settings, units, workers)


def _claim(inputs: tuple[str, ...], out: Path, settings: Settings) -> None:
    """Make the plan, or see that the one that is there is of the same inputs and settings."""
    names = [name if "://" in name or not name else os.path.abspath(name) for name in inputs]
    asked = dataclasses.asdict(settings) | {
        "inputs": names,
        "model": hashlib.sha256(Classifier(settings.model).path.read_bytes()).hexdigest(),
    }
    del asked["out"]
    file = out / "bulk.json"
    if file.exists():
        try:
            begun = dict(json.loads(file.read_text()))
        except (ValueError, TypeError, OSError) as error:
            raise BulkError(f"{file}: expected what a bulk run wrote, found: {error}; take another --out") from None
        other = next((name for name in asked if asked[name] != begun.get(name)), None)
        if other:
            raise BulkError(f"{out}: expected the same {other} as in {file}, found another; take another --out")
        return
    begun_to = ("plan.parquet", f"{PARTIAL}*")  # what is left if it was killed while it planned
    if out.exists() and not (out.is_dir() and all(any(map(f.match, begun_to)) for f in out.iterdir())):
        raise BulkError(f"{out}: expected a folder that is empty or of a run to go on with, found something else")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BulkError(f"{out}: expected a folder to write to, found: {error.strerror}") from None
    with replacing(out / "plan.parquet") as temporary:
        plan.write(temporary, plan.units(names, os.path.abspath(out)))
    with replacing(file) as temporary:
        temporary.write_text(json.dumps(asked, indent=2) + "\n")


class Progress:
    """How many of how many, how fast, how long still: all the time on a terminal, now and then in a log."""

    def __init__(self, total: int, known: int, to: TextIO) -> None:
        self._total, self._known, self._to = total, known, to
        self._began = self._shown = time.monotonic()
        self._every = 0.2 if to.isatty() else 30.0

    def show(self, done: int) -> None:
        now = time.monotonic()
        if now - self._shown < self._every:
            return
        self._shown = now
        rate = done / max(now - self._began, 1e-9)
        left = (self._total - self._known - done) / max(rate, 1e-9)
        text = f"{self._known + done:,} of {self._total:,}   {rate:,.0f} a second   {duration(left)} left"
        self._to.write(f"\r\033[K{text}" if self._to.isatty() else f"{text}\n")
        self._to.flush()

    def end(self) -> None:
        if self._to.isatty():
            self._to.write("\r\033[K")


def duration(seconds: float) -> str:
    """As people say it: "40 s", "12 min", "3 h 20 min"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
