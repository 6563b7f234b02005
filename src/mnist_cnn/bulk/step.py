"""Step: reads one unit and writes it as one part. All engines write the same rows.

>>> Step(Settings(out="read")).run(unit)                                                    # doctest: +SKIP
Done(unit=0, read=100, errors=0)
"""

import contextlib
import itertools
import os
import platform
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mnist_cnn.bulk.plan import Unit, column_of, open_file, row_groups
from mnist_cnn.bulk.schema import DIGIT, ERRORS, PICTURE, READINGS, ROW
from mnist_cnn.errors import BulkError, ImageError
from mnist_cnn.read.classifier import Classifier
from mnist_cnn.read.picture import MAX_BYTES
from mnist_cnn.read.reader import read_image
from mnist_cnn.read.reading import Box

_TILES = 1000
"""Number of tiles that are classified together."""
_PICTURES = 100
"""Number of a Parquet file's pictures that are loaded together."""
_TILE = {"reason": None, "width": 28, "height": 28, "turned": 0}
_WHOLE = Box(0, 0, 28, 28).to_dict()
Record = dict[str, Any]


@dataclass(frozen=True)
class Settings:
    """Settings that all units share."""

    out: str
    model: str | None = None
    digits: int | None = None
    threshold: float | None = None


class Done(NamedTuple):
    """A finished unit: its number, and how many of its inputs were read and how many failed."""

    unit: int
    read: int
    errors: int


