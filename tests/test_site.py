"""The site: the browser alone reads what Python reads, and goes on without a network."""

import base64
import dataclasses
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import photographs
import pytest
from conftest import Command
from PIL import Image
from playwright.sync_api import Browser, Page
from test_page import line, state
from test_page import number as number_is
from test_reader import number, turned, two_words, written

from mnist_cnn import mnist
from mnist_cnn.errors import SiteError
from mnist_cnn.learn.run import Run
from mnist_cnn.read import Classifier, read_image
from mnist_cnn.read.classifier import SHIPPED
from mnist_cnn.read.reading import Box
from mnist_cnn.read.rows import rows, words
from mnist_cnn.serve.app import detailed
from mnist_cnn.serve.insight import Insight
from mnist_cnn.site import build as builder
from mnist_cnn.site.build import build

ROOT = Path(__file__).parents[1]
ROUNDED = ("confidence", "alternatives", "probabilities", "tile")
ASK = """async ([name, argument]) => {
    const { backend } = await import("./backend.js");
    const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    return backend[name](name === "read" ? new Blob([bytes(argument)], { type: "image/png" }) : argument);
}"""


@pytest.fixture(scope="module")
def page(browser: Browser, site: str) -> Iterator[Page]:
    context = browser.new_context(bypass_csp=True, service_workers="block")
    page = context.new_page()
    page.goto(site)
    yield page
    context.close()


def png(pixels: np.ndarray) -> bytes:
    return cv2.imencode(".png", pixels if pixels.ndim == 2 else pixels[..., ::-1])[1].tobytes()


def same(page: Page, picture: bytes) -> str:
    """Assert that the browser reads what Python does, and return that."""
    found = page.evaluate(ASK, ["read", base64.b64encode(picture).decode()])
    expected = detailed(read_image(picture))
    assert shape(found) == shape(expected)
    assert found["confidence"] == pytest.approx(expected["confidence"], abs=1e-2)
    for a, b in zip(digits(found), digits(expected), strict=True):
        # OpenCV rounds differently from processor to processor, so a tile may be another one by a hair.
        other = float(np.abs(np.subtract(a["tile"], b["tile"])).max())
        np.testing.assert_allclose(a["tile"], b["tile"], atol=1e-3)
        np.testing.assert_allclose(a["probabilities"], b["probabilities"], atol=1e-5 + (other if other > 1e-4 else 0))
    return str(expected["number"])


def digits(reading: dict[str, Any]) -> list[dict[str, Any]]:
    return [digit for row in reading["rows"] for word in row["words"] for digit in word["digits"]]


