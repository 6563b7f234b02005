"""A run: the folder with all files of one training.

    runs/seed-20261123-093000/
      config.json     recipe, seed, data with its hashes, versions, commit, machine
      history.csv     one line per epoch: epoch, loss, accuracy, seconds
      model.keras     the trained network            model.onnx    the same for ONNX Runtime
      report.json     its score on the test set      report.html   the report (pictures also in pictures/)

Every file is written under a temporary name and then renamed, so a file that exists is whole. During training
``epoch-NN.keras`` holds the network and its optimiser after NN epochs. An interrupted run resumes from that file.

    >>> run = start(SEED, mnist.load(), seed=1)                              # doctest: +SKIP
"""

import csv
import json
import math
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import UnionType
from typing import Any

from mnist_cnn import mnist
from mnist_cnn.errors import RunError
from mnist_cnn.files import PARTIAL, replacing
from mnist_cnn.learn.recipes import RECIPES, Recipe, recall, record
from mnist_cnn.provenance import TRAINING, commit, machine, versions

ROOM = 40 * 2**20
"""Bytes that must be free. The seed recipe needs about 30 MB: two checkpoints, the model, its ONNX form, the report."""
TRAINING_IMAGES = "train-images-idx3-ubyte"

# The keys of every config.json and their types, at the top and in three of its parts.
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
    """The folder of one run. It exists and holds a config.json."""

    path: Path

    @classmethod
    def create(cls, path: Path, config: dict[str, Any]) -> "Run":
        """Create a run in a new or empty folder with enough free space for its results.

        Raises RunError if the folder holds files, or cannot be written, or its disk is full.
        """
        check_folder(path)
        probe = path / ".room"
        try:
            path.mkdir(parents=True, exist_ok=True)
            try:
                probe.write_bytes(bytes(ROOM))  # quotas and limits show only when bytes are written
            finally:
                probe.unlink(missing_ok=True)
        except OSError as error:
            reason = error.strerror or error
            raise RunError(
                f"{path}: expected a writable folder with {ROOM >> 20} MB of free space, found: {reason}"
            ) from None
        run = cls(path)
        run.write_json("config.json", config)
        return run

    @classmethod
    def open(cls, path: Path) -> "Run":
        """Return an existing run. Raises RunError if the folder does not hold one."""
        run = cls(path)
        run.config()
        return run

    def config(self) -> dict[str, Any]:
        """Return the content of config.json. Raises RunError if it is missing or incomplete."""
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
            (isinstance(config.get("trained_by", []), list), "trained_by as a list, found another value"),
        ):
            if not right:
                raise RunError(f"{self.path / 'config.json'}: expected {expected}")
        return config

    def read_json(self, name: str, meaning: str) -> dict[str, Any]:
        """Return the content of one of the run's JSON files.

        meaning: what the file stands for, for the error message.
        Raises RunError if the file is missing or damaged.
        """
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
            temporary.write_text(content, "utf-8", errors="replace")  # a path may contain bytes that are not UTF-8
        return self.path / name

    def history(self) -> list[Epoch]:
        """Return the finished epochs in order: ``{"epoch": 1, "loss": 0.14, "accuracy": 0.958, "seconds": 21.3}``."""
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
            raise RunError(f"{file}: expected one line per epoch, found: {error}") from None
        return [{**epoch, "epoch": int(epoch["epoch"])} for epoch in epochs]

    def write_history(self, epochs: list[Epoch]) -> None:
        with replacing(self.path / "history.csv") as temporary, temporary.open("w", newline="") as lines:
            writer = csv.DictWriter(lines, fieldnames=list(epochs[0]) if epochs else ["epoch"])
            writer.writeheader()
            writer.writerows(epochs)

    def recipe(self) -> Recipe:
        """Return the recipe as the run recorded it. Raises RunError if this version does not know it."""
        recorded = self.config()["recipe"]
        try:
            if recorded["name"] not in RECIPES:
                raise ValueError(f"the name {recorded['name']}, not one of {', '.join(RECIPES)}")
            return recall(recorded)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            reason = f"no {error}" if isinstance(error, KeyError) else error
            raise RunError(
                f"{self.path / 'config.json'}: expected a recipe that this version knows, found {reason}"
            ) from None

    def is_finished(self) -> bool:
        """Return whether no epoch is left to train."""
        return len(self.history()) >= self.recipe().epochs or self.reached_target()

    def reached_target(self) -> bool:
        """Return whether training passed the recipe's target; False if the recipe has no target."""
        history, target = self.history(), self.recipe().target
        return target is not None and bool(history) and history[-1]["accuracy"] > target

    def dataset(self, data: str | None = None) -> tuple[mnist.Dataset, str | None]:
        """Return the images at the path `data`, and that path.

        data: None: the images that the run began with; the environment variable is ignored.
        Raises DatasetError if they cannot be read.
        """
        data = self.config()["data"]["path"] if data is None else data
        return mnist.load(mnist.FILES if data is None else data), data

    def require_model(self) -> None:
        """Raise RunError if the run has no trained network."""
        if not self.model.exists():
            raise RunError(
                f"{self.path}: expected a trained model.keras, found none; `mnist-cnn train --resume` finishes the run"
            )

    @property
    def model(self) -> Path:
        return self.path / "model.keras"

    def done(self) -> int:
        """Return the number of finished epochs, which resuming does not repeat."""
        if self.model.exists():
            return len(self.history())
        numbers = [re.fullmatch(r"epoch-(\d+)\.keras", file.name) for file in self.path.glob("epoch-*.keras")]
        return max((int(number[1]) for number in numbers if number), default=0)

    def checkpoint_file(self, epochs: int) -> Path:
        return self.path / f"epoch-{epochs:02}.keras"

    def drop_checkpoints(self, keep: Path | None = None) -> None:
        """Remove all checkpoints except `keep`, and the temporary files of killed processes."""
        for file in (*self.path.glob("epoch-*.keras"), *self.path.glob(f"{PARTIAL}*")):
            if file != keep:
                file.unlink(missing_ok=True)


