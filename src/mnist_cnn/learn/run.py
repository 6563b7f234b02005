"""A run: the folder that holds everything one training leaves behind.

    runs/seed-20261123-093000/
      config.json     what was run: recipe, seed, data with its hashes, versions, commit, machine
      history.csv     a line an epoch: epoch, loss, accuracy, seconds
      model.keras     the trained network            model.onnx    the same for ONNX Runtime
      report.json     its score on the test set      report.html   the pictures (also in pictures/)

Every file is written under a temporary name and renamed, so whatever is there is whole. While a training goes on,
``epoch-NN.keras`` holds the network and its optimiser after NN epochs: from it a killed run resumes.
"""

import csv
import json
import math
import re
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Any

from mnist_cnn.errors import RunError
from mnist_cnn.files import PARTIAL, replacing

# Checkpoint, its successor, the model, its ONNX form, report and pictures: about 30 MB for the seed recipe.
ROOM = 40 * 2**20

TRAINING_IMAGES = "train-images-idx3-ubyte"

# What every config.json has, at its top and in two of its parts.
_CONFIG: dict[str, dict[str, type | UnionType]] = {
    "": {
        "recipe": dict,
        "seed": int,
        "limit": int | None,
        "images": int,
        "started": str,
        "machine": dict,
        "versions": dict,
        "deterministic": bool,
        "tensorboard": bool,
        "data": dict,
        "resumed_after_epochs": list,
        "commit": str | None,
    },
    "recipe": {"name": str, "summary": str, "layers": list},
    "data": {"path": str | None, "sha256": dict},
    "machine": {"processor": str, "cores": int | None},
}

Epoch = dict[str, float]


@dataclass(frozen=True)
class Run:
    """One run's folder, which exists and has a config."""

    path: Path

    @classmethod
    def create(cls, path: Path, config: dict[str, Any]) -> "Run":
        """Make the folder, or take an empty one, and make sure before any work that the results will fit.

        Raises RunError if it holds something already, or cannot be written, or its disk is full.
        """
        probe = path / ".room"
        try:
            path.mkdir(parents=True, exist_ok=True)
            if any(path.iterdir()):
                raise RunError(f"{path}: expected a new or empty folder, found files in it (--resume continues a run)")
            try:
                probe.write_bytes(bytes(ROOM))  # really written: quotas and limits tell no other way
            finally:
                probe.unlink(missing_ok=True)
        except OSError as error:
            reason = "a file of that name" if isinstance(error, FileExistsError) else error.strerror or error
            raise RunError(f"{path}: expected a folder with {ROOM >> 20} MB of room, found: {reason}") from None
        run = cls(path)
        run.write_json("config.json", config)
        return run

    @classmethod
    def open(cls, path: Path) -> "Run":
        """An existing run. Raises RunError if the folder holds none."""
        run = cls(path)
        run.config()
        return run

    def config(self) -> dict[str, Any]:
        """What was run. Raises RunError if it is not there or lacks something."""
        config = self.read_json("config.json", "a run's folder, as `mnist-cnn train` makes it")
        for part, keys in _CONFIG.items():
            values = config[part] if part else config
            for key, kind in keys.items():
                value = values.get(key)
                if key not in values or not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
                    name = f"{part}.{key}" if part else key
                    found = repr(value)[:60] if key in values else "nothing"
                    kind_name = getattr(kind, "__name__", str(kind))
                    raise RunError(f"{self.path / 'config.json'}: expected {name} of type {kind_name}, found {found}")
        seed, limit, hashes = config["seed"], config["limit"], config["data"]["sha256"]
        for right, expected in (
            (0 <= seed < 2**32, f"a seed from 0 to {2**32 - 1}, found {seed}"),
            (limit is None or limit > 0, f"a limit of at least 1, found {limit}"),
            (isinstance(hashes.get(TRAINING_IMAGES), str), f"data.sha256 of {TRAINING_IMAGES}, found none"),
            (isinstance(config.get("trained_by", []), list), "a list of what it was trained_by, found none"),
        ):
            if not right:
                raise RunError(f"{self.path / 'config.json'}: expected {expected}")
        return config

    def read_json(self, name: str, meaning: str) -> dict[str, Any]:
        """One of the run's JSON files. Raises RunError, telling what the file means, if it is not there."""
        try:
            content = json.loads((self.path / name).read_text("utf-8"))
        except OSError as error:
            raise RunError(f"{self.path}: expected {meaning}; found no readable {name} ({error.strerror})") from None
        except (ValueError, RecursionError) as error:
            raise RunError(f"{self.path / name}: expected JSON, found: {error}") from None
        if not isinstance(content, dict):
            raise RunError(f"{self.path / name}: expected a JSON object, found {type(content).__name__}")
        return content

    def write_json(self, name: str, content: dict[str, Any]) -> Path:
        return self.write_text(name, json.dumps(content, indent=2) + "\n")

    def write_text(self, name: str, content: str) -> Path:
        with replacing(self.path / name) as temporary:
            temporary.write_text(content, "utf-8", errors="replace")  # a path may hold what is no text
        return self.path / name

    def history(self) -> list[Epoch]:
        """The finished epochs in order: ``{"epoch": 1, "loss": 0.14, "accuracy": 0.958, "seconds": 21.3}``."""
        file = self.path / "history.csv"
        if not file.exists():
            return []
        try:
            with file.open(newline="", encoding="utf-8") as lines:
                rows = list(csv.DictReader(lines))
            if any(None in row or None in row.values() for row in rows):
                raise ValueError("lines of different length")
            epochs = [{key: float(value) for key, value in row.items()} for row in rows]
            if [epoch["epoch"] for epoch in epochs] != list(range(1, len(epochs) + 1)):
                raise ValueError("epochs that are not 1, 2, 3, ...")
            if not all({"loss", "accuracy"} <= epoch.keys() for epoch in epochs):
                raise ValueError("no columns 'loss' and 'accuracy'")
            if not all(math.isfinite(value) for epoch in epochs for value in epoch.values()):
                raise ValueError("numbers that are not finite")
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise RunError(f"{file}: expected a line an epoch, found: {error}") from None
        return [{**epoch, "epoch": int(epoch["epoch"])} for epoch in epochs]

    def write_history(self, epochs: list[Epoch]) -> None:
        with replacing(self.path / "history.csv") as temporary, temporary.open("w", newline="") as lines:
            writer = csv.DictWriter(lines, fieldnames=list(epochs[0]) if epochs else ["epoch"])
            writer.writeheader()
            writer.writerows(epochs)

    @property
    def model(self) -> Path:
        return self.path / "model.keras"

    def done(self) -> int:
        """How many epochs are finished for good: those that a resumed training does not repeat."""
        if self.model.exists():
            return len(self.history())
        numbers = [re.fullmatch(r"epoch-(\d+)\.keras", file.name) for file in self.path.glob("epoch-*.keras")]
        return max((int(number[1]) for number in numbers if number), default=0)

    def checkpoint_file(self, epochs: int) -> Path:
        return self.path / f"epoch-{epochs:02}.keras"

    def drop_checkpoints(self, keep: Path | None = None) -> None:
        """Remove the checkpoints but `keep`, and what a killed process left half written."""
        for file in (*self.path.glob("epoch-*.keras"), *self.path.glob(f"{PARTIAL}*")):
            if file != keep:
                file.unlink(missing_ok=True)
