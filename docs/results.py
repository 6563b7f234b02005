"""Results: the files of benchmarks/results/, and the figures that values, tables and plots derive from them."""

import json
import math
import statistics
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SETS = {
    "photographs": "photographs of one digit",
    "photographed numbers": "photographs of five digits",
    "uci": "UCI's digits, 8 × 8",
    "drawings": "one to three digits drawn with a brush",
    "exams": "digits from exam scans",
    "canvas": "digits drawn with a mouse",
    "sudoku": "digits from photographed sudokus",
    "optdigits": "UCI's digits, 32 × 32",
    "cheques": "amounts on bank cheques",
    "pages, real": "photographs and scans of pages",
    "pages, composed": "small pages composed of MNIST test digits",
}
"""What the sets of pictures are called in the documents."""
PAGES = ("pages, real", "pages, composed")
CROPS = ("exams", "canvas", "optdigits", "sudoku", "cheques")
READERS = {
    "ours": "this reader",
    "rapidocr": "RapidOCR",
    "rapidocr digits": "RapidOCR limited to digits",
    "tesseract": "Tesseract",
}
PACKAGES = {
    "python": "Python",
    "keras": "Keras",
    "tensorflow": "TensorFlow",
    "tensorflow-cpu": "TensorFlow",
    "onnxruntime": "ONNX Runtime",
    "ai-edge-litert": "LiteRT",
    "ray": "Ray",
    "fastapi": "FastAPI",
    "uvicorn": "uvicorn",
    "schemathesis": "schemathesis",
    "chromium": "Chromium",
}
PROGRAMS = {
    "exercise": "plain Keras script",
    "fast, by Keras": "recipe `fast`, trained by Keras",
    "fast": "recipe `fast`",
}
"""The programs of benchmarks/speed.py."""
KINDS = ("tiles", "photographs")
MACHINES, IMAGES = 100, 10**9
LINK = 10e9 / 8
"""Bytes per second that the storage of the calculated cluster delivers to all machines together: 10 Gbit/s."""


def load(name: str) -> dict[str, Any]:
    """Return the content of benchmarks/results/NAME.json."""
    return json.loads((ROOT / f"benchmarks/results/{name}.json").read_text("utf-8"))


def leaderboard() -> list[dict[str, Any]]:
    """Return the results of benchmarks/accuracy.py, the most accurate recipe first."""
    results = [load(file.stem) for file in (ROOT / "benchmarks/results").glob("accuracy-*.json")]
    return sorted(results, key=lambda result: -result["accuracy"]["mean"])


def machine(*results: dict[str, Any]) -> str:
    """Return the processors and cores of the results."""
    machines = [result["machine"] for result in results]
    return "; ".join(sorted({f"{found['processor']}, {found['cores']} cores" for found in machines}))


def versions(result: dict[str, Any]) -> str:
    """Return names and versions of the packages that have a name in PACKAGES."""
    return ", ".join(f"{name} {result['versions'][key]}" for key, name in PACKAGES.items() if key in result["versions"])


def where(result: dict[str, Any]) -> dict[str, str]:
    """Return machine and versions of a result, by name."""
    return {"machine": machine(result), "versions": versions(result)}


def round_seconds(name: str, key: str = "seconds") -> list[float]:
    """Return one program's seconds in each round of benchmarks/speed.py."""
    return [row[name][key] for row in load("speed")["rounds"]]


def median_seconds(name: str, key: str = "seconds") -> float:
    return statistics.median(round_seconds(name, key))


def share(row: dict[str, Any]) -> float:
    """Return the share that a reader reads right in benchmarks/peers.py: rows of pages, or whole crops."""
    return row["digits"] / row["rows"] if "rows" in row else row["whole"] / row["n"]


def best_peer(rows: dict[str, dict[str, Any]]) -> str:
    """Return the reader, other than this one, that reads most."""
    return max((who for who in rows if who != "ours"), key=lambda who: share(rows[who]))


def better_reader(rows: dict[str, dict[str, Any]]) -> str | None:
    """Return which of this reader and the best other one is better; None if their 95 % intervals overlap."""
    ours, peer = rows["ours"], rows[best_peer(rows)]
    if "interval" in ours and ours["interval"][0] <= peer["interval"][1] and peer["interval"][0] <= ours["interval"][1]:
        return None
    return "ours" if share(ours) > share(peer) else best_peer(rows)


def rates(kind: str, unit: int) -> dict[str, float]:
    """Return what benchmarks/bulk.py measured of one kind of input, with units of that many inputs.

    local and ray: inputs per second of two workers once they run; core: of one Ray worker; start: seconds that Ray
    starts later; pays: inputs from which a second machine pays; bytes_in and bytes_out: per input.
    """
    of = {(row["engine"], row["workers"]): row for row in load("bulk")[kind]}
    rate = {way: (row["n"] - unit) / (row["seconds"] - row["first"]) for way, row in of.items()}
    local, ray, row = rate["local", 2], rate["ray", 2], of["ray", 2]
    start = row["first"] - of["local", 2]["first"]
    pays = start / (1 / local - 1 / (2 * ray))
    sizes = {key: row[key] / row["n"] for key in ("bytes_in", "bytes_out")}
    return {"local": local, "ray": ray, "core": ray / 2, "start": start, "pays": pays, **sizes}


def plan() -> tuple[float, float]:
    """Return the files that `bulk` plans per second, and the bytes of memory per file."""
    some, many = load("bulk")["plans"]
    return many["n"] / many["seconds"], (many["memory"] - some["memory"]) / (many["n"] - some["n"])


def two_digits(n: float) -> int:
    """Return a number rounded to two significant digits."""
    return int(round(n, 1 - int(math.log10(n))))


def duration(value: float) -> str:
    """Return seconds as s, min or h."""
    if value < 5400:
        return f"{value:.0f} s" if value < 90 else f"{value / 60:.0f} min"
    return f"{value / 3600:,.1f} h" if value < 36_000 else f"{value / 3600:,.0f} h"


def percent(value: float, digits: int = 1) -> str:
    return f"{100 * value:.{digits}f} %"


def spread(values: dict[str, float], scale: float = 1, digits: int = 0) -> str:
    """Return mean ± standard deviation."""
    return f"{scale * values['mean']:.{digits}f} ± {scale * values['sd']:.{digits}f}"
