"""Leaderboard: what ``benchmarks/accuracy.py`` found, as a table.

>>> print(table(read(Path("benchmarks/results"))))                                      # doctest: +SKIP
| recipe | networks | test accuracy | ...
"""

import json
import statistics
from pathlib import Path
from typing import Any

from mnist_cnn.errors import RunError

RESULTS = Path(__file__).parents[3] / "benchmarks/results"
COLUMNS = ("recipe", "n", "test accuracy", "errors", "labels corrected", "parameters", "size", "training", "one image")


def read(folder: Path) -> list[dict[str, Any]]:
    """The results in the folder, the most accurate first. Raises RunError if there are none, or one cannot be read."""
    results = []
    for file in sorted(folder.glob("accuracy-*.json")):
        try:
            results.append(json.loads(file.read_text("utf-8")))
            row(results[-1])
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise RunError(f"{file}: expected a result of benchmarks/accuracy.py, found: {error!r:.100}") from None
    if not results:
        raise RunError(
            f"{folder}: expected results, accuracy-RECIPE.json, found none; they come with a clone of the project"
        )
    return sorted(results, key=lambda result: -result["accuracy"]["mean"])


def row(result: dict[str, Any]) -> list[str]:
    """A recipe's cells: mean ± standard deviation of its n networks, and the median time of their training."""

    def cell(column: str, digits: int, scale: float = 1) -> str:
        mean, sd = result[column]["mean"], result[column]["sd"]
        return f"{scale * mean:.{digits}f}" + (f" ± {scale * sd:.{digits}f}" if sd is not None else "")

    seconds = statistics.median(network["seconds"] for network in result["rows"])  # some may have had to wait
    return [
        result["recipe"],
        str(result["n"]),
        cell("accuracy", 2, 100) + " %",
        cell("errors", 1),
        cell("corrected_accuracy", 2, 100) + " %",
        f"{result['parameters']:,}",
        f"{result['bytes'] / 1000:,.0f} kB",
        f"{seconds / 60:.1f} min" if seconds >= 60 else f"{seconds:.1f} s",
        f"{result['milliseconds']['mean']:.2f} ms",
    ]


def table(results: list[dict[str, Any]]) -> str:
    """Markdown, its columns aligned for who reads it as it is."""
    rows = [list(COLUMNS), *map(row, results)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["| " + " | ".join(cell.ljust(w) for cell, w in zip(cells, widths, strict=True)) + " |" for cells in rows]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]])
