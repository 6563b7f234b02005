"""Leaderboard: the results of ``benchmarks/accuracy.py`` as a table.

>>> print(table(read(RESULTS)))                                                         # doctest: +SKIP
| recipe | networks | test accuracy | ...
"""

import json
import statistics
from pathlib import Path
from typing import Any

from mnist_cnn.errors import RunError

_IN_WHEEL, _IN_CLONE = Path(__file__).parent / "results", Path(__file__).parents[3] / "benchmarks/results"
RESULTS = _IN_WHEEL if _IN_WHEEL.is_dir() else _IN_CLONE
"""The folder of the project's own results. pyproject.toml copies ``benchmarks/results`` into the wheel."""
COLUMNS = ("recipe", "n", "test accuracy", "errors", "labels corrected", "parameters", "size", "training", "one image")


def read(folder: Path) -> list[dict[str, Any]]:
    """Return the results in a folder, the most accurate recipe first.

    Raises RunError if the folder has no results, or if one of them cannot be read.
    """
    results = []
    for file in sorted(folder.glob("accuracy-*.json")):
        try:
            results.append(json.loads(file.read_text("utf-8")))
            row(results[-1])
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            reason = f"no key {error}" if isinstance(error, KeyError) else f"another file ({error})"
            raise RunError(f"{file}: expected a result of benchmarks/accuracy.py, found {reason:.100}") from None
    if not results:
        raise RunError(f"{folder}: expected files accuracy-RECIPE.json, found none; benchmarks/accuracy.py writes them")
    return sorted(results, key=lambda result: -result["accuracy"]["mean"])


def row(result: dict[str, Any]) -> list[str]:
    """Return the cells of one recipe: mean ± standard deviation of its n networks, and their median training time."""

    def cell(column: str, digits: int, scale: float = 1) -> str:
        mean, sd = result[column]["mean"], result[column]["sd"]
        return f"{scale * mean:.{digits}f}" + (f" ± {scale * sd:.{digits}f}" if sd is not None else "")

    seconds = statistics.median(
        network["seconds"] for network in result["rows"]
    )  # not the mean: other programs may have slowed some down
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
    """Return the results as a Markdown table whose columns are aligned, so that its source is readable too."""
    rows = [list(COLUMNS), *map(row, results)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["| " + " | ".join(cell.ljust(w) for cell, w in zip(cells, widths, strict=True)) + " |" for cells in rows]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]])
