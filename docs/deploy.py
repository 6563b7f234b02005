"""docs/deploy.md: how to put the server into service, its limits, and what it bears; `generate.py` writes it."""

import json
from pathlib import Path

from mnist_cnn.read.picture import MAX_PIXELS
from mnist_cnn.web import app, body, guard, server

RESULT = Path(__file__).parents[1] / "benchmarks/results/load.json"
STROKES = RESULT.with_name("strokes.json")


def page() -> str:
    return f"""# Deploy

Made by `python docs/generate.py`; not edited by hand.

```bash
pip install '.[web]'                                         # about 400 MB, no TensorFlow
mnist-cnn serve                                              # this machine only
mnist-cnn serve --host 0.0.0.0                               # whoever reaches it, a phone on the same network, say
MNIST_CNN_TOKEN=... mnist-cnn serve --host 0.0.0.0           # whoever has the token
mnist-cnn serve --model runs/accurate-1/model.onnx           # a network of yours
```

It is one process of one thread for connections and one a core for reading. Behind a reverse proxy that speaks TLS it
needs nothing else; several of them behind one share nothing, so they may be as many as there are machines. SIGTERM lets
it finish what it has begun, and it exits with 0. To keep it up, as a systemd unit:

```ini
[Service]
ExecStart=/opt/mnist_cnn/bin/mnist-cnn serve --port 8000
Environment=MNIST_CNN_TOKEN=...
DynamicUser=yes
ProtectSystem=strict
Restart=always
```

## Without a server

`mnist-cnn site public` writes the page with the network and the reader in it: 33 MB of files, of which a browser loads
about a third when they come compressed. Any web host can hand them out, over https or from localhost (browsers keep
pages for later only from there); it needs no headers of ours. What is drawn never leaves the browser. To build it, npm
is asked for `onnxruntime-web` and `@opencvjs/web`, at versions and checksums that are pinned.

## Ask it

```bash
curl -s -F image=@photo.jpg http://127.0.0.1:8000/v1/read
curl -s --data-binary @photo.jpg -H 'content-type: image/jpeg' 'http://127.0.0.1:8000/v1/read?digits=5'
curl -s --data-binary @images.npy -H 'content-type: application/x-npy' http://127.0.0.1:8000/v1/classify
curl -s http://127.0.0.1:8000/v1/model
```

```python
import numpy, urllib.request, io, json

file = io.BytesIO()
numpy.save(file, images)  # (n, 28, 28): bytes, or floats from 0 to 1; ink is bright
request = urllib.request.Request(
    "http://127.0.0.1:8000/v1/classify", file.getvalue(), {{"content-type": "application/x-npy"}}
)
answers = json.load(urllib.request.urlopen(request))["answers"]
```

| route | takes | answers |
| --- | --- | --- |
| `POST /v1/read` | a picture, as the body or a form's `image`; `?digits=`, `?threshold=` | as `mnist-cnn read --json` |
| `POST /v1/classify` | 28 × 28 arrays, JSON or .npy | digit, confidence and probabilities of each |
| `POST /v1/explain` | one such array | the first layer's maps, and which ink the answer hangs on |
| `GET /v1/model` | | the model's card |
| `GET /healthz`, `/readyz` | | whether it runs; whether it takes requests |
| `GET /metrics`, `/openapi.json` | | Prometheus's text; all of this for programs |

Every error is a JSON problem (RFC 9457) with `title`, `status` and a `detail` that says what was expected; but what is
no HTTP at all is answered with a line of text. The token is asked for by `/v1`; the page, health and metrics are open.

## Limits

| what | limit | beyond it |
| --- | --- | --- |
| a body | {guard.MAX_BYTES >> 20} MB | 413, while it comes |
| a picture | {MAX_PIXELS // 10**6} million pixels | 422 |
| arrays of one call | {body.MAX_BATCH:,} | 422 |
| calls that wait for a core | {app.WAITING} | 503, `Retry-After: 1` |
| an answer, waiting included | {app.SECONDS:g} s | 503, `Retry-After: 5` |
| a request's head; its body | {server.HEAD_SECONDS:g} s; {guard.BODY_SECONDS:g} s | hung up on; 408 |
| an answer that is not taken | {server.READ_SECONDS:g} s | hung up on |
| connections | {server.CONNECTIONS} | 503 |

A browser is told to load nothing from anywhere else (Content-Security-Policy), other sites may not call it unless
`--allow-origin` names them, and the log, a line of JSON a request, has no pictures, parameters or addresses in it.

## What it bears

{_table()}

{_strokes()}
"""


def _strokes() -> str:
    result = json.loads(STROKES.read_text())
    server, site = result["server"], result["site"]
    machine = result["machine"]
    return (
        f"On the page, the answer is there {server['p50']:.0f} ms after a stroke ends, 99 of 100 times within "
        f"{server['p99']:.0f} ms ({server['by_digits']['1']:.0f} ms for the first digit of a number, "
        f"{server['by_digits']['5']:.0f} for the fifth). Without a server, in the browser alone, it takes "
        f"{site['p50']:.0f} ms and {site['p99']:.0f} ms. (n = {server['n']} each, Chromium "
        f"{result['versions']['chromium'].split('.')[0]}, {machine['cores']} cores of an {machine['processor']}; "
        "`python benchmarks/strokes.py`.)"
    )


def _table() -> str:
    result = json.loads(RESULT.read_text())
    lines = [
        "| clients | malformed | requests a second | p50 | p99 | memory | lost or wrong |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in result["rows"]:
        p50, p99 = (f"{1000 * row[name]:.0f} ms" for name in ("p50", "p99"))
        lines.append(
            f"| {row['clients']} | {row['malformed']} of {row['requests']:,} | {row['requests_a_second']:.0f} "
            f"| {p50} | {p99} | {row['memory'] / 1e6:.0f} MB | {row['wrong']} |"
        )
    busy = sum(row["busy"] for row in result["rows"])
    machine, versions, fuzz = result["machine"], result["versions"], result["fuzz"]
    return "\n".join(
        [
            *lines,
            "",
            "Pictures of one digit, 280 × 280 pixels, read in the order of the table by one server whose clients "
            f"were on the same {machine['cores']} cores of an {machine['processor']}; memory at the end of each row, "
            f"{result['memory'] / 1e6:.0f} MB before the first. {busy:,} times a client was told to come again. Made "
            f"by `python benchmarks/load.py`, with FastAPI {versions['fastapi']}, uvicorn {versions['uvicorn']} and "
            f"ONNX Runtime {versions['onnxruntime']}.",
            "",
            f"Then schemathesis {versions['schemathesis']} sent it {fuzz['requests']:,} requests of its own making, "
            f"what the OpenAPI document allows and what it does not; {fuzz['wrong']} answers were against it. The "
            f"server had {fuzz['memory'] / 1e6:.0f} MB afterwards"
            + (" and went on." if result["alive"] else ", and was gone."),
        ]
    )
