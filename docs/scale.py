"""docs/scale.md: when one machine is not enough; `generate.py` writes it."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mnist_cnn.bulk.plan import PICTURES, TILES
from mnist_cnn.distributed.world import SILENCE, WAIT

RESULTS = Path(__file__).parents[1] / "benchmarks/results"
KINDS, UNITS = ("tiles", "photographs"), (TILES, 100)
MACHINES, IMAGES = 100, 10**9
LINK = 10e9 / 8
"""Bytes a second that the storage gives, all machines together, in the model on paper: 10 Gbit/s."""


def page() -> str:
    return f"""# When one machine is not enough

Made by `python docs/generate.py`; not edited by hand.

| what there is | what to use |
| --- | --- |
| some pictures | `mnist-cnn read` |
| thousands to millions of them, one machine | `mnist-cnn bulk`: a process a core, no cluster, bounded memory |
| more than that, several machines | the same with `--engine ray`: a classifier an actor, on all of a Ray cluster |
| programs that ask now and then | `mnist-cnn serve` ([deploy.md](deploy.md)) |
| many networks to train | `--engine ray` of the benchmarks: a seed a task |
| one network to train, several machines | `mnist-cnn train --coordinator ...`; first: [does it pay?](#does-it-pay) |

## On one machine

```bash
pip install '.[bulk]'
mnist-cnn bulk scans/ --out read
mnist-cnn bulk 'scans/*.png' crops.parquet tiles-idx3-ubyte.gz --out read-2 --workers 2
```

Inputs are pictures, folders, patterns, Parquet files with a column of pictures' bytes (`image`, `img`, `bytes`, or as
Hugging Face's datasets have them) and IDX files of 28 × 28 tiles; here or wherever fsspec finds them (`s3://`, `gs://`,
`https://`, with the package that fsspec asks for). What comes of it:

```python
import pyarrow.dataset as ds

columns = ["id", "number", "confidence", "accepted"]  # also rows, digits, others; to_batches() saves memory
rows = ds.dataset("read/readings").to_table(columns).to_pandas()
errors = ds.dataset("read/errors").to_table().to_pandas()  # id, error
```

`id` is the picture's path, or `FILE#ROW` counted from 0. The columns have the names of `mnist-cnn read --json`. `rows`
has one entry per row of the page. `digits` has one entry per digit: the index of its row (`row`) and of its word in
that row (`word`), the word's `text`, and the digit with its box and confidence. `others` has the places that are not
numbers. Each input is in one of the two tables, once.

