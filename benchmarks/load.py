"""Load test of the server: throughput, latency and memory with 1, 8 and 64 clients.

    python benchmarks/load.py        about five minutes; writes benchmarks/results/load.json

The server is `mnist-cnn serve` on the loopback address, and the clients share its cores. Each client sends pictures of
one digit, 280 x 280 pixels, one after the other over a connection that stays open. A second part makes every tenth
request malformed. In a third part, schemathesis sends valid and invalid requests made from the OpenAPI document and
checks the responses against it. A request that is rejected with 503 is counted and sent again after 0.1 s.
Leave the machine idle meanwhile.
"""

import argparse
import asyncio
import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cost
import cv2
import httpx2 as httpx
import numpy as np
import result_files

from mnist_cnn import mnist
from mnist_cnn.read import read_image

RESULT = result_files.FOLDER / "load.json"
CLIENTS, REQUESTS = (1, 8, 64), 1000
EXAMPLES = 200
"""Maximum number of requests per kind and route that schemathesis sends."""
MALFORMED = (b"no picture", b"\x89PNG\r\n\x1a\n", b"")


def pictures(n: int) -> list[bytes]:
    """Return n of MNIST's test digits as PNG files of 280 x 280 pixels, dark on light."""
    images = mnist.load().test.images[:n]
    large = (cv2.resize(255 - np.pad(image, 14), (280, 280), interpolation=cv2.INTER_CUBIC) for image in images)
    return [cv2.imencode(".png", image)[1].tobytes() for image in large]


async def send(url: str, clients: int, requests: int, bodies: list[bytes], malformed: int = 0) -> dict[str, Any]:
    """Send requests from several clients at the same time and return their row, with times in seconds.

    bodies: valid pictures, sent in turn. malformed: every N-th request is malformed; 0 for none.
    """
    numbers, seconds, wrong, busy = iter(range(requests)), [], 0, 0
    expected = [read_image(body).to_dict() for body in bodies]

    async def client() -> None:
        nonlocal wrong, busy
        async with httpx.AsyncClient(timeout=60) as session:
            for number in numbers:
                broken = malformed and number % malformed == 0
                body = MALFORMED[number % len(MALFORMED)] if broken else bodies[number % len(bodies)]
                while True:
                    began = time.perf_counter()
                    answer = await session.post(f"{url}/v1/read", content=body, headers={"content-type": "image/png"})
                    if answer.status_code != 503:
                        break
                    busy += 1
                    await asyncio.sleep(0.1)
                seconds.append(time.perf_counter() - began)
                right = answer.status_code == 422 if broken else answer.json() == expected[number % len(bodies)]
                wrong += not right

    began = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    took = time.perf_counter() - began
    assert len(seconds) == requests  # noqa: S101
    p50, p99 = np.quantile(seconds, [0.5, 0.99])
    return {
        "clients": clients,
        "requests": requests,
        "malformed": sum(1 for n in range(requests) if malformed and n % malformed == 0),
        "requests_a_second": requests / took,
        "p50": float(p50),
        "p99": float(p99),
        "busy": busy,
        "wrong": wrong,
    }


def fuzzed(url: str) -> dict[str, Any]:
    """Run schemathesis against the server: return its number of requests, of wrong responses, and its seconds."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, "-m", "schemathesis.cli", "run", f"{url}/openapi.json", f"--max-examples={EXAMPLES}"]
        command += ["--seed=1", "--continue-on-failure", "--report=json", f"--report-json-path={report}"]
        hooks = os.environ | {"SCHEMATHESIS_HOOKS": "bodies", "PYTHONPATH": str(Path(__file__).parent)}
        done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=hooks, timeout=600)
        if done.returncode:
            print(done.stdout)
        found = json.loads(report.read_text())
    cases = found["test_cases"]
    return {"requests": cases["generated"], "wrong": cases["with_failures"], "seconds": found["running_time"]}


@contextlib.contextmanager
def server() -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run `mnist-cnn serve` on a free port; yield its address and its process."""
    command = [sys.executable, "-m", "mnist_cnn", "serve", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, bufsize=1) as process:
        assert process.stderr  # noqa: S101
        found = re.search(r"http://\S+:\d+", process.stderr.readline())
        assert found  # noqa: S101
        # Its log has to be read, since a full pipe would block the server.
        drain = subprocess.Popen(["cat"], stdin=process.stderr, stdout=subprocess.DEVNULL)
        try:
            yield found[0], process
        finally:
            process.terminate()
            process.wait(60)
            drain.wait(60)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--requests", type=int, default=REQUESTS, metavar="N", help=f"requests per row (default {REQUESTS})"
    )
    options = parser.parse_args()
    result = measure(options.requests)
    if options.requests == REQUESTS:
        result_files.write(RESULT, result)
    print(json.dumps(result, indent=2))


def measure(requests: int) -> dict[str, Any]:
    """Return the result, with `requests` requests per row."""
    with server() as (url, process):
        bodies = pictures(100)
        asyncio.run(send(url, 8, requests // 5, bodies))  # the first requests are slower
        rows, before = [], cost.memory(process.pid)
        for clients, malformed in (*((n, 0) for n in CLIENTS), (8, 10)):
            rows.append(asyncio.run(send(url, clients, requests, bodies, malformed)))
            rows[-1]["memory"] = cost.memory(process.pid)
        fuzz = fuzzed(url) | {"memory": cost.memory(process.pid)}
        alive = process.poll() is None
    origin = result_files.origin("fastapi", "uvicorn", "onnxruntime", "schemathesis")
    return origin | {"memory": before, "alive": alive, "rows": rows, "fuzz": fuzz}


if __name__ == "__main__":
    main()
