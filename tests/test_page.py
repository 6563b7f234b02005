"""The page in Debian's Chromium: drawings and pictures are read. Screenshots are in runs/screenshots/."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from conftest import Server
from playwright.sync_api import Browser, BrowserContext, Page

from mnist_cnn import mnist

ROOT = Path(__file__).parents[1]
SHOTS = ROOT / "runs/screenshots"
WRITTEN = {  # strokes of handwritten digits, in a box of 100 x 100
    2: "0,20 12,6 45,0 80,8 90,28 72,52 35,78 0,100 50,97 100,99",
    7: "0,2 50,0 100,2 75,38 52,70 40,100",
    1: "35,15 60,0 58,50 55,100",
    8: "82,15 50,0 18,12 24,35 58,50 85,72 74,94 45,100 14,90 16,70 45,50 80,30 82,15",
    3: "4,10 40,0 80,10 80,32 38,46 84,60 90,85 50,100 4,90",
}
PEN = 16 / 600
"""Width of the pen, as a share of the width of the drawing."""


@pytest.fixture(params=["server", pytest.param("site", marks=pytest.mark.slow)])
def url(request: pytest.FixtureRequest) -> str:
    """The address of the same page, with the reader on a server or in the browser."""
    found = request.getfixturevalue(request.param)
    return found.url if isinstance(found, Server) else str(found)


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, url: str) -> Iterator[Page]:
    yield from without_errors(context, url)


@pytest.fixture
def served(context: BrowserContext, server: Server) -> Iterator[Page]:
    """The page with the reader on a server."""
    yield from without_errors(context, server.url)


def without_errors(context: BrowserContext, url: str) -> Iterator[Page]:
    """Yield the page, and check afterwards that it logged no errors."""
    page = context.new_page()
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(url)
    yield page
    expected = re.compile(r"status of 4\d\d|ERR_INTERNET_DISCONNECTED")
    assert [text for text in errors if not expected.search(text)] == []


@pytest.fixture(scope="module")
def digits() -> list[np.ndarray]:
    """A digit of each class with a thick pen, like that of the page, from the validation images."""
    _, (images, labels) = mnist.split(mnist.load().train)
    ten = [images[labels == digit][:10] for digit in range(10)]
    return [some[some.sum(axis=(1, 2)).argmax()] for some in ten]


def draw(page: Page, image: np.ndarray, left: float, top: float, height: float = 0.45) -> None:
    """Draw an image's ink with the mouse. The place of its box is in shares of the sides of the drawing."""
    box = page.locator("#canvas").bounding_box()
    assert box
    rows, columns = np.flatnonzero(image.max(axis=1) > 100), np.flatnonzero(image.max(axis=0) > 100)
    ink = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = height * box["height"] / len(ink)
    large = cv2.resize(ink, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC) > 128
    side = int(0.35 * PEN * box["width"])  # thinner, as the pen adds ink at the edges
    core = cv2.erode(large.astype(np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))
    x0, y0 = box["x"] + left * box["width"], box["y"] + top * box["height"]
    for y in range(0, len(core), 6):
        edges = np.flatnonzero(np.diff(np.concatenate([[0], core[y], [0]]).astype(int)))
        for start, end in zip(edges[::2], edges[1::2], strict=True):
            page.mouse.move(x0 + start, y0 + y)
            page.mouse.down()
            page.mouse.move(x0 + end - 1, y0 + y)
            page.mouse.up()


def line(page: Page, *points: tuple[float, float]) -> None:
    """Draw a stroke with the mouse through points, in shares of the sides of the drawing."""
    box = page.locator("#canvas").bounding_box()
    assert box
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=4)
    page.mouse.up()


def wait(page: Page, condition: str) -> None:
    """Wait until a JavaScript condition is true. The page's Content-Security-Policy blocks Playwright's own waiting."""
    end = time.monotonic() + 15
    while not page.evaluate(condition):
        assert time.monotonic() < end, f"{condition}; {page.evaluate('({...document.body.dataset})')}"
        page.wait_for_timeout(20)


