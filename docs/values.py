"""Values: each public function returns short texts by name; NAME.KEY is their slot in the documents."""

import hashlib
import statistics
from typing import Any

import onnx
from results import (
    CROPS,
    IMAGES,
    KINDS,
    MACHINES,
    PAGES,
    duration,
    leaderboard,
    load,
    machine,
    median_seconds,
    percent,
    plan,
    rates,
    spread,
    two_digits,
    versions,
    where,
)

from mnist_cnn.bulk.plan import PICTURES, TILES
from mnist_cnn.distributed.world import SILENCE, WAIT
from mnist_cnn.read.classifier import SHIPPED, Classifier
from mnist_cnn.read.picture import MAX_PIXELS
from mnist_cnn.web import app, body, guard, server

Values = dict[str, str]
EARLIER_STEPS = {"finder": 21_100, "strings": 36_150}
"""Steps of the trainings before the one that the metadata counts, which started from their weights (LOG.md)."""
CONVOLUTION = 2 * 9 * 26 * 26 * 32
"""Operations of the convolution per image, forward; its gradient has the same number."""


def speed() -> Values:
    result = load("speed")
    ratio = result["ratio"]
    return {
        "fast_whole": f"{median_seconds('fast'):.0f}",
        "script_whole": f"{median_seconds('exercise'):.0f}",
        "ratio": f"{ratio['median']:.1f}",
        "ratios": f"{ratio['min']:.1f} to {ratio['max']:.1f}",
        "first": f"{result['first_start']['seconds']:.1f}",
        "n": f"{result['n']}",
        **where(result),
    }


def seeds() -> Values:
    result = load("seeds")
    return {"errors": spread(result["errors"]), **where(result)}


def accuracy() -> Values:
    results = {result["recipe"]: result for result in leaderboard()}
    tiny, errors = results["tiny"], [results[name]["errors"]["mean"] for name in ("ensemble", "accurate", "tiny")]
    mean, sd = tiny["errors"]["mean"], tiny["errors"]["sd"]
    elsewhere: dict[str, dict[str, None]] = {}
    for name, result in results.items():
        for row in result["rows"]:
            for processor, packages in row.get("trained_on", {}).items():
                elsewhere.setdefault(f"{processor}, JAX {packages['jax']}", {})[f"`{name}`"] = None
    return {
        "fewer": f"{min(errors):.0f} to {max(errors):.0f}",
        "machine": machine(*results.values()),
        "versions": versions(tiny),
        "elsewhere": "; ".join(f"{' and '.join(names)} ({how})" for how, names in elsewhere.items()) or "none",
        "tiny_time": duration(statistics.median(row["seconds"] for row in tiny["rows"])),
        "tiny_errors": f"{tiny['errors']['min']} to {tiny['errors']['max']}",
        "tiny_range": f"{mean - 2 * sd:.0f} to {mean + 2 * sd:.0f}",
    }


def roofline() -> Values:
    result = load("roofline")
    dense, adam, peak = result["parts"]["Dense layers"], result["parts"]["Adam"], result["peak"]
    forward = 3 * 60_000 * 2 * 5408 * 128
    all_gradients = 3 * forward + 3 * 60_000 * 2 * CONVOLUTION
    moved = adam["operations"] / 12 * 6 * 4  # per weight: three numbers of 4 bytes read, three written
    return {
        "n": f"{result['n']}",
        "threads": f"{result['threads']}",
        "peak": f"{peak / 1e9:.0f}",
        "ideal": f"{all_gradients / peak:.1f}",
        "dense_all": f"{3 * forward / 1e9:.0f}",
        "dense": f"{dense['operations'] / 1e9:.0f}",
        "forward": f"{forward / 1e9:.0f}",
        "dense_share": percent(dense["operations"] / dense["seconds"] / peak, 0),
        "moved": f"{moved / 1e9:.0f}",
        "imports": f"{result['imports']:.1f}",
        "total": f"{result['imports'] + sum(row['seconds'] for row in result['parts'].values()):.1f}",
    }


def runtimes() -> Values:
    result = load("reading_speed")
    differences = [row["differs_from_keras"] for rows in result["threads"].values() for row in rows.values()]
    return {
        "difference": f"{max(differences):.1e}",
        "rounds": f"{result['rounds']}",
        **where(result),
    }


def growth() -> Values:
    return where(load("growth"))


def formats() -> Values:
    result = load("formats")
    return {
        "n": f"{result['n']:,}",
        "photograph": f"{result['reading']['photograph_seconds']:.2f}",
        "command": f"{result['reading']['command_seconds']:.2f}",
        **where(result),
    }


def handwriting() -> Values:
    return where(load("handwriting")["sets"]["photographs"])


def peers() -> Values:
    sets = load("peers")["sets"]
    about = {who: row for name in (*PAGES, *CROPS) for who, row in sets[name].items()}
    return {
        "rapidocr": about["rapidocr"]["versions"]["rapidocr"],
        "tesseract": about["tesseract"]["versions"]["tesseract"],
        "commit": ", ".join(sorted({_commit(by["ours"]) for by in sets.values()})),
        "machines": machine(*(row for by in sets.values() for row in by.values())),
    }


