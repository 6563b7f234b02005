"""What does the server bear? Requests a second, their times and its memory, from 1, 8 and 64 clients.

    python benchmarks/load.py        about five minutes; writes benchmarks/results/load.json

`mnist-cnn serve` on this machine's loopback, in a process of its own; the clients, on the same cores, send one picture
of a digit after the other, 280 x 280 pixels, over connections that stay open. Then one request in ten is malformed. At
last schemathesis asks what its OpenAPI document allows, and what it does not, and looks whether the answers keep to it.
A request that finds the queue full (503) is counted, and sent again after a moment. Leave the machine idle meanwhile.
"""

import argparse
import asyncio
import importlib.metadata
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import cv2
import httpx2 as httpx
import numpy as np

from mnist_cnn import mnist
from mnist_cnn.files import replacing
from mnist_cnn.provenance import machine
from mnist_cnn.read import read_image

RESULT = Path(__file__).parent / "results" / "load.json"
CLIENTS, REQUESTS = (1, 8, 64), 1000
EXAMPLES = 200
"""At most so many requests of each kind for each route."""
MALFORMED = (b"no picture", b"\x89PNG\r\n\x1a\n", b"")


def pictures(n: int) -> list[bytes]:
    images = mnist.load().test.images[:n]
    large = (cv2.resize(255 - np.pad(image, 14), (280, 280), interpolation=cv2.INTER_CUBIC) for image in images)
    return [cv2.imencode(".png", image)[1].tobytes() for image in large]


async def crowd(url: str, clients: int, requests: int, bodies: list[bytes], malformed: int = 0) -> dict[str, Any]:
    """Every `malformed`th request is broken; 0: none is."""
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
    """What schemathesis makes of its OpenAPI document: how many requests it sends, and how many get a wrong answer."""
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


def memory(process: int) -> int:
    """Bytes the process has now, on Linux."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text())
    return int(found[1]) * 1024 if found else 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--requests", type=int, default=REQUESTS, metavar="N", help=f"of each crowd (default {REQUESTS})"
    )
    options = parser.parse_args()
    result = measure(options.requests)
    if options.requests == REQUESTS:
        with replacing(RESULT) as temporary:
            temporary.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))


def measure(requests: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "mnist_cnn", "serve", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, bufsize=1) as server:
        assert server.stderr  # noqa: S101
        found = re.search(r"http://\S+:\d+", server.stderr.readline())
        assert found  # noqa: S101
        drain = subprocess.Popen(["cat"], stdin=server.stderr, stdout=subprocess.DEVNULL)  # a full pipe would stop it
        bodies = pictures(100)
        asyncio.run(crowd(found[0], 8, requests // 5, bodies))  # what is only done the first time
        rows, before = [], memory(server.pid)
        for clients, malformed in (*((n, 0) for n in CLIENTS), (8, 10)):
            rows.append(asyncio.run(crowd(found[0], clients, requests, bodies, malformed)))
            rows[-1]["memory"] = memory(server.pid)
        fuzz = fuzzed(found[0]) | {"memory": memory(server.pid)}
        alive = server.poll() is None
        server.terminate()
        server.wait(60)
        drain.wait(60)
    versions = {
        name: importlib.metadata.version(name) for name in ("fastapi", "uvicorn", "onnxruntime", "schemathesis")
    }
    return {"machine": machine(), "versions": versions, "memory": before, "alive": alive, "rows": rows, "fuzz": fuzz}


if __name__ == "__main__":
    main()