def write(page: Page, digit: int, i: int) -> None:
    """Draw one of ``WRITTEN`` as digit i of a number."""
    points = [[int(value) / 100 for value in point.split(",")] for point in WRITTEN[digit].split()]
    line(page, *[(0.09 + 0.175 * i + 0.11 * x, 0.32 + 0.3 * y) for x, y in points])


def number(page: Page, expected: str) -> None:
    """Wait until the page shows this number."""
    wait(page, f"document.body.dataset.number === {expected!r}")


def state(page: Page, *expected: str) -> None:
    """Wait until the page is in one of these states."""
    wait(page, f"{list(expected)!r}.includes(document.body.dataset.state)")


@pytest.mark.parametrize(
    "digit", [pytest.param(d, marks=() if d in (1, 3, 8) else pytest.mark.slow) for d in range(10)]
)
def test_a_digit_is_read_anywhere_in_the_drawing(digit: int, page: Page, digits: list[np.ndarray]) -> None:
    places = [(0.4, 0.28), (0.04, 0.05), (0.75, 0.05), (0.04, 0.5), (0.75, 0.5)]
    for i in (0, 1 + digit % 4):  # in the middle, and in one of the corners
        draw(page, digits[digit], *places[i])
        number(page, str(digit))
        state(page, "read")
        if i == 0:
            page.screenshot(path=SHOTS / f"digit-{digit}.png", full_page=True)
        page.keyboard.press("Escape") if digit % 2 else page.click("#clear")
        state(page, "empty")


def test_a_number_is_read_and_each_digit_is_explained(page: Page) -> None:
    for i, digit in enumerate((2, 7, 1, 8, 3)):
        write(page, digit, i)
    number(page, "27183")
    page.wait_for_selector("#sees:not([hidden])")
    assert page.locator("#digits button").count() == 5
    page.locator("#digits button").nth(3).click()
    state(page, "read")
    bars = page.locator("#bars li").all_inner_texts()
    assert len(bars) == 11
    assert max(range(10), key=lambda d: float(re.findall(r"[\d.]+(?= ?%)", bars[d])[0])) == 8
    wait(page, "document.querySelectorAll('#maps canvas').length === 24")
    page.wait_for_timeout(600)  # until animations have ended
    page.screenshot(path=SHOTS / "number.png", full_page=True)


def test_a_scribble_is_not_accepted(page: Page) -> None:
    rng = np.random.default_rng(3)
    line(page, *[(float(x), float(y)) for x, y in rng.uniform((0.3, 0.2), (0.7, 0.8), (14, 2))])
    wait(page, "!['empty', 'drawing'].includes(document.body.dataset.state)")
    state(page, "refused", "unsure")
    assert "100" not in page.locator("#sentence").inner_text()
    page.screenshot(path=SHOTS / "scribble.png", full_page=True)


def test_undo_removes_the_last_stroke(page: Page) -> None:
    line(page, (0.3, 0.25), (0.3, 0.7))
    number(page, "1")
    line(page, (0.6, 0.25), (0.6, 0.7))
    number(page, "11")
    page.click("#undo")
    number(page, "1")
    page.keyboard.press("Control+z")
    state(page, "empty")
    assert page.locator("#number").inner_text().strip() in ("", "?")


def test_a_picture_is_read_and_a_bad_one_is_an_error(served: Page, tmp_path: Path) -> None:
    served.set_input_files("#file", ROOT / "docs/pictures/page.jpg")
    number(served, "314159")
    served.screenshot(path=SHOTS / "picture.png", full_page=True)
    (tmp_path / "large.png").write_bytes(bytes(17 * 2**20))
    served.set_input_files("#file", tmp_path / "large.png")
    state(served, "error")
    assert "at most 16 MB" in served.locator("body").inner_text()
    (tmp_path / "none.png").write_bytes(b"no picture")
    served.set_input_files("#file", tmp_path / "none.png")
    wait(served, "document.body.innerText.includes('expected a picture')")
    state(served, "error")
    served.click("#clear")
    line(served, (0.5, 0.25), (0.5, 0.7))
    number(served, "1")


