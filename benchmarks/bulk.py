"""Measure the throughput of `mnist-cnn bulk` on this machine, with local processes and with Ray.

    python benchmarks/bulk.py --only tiles              1,000,000 tiles of MNIST's form: about ten minutes
    python benchmarks/bulk.py --only photographs        20,000 photographs: about an hour
    python benchmarks/bulk.py --only plan               plans of 200,000 and 1,000,000 pictures: a minute
    python benchmarks/bulk.py --tiles 50000 --photographs 200        a short trial; writes nothing

The command runs with 1 and 2 local processes, and with 1 and 2 Ray actors. For each it measures the seconds, the
seconds until the first part is written (start-up and one unit), and the peak memory of all its processes together, in
which shared pages count once. 500 different photographs are repeated to make 20,000.
Writes benchmarks/results/bulk.json. Leave the machine idle meanwhile.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import photographs
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import result_files

from mnist_cnn import mnist
from mnist_cnn.mnist import idx

RESULT = result_files.FOLDER / "bulk.json"
TILES, PHOTOGRAPHS, DIFFERENT, PLANS = 1_000_000, 20_000, 500, (200_000, 1_000_000)
WAYS = (("local", 1), ("local", 2), ("ray", 1), ("ray", 2))


def tiles(folder: Path, n: int) -> Path:
    """Write n images of MNIST's training set, repeated, as one IDX file."""
    images = mnist.load().train.images
    file = folder / "tiles.idx3"
    with file.open("wb") as out:
        out.write(idx.encode(np.zeros((0, 28, 28), np.uint8))[:4] + n.to_bytes(4) + (28).to_bytes(4) * 2)
        for start in range(0, n, len(images)):
            out.write(images[: n - start].tobytes())
    return file


def pictures(folder: Path, n: int) -> Path:
    """Write n photographs of validation digits, one to five per photograph, as a Parquet file.

    It has row groups of 100.
    """
    _, (images, _) = mnist.split(mnist.load().train)
    different = []
    for i in range(min(n, DIFFERENT)):
        rng = np.random.default_rng((11, i))
        shot = photographs.photograph(images[rng.integers(0, len(images), 1 + i % 5)], rng)
        different.append(cv2.imencode(".jpg", shot[..., ::-1] if shot.ndim == 3 else shot)[1].tobytes())
    file = folder / "photographs.parquet"
    schema = pa.schema([("image", pa.binary())])
    with pq.ParquetWriter(file, schema) as writer:
        for start in range(0, n, 100):
            some = [different[i % len(different)] for i in range(start, min(start + 100, n))]
            writer.write_table(pa.table({"image": some}, schema))
    return file


def measure(file: Path, engine: str, workers: int, n: int) -> dict[str, Any]:
    """Read a file of n pictures by `mnist-cnn bulk` and return the row: seconds, and memory and sizes in bytes."""
    out = file.with_name("read")
    command = [sys.executable, "-m", "mnist_cnn", "bulk", str(file), "--out", str(out), "--engine", engine]
    began, first, most = time.perf_counter(), None, 0
    with subprocess.Popen([*command, "--workers", str(workers)], stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            if first is None and any(out.glob("readings/part-*.parquet")):
                first = time.perf_counter() - began
            most = max(most, memory(process.pid))
            time.sleep(0.2)
    seconds = time.perf_counter() - began
    assert process.returncode == 0  # noqa: S101
    rows = sum(pq.read_metadata(part).num_rows for part in out.glob("readings/*.parquet"))
    assert rows == n  # noqa: S101
    size = sum(part.stat().st_size for part in out.glob("*/*.parquet"))
    shutil.rmtree(out)
    return {
        "engine": engine,
        "workers": workers,
        "n": n,
        "seconds": seconds,
        "first": first,
        "memory": most,
        "bytes_in": file.stat().st_size,
        "bytes_out": size,
    }


def planned(folder: Path, n: int) -> dict[str, Any]:
    """Return the cost of a plan of n pictures for the process that makes it.

    With Ray this process also keeps the plan in memory, to distribute its units.
    """
    for i in range(n):
        file = folder / f"{i // 1000:05}/{i:09}.png"
        file.parent.mkdir(exist_ok=True)
        file.touch()
    code = (
        "import json, pickle, resource, sys, time; from pathlib import Path; from mnist_cnn.bulk import plan\n"
        "began, out = time.perf_counter(), Path(sys.argv[2])\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "plan.write(out, plan.units([sys.argv[1]])); seconds = time.perf_counter() - began\n"
        "packed = [pickle.dumps(unit) for unit in plan.read(out)]\n"
        "after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "print(json.dumps({'seconds': seconds, 'memory': 1024 * (after - before), 'bytes': out.stat().st_size,"
        " 'packed': sum(map(len, packed))}))"
    )
    command = [sys.executable, "-c", code, str(folder), str(folder.with_name("plan.parquet"))]
    return {"n": n} | json.loads(subprocess.run(command, capture_output=True, check=True).stdout)


def memory(pid: int) -> int:
    """Return the bytes of a process and its descendants, which include Ray's servers."""
    total = 0
    for process in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True)):
        try:
            total += process.memory_full_info().pss
        except psutil.Error:
            continue
    return total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tiles", type=int, default=TILES, metavar="N", help="number of tiles")
    parser.add_argument("--photographs", type=int, default=PHOTOGRAPHS, metavar="N", help="number of photographs")
    parser.add_argument("--only", choices=("tiles", "photographs", "plan"), help="run this part only")
    options = parser.parse_args()
    for kind, make, full in (("tiles", tiles, TILES), ("photographs", pictures, PHOTOGRAPHS)):
        if options.only not in (None, kind):
            continue
        with tempfile.TemporaryDirectory() as folder:
            n = getattr(options, kind)
            file = make(Path(folder), n)
            rows = []
            for engine, workers in WAYS:
                rows.append(measure(file, engine, workers, n))
                print(kind, json.dumps(rows[-1]), flush=True)
        if n == full:
            store(kind, rows)
    if options.only in (None, "plan"):
        plans = []
        for n in PLANS:  # two sizes: part of the memory does not depend on n
            with tempfile.TemporaryDirectory() as folder:
                (Path(folder) / "pictures").mkdir()
                plans.append(planned(Path(folder) / "pictures", n))
        store("plans", plans)


def store(kind: str, result: Any) -> None:
    """Print a part of the result and store it beside the other parts."""
    print(kind, json.dumps(result), flush=True)
    origin = result_files.origin("onnxruntime", "pyarrow", "ray")
    result_files.write(RESULT, result_files.load(RESULT) | origin | {kind: result})


if __name__ == "__main__":
    main()