class Step:
    """Reader of units, one per worker process."""

    def __init__(self, settings: Settings) -> None:
        cv2.setNumThreads(1)  # each core has its own process
        self._settings = settings
        self._classifier = Classifier(settings.model)

    def run(self, unit: Unit) -> Done:
        """Read a unit and write its part. Running it again writes the same part."""
        read, errors = 0, 0
        out = Path(self._settings.out)
        with _part(readings(out, unit), READINGS) as good, _part(failures(out, unit), ERRORS) as bad:
            for rows in self._rows(unit):
                failed = [row for row in rows if "error" in row]
                good.write_table(pa.Table.from_pylist([row for row in rows if "error" not in row], READINGS))
                bad.write_table(pa.Table.from_pylist(failed, ERRORS))
                read, errors = read + len(rows) - len(failed), errors + len(failed)
        return Done(unit.number, read, errors)

    def _rows(self, unit: Unit) -> Iterator[list[Record]]:
        """Yield the rows of a unit. Inputs that cannot be read have a row with the key "error"."""
        if unit.kind == "pictures":
            yield [self._picture(name, _content(name)) for name in unit.sources]
            return
        [name] = unit.sources
        rows = self._of_tiles(name, unit) if unit.kind == "tiles" else self._of_parquet(name, unit)
        done = unit.start
        try:
            for some in rows:
                yield some
                done += len(some)
        except (OSError, EOFError, zlib.error, pa.ArrowException, BulkError) as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            text = f"the file: cannot be read to its end: {reason[:200]}"
            yield [{"id": f"{name}#{i}", "error": text} for i in range(done, unit.stop)]

    def _of_tiles(self, name: str, unit: Unit) -> Iterator[list[Record]]:
        with open_file(name, zipped=True) as file:
            file.seek(16 + 784 * unit.start)
            for start in range(unit.start, unit.stop, _TILES):
                stop = min(start + _TILES, unit.stop)
                content = file.read(784 * (stop - start))
                if len(content) < 784 * (stop - start):
                    raise EOFError("the file is truncated")
                yield self._tiles(name, start, content)

    def _of_parquet(self, name: str, unit: Unit) -> Iterator[list[Record]]:
        with open_file(name) as opened:
            file = pq.ParquetFile(opened)
            groups, at = list(itertools.pairwise(row_groups(file))), unit.start
            if (unit.start, unit.stop) not in groups:
                raise EOFError("the file has changed since the run began")
            group = groups.index((unit.start, unit.stop))
            for batch in file.iter_batches(_PICTURES, row_groups=[group], columns=[column_of(name, file)]):
                values = batch.column(0).to_pylist()
                contents = [value["bytes"] if isinstance(value, dict) else value for value in values]
                yield [self._picture(f"{name}#{at + i}", content) for i, content in enumerate(contents)]
                at += len(contents)

    def _picture(self, name: str, content: bytes | str | None) -> Record:
        """Return the row of a picture. content: its bytes, or the reason why there are none."""
        if content is None or isinstance(content, str):
            return {"id": name, "error": content or "the picture: expected its bytes, found nothing"}
        settings = self._settings
        try:
            found = read_image(
                content, classifier=self._classifier, digits=settings.digits, threshold=settings.threshold
            )
        except ImageError as error:
            return {"id": name, "error": str(error)}
        digits = [
            {"row": i, "word": j, "text": word.text, **digit.box.to_dict(), **_values(digit, DIGIT)}
            for i, row in enumerate(found.rows)
            for j, word in enumerate(row.words)
            for digit in word.digits
        ]
        return {
            "id": name,
            **_values(found, PICTURE),
            "rows": [_values(row, ROW) | row.box.to_dict() for row in found.rows],
            "digits": digits,
            "others": [box.to_dict() for box in found.others],
        }

    def _tiles(self, name: str, start: int, content: bytes) -> list[Record]:
        """Return the rows of images in MNIST's form, each read as one digit."""
        images = np.frombuffer(content, np.uint8).reshape(-1, 28, 28, 1).astype(np.float32) / 255
        probabilities = self._classifier.probabilities(images)
        threshold = self._classifier.threshold if self._settings.threshold is None else self._settings.threshold
        best, second = np.argsort(-probabilities, axis=1, kind="stable")[:, :2].T.tolist()
        expected, confidences = self._settings.digits, probabilities.max(axis=1).tolist()
        whole = None if expected in (None, 1) else f"1 digit, expected {expected}"
        rows = []
        for i, (digit, other, confidence) in enumerate(zip(best, second, confidences, strict=True)):
            reason = None if confidence >= threshold else f"unsure: {digit} or {other}"
            accepted = reason is None and whole is None
            judged = {"number": str(digit), "confidence": confidence, "accepted": accepted}
            found = {"digit": digit, "confidence": confidence, "accepted": reason is None, "reason": reason}
            rows.append(
                {
                    "id": f"{name}#{start + i}",
                    **judged,
                    **_TILE,
                    "rows": [judged | _WHOLE | {"text": str(digit), "reason": whole}],
                    "digits": [found | _WHOLE | {"row": 0, "word": 0, "text": str(digit)}],
                    "others": [],
                }
            )
        return rows


def _values(found: object, names: Iterable[str]) -> Record:
    """Return some attributes of a value object, by their names."""
    return {name: getattr(found, name) for name in names}


def readings(out: Path, unit: Unit) -> Path:
    """Return the path of a unit's rows. The unit is done when that file exists."""
    return out / "readings" / f"part-{unit.number:07}.parquet"


def failures(out: Path, unit: Unit) -> Path:
    """Return the path of a unit's errors: the inputs that could not be read."""
    return out / "errors" / f"part-{unit.number:07}.parquet"


@contextlib.contextmanager
def _part(path: Path, schema: pa.Schema) -> Iterator[pq.ParquetWriter]:
    """Yield the writer of a file, which is written atomically, also if several processes write the same file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}-{platform.node()}-{os.getpid()}")
    try:
        with pq.ParquetWriter(temporary, schema) as writer:
            yield writer
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _content(name: str) -> bytes | str:
    """Return a picture's bytes, or the reason why there are none."""
    try:
        with open_file(name) as file:
            return bytes(file.read(MAX_BYTES + 1))
    except OSError as error:
        return f"{name}: expected a picture, found: {error.strerror or error}"
