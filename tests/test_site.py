"""The site: the browser reads the same as Python, and works without a network."""

import base64
import dataclasses
import itertools
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import drawings
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
from mnist_cnn.learn.pages.scenes import compose
from mnist_cnn.learn.run import Run
from mnist_cnn.read import Classifier, read_image, strips
from mnist_cnn.read import constants as tuned
from mnist_cnn.read.classifier import SHIPPED
from mnist_cnn.read.ctc import decode
from mnist_cnn.read.finder import framed
from mnist_cnn.read.labels import BLANK
from mnist_cnn.read.page import MODELS
from mnist_cnn.read.reading import Box, Reading
from mnist_cnn.read.rows import rows, words, words_of_page
from mnist_cnn.read.runs import runs, slope
from mnist_cnn.read.views import Second, together
from mnist_cnn.web import constants
from mnist_cnn.web import site as builder
from mnist_cnn.web.insight import Insight
from mnist_cnn.web.site import build

ROOT = Path(__file__).parents[1]
INEXACT = ("confidence", "alternatives", "probabilities", "tile")
ASK = """async ([name, argument]) => {
    const { backend } = await import("./backend.js");
    const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    return backend[name](name === "read" ? new Blob([bytes(argument)], { type: "image/png" }) : argument);
}"""
READ = """async ([pixels, height, width, options]) => {
    const ort = await import("./onnxruntime.js");
    const { read } = await import("./reader.js");
    ort.env.wasm.numThreads = 1;
    ort.env.wasm.wasmPaths = { wasm: new URL("ort-wasm-simd-threaded.wasm", location.href).href };
    const run = async (file, name, data, dims) => {
        const session = (window[file] ??= await ort.InferenceSession.create(file));
        return Object.values(await session.run({ [name]: new ort.Tensor("float32", data, dims) }))[0];
    };
    const networks = {
        threshold: (await (await fetch("model.json")).json()).threshold,
        async finder(data, height, width) {
            const { data: found, dims } = await run("finder.onnx", "picture", data, [1, height, width, 2]);
            return { data: found, rows: dims[1], columns: dims[2] };
        },
        async strings(data, count, width) {
            const { data: found, dims } = await run("strings.onnx", "strip", data, [count, 40, width, 2]);
            return { data: found, frames: dims[1] };
        },
        async classify(tiles) {
            const images = Float32Array.from(tiles.flatMap(({ data }) => [...data]));
            const { data } = await run("model.onnx", "image", images, [tiles.length, 28, 28, 1]);
            return tiles.map((_, i) => [...data.subarray(10 * i, 10 * i + 10)]);
        },
    };
    const { Grid } = await import("./vision.js");
    return read(new Grid(height, width, Uint8Array.from(pixels)), networks, [width, height], options);
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


def read(page: Page, picture: bytes) -> dict[str, Any]:
    """Return what the browser reads."""
    found: dict[str, Any] = page.evaluate(ASK, ["read", base64.b64encode(picture).decode()])
    return found


def same(page: Page, picture: bytes) -> str:
    """Assert that the browser and Python read the same, and return the number."""
    return agreed(read(page, picture), read_image(picture))


def agreed(found: dict[str, Any], expected: Reading) -> str:
    """Assert that a reading of the browser equals that of Python, and return the number."""
    entries = expected.to_dict()
    assert exact(found) == exact(entries)
    words = [word for row in expected.rows for word in row.words]
    for a, b in zip([word for row in found["rows"] for word in row["words"]], words, strict=True):
        assert a["confidence"] == pytest.approx(b.confidence, abs=0.01)
    for a, b in zip(digits(found), expected.digits, strict=True):
        assert a["confidence"] == pytest.approx(b.confidence, abs=0.01)
        likely = [a["probabilities"][other["digit"]] for other in a["alternatives"]]  # digits may be equally probable
        assert likely == sorted(a["probabilities"])[::-1][1:3]
        np.testing.assert_allclose(a["probabilities"], b.probabilities, atol=0.01)
        # A pixel of a strip can differ by one grey value, and then a tile can be shifted by one pixel.
        shifted = [np.roll(b.tile, shift, (0, 1)) for shift in itertools.product((0, -1, 1), repeat=2)]
        assert min(float(np.abs(np.subtract(a["tile"], tile)).mean()) for tile in shifted) < 0.01
    return str(entries["number"])


def exact(found: Any) -> Any:
    """Return a reading without the numbers that depend on the rounding of a processor."""
    if isinstance(found, dict):
        return {name: exact(value) for name, value in found.items() if name not in INEXACT}
    return [exact(value) for value in found] if isinstance(found, list) else found


def digits(reading: dict[str, Any]) -> list[dict[str, Any]]:
    return [digit for row in reading["rows"] for word in row["words"] for digit in word["digits"]]


def scene(dataset: mnist.Dataset, seed: int, side: int = 320) -> np.ndarray:
    """Return a composed page with validation digits, uint8 (side, side)."""
    _, validation = mnist.split(dataset.train)
    return compose(validation, np.random.default_rng((5, seed)), side).pixels


def test_constants_in_the_browser_are_up_to_date() -> None:
    assert constants.FILE.read_text("utf-8") == constants.javascript(), "run python -m mnist_cnn.web.constants"


def test_modules_in_the_browser_import_constants_that_exist_and_define_none_again() -> None:
    """A number that stands in constants.js may not be defined in another module too."""
    names = {name for name in vars(tuned) if name.isupper()}
    for file in constants.FILE.parent.glob("*.js"):
        text = file.read_text("utf-8")
        for imported in re.findall(r'import \{([^}]*)\} from "\./constants\.js"', text):
            assert {name.strip() for name in imported.split(",") if name.strip()} <= names
        if file != constants.FILE:
            assert not names & set(re.findall(r"^(?:export )?const (\w+) =", text, re.M)), file.name


@pytest.mark.parametrize("name", ["page.jpg", "page-read.png", pytest.param("draw.png", marks=pytest.mark.slow)])
def test_pictures_of_the_documentation_are_read_as_in_python(name: str, page: Page) -> None:
    assert same(page, png(np.asarray(Image.open(ROOT / "docs/pictures" / name).convert("RGB"))))


@pytest.mark.slow
@pytest.mark.parametrize("count", [150])
def test_drawings_photographs_and_tiles_are_read_as_in_python(count: int, page: Page, dataset: mnist.Dataset) -> None:
    """Drawings, photographs on plain, lined and squared paper, images of MNIST, and images of MNIST with stripes."""
    _, (images, _) = mnist.split(dataset.train)
    numbers = []
    for i in range(count):
        rng = np.random.default_rng((7, i))
        numbers.append(same(page, png(drawings.drawing(int(rng.integers(1, 4)), rng)[0])))
        numbers.append(same(page, png(photographs.photograph(images[rng.integers(0, len(images), 1 + i % 4)], rng))))
        numbers.append(same(page, png(images[i])))
        numbers.append(same(page, png(np.where(abs(np.arange(28) - 13.5) > 7, 255 - images[i], images[i]))))
    assert sum(map(bool, numbers)) > 0.9 * len(numbers)


@pytest.mark.parametrize("count", [5, pytest.param(40, marks=pytest.mark.slow)])
def test_composed_pages_are_read_as_in_python(count: int, page: Page, dataset: mnist.Dataset) -> None:
    numbers = [same(page, png(scene(dataset, seed))) for seed in range(count)]
    numbers.append(same(page, png(scene(dataset, 99, 640))))
    assert sum(map(bool, numbers)) > count / 2


@pytest.mark.slow
def test_turned_pages_are_read_as_in_python(page: Page, dataset: mnist.Dataset) -> None:
    turned = set()
    for seed in (15, 18, 20):
        for quarters in (1, 2):
            picture = png(np.rot90(scene(dataset, seed), quarters))
            same(page, picture)
            turned.add(read(page, picture)["turned"])
    assert len(turned) > 1


@pytest.mark.slow
def test_the_number_of_digits_and_the_threshold_can_be_given(page: Page, dataset: mnist.Dataset) -> None:
    _, (images, _) = mnist.split(dataset.train)
    for picture in (scene(dataset, 4), images[0]):
        for options in ({"digits": 1}, {"digits": 4}, {"threshold": 0.0}, {"digits": 5, "threshold": 0.9999}):
            arguments = [picture.ravel().tolist(), *picture.shape, options]
            agreed(page.evaluate(READ, arguments), read_image(picture, **options))


def test_numbers_far_apart_are_two_words(page: Page, dataset: mnist.Dataset) -> None:
    picture, text = two_words(dataset.test)
    same(page, png(picture))
    [row] = read(page, png(picture))["rows"]
    assert row["text"] == text
    assert [word["text"] for word in row["words"]] == text.split()


@pytest.mark.parametrize("gap", [20, 150, 240])
def test_digits_with_gaps_are_one_row(gap: int, page: Page, dataset: mnist.Dataset) -> None:
    images, expected = number(dataset.test, 5, 4)
    level, corners = written(images, gap=gap)
    assert same(page, png(level)) == expected
    if gap < 200:  # pictures of more than 1600 pixels are made smaller by Python only
        assert same(page, png(turned(level, 5))) == expected
    for stroke in ([(0, 60), (25, 0), (50, 60)], [(10, 40), (40, 40)]):  # a letter
        at = ((corners[1][2] + corners[2][0]) // 2 - 25, 52)
        cv2.polylines(level, [np.array(stroke) + np.array(at)], False, 40, 6, cv2.LINE_AA)
    same(page, png(level))


def test_rows_equal_those_of_python(page: Page) -> None:
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


def test_words_of_the_second_reader_equal_those_of_python(page: Page) -> None:
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


def test_words_equal_those_of_python(page: Page) -> None:
    rng = np.random.default_rng(0)
    layouts = []
    for _ in range(400):
        narrow, wide = sorted(rng.integers(-5, 120, 2))
        layout = []
        for y in range(rng.integers(0, 6)):
            x, boxes = 0, []
            for _ in range(rng.integers(1, 8)):
                width, height = map(int, rng.integers(20, 40, 2))
                boxes.append(Box(x, 100 * y, width, height))
                x += width + int(wide if rng.random() < 0.3 else narrow) + int(rng.integers(-2, 3))
            layout.append(boxes)
        layouts.append(layout)
    given = [[[box.to_dict() for box in boxes] for boxes in layout] for layout in layouts]
    found = page.evaluate('async (given) => given.map((await import("./rows.js")).wordsOfPage)', given)
    assert found == [words_of_page(layout) for layout in layouts]
    assert len({len(row) for each in found for row in each}) > 4


def test_runs_equal_those_of_python(page: Page) -> None:
    rng = np.random.default_rng(0)
    pages = []
    for _ in range(100):
        n = int(rng.integers(0, 60))
        tall = rng.uniform(10, 60) * rng.uniform(0.6, 1.5, n)
        x, y = rng.uniform(0, 600, n), 60 * rng.integers(0, 5, n) + rng.normal(0, 6, n)
        wide = tall * rng.uniform(0.3, 0.9, n)
        kinds = rng.choice(3, n, p=(0.7, 0.2, 0.1))
        corners = [x - wide / 2, y - tall / 2, x + wide / 2, y + tall / 2]
        pages.append(np.column_stack([*corners, kinds, rng.uniform(0.3, 1, n)]))
    names = ("left", "top", "right", "bottom", "kind", "heat")
    given = [[dict(zip(names, glyph, strict=True)) for glyph in glyphs.tolist()] for glyphs in pages]
    found = page.evaluate(
        """async (given) => {
            const { runs, slope } = await import("./runs.js");
            return given.map((glyphs) => ({ slope: slope(glyphs), runs: runs(glyphs, slope(glyphs)) }));
        }""",
        given,
    )
    assert [each["slope"] for each in found] == pytest.approx([slope(glyphs) for glyphs in pages], abs=1e-12)
    expected = [[run.tolist() for run in runs(glyphs, slope(glyphs))] for glyphs in pages]
    assert [each["runs"] for each in found] == expected
    assert any(len(run) > 4 for each in expected for run in each)


@pytest.mark.parametrize("count", [None, 3])
def test_strings_equal_those_of_python(count: int | None, page: Page) -> None:
    rng = np.random.default_rng(0)
    frames = []
    for sharp in np.repeat([1.0, 3.0, 8.0], 15):
        logits = rng.normal(0, sharp, (int(rng.integers(20, 60)), BLANK + 1))
        logits[:, BLANK] += 2 * sharp
        frames.append((logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))).astype(np.float32))
    found = page.evaluate(
        """async ([given, count]) => {
            const { decode } = await import("./ctc.js");
            return given.map((frames) => decode(Float32Array.from(frames), count));
        }""",
        [[each.ravel().tolist() for each in frames], count],
    )
    for string, expected in zip(found, [decode(each, count) for each in frames], strict=True):
        assert [mark["label"] for mark in string["marks"]] == [mark.label for mark in expected.marks]
        assert string["probability"] == pytest.approx(expected.probability, rel=1e-6)
        for mark, other in zip(string["marks"], expected.marks, strict=True):
            assert mark["x"] == pytest.approx(other.x, abs=1e-4)
            np.testing.assert_allclose(mark["probabilities"], other.probabilities, atol=1e-5)
    assert any(len(string["marks"]) > 3 for string in found)
    views = [[each, each[::2], np.roll(each, 1, axis=1)] for each in frames]
    seen = page.evaluate(
        """async ([given, count]) => {
            const { together } = await import("./views.js");
            return given.map((views) => together(views.map((frames) => Float32Array.from(frames)), count));
        }""",
        [[[view.ravel().tolist() for view in some] for some in views], count],
    )
    for found_, some in zip(seen, views, strict=True):
        expected_ = together(some, count)
        assert [mark["label"] for mark in found_["string"]["marks"]] == list(expected_.string.labels)
        assert found_["string"]["probability"] == pytest.approx(expected_.string.probability, rel=1e-6)
        assert (found_["view"], found_["agree"]) == (expected_.view, expected_.agree)
    assert len({found_["view"] for found_ in seen}) > 1
    number = "47" if count is None else "4" * count
    seen = page.evaluate(
        """async ([given, count, number]) => {
            const { together } = await import("./views.js");
            const costs = (numbers) => numbers.map((each) => 3 * Math.abs(each.length - 3) + Number(each.at(-1)));
            const second = { number, confidence: 0.5, costs };
            return given.map((views) => together(views.map((frames) => Float32Array.from(frames)), count, second));
        }""",
        [[[view.ravel().tolist() for view in some] for some in views], count, number],
    )
    second = Second(number, 0.5, lambda some: np.array([3.0 * abs(len(each) - 3) + int(each[-1]) for each in some]))
    for found_, some in zip(seen, views, strict=True):
        expected_ = together(some, count, second)
        assert [mark["label"] for mark in found_["string"]["marks"]] == list(expected_.string.labels)
        assert (found_["view"], found_["agree"], found_["second"]) == (
            expected_.view,
            expected_.agree,
            expected_.second,
        )
        for mark, other in zip(found_["string"]["marks"], expected_.string.marks, strict=True):
            np.testing.assert_allclose(mark.get("shares") or 0, 0 if other.shares is None else other.shares, atol=1e-6)


@pytest.mark.slow
def test_strips_equal_those_of_python(page: Page, dataset: mnist.Dataset) -> None:
    """Pixel by pixel, enlarged and reduced, inside the picture and beyond its edges."""
    pixels = np.ascontiguousarray(scene(dataset, 4))
    for height, left, tilt in ((20.3, 30.2, 0.03), (33.1, -40.5, 0.2), (60.7, 200.4, -0.2), (90.2, 20.0, 0.0)):
        x = left + 0.8 * height * np.arange(4)
        y = 150.1 + tilt * x
        boxes = np.column_stack([x, y, x + 0.6 * height, y + height])
        found = page.evaluate(
            """async ([pixels, height, width, corners, tilt]) => {
                const { Grid } = await import("./vision.js");
                const { band, contrast, cut } = await import("./strips.js");
                const { framed } = await import("./finder.js");
                const gray = new Grid(height, width, Uint8Array.from(pixels));
                const boxes = corners.map(([left, top, right, bottom]) => ({ left, top, right, bottom }));
                const { matrix, width: wide } = band(boxes, tilt);
                const strip = cut(gray, { matrix, width: wide });
                return { matrix, cut: [...strip.data], contrast: [...contrast(strip)], framed: [...framed(gray).data] };
            }""",
            [pixels.ravel().tolist(), *pixels.shape, boxes.tolist(), tilt],
        )
        strip = strips.band(boxes, tilt)
        pixels_of_strip = strips.cut(pixels, strip)
        np.testing.assert_allclose(found["matrix"], strip.matrix, atol=1e-9)
        assert np.abs(np.subtract(found["cut"], pixels_of_strip.ravel().astype(int))).max() <= 1
        again = np.reshape(found["cut"], pixels_of_strip.shape).astype(np.uint8)
        np.testing.assert_allclose(found["contrast"], strips.contrast(again).ravel(), atol=1e-4)
        assert found["framed"] == framed(pixels).ravel().tolist()


@pytest.mark.parametrize("shape", [(2, 2), (3, 300), (300, 3), (20, 20), (28, 28), (57, 31), (400, 600)])
def test_pictures_without_writing_are_read_as_in_python(shape: tuple[int, int], page: Page) -> None:
    assert same(page, png(np.full(shape, 255, np.uint8))) == same(page, png(np.zeros(shape, np.uint8))) == ""
    noise = np.random.default_rng((*shape, 1)).integers(0, 256, shape, dtype=np.uint8)
    for picture in (noise, cv2.GaussianBlur(noise, (0, 0), 3)):
        same(page, png(picture))


def test_explanations_equal_those_of_the_server(page: Page, dataset: mnist.Dataset) -> None:
    insight = Insight(Classifier())
    for image in dataset.train.images[:3]:
        tile = image.astype(np.float32) / 255
        found = page.evaluate(ASK, ["explain", tile.astype(float).tolist()])
        np.testing.assert_allclose(found["maps"], insight.maps(tile), atol=1e-5)
        np.testing.assert_allclose(found["saliency"], insight.saliency(tile), atol=1e-5)


def test_metadata_of_the_model_is_shown(page: Page) -> None:
    assert page.evaluate(ASK, ["model", None])["metadata"] == Classifier().metadata


def test_a_file_that_is_not_a_picture_is_an_error(browser: Browser, site: str, tmp_path: Path) -> None:
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


def test_page_works_without_a_network(browser: Browser, site: str, site_folder: Path) -> None:
    """Another site on the same host does too."""
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


def test_the_service_worker_keeps_every_file(site_folder: Path) -> None:
    kept = json.loads((site_folder / "files.js").read_text().split("self.FILES = ")[1].rstrip(";\n"))
    there = {file.name for file in site_folder.iterdir()}
    for name in ("finder.onnx", "strings.onnx"):
        assert (site_folder / name).read_bytes() == (MODELS / name).read_bytes()
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


def test_the_files_of_a_killed_build_are_deleted(tmp_path: Path) -> None:
    (tmp_path / ".site-abc/half").mkdir(parents=True)
    builder._check(tmp_path)
    assert not any(tmp_path.iterdir())


def test_a_build_error_is_one_line(command: Command, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full/letter.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    for out, expected in (("full", "or an older site, found other files"), ("file", "file is a file")):
        done = command("site", tmp_path / out)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert expected in done.stderr
    assert (tmp_path / "full/letter.txt").read_text() == (tmp_path / "file").read_text() == "mine"
    done = command("site", tmp_path / "site", PATH=str(tmp_path))
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "npm: expected on PATH" in done.stderr


def test_a_package_with_another_checksum_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changed = tuple(dataclasses.replace(package, sha512="another") for package in builder.PACKAGES)
    monkeypatch.setattr(builder, "PACKAGES", changed)
    with pytest.raises(SiteError, match="sha512 another"):
        build(tmp_path / "site")
    assert not [*tmp_path.rglob("*.js")]