A picture, however small, is searched for digits; a row of an IDX file is taken as the digit that it is, and searching
is most of the work ([how fast](#how-fast-and-when-ray-pays)). So crops that are in MNIST's form already, 28 × 28, light
on dark, the digit's centre of mass in the middle, belong into IDX:

```python
from pathlib import Path

import numpy as np
from mnist_cnn.mnist import idx

tiles = np.zeros((1000, 28, 28), np.uint8)  # yours
Path("tiles.idx3").write_bytes(idx.encode(tiles))
```

The plan is made first and kept (`read/plan.parquet`): which inputs there are, in units of {PICTURES} pictures,
{TILES:,} tiles or a row group. A unit becomes one part, which is there whole or not at all. So after a kill, a full
disk or a power cut the same command resumes with the missing parts. Files that came later are not in the plan: process
them with a new `--out`.

## On a Ray cluster

```bash
pip install '.[ray]'
ray get-auth-token --generate                           # once; ~/.ray/auth_token goes to all machines
ray start --head --port 6379                            # on the first machine
ray start --address head:6379                           # on each of the others
mnist-cnn bulk /shared/scans --out /shared/read --engine ray --address head:6379 --workers 32
```

Without the token whoever reaches that port can run what they like on all of the machines. Inputs and `--out` have to be
where all machines see them under the same name, and the package installed on each. `--workers` is how many read at the
same time, in the whole cluster. A unit whose worker dies is read by another, and a killed run goes on as on one
machine: with either engine, since both do the same step and write the same parts. Without `--address` Ray is started
on this machine alone, to try it.

{bulk()}

## Many trainings

```bash
python benchmarks/seeds.py --n 10 --engine ray --cpus 2
python benchmarks/accuracy.py --recipe tiny --seeds 5 --engine ray --address head:6379
```

They spread the seeds over a cluster, a task a seed, instead of training one after the other. A task whose machine
dies is tried three times more; a seed that is done stands in `benchmarks/results/` and is not done again. The folder
of the project has to be where all machines see it. Seconds measured so are those of machines that shared their
memory and caches with others: compare accuracies, not times.

## One network, several processes

```bash
pip install '.[distributed]'
mnist-cnn train --processes 2                                             # on this machine
mnist-cnn train --coordinator 10.0.0.1:9000 --rank 0 --world 2            # on the first of two machines, 10.0.0.1
mnist-cnn train --coordinator 10.0.0.1:9000 --rank 1 --world 2            # on the second
```

Each process learns from its share of every batch, by Keras on JAX, and all gradients are summed: the batches, rates
and stop are those of `--processes 1`. So are the weights, for some hundred steps of the exercise to a millionth; then
rounding, which training amplifies, makes others that are as good. (Other recipes' weights differ from the first step
on: dropout leaves out other units, and with batch normalisation Adam takes what is mere rounding for a direction.)
The number of processes has to divide the batch; of an epoch's last batch the rows that it does not divide are left out.

`--processes` is for a look: one process takes all cores, so on several machines start one on each, in any order, from
the same commit of this project. Rank 0 has the settings, prints the progress and keeps the run; the others need nothing
but the images (with `--data` on rank 0: on each), and say "Done". `--batch-size` is that of all processes together.

The address is that of rank 0 as the others reach it: an IP address is safest, since many machines take their own name
for 127.0.1.1. Any port above 1023 does. Besides, all talk to all, on ports that they choose: a firewall has to let all
of TCP through between them. They talk unencrypted and ask nobody who they are: whoever reaches these ports can change the
training, and perhaps run code on the machines. They compute on the processors, also where there is a GPU. With
`JAX_PLATFORMS=cuda` one process computes on a GPU, which is how the leaderboard's networks `accurate` were trained
([LOG.md](../LOG.md)); several processes with GPUs have not been tried.

They wait {WAIT} s for each other (`--wait`). If one dies, or is not heard of for {SILENCE} s, the others end within
{2 * SILENCE} s, with a line that says so, and rank 0 has the finished epochs: the command that it prints goes on from
there, with the others started as before, or without `--coordinator`, `--rank` and `--world` on one machine alone,
by TensorFlow. The run is one as any other: a plain Keras model, scored, exported.

### Does it pay?

{training()}
"""


def bulk() -> str:
    result = json.loads((RESULTS / "bulk.json").read_text())
    machine, versions, (some, many) = result["machine"], result["versions"], result["plans"]
    lines = [
        "### How fast, and when Ray pays",
        "",
        "| | engine | workers | a second | first part after | memory |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for kind in KINDS:
        for row in result[kind]:
            lines.append(
                f"| {row['n']:,} {kind} | {row['engine']} | {row['workers']} | {row['n'] / row['seconds']:,.0f} "
                f"| {row['first']:.1f} s | {row['memory'] / 1e6:,.0f} MB |"
            )
    of = {kind: constants(result[kind], unit) for kind, unit in zip(KINDS, UNITS, strict=True)}
    cores = MACHINES * machine["cores"]
    work = {kind: IMAGES / (cores * of[kind]["core"]) for kind in KINDS}
    fetch = {kind: IMAGES * of[kind]["bytes"] / LINK for kind in KINDS}
    rate = many["n"] / many["seconds"]
    held = (many["memory"] - some["memory"]) / (many["n"] - some["n"])

    def cells(name: str, value: Callable[[str], str]) -> str:
        return f"| {name} | {' | '.join(map(value, KINDS))} |"

    def bottleneck(kind: str) -> str:
        share = fetch[kind] / work[kind]
        if 0.9 < share < 1.1:
            return f"for {kind} cores and storage take the same time, so twice as many machines gain nothing"
        if share > 1:
            return f"for {kind} it is the storage, which can feed {100 / share:.0f} % of the cores"
        return f"for {kind} it is the cores, which ask the storage for {100 * share:.0f} % of what it gives"

    return "\n".join(
        [
            *lines,
            "",
            f"On {machine['cores']} cores of an {machine['processor']}, with ONNX Runtime {versions['onnxruntime']} and Ray "
            f"{versions['ray']}. Until the first part is written there is a unit of {TILES:,} tiles or 100 photographs to "
            "read, besides the start. Memory is that of all processes together, Ray's own too. `python benchmarks/bulk.py` "
            "measures it.",
            "",
            f"Ray needs {of['tiles']['start']:.0f} s (tiles) and {of['photographs']['start']:.0f} s (photographs) more until "
            f"the first part, and reads {1 - 2 * of['tiles']['core'] / of['tiles']['local']:.0%} and "
            f"{1 - 2 * of['photographs']['core'] / of['photographs']['local']:.0%} slower after it, by two workers: on one "
            "machine it never pays. With a second machine as fast (calculated: there was one) it would from "
            + " or ".join(f"{_round(of[kind]['pays']):,} {kind}" for kind in KINDS)
            + f" on, which one machine reads in {of['tiles']['pays'] / of['tiles']['local']:.0f} and "
            f"{of['photographs']['pays'] / of['photographs']['local']:.0f} s. So a cluster that stands there anyway pays "
            "for what takes a minute; one that you have to set up, for what takes hours.",
            "",
            f"Ten million tiles are {_time(10**7 / of['tiles']['local'])} for this one machine; ten million pictures that are "
            f"searched as photographs are, {_time(10**7 / of['photographs']['local'])}.",
            "",
            f"### On paper: {MACHINES} machines, {IMAGES:,} images",
            "",
            f"With the constants above, {MACHINES} machines of {machine['cores']} such cores, and a storage that gives 10 "
            "Gbit/s to all of them together. This is calculated, not measured.",
            "",
            "| | tiles, as IDX | photographs, in Parquet |",
            "| --- | --- | --- |",
            cells("a core reads, a second", lambda kind: f"{of[kind]['core']:,.0f}"),
            cells(f"{cores} cores need", lambda kind: _time(work[kind])),
            cells("to fetch", lambda kind: f"{IMAGES * of[kind]['bytes'] / 1e12:,.1f} TB"),
            cells("the storage needs", lambda kind: _time(fetch[kind])),
            cells("it takes, the longer of both", lambda kind: f"**{_time(max(work[kind], fetch[kind]))}**"),
            cells("to write", lambda kind: f"{IMAGES * of[kind]['out'] / 1e9:,.0f} GB"),
            cells("core hours", lambda kind: f"{work[kind] * cores / 3600:,.0f}"),
            "",
            f"- **What it costs**: core hours, {of['tiles']['core'] / of['photographs']['core']:,.0f} times as many for a "
            "photograph as for a tile: finding the digits is the work, not reading them. Who has tiles should keep them "
            "as tiles.",
            f"- **The bottleneck**: {'; '.join(map(bottleneck, KINDS))}.",
            f"- **What breaks first**: with a file for each picture, the one process that plans, and with Ray holds the plan to "
            f"hand it out. It plans {rate:,.0f} files a second and holds {held:,.0f} bytes more for each (measured with "
            f"{some['n']:,} and {many['n']:,}, on a local disk): {_time(IMAGES / rate)} and {IMAGES * held / 1e9:,.0f} GB for "
            "all of them, and a store that is asked over a network lists more slowly. So put pictures into Parquet files "
            "of many thousand, or start one `bulk` for each folder of some million files. What breaks next is the folder "
            f"of the parts, two a unit: {IMAGES // PICTURES:,} units of {PICTURES} pictures, or one for each row group, which "
            "should have some thousand rows (here they had 100).",
        ]
    )


def constants(rows: list[dict[str, Any]], unit: int) -> dict[str, float]:
    """Of one kind of input: inputs a second once it runs, what Ray's start costs, and from how many on that pays."""
    of = {(row["engine"], row["workers"]): row for row in rows}
    rates = {way: (row["n"] - unit) / (row["seconds"] - row["first"]) for way, row in of.items()}
    start = of["ray", 2]["first"] - of["local", 2]["first"]
    saved = 1 / rates["local", 2] - 1 / (2 * rates["ray", 2])  # seconds an input, by two machines instead of one
    return {
        "local": rates["local", 2],
        "core": rates["ray", 2] / 2,
        "start": start,
        "pays": start / saved,
        "bytes": of["ray", 2]["bytes_in"] / of["ray", 2]["n"],
        "out": of["ray", 2]["bytes_out"] / of["ray", 2]["n"],
    }


def _round(n: float) -> int:
    """To two digits."""
    return int(round(n, 1 - int(math.log10(n))))


def _time(seconds: float) -> str:
    if seconds < 5400:
        return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:,.1f} h" if seconds < 36_000 else f"{seconds / 3600:,.0f} h"


def training() -> str:
    result = json.loads((RESULTS / "distributed.json").read_text())
    machine, versions = result["machine"], result["versions"]
    lines = [
        "Milliseconds a step:",
        "",
        "| recipe | batch | TensorFlow | JAX | two on JAX | two against one | two against TensorFlow |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in result["rows"]:
        two = row["jax, 2 processes"]
        lines.append(
            f"| `{row['recipe']}` | {row['batch']} | {row['tensorflow']:.0f} | {row['jax']:.0f} | {two:.0f} "
            f"| {row['jax'] / two:.2f} × | {row['tensorflow'] / two:.2f} × |"
        )
    return "\n".join(
        [
            *lines,
            "",
            f"Each on one core of an {machine['processor']}: two processes on the {machine['cores']} cores imitate "
            f"two machines, with its own memory for a network; a real one is slower. "
            f"Keras {versions['keras']}, TensorFlow "
            f"{versions['tensorflow-cpu']}, JAX {versions['jax']}; `python benchmarks/distributed.py`.",
            "",
            _verdict(result["rows"]),
        ]
    )


def _verdict(rows: list[dict[str, Any]]) -> str:
    best = max(rows, key=lambda row: row["tensorflow"] / row["jax, 2 processes"])
    if best["tensorflow"] > best["jax, 2 processes"]:
        return f"So two machines pay from batches of {best['batch']} of `{best['recipe']}` on."
    small = min(rows, key=lambda row: row["batch"])
    large = max(rows, key=lambda row: row["jax"] / row["jax, 2 processes"])
    return (
        "So two machines without a graphics card do not pay for these networks: Keras on TensorFlow is faster on one "
        f"of them. With batches of {small['batch']} the processes mostly wait for each other, as every step sums all "
        f"gradients. With {large['batch']} two do {large['jax'] / large['jax, 2 processes']:.1f} times the work of "
        "one, but JAX takes several times as long as TensorFlow on these processors. It is here to learn how it is "
        "done, and for networks whose steps take long."
    )
