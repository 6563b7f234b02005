"""Measure the time from the end of a stroke to the page's answer, with the server and with the static site.

    python benchmarks/strokes.py          a minute; writes benchmarks/results/strokes.json

The page runs in Chromium. Ten numbers of five digits are drawn with the mouse, one stroke per digit. For each stroke
the browser measures the milliseconds from the release of the mouse button to the final answer for the whole drawing.
Leave the machine idle meanwhile.
"""

import contextlib
import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

import load
import result_files
from playwright.sync_api import Page, sync_playwright

RESULT = result_files.FOLDER / "strokes.json"
ROUNDS, DIGITS = 10, 5
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
TWO = ((0, 20), (12, 6), (45, 0), (80, 8), (90, 28), (72, 52), (35, 78), (0, 100), (50, 97), (100, 99))
CLOCK = """() => {
    window.times = [];
    let began = 0;
    addEventListener("pointerup", () => { began = performance.now(); }, true);
    new MutationObserver(() => {
        if (!began || document.body.dataset.state !== "read") return;
        window.times.push(performance.now() - began);
        began = 0;
    }).observe(document.body, { attributes: true, attributeFilter: ["data-state"] });
}"""


@contextlib.contextmanager
def server() -> Iterator[str]:
    """Run the server; yield the address of its page."""
    with load.server() as (url, _):
        yield f"{url}/"


@contextlib.contextmanager
def site() -> Iterator[str]:
    """Serve the static site by Python's HTTP server; yield its address."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "mnist_cnn", "site", folder], check=True, stdout=subprocess.DEVNULL)
        command = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", folder]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
            assert process.stdout  # noqa: S101
            found = re.search(r"port (\d+)", process.stdout.readline())
            assert found  # noqa: S101
            yield f"http://127.0.0.1:{found[1]}/"
            process.terminate()


def draw(page: Page) -> None:
    """Draw a number of five digits, one stroke per digit, and wait for the answer after each."""
    box = page.locator("#canvas").bounding_box()
    assert box  # noqa: S101
    for i in range(DIGITS):
        places = [
            (box["x"] + (0.06 + 0.18 * i + 0.0013 * x) * box["width"], box["y"] + (0.3 + 0.004 * y) * box["height"])
            for x, y in TWO
        ]
        before = page.evaluate("window.times.length")
        page.mouse.move(*places[0])
        page.mouse.down()
        for place in places[1:]:
            page.mouse.move(*place, steps=3)
            page.wait_for_timeout(15)
        page.mouse.up()
        while page.evaluate("window.times.length") == before:
            page.wait_for_timeout(20)
        page.wait_for_timeout(300)  # the page draws the network's view of the digit meanwhile


def measured(page: Page, url: str) -> dict[str, Any]:
    """Return median and 99th percentile in milliseconds, and the median by the number of digits drawn."""
    page.goto(url)
    page.evaluate(CLOCK)
    draw(page)  # warm-up
    page.keyboard.press("Escape")
    page.evaluate("() => { window.times = []; }")
    for _ in range(ROUNDS):
        draw(page)
        page.keyboard.press("Escape")
        page.wait_for_timeout(200)
    times = page.evaluate("window.times")
    by_digits = {str(i + 1): statistics.median(times[i::DIGITS]) for i in range(DIGITS)}
    ordered = sorted(times)
    found = {"n": len(times), "p50": statistics.median(times), "p99": ordered[int(0.99 * len(times))]}
    return found | {"by_digits": by_digits}


def main() -> None:
    program = shutil.which("chromium") or shutil.which("google-chrome")
    result: dict[str, Any] = result_files.origin("onnxruntime") | {"unit": "ms"}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        result["versions"]["chromium"] = browser.version
        for name, running in (("server", server), ("site", site)):
            with running() as url:
                context = browser.new_context(viewport={"width": 1280, "height": 900}, bypass_csp=True)
                result[name] = measured(context.new_page(), url)
                context.close()
            print(name, json.dumps(result[name]))
        browser.close()
    result_files.write(RESULT, result)


if __name__ == "__main__":
    main()