def corruptions() -> Values:
    result = load("corruptions")
    reading = result["reading"]
    sizes = {"pictures": f"{reading['n']:,}", "images": f"{result['n']:,}"}
    return {"commit": _commit(reading), **sizes, **where(result)}


def processor_time() -> Values:
    result = load("processor_time")
    return where(result["photographs"] | {"versions": result["versions"]})


def limits() -> Values:
    return {
        "body": f"{guard.MAX_BYTES >> 20}",
        "pixels": f"{MAX_PIXELS // 10**6}",
        "batch": f"{body.MAX_BATCH:,}",
        "waiting": f"{app.WAITING}",
        "seconds": f"{app.SECONDS:g}",
        "head_seconds": f"{server.HEAD_SECONDS:g}",
        "body_seconds": f"{guard.BODY_SECONDS:g}",
        "read_seconds": f"{server.READ_SECONDS:g}",
        "connections": f"{server.CONNECTIONS}",
    }


def serving() -> Values:
    result = load("load")
    return {
        "memory": f"{result['memory'] / 1e6:.0f}",
        "fuzz": f"{result['fuzz']['requests']:,}",
        "fuzz_wrong": f"{result['fuzz']['wrong']}",
        "fuzz_memory": f"{result['fuzz']['memory'] / 1e6:.0f}",
        "alive": "yes" if result["alive"] else "no",
        **where(result),
    }


def strokes() -> Values:
    result = load("strokes")
    found = where(result)
    for kind in ("server", "site"):
        row = result[kind]
        times = {"n": row["n"], "p50": row["p50"], "p99": row["p99"]}
        times |= {"first": row["by_digits"]["1"], "fifth": row["by_digits"]["5"]}
        found |= {f"{kind}_{name}": f"{value:.0f}" for name, value in times.items()}
    return found


def bulk() -> Values:
    result = load("bulk")
    files, held = plan()
    found = {
        "pictures": f"{PICTURES}",
        "tiles": f"{TILES:,}",
        "machines": f"{MACHINES}",
        "images": f"{IMAGES:,}",
        "cores": f"{result['machine']['cores']}",
        "plan_rate": f"{files:,.0f}",
        "plan_bytes": f"{held:,.0f}",
        "plan_sizes": " and ".join(f"{row['n']:,}" for row in result["plans"]),
        **where(result),
    }
    of = {kind: rates(kind, unit) for kind, unit in zip(KINDS, (TILES, 100), strict=True)}
    for kind, rate in of.items():
        found |= {
            f"{kind}_start": f"{rate['start']:.0f}",
            f"{kind}_slower": f"{100 * (1 - rate['ray'] / rate['local']):.0f}",
            f"{kind}_pays": f"{two_digits(rate['pays']):,}",
            f"{kind}_pays_time": duration(rate["pays"] / rate["local"]),
            f"{kind}_many": duration(10**7 / rate["local"]),
        }
    return found | {"cost": f"{of['tiles']['core'] / of['photographs']['core']:,.0f}"}


def train() -> Values:
    return {"wait": f"{WAIT}", "silence": f"{SILENCE}", "end": f"{2 * SILENCE}"}


def distributed() -> Values:
    result = load("distributed")
    return where(result) | {"jax": result["versions"]["jax"]}


def refusal() -> Values:
    result = load("refusal")
    alike = result["no digits"]["letters that look like digits"]
    return {
        "alike": f"{alike['n']}",
        "alike_accepted": f"{alike['n'] - alike['refused']}",
        **where(result),
    }


def card() -> Values:
    digits, metadata = load("refusal")["digits"], Classifier().metadata
    found = {
        "seed": metadata["seed"],
        "commit": metadata["commit"],
        "errors": metadata["test_errors"],
        "images": f"{int(metadata['test_images']):,}",
        "temperature": f"{float(metadata['temperature']):.3f}",
        "calibration_error": f"{digits['calibration_error']:.4f}",
        "threshold": f"{digits['threshold']:.3f}",
        "accepted": f"{digits['accepted']:,}",
        "accepted_share": percent(digits["accepted"] / digits["n"], 2),
        "accepted_wrong": f"{digits['errors_among_accepted']}",
        "accepted_wrong_share": percent(digits["errors_among_accepted"] / digits["accepted"], 2),
    }
    for name in ("handwriting", "finder", "strings"):
        file = SHIPPED.with_name(f"{name}.onnx")
        content = file.read_bytes()
        found |= {f"{name}_bytes": f"{len(content):,}", f"{name}_sha256": hashlib.sha256(content).hexdigest()}
    return found | {f"{name}_steps": f"{_steps(name):,}" for name in EARLIER_STEPS}


def _steps(name: str) -> int:
    """Return the number of steps of all trainings of a page network."""
    metadata = {entry.key: entry.value for entry in onnx.load(SHIPPED.with_name(f"{name}.onnx")).metadata_props}
    return EARLIER_STEPS[name] + int(metadata["steps"])


def _commit(row: dict[str, Any]) -> str:
    """Return a commit, with a plus if there were uncommitted changes."""
    return row["commit"][:7] + ("+" if row["uncommitted_changes"] else "")