def test_the_page_works_with_the_keyboard_alone(page: Page) -> None:
    page.focus("#canvas")
    for key in (*["ArrowUp"] * 9, " ", *["ArrowDown"] * 18, " "):
        page.keyboard.press(key)
    number(page, "1")
    reached = set()
    for _ in range(12):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.tagName"))
    assert {"undo", "clear", "choose"} <= reached
    assert "1" in page.locator("[aria-live]").first.inner_text()


def test_reading_continues_when_the_connection_is_back(served: Page, context: BrowserContext) -> None:
    context.set_offline(True)
    line(served, (0.5, 0.25), (0.5, 0.7))
    state(served, "offline")
    served.screenshot(path=SHOTS / "offline.png", full_page=True)
    context.set_offline(False)
    number(served, "1")


@pytest.mark.parametrize(("width", "height", "scheme"), [(375, 812, "light"), (375, 812, "dark"), (320, 600, "light")])
def test_the_page_fits_a_phone(width: int, height: int, scheme: str, browser: Browser, url: str) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": height}, has_touch=True, is_mobile=True, color_scheme=scheme
    )
    page = context.new_page()
    page.goto(url)
    line(page, (0.3, 0.25), (0.3, 0.7))
    line(page, (0.6, 0.25), (0.6, 0.7))
    number(page, "11")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for button in page.locator("button:visible").all():
        box = button.bounding_box()
        assert box
        assert min(box["width"], box["height"]) >= 40, button.inner_text()
    page.screenshot(path=SHOTS / f"phone-{width}-{scheme}.png", full_page=True)
    context.close()


def test_a_stroke_is_read_within_half_a_second(served: Page) -> None:
    """On an idle machine it takes less than 100 ms. Here the browser, the server and the tests run together."""
    served.evaluate("""() => {
        window.times = [];
        addEventListener('pointerup', () => { window.began = performance.now(); window.before = version(); }, true);
        const version = () => document.querySelector('#number').textContent;
        new MutationObserver(() => {
            if (window.began && document.body.dataset.state === 'read') {
                window.times.push(performance.now() - window.began); window.began = 0;
            }
        }).observe(document.body, { attributes: true, subtree: true, childList: true, characterData: true });
    }""")
    for i, digit in enumerate((8, 3, 2, 8, 2)):
        write(served, digit, i)
        number(served, "83282"[: i + 1])
        wait(served, f"window.times.length === {i + 1}")
    times = served.evaluate("window.times")
    assert np.median(times) < 500, times


def test_the_page_uses_the_names_of_a_reading(served: Page) -> None:
    """Each access to a name that the JSON of a reading does not have is recorded."""
    served.evaluate("""async () => {
        const { backend } = await import("./backend.js");
        const { read } = backend;
        window.names = { known: [], unknown: [] };
        const strict = (value) => typeof value !== "object" || value === null ? value : new Proxy(value, {
            get(target, name) {
                if (typeof name === "string" && !Array.isArray(target) && !["then", "toJSON"].includes(name)) {
                    window.names[name in target ? "known" : "unknown"].push(name);
                }
                return strict(target[name]);
            },
        });
        backend.read = async (...given) => strict(await read(...given));
    }""")
    line(served, (0.3, 0.25), (0.3, 0.7))
    number(served, "1")
    served.set_input_files("#file", ROOT / "docs/pictures/page.jpg")
    number(served, "314159")
    state(served, "read")
    names = served.evaluate("window.names")
    assert names["unknown"] == []
    assert {"rows", "words", "digits", "signs", "others", "box", "text", "number", "accepted"} <= set(names["known"])