def shape(value: Any) -> Any:
    """Return a reading without values that depend on rounding."""
    if isinstance(value, dict):
        return {k: shape(v) for k, v in value.items() if k not in ROUNDED}
    return [shape(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", ["page.jpg", "page-read.png"])
def test_it_reads_the_pictures_of_the_readme(name: str, page: Page) -> None:
    assert same(page, png(np.asarray(Image.open(ROOT / "docs/pictures" / name).convert("RGB"))))


@pytest.mark.parametrize("count", [12, pytest.param(150, marks=pytest.mark.slow)])
def test_it_reads_what_python_reads(count: int, page: Page, dataset: mnist.Dataset) -> None:
    """Drawings, photographs on plain, lined and squared paper, and images of MNIST's own form."""
    _, (images, _) = mnist.split(dataset.train)
    read = []
    for i in range(count):
        rng = np.random.default_rng((7, i))
        read.append(same(page, png(photographs.drawing(int(rng.integers(1, 4)), rng)[0])))
        read.append(same(page, png(photographs.photograph(images[rng.integers(0, len(images), 1 + i % 4)], rng))))
        read.append(same(page, png(images[i])))
    assert sum(map(bool, read)) > 0.9 * len(read)


def test_it_parts_words(page: Page, dataset: mnist.Dataset) -> None:
    picture = png(two_words(dataset.test)[0])
    same(page, picture)
    found = page.evaluate(ASK, ["read", base64.b64encode(picture).decode()])
    assert [row["text"] for row in found["rows"]] == [two_words(dataset.test)[1]]
    assert [word["text"] for word in found["rows"][0]["words"]] == two_words(dataset.test)[1].split()


@pytest.mark.parametrize("gap", [20, 150, 240])
def test_it_reads_rows_with_gaps(gap: int, page: Page, dataset: mnist.Dataset) -> None:
    images, expected = number(dataset.test, 5, 4)
    level, corners = written(images, gap=gap)
    assert same(page, png(level)) == expected
    if gap < 200:  # pictures of more than 1600 pixels are made smaller by Python only
        assert same(page, png(turned(level, 5))) == expected
    for stroke in ([(0, 60), (25, 0), (50, 60)], [(10, 40), (40, 40)]):  # a letter
        at = ((corners[1][2] + corners[2][0]) // 2 - 25, 52)
        cv2.polylines(level, [np.array(stroke) + np.array(at)], False, 40, 6, cv2.LINE_AA)
    same(page, png(level))


def test_its_rows_are_those_of_python(page: Page) -> None:
    rng = np.random.default_rng(0)
    layouts = []
    for _ in range(200):
        slope, unit = rng.uniform(-0.27, 0.27), int(rng.integers(2, 40))
        layout = []
        for _ in range(rng.integers(1, 12)):
            x, y = rng.integers(0, 40) * unit, rng.integers(0, 4) * unit * 2 + rng.normal(0, 0.2 * unit)
            boxes = []
            for left in (x + i * unit for i in range(rng.integers(1, 5))):
                height = int(unit * rng.choice([0.5, 1, 1, 1.2, 3]))
                boxes.append(Box(int(left), int(y + slope * left), unit, height))
            layout.append((boxes, bool(rng.random() < 0.8)))
        layouts.append(layout)
    given = [[{"boxes": [box.to_dict() for box in boxes], "number": is_} for boxes, is_ in each] for each in layouts]
    found = page.evaluate('async (given) => given.map((await import("./rows.js")).rows)', given)
    assert found == [rows(layout) for layout in layouts]
    assert any(len(row) > 2 for each in found for row in each)


def test_its_words_are_those_of_python(page: Page) -> None:
    rng = np.random.default_rng(0)
    layouts = []
    for _ in range(300):
        x, layout = 0, []
        narrow, wide = sorted(rng.integers(-5, 120, 2))
        for _ in range(rng.integers(0, 6)):
            boxes = []
            for _ in range(rng.integers(1, 4)):
                width, height = map(int, rng.integers(5, 40, 2))
                boxes.append(Box(x, 0, width, height))
                x += width + int(narrow)
            layout.append(boxes)
            x += int(wide - narrow)
        layouts.append(layout)
    given = [[[box.to_dict() for box in boxes] for boxes in layout] for layout in layouts]
    found = page.evaluate('async (given) => given.map((await import("./rows.js")).words)', given)
    assert found == [words(layout) for layout in layouts]
    assert len({len(each) for each in found if len(each) > 1}) > 2


@pytest.mark.parametrize("shape", [(2, 2), (3, 300), (300, 3), (20, 20), (28, 28), (57, 31), (400, 600)])
def test_it_has_an_answer_to_what_is_no_writing(shape: tuple[int, int], page: Page) -> None:
    assert same(page, png(np.full(shape, 255, np.uint8))) == same(page, png(np.zeros(shape, np.uint8))) == ""
    # Of noise the least difference makes another picture.
    noise = np.random.default_rng(shape).integers(0, 256, shape, dtype=np.uint8)
    for picture in (noise, cv2.GaussianBlur(noise, (0, 0), 3)):
        found = page.evaluate(ASK, ["read", base64.b64encode(png(picture)).decode()])
        assert (found["height"], found["width"]) == shape
        for digit in digits(found):
            assert 0 <= sum(digit["probabilities"]) <= 1.0001
            assert np.shape(digit["tile"]) == (28, 28)


def test_it_explains_as_the_server_does(page: Page, dataset: mnist.Dataset) -> None:
    insight = Insight(Classifier())
    for image in dataset.train.images[:3]:
        tile = image.astype(np.float32) / 255
        found = page.evaluate(ASK, ["explain", tile.astype(float).tolist()])
        np.testing.assert_allclose(found["maps"], insight.maps(tile), atol=1e-5)
        np.testing.assert_allclose(found["saliency"], insight.saliency(tile), atol=1e-5)


def test_it_knows_its_model(page: Page) -> None:
    assert page.evaluate(ASK, ["model", None])["metadata"] == Classifier().metadata


def test_a_picture_that_is_none_is_told(browser: Browser, site: str, tmp_path: Path) -> None:
    page = browser.new_page()
    page.goto(site)
    (tmp_path / "none.png").write_bytes(b"no picture")
    page.set_input_files("#file", tmp_path / "none.png")
    state(page, "error")
    assert "expected a picture" in page.locator("body").inner_text()
    page.click("#clear")
    line(page, (0.5, 0.25), (0.5, 0.7))
    number_is(page, "1")
    page.close()


def test_it_goes_on_without_a_network(browser: Browser, site: str, site_folder: Path) -> None:
    """And so does another site of the same host."""
    other = site_folder.with_name("other")
    shutil.copytree(site_folder, other, dirs_exist_ok=True)
    (other / "files.js").write_text((other / "files.js").read_text().replace('VERSION = "', 'VERSION = "other '))
    context = browser.new_context()
    page = context.new_page()
    for url in (site.replace("/public/", "/other/"), site):
        page.goto(url)
        page.evaluate("async () => { await navigator.serviceWorker.ready; }")
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    context.set_offline(True)
    page.goto(site.replace("/public/", "/other/"))
    page.goto(site)
    line(page, (0.5, 0.25), (0.5, 0.7))
    number_is(page, "1")
    assert all(url.startswith(site.removesuffix("public/")) for url in asked if not url.startswith("blob:"))
    assert "your own device" in page.locator("footer").inner_text()
    assert not page.locator("a[href='openapi.json']").is_visible()
    context.close()


def test_every_file_is_kept_for_that(site_folder: Path) -> None:
    kept = json.loads((site_folder / "files.js").read_text().split("self.FILES = ")[1].rstrip(";\n"))
    there = {file.name for file in site_folder.iterdir()}
    assert set(kept) - {"./"} == there - {"files.js"}
    assert not [
        file for file in site_folder.glob("*.js") if re.search(r"(from|import) +['\"]https?:", file.read_text())
    ]


@pytest.mark.slow
def test_another_model_and_a_site_that_is_replaced(run: Run, tmp_path: Path) -> None:
    build(tmp_path / "site", run.path / "model.onnx")
    first = run.config()["recipe"]["name"] == "seed"
    assert json.loads((tmp_path / "site/model.json").read_text())["maps"] is first
    before = (tmp_path / "site/files.js").read_text()
    build(tmp_path / "site")
    assert (tmp_path / "site/model.onnx").read_bytes() == SHIPPED.read_bytes()
    assert (tmp_path / "site/files.js").read_text() != before
    assert not list((tmp_path / "site").glob(".*"))


def test_what_a_killed_build_left_is_swept_away(tmp_path: Path) -> None:
    (tmp_path / ".site-abc/half").mkdir(parents=True)
    builder._check(tmp_path)
    assert not any(tmp_path.iterdir())


def test_what_cannot_be_built_is_one_line(command: Command, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full/letter.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    for out, expected in (("full", "expected a folder that is empty"), ("file", "found a file")):
        done = command("site", tmp_path / out)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert expected in done.stderr
    assert (tmp_path / "full/letter.txt").read_text() == (tmp_path / "file").read_text() == "mine"
    done = command("site", tmp_path / "site", PATH=str(tmp_path))
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "npm: expected it on PATH" in done.stderr


def test_a_package_that_was_changed_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changed = tuple(dataclasses.replace(package, sha512="another") for package in builder.PACKAGES)
    monkeypatch.setattr(builder, "PACKAGES", changed)
    with pytest.raises(SiteError, match="sha512 another"):
        build(tmp_path / "site")
    assert not [*tmp_path.rglob("*.js")]