def start(
    recipe: Recipe,
    dataset: mnist.Dataset,
    out: Path | None = None,
    *,
    seed: int = 0,
    limit: int | None = None,
    deterministic: bool = False,
    tensorboard: bool = False,
    data: str | None = None,
) -> Run:
    """Create the folder of a run with these settings. ``train.fit`` trains it.

    out: a new or empty folder; by default ``runs/<recipe>-<time>``.
    limit: train on the first `limit` images only.
    deterministic: the same seed on the same machine gives the same weights, bit for bit; somewhat slower.
    data: the path `dataset` came from, for the record; None: this package.
    Raises RunError if the folder cannot hold the results.
    """
    config = {
        "recipe": record(recipe),
        "seed": seed,
        "limit": limit,
        "images": len(dataset.train.images[:limit]),
        "deterministic": deterministic,
        "tensorboard": tensorboard,
        "data": {"path": data, "sha256": dataset.sha256()},
        "started": datetime.now().astimezone().isoformat(timespec="seconds"),
        "resumed_after_epochs": [],
        "commit": commit(),
        "machine": machine(),
        "versions": versions(*TRAINING),
    }
    return Run.create(out or _new_folder(recipe.name), config)


def check_folder(path: Path) -> None:
    """Raise RunError if `path` is not a new name or an empty folder."""
    try:
        taken = path.is_dir() and any(path.iterdir())
    except OSError as error:
        raise RunError(f"{path}: expected a new or empty folder, found: {error.strerror or error}") from None
    if taken:
        raise RunError(f"{path}: expected a new or empty folder, found files in it; to continue a run, use --resume")
    if path.exists() and not path.is_dir():
        raise RunError(f"{path}: expected a new or empty folder, found a file")


def _new_folder(name: str) -> Path:
    """Return ``runs/<name>-<time>``, with a number after it if that folder exists."""
    stem = f"{name}-{datetime.now():%Y%m%d-%H%M%S}"
    return next(
        folder
        for folder in (Path("runs", stem + suffix) for suffix in ("", *(f"-{n}" for n in range(2, 1000))))
        if not folder.exists()
    )
