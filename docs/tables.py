"""Tables: each public function returns the lines of the block slot of its name."""

import ast
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from aims import all_aims
from click.testing import CliRunner
from results import (
    CROPS,
    IMAGES,
    KINDS,
    LINK,
    MACHINES,
    PAGES,
    PROGRAMS,
    READERS,
    ROOT,
    SETS,
    best_peer,
    better_reader,
    duration,
    load,
    median_seconds,
    percent,
    plan,
    rates,
    round_seconds,
    share,
    spread,
)

from mnist_cnn.bulk.plan import PICTURES, TILES
from mnist_cnn.cli import cli

PACKAGES = ("mnist", "learn", "learn/pages", "distributed", "read", "web", "bulk", "commands")
"""In the order in which images flow through them."""


def commands() -> str:
    """Return the help of every command, as the command prints it."""
    pages = []
    for command in ([], *([name] for name in cli.commands)):
        shown = CliRunner().invoke(cli, [*command, "--help"], prog_name="mnist-cnn", terminal_width=100)
        pages.append(f"## {' '.join(['mnist-cnn', *command])}\n\n```text\n{shown.output}```")
    return "\n\n".join(pages)


def modules() -> str:
    """Return each module with the first paragraph of its docstring."""
    package = ROOT / "src/mnist_cnn"
    rows = []
    for folder in (*(package / name for name in PACKAGES), package):
        for file in sorted(folder.glob("*.py")):
            if file.name != "__main__.py" and file != package / "__init__.py":
                about = (ast.get_docstring(ast.parse(file.read_text("utf-8"))) or "").split("\n\n")[0]
                name = str(file.relative_to(package)).removesuffix("__init__.py")
                rows.append(f"`{name}` | {' '.join(about.split())}")
    return _table("module | about", rows)


def leaderboard() -> str:
    """Return the output of `mnist-cnn leaderboard`."""
    return CliRunner().invoke(cli, ["leaderboard"], catch_exceptions=False).output.strip()


def recipes() -> str:
    rows = []
    for recipe, file in (("seed", "seeds"), ("fast", "seeds-fast"), ("dense", "seeds-dense")):
        result = load(file)
        low, high = result["epochs"]["min"], result["epochs"]["max"]
        epochs = f"{low} to {high}" if low < high else f"{low}"
        accuracies = (f"{spread(result[key], 100, 2)} %" for key in ("training_accuracy", "test_accuracy"))
        seconds = spread(result["seconds"], digits=0 if result["seconds"]["mean"] > 10 else 1)
        reached = f"{result['stopped']} of {result['n']}"
        rows.append(
            f"`{recipe}` | {reached} | {epochs} | {' | '.join(accuracies)} | {spread(result['errors'])} | {seconds}"
        )
    header = "recipe | seeds that reach the target | epochs | training accuracy | test accuracy"
    return _table(f"{header} | errors of 10,000 | seconds", rows)


def handwriting() -> str:
    what = {"strings": "read right", "digits": "digits right"}
    rows = []
    for name, row in load("handwriting")["sets"].items():
        targets = ", ".join(f"{100 * aim:g} % {what[kind]}" for kind, aim in (row["targets"] or {}).items())
        targets += "" if not targets or row["reached"] else ": missed"
        right = f"{percent(row['strings'])} {_interval(row['interval'])}"
        rows.append(f"{SETS[name]} | {row['n']:,} | {right} | {percent(row['digits'])} | {targets or '-'}")
    return _table("pictures | n | read right (95 % interval) | digits right | target", rows)


def compared() -> str:
    rows = []
    for name in (*PAGES, *CROPS):
        sets = load("peers")["sets"][name]
        ours, peer, better = sets["ours"], best_peer(sets), better_reader(sets)
        best = f"{percent(share(sets[peer]))} ({READERS[peer]})"
        verdict = READERS[better] if better else "no clear difference"
        rows.append(f"{SETS[name]} | {ours.get('rows', ours['n']):,} | {percent(share(ours))} | {best} | {verdict}")
    return _table("pictures | n | this reader | best other reader | better", rows)


