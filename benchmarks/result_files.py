"""Result files: the JSON files in benchmarks/results, their provenance, and the statistics that they share."""

import hashlib
import json
import statistics
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mnist_cnn
from mnist_cnn.files import replacing
from mnist_cnn.provenance import machine, versions

ROOT = Path(__file__).parents[1]
FOLDER = Path(__file__).parent / "results"
READER = Path(mnist_cnn.__file__).parent / "read"
RECENT = 100
"""Number of commits in which `reader_commit` looks for the reader."""


def load(file: Path) -> dict[str, Any]:
    """Return a stored result; it is empty if the file does not exist."""
    return json.loads(file.read_text("utf-8")) if file.exists() else {}


def write(file: Path, result: Mapping[str, Any]) -> None:
    """Write a result atomically as indented JSON. Raises FileError if the file cannot be written."""
    with replacing(file) as temporary:
        temporary.write_text(json.dumps(result, indent=2) + "\n", "utf-8")


def origin(*packages: str) -> dict[str, Any]:
    """Return the machine, and the versions of Python, of this project and of `packages`."""
    return {"machine": machine(), "versions": versions(*packages)}


def models() -> dict[str, str]:
    """Return the SHA-256 of each model file in the package, by its name."""
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(READER.rglob("*.onnx"))}


def reader_commit() -> dict[str, Any]:
    """Return the newest recent commit with the reader that is running.

    If no recent commit has it, this is HEAD, with `uncommitted_changes`.
    """

    def git(*arguments: str) -> str:
        return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout

    def reader_of(commit: str) -> dict[str, str]:
        tree = git("ls-tree", "-r", "--format=%(objectname) %(path)", f"{commit}:src/mnist_cnn/read").splitlines()
        blobs = {name: blob for blob, name in (entry.split(maxsplit=1) for entry in tree)}
        return {name: blob for name, blob in blobs.items() if name.endswith((".py", ".onnx"))}

    files = [file for file in READER.rglob("*") if file.suffix in (".py", ".onnx")]
    here = {file.relative_to(READER).as_posix(): git("hash-object", str(file)).strip() for file in files}
    commits = git("rev-list", f"-{RECENT}", "HEAD").split()
    same = next((commit for commit in commits if reader_of(commit) == here), None)
    return {"commit": same or commits[0], "uncommitted_changes": same is None}


def spread(values: list[float]) -> dict[str, float | None]:
    """Return mean, standard deviation (None for a single value), minimum and maximum."""
    sd = statistics.stdev(values) if len(values) > 1 else None
    return {"mean": statistics.mean(values), "sd": sd, "min": min(values), "max": max(values)}


def edits(one: str, other: str) -> int:
    """Return the minimum number of insertions, deletions and replacements between two strings (Levenshtein 1966)."""
    distances = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        before, distances[0] = distances[0], i
        for j, b in enumerate(other, 1):
            before, distances[j] = distances[j], min(distances[j] + 1, distances[j - 1] + 1, before + (a != b))
    return distances[-1]
