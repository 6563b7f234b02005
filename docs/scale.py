"""docs/scale.md: when one machine is not enough; `generate.py` writes it."""

import json
from pathlib import Path
from typing import Any

from mnist_cnn.bulk.plan import PICTURES, TILES
from mnist_cnn.distributed.launch import SILENCE, WAIT

RESULTS = Path(__file__).parents[1] / "benchmarks/results"


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

rows = ds.dataset("read/readings").to_table().to_pandas()  # id, number, confidence, accepted, digits
errors = ds.dataset("read/errors").to_table().to_pandas()  # id, error
```

`id` is the picture's path, or `FILE#ROW` counted from 0. `digits` has a row a digit: its line, box, confidence, and
whether it is accepted, or a digit at all. Each input is in one of the two tables, once.

The plan is made first and kept (`read/plan.parquet`): which inputs there are, in units of {PICTURES} pictures,
{TILES:,} tiles or a row group. A unit becomes one part, which is there whole or not at all. So after a kill, a full
disk or a power cut the same command goes on with the parts that are missing; files that came later are not in the plan,
and are another `--out`.

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
rounding, which training amplifies, makes others that are as good. (Networks with batch normalisation go apart at
once: Adam takes what is mere rounding for a direction.) The number of processes has to divide the batch; of an
epoch's last batch the rows that it does not divide are left out.

Rank 0 has the settings and keeps the run, and the others need nothing but the package and the images. The address is
that of rank 0 as the others reach it: an IP address is safest, since many machines take their own name for 127.0.1.1.
They talk on that port and on others that they choose, unencrypted, and ask nobody who they are: use a network that you
trust.

They wait {WAIT} s for each other (`--wait`). If one dies, or is not heard of for {SILENCE} s, the others end within
{2 * SILENCE} s, with a line that says so, and rank 0 has the finished epochs: the command that it prints goes on from
there, with the others started as before, or on one machine alone, without `--coordinator`. The run is one as any
other: a plain Keras model, scored, exported.

### Does it pay?

{training()}
"""


def training() -> str:
    result = json.loads((RESULTS / "distributed.json").read_text())
    machine, versions = result["machine"], result["versions"]
    lines = [
        "Milliseconds a step:",
        "",
        "| recipe | batch | TensorFlow | JAX | JAX, two of them | faster than one | than TensorFlow |",
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