def pages() -> str:
    rows = [
        f"{SETS[name]} | {READERS[who]} | {row['digits']} of {row['rows']} | {row['written']} of {row['rows']} "
        f"| {row['whole']} of {row['n']} | {row['extra']}"
        for name in PAGES
        for who, row in load("peers")["sets"][name].items()
    ]
    header = "pictures | reader | rows right, as digits | rows right, as written"
    return _table(f"{header} | whole pictures | rows not on the page", rows)


def crops() -> str:
    rows = [
        f"{SETS[name]} | {READERS[who]} | {row['n']:,} | {percent(share(row))} {_interval(row['interval'])} "
        f"| {percent(row['digits'])} | {row['empty']:,}"
        for name in CROPS
        for who, row in load("peers")["sets"][name].items()
    ]
    return _table("pictures | reader | n | read right (95 % interval) | digits right | nothing read", rows)


def accepted() -> str:
    rows = []
    for name in (*PAGES, *CROPS):
        row = load("peers")["sets"][name]["ours"]
        n = row.get("rows", row["n"])
        rows.append(f"{SETS[name]} | {n:,} | {row['accepted_right']:,} | {row['accepted_wrong']:,}")
    return _table("pictures | n | accepted and right | accepted and wrong", rows)


def aims() -> str:
    return _table("measure | n | measured | target | result", (" | ".join(aim.cells()) for aim in all_aims()))


def corrupted_readings() -> str:
    result = load("corruptions")
    reading, network = result["reading"], result["models"]["handwriting"]
    columns = reading["errors"], reading["accepted"], reading["accepted_wrong"], network["errors"]
    clean = reading["clean"], reading["accepted"]["clean"], reading["accepted_wrong"]["clean"], network["clean"]
    kinds = list(reading["errors"])
    rows = [_shares("none", clean), *(_shares(kind, [column[kind] for column in columns]) for kind in kinds)]
    mean = [sum(column[kind] for kind in kinds) / len(kinds) for column in columns]
    rows.append(_shares(f"mean of the {len(kinds)}", mean, bold=True))
    return _table(
        "corruption | errors of the reader | accepted | accepted and wrong | errors of the classifier alone", rows
    )


def corrupted_networks() -> str:
    models = load("corruptions")["models"]
    kinds = list(models["seed"]["errors"])
    rows = [
        " | ".join(["none", *(percent(model["clean"], 2) for model in models.values())]),
        *(_shares(kind, [model["errors"][kind] for model in models.values()]) for kind in kinds),
        _shares(f"mean of the {len(kinds)}", [model["mean"] for model in models.values()], bold=True),
    ]
    return _table(" | ".join(["corruption", *(f"`{name}`" for name in models)]), rows)


def waits() -> str:
    rows = []
    for name, meaning in PROGRAMS.items():
        found, taken = [row[name] for row in load("speed")["rounds"]], round_seconds(name)
        epochs = " or ".join(str(n) for n in sorted({row["epochs"] for row in found}))
        accuracies = sorted(100 * row["training_accuracy"] for row in found)
        rows.append(
            f"{meaning} | {median_seconds(name):.1f} s ({min(taken):.1f} to {max(taken):.1f}) | {epochs} "
            f"| {accuracies[0]:.2f} to {accuracies[-1]:.2f} % | {median_seconds(name, 'to_the_end'):.1f} s"
        )
    return _table("program | start to saved model | epochs | training accuracy | start to end of the command", rows)


def parts() -> str:
    result = load("roofline")
    rows = [f"import of Keras and TensorFlow | {result['imports']:.2f} | -"]
    for name, row in result["parts"].items():
        rate = f"{row['operations'] / row['seconds'] / 1e9:.0f} × 10⁹" if "operations" in row else "-"
        rows.append(f"{name} | {row['seconds']:.2f} | {rate}")
    return _table("part of `fast` | seconds | operations per second", rows)


def one_thread() -> str:
    return _runtimes("1")


def two_threads() -> str:
    return _runtimes("2")


def behind() -> str:
    """Return the cases where this project's Classifier is more than 10 % behind the fastest."""
    measures = {"p50": "one image, p50", "p99": "one image, p99", "startup": "start to first prediction"}
    rows = []
    for threads, found in load("reading_speed")["threads"].items():
        for key, name in measures.items():
            first = min(found, key=lambda way: found[way][key])
            if (more := found["Classifier"][key] / found[first][key] - 1) > 0.1:
                rows.append(f"{name} | {threads} | {first} | {100 * more:.0f} %")
    return _table("measure | threads | fastest | `Classifier` is slower by", rows)


def growth_of_training() -> str:
    rows = [
        f"{int(n):,} | {row['seconds']:.2f} ({row['seconds_min']:.2f} to {row['seconds_max']:.2f}) "
        f"| {1e4 * row['seconds'] / int(n):.2f} s | {_megabytes(row['memory'])} | {_megabytes(row['data'])}"
        for n, row in load("growth")["training"].items()
    ]
    return _table("images | seconds per epoch of `fast` | per 10,000 images | memory | memory for the images", rows)


def growth_of_reading() -> str:
    rows = [
        f"{int(n):,} | {row['seconds']:.2f} | {1000 * row['seconds'] / int(n):.1f} ms | {_megabytes(row['memory'])}"
        for n, row in load("growth")["reading"].items()
    ]
    return _table("photographs | seconds of `mnist-cnn read` | per photograph | memory", rows)


def formats() -> str:
    rows = []
    for name, row in load("formats")["forms"].items():
        differs = f"{row['other_digits_than_keras']} | {row['largest_difference_to_keras']:.1e}"
        rows.append(
            f"{name} | {row['bytes']:,} | {1000 * row['load_seconds']:.1f} ms | {1000 * row['seconds']:.2f} ms "
            f"| {1000 * row['seconds_p99']:.2f} ms | {row['errors']} | {'- | -' if name == 'Keras' else differs}"
        )
    header = "format | bytes | load | one image, median | one image, p99 | errors of 10,000"
    return _table(f"{header} | predictions that differ from Keras | largest difference from Keras", rows)


def serving() -> str:
    rows = [
        f"{row['clients']} | {row['malformed']} of {row['requests']:,} | {row['requests_a_second']:.0f} "
        f"| {1000 * row['p50']:,.0f} ms | {1000 * row['p99']:,.0f} ms | {_megabytes(row['memory'])} "
        f"| {row['busy']} | {row['wrong']}"
        for row in load("load")["rows"]
    ]
    header = "clients | malformed requests | requests per second | p50 | p99 | memory"
    return _table(f"{header} | rejected with 503 | lost or wrong answers", rows)


def throughput() -> str:
    rows = [
        f"{row['n']:,} {kind} | {row['engine']} | {row['workers']} | {row['n'] / row['seconds']:,.0f} "
        f"| {row['first']:.1f} s | {_megabytes(row['memory'])}"
        for kind in KINDS
        for row in load("bulk")[kind]
    ]
    return _table("inputs | engine | workers | inputs per second | first part after | memory", rows)


def cluster() -> str:
    """Return the size of a cluster for more pictures, calculated from benchmarks/bulk.py."""
    cores = MACHINES * load("bulk")["machine"]["cores"]
    of = [rates(kind, unit) for kind, unit in zip(KINDS, (TILES, 100), strict=True)]
    work = [IMAGES / (cores * found["core"]) for found in of]
    fetch = [IMAGES * found["bytes_in"] / LINK for found in of]
    both = list(zip(work, fetch, strict=True))
    files, held = plan()
    rows = [
        ("images per second per core", *(f"{found['core']:,.0f}" for found in of)),
        (f"compute time on {cores} cores", *map(duration, work)),
        ("data to transfer", *(f"{IMAGES * found['bytes_in'] / 1e12:,.1f} TB" for found in of)),
        ("time of the transfer", *map(duration, fetch)),
        ("total time, the longer of the two", *(f"**{duration(max(pair))}**" for pair in both)),
        ("bottleneck", *("both" if 0.9 < s / c < 1.1 else "cores" if c > s else "storage" for c, s in both)),
        ("output", *(f"{IMAGES * found['bytes_out'] / 1e9:,.0f} GB" for found in of)),
        ("core hours", *(f"{taken * cores / 3600:,.0f}" for taken in work)),
        ("with one file per image: planning", "-", duration(IMAGES / files)),
        ("with one file per image: memory of the plan", "-", f"{IMAGES * held / 1e9:,.0f} GB"),
        ("with one file per image: units", "-", f"{IMAGES // PICTURES:,}"),
    ]
    return _table(" | tiles, as IDX | photographs, in Parquet", map(" | ".join, rows))


def steps() -> str:
    rows = []
    for row in load("distributed")["rows"]:
        one, jax, two = row["tensorflow"], row["jax"], row["jax, 2 processes"]
        rows.append(
            f"`{row['recipe']}` | {row['batch']:,} | {one:,.0f} ms | {jax:,.0f} ms | {two:,.0f} ms "
            f"| {jax / two:.2f} × | {one / two:.2f} ×"
        )
    header = "recipe | batch | TensorFlow | JAX | JAX, two processes"
    return _table(f"{header} | two processes relative to one with JAX | two processes relative to TensorFlow", rows)


def risk() -> str:
    digits = load("refusal")["digits"]
    rows = []
    for part in (1.0, 0.999, 0.995, 0.99, 0.98, 0.95, 0.9):
        count = round(part * digits["n"])
        errors = int((np.array(digits["error_ranks"]) < count).sum())
        rows.append(f"{100 * part:g} % | {errors} | {percent(errors / count, 2)}")
    return _table("accepted, most confident first | errors | share of the accepted", rows)


def rejected() -> str:
    found = load("refusal")["no digits"]
    return _table("pictures | n | rejected", (f"{name} | {row['n']} | {row['refused']}" for name, row in found.items()))


def _runtimes(threads: str) -> str:
    result = load("reading_speed")
    found = result["threads"][threads]
    best = {key: min(row[key] for row in found.values()) for key in ("p50", "p99", "startup", "memory")}
    best["images_a_second"] = max(row["images_a_second"] for row in found.values())

    def cells(row: dict[str, Any]) -> list[str]:
        texts = {
            "p50": f"{1000 * row['p50']:.3f} ms",
            "p99": f"{1000 * row['p99']:.3f} ms",
            "images_a_second": f"{row['images_a_second']:,.0f}",
            "startup": f"{row['startup']:.2f} s",
            "memory": _megabytes(row["memory"]),
        }
        return [f"**{text}**" if row[key] == best[key] else text for key, text in texts.items()]

    rows = [" | ".join([f"`{way}`" if way == "Classifier" else way, *cells(row)]) for way, row in found.items()]
    header = f"runtime | one image, p50 | one image, p99 | images per second, batches of {result['batch']:,}"
    return _table(f"{header} | start to first prediction | memory", rows)


def _table(header: str, rows: Iterable[str]) -> str:
    """Return a Markdown table from lines of cells with bars between them."""
    lines = [f"| {header} |", f"|{' --- |' * len(header.split(' | '))}"]
    return "\n".join([*lines, *(f"| {row} |" for row in rows)])


def _shares(name: str, values: Iterable[float], bold: bool = False) -> str:
    mark = "**" if bold else ""
    return " | ".join(f"{mark}{text}{mark}" for text in (name, *map(percent, values)))


def _interval(interval: Sequence[float]) -> str:
    return f"({100 * interval[0]:.1f} to {100 * interval[1]:.1f})"


def _megabytes(size: float) -> str:
    return f"{size / 1e6:,.0f} MB"
