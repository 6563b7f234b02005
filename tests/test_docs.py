"""The documents are true: slots are up to date, claims hold, every option is documented, and commands work."""

import contextlib
import dataclasses
import gzip
import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import generate
import plots
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
import results
from aims import all_aims
from click.testing import CliRunner
from PIL import Image

from mnist_cnn import mnist
from mnist_cnn.cli import cli
from mnist_cnn.learn.recipes import DENSE, RECIPES, SEED
from mnist_cnn.learn.run import Run, start
from mnist_cnn.learn.train import fit
from mnist_cnn.mnist import idx

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
SLOW = re.compile(r"mnist-cnn (train($| --(recipe|seed|data|tensorboard|resume))|report|bulk|site|read docs/pictures$)")
"""Commands of the documents that take several seconds, also on few images."""


SLOTS = {"speed.ratio": "8.0", "speed.n": "5", "waits": "| a |\n"}


def test_documents_and_plots_are_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert generate.main(["--check"]) == 0, capsys.readouterr()


def test_a_stale_document_is_named_and_filled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    copies = [tmp_path / file.relative_to(ROOT) for file in generate.DOCUMENTS]
    shutil.copytree(ROOT / "docs/pictures", tmp_path / "docs/pictures")
    for copy, file in zip(copies, generate.DOCUMENTS, strict=True):
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, copy)
    monkeypatch.setattr(generate, "ROOT", tmp_path)
    monkeypatch.setattr(generate, "DOCUMENTS", copies)
    page = tmp_path / "docs/performance.md"
    before = page.read_text("utf-8")
    page.write_text(re.sub("(<!--speed.ratio-->)[0-9.]+", r"\g<1>99", before), "utf-8")
    (tmp_path / "docs/pictures/risk.svg").unlink()
    assert generate.main(["--check"]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "docs/performance.md: stale; run `make docs`",
        "docs/pictures/risk.svg: stale; run `make docs`",
    ]
    assert page.read_text("utf-8") != before
    assert generate.main([]) == 0
    assert page.read_text("utf-8") == before
    assert generate.main(["--check"]) == 0
    page.write_text(before.replace("<!--speed.ratio-->", "<!--speed.ration-->"), "utf-8")
    assert generate.main(["--check"]) == 2
    assert "unknown slot speed.ration;" in capsys.readouterr().err


def test_slots_are_filled_in_lines_cells_and_blocks() -> None:
    text = "It takes <!--speed.ratio-->?<!--/--> times\n\n| a | <!--speed.n--><!--/--> |\n"
    block = "<!-- begin: waits -->\n| old |\n| --- |\n<!-- end: waits -->\n"
    filled = generate.filled(text + block, SLOTS)
    assert filled == (
        "It takes <!--speed.ratio-->8.0<!--/--> times\n\n| a | <!--speed.n-->5<!--/--> |\n"
        "<!-- begin: waits -->\n| a |\n<!-- end: waits -->\n"
    )
    assert generate.filled(filled, SLOTS) == filled


def test_examples_of_slots_are_left_as_they_are() -> None:
    text = "```markdown\nIt takes <!--name-->?<!--/--> s\n```\n"
    assert generate.filled(text, SLOTS) == text
    assert generate.names(text) == set()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("It takes <!--speed.ration-->8.0<!--/--> times", "line 1: unknown slot speed.ration;"),
        ("<!-- begin: wait -->\n<!-- end: wait -->", "unknown slot wait;"),
        ("It takes <!--speed.ratio-->8.0 times", "not closed: <!--speed.ratio-->8.0 times"),
        ("It takes <!--speed.ratio-->8.0, n = <!--speed.n-->5<!--/-->", "not closed: <!--speed.ratio-->8.0, n"),
        ("It takes <!--speed.ratio-->8.0\n<!--/--> times", "not closed: <!--speed.ratio-->8.0"),
        ("It takes 8.0<!--/--> times", "not a slot, or not closed: <!--/-->"),
        ("It takes <!-- speed.ratio -->8.0<!-- / --> times", "not a slot, or not closed: <!-- speed.ratio -->"),
        ("<!-- begin: waits -->\n| a |", "not closed: <!-- begin: waits -->"),
        ("<!-- begin: waits -->\n| a |\n<!-- end: pages -->", "not closed: <!-- begin: waits -->"),
        ("<!-- begin: waits -->\n<!-- begin: waits -->\n<!-- end: waits -->", "not closed: <!-- begin: waits -->"),
        ("A\n\n<!--speed.ratio-->8.0<!--/--> times", "line 3: Markdown takes a line that starts with a slot as HTML"),
        ("- <!--speed.ratio-->8.0<!--/--> times", "Markdown takes a line that starts with a slot as HTML"),
        ("It is `<!--speed.ratio-->8.0<!--/-->`", "a slot in code is shown with its comments: `<!--speed.ratio-->"),
        ("```text\nIt is <!--speed.ratio-->8.0<!--/-->\n```", "a slot in code is shown with its comments: ```text"),
    ],
)
def test_a_slot_that_cannot_be_filled_is_an_error(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        generate.filled(text, SLOTS)


def test_a_value_that_no_document_uses_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"no document uses: speed\.n, waits"):
        generate.generated({Path("page.md"): "It takes <!--speed.ratio-->8.0<!--/--> times"}, SLOTS)


def test_every_plot_is_shown() -> None:
    pages = "".join(file.read_text("utf-8") for file in generate.DOCUMENTS)
    for name in generate.public(plots):
        assert f"pictures/{name}.svg)" in pages


def plain(page: str) -> str:
    """Return the text of a document without slots, marks and line breaks."""
    text = re.sub(r"<!--.*?-->", "", (ROOT / page).read_text("utf-8"))
    return " ".join(text.replace("**", "").split())


def rates(kind: str) -> dict[str, float]:
    return results.rates(kind, {"tiles": 20_000, "photographs": 100}[kind])


def growth_per_image() -> list[list[float]]:
    """Seconds per image of training and of reading, by the number of images."""
    found = results.load("growth")
    return [[row["seconds"] / int(n) for n, row in found[kind].items()] for kind in ("training", "reading")]


def accuracies(*programs: str) -> list[float]:
    return [row[name]["training_accuracy"] for row in results.load("speed")["rounds"] for name in programs]


def crops(who: str) -> list[int]:
    return [results.load("peers")["sets"][name][who]["n"] for name in results.CROPS]


@pytest.mark.parametrize(
    ("page", "claim", "holds"),
    [
        ("README.md", "a callback stops the training above 99.5 % accuracy", lambda: SEED.target == 0.995),
        ("README.md", "(`dense`: 99 %)", lambda: DENSE.target == 0.99),
        (
            "README.md",
            "Both stop above 99.5 % training accuracy.",
            lambda: min(accuracies("exercise", "fast")) > 0.995,
        ),
        (
            "docs/training.md",
            "## Fewer errors",
            lambda: (
                max(r["errors"]["mean"] for r in results.leaderboard() if r["recipe"] not in ("seed", "fast"))
                < results.load("seeds")["errors"]["mean"]
            ),
        ),
        (
            "docs/performance.md",
            "the largest part.",
            lambda: (
                results.load("roofline")["imports"]
                > max(part["seconds"] for part in results.load("roofline")["parts"].values())
            ),
        ),
        (
            "docs/performance.md",
            "The target of 10 times is missed.",
            lambda: results.load("speed")["ratio"]["median"] < 10,
        ),
        (
            "docs/performance.md",
            "Environment: the extra `train` alone.",
            lambda: results.load("speed")["scikit_learn"] is False,
        ),
        (
            "docs/performance.md",
            "the start of the program, which matters most in the first row.",
            lambda: all(max(seconds) == seconds[0] for seconds in growth_per_image()),
        ),
        (
            "docs/performance.md",
            "Medians of 3 measurements; the 10,000 photographs are read once.",
            lambda: (
                [row["n"] for kind in ("training", "reading") for row in results.load("growth")[kind].values()]
                == [3, 3, 3, 3, 3, 1]
            ),
        ),
        (
            "docs/accuracy.md",
            "seeds 1 to n, all included.",
            lambda: all(
                [row["seed"] for row in r["rows"]] == list(range(1, r["n"] + 1)) for r in results.leaderboard()
            ),
        ),
        (
            "docs/reading.md",
            "Slower readers were tested on fewer crops",
            lambda: all(few <= all_ for few, all_ in zip(crops("rapidocr"), crops("ours"), strict=True)),
        ),
        (
            "docs/scale.md",
            "On one machine, Ray is slower than local processes.",
            lambda: all(rates(kind)["ray"] < rates(kind)["local"] for kind in results.KINDS),
        ),
        (
            "docs/scale.md",
            "For jobs longer than a minute, use a cluster that is already running.",
            lambda: all(rates(kind)["pays"] / rates(kind)["local"] < 60 for kind in results.KINDS),
        ),
        (
            "docs/scale.md",
            "Most of the work is finding the digits.",
            lambda: rates("tiles")["core"] > 10 * rates("photographs")["core"],
        ),
        (
            "docs/scale.md",
            "In every row, one process on TensorFlow is faster than two on JAX.",
            lambda: all(row["tensorflow"] < row["jax, 2 processes"] for row in results.load("distributed")["rows"]),
        ),
    ],
)
def test_a_claim_of_the_documents_holds(page: str, claim: str, holds: Callable[[], bool]) -> None:
    assert claim in plain(page), "the sentence has changed; change its check"
    assert holds(), f"{page} is no longer true: {claim}"


def test_the_notes_on_missed_aims_are_about_missed_aims() -> None:
    notes = re.findall(r"^- \*\*(.*?)\.\*\*", (ROOT / "docs/reading.md").read_text("utf-8"), flags=re.M)
    missed = {aim.name for aim in all_aims() if not aim.reached}
    about = {
        "Photographs of five digits": "photographs of five digits: read right",
        "Letters and scribbles": "letters and scribbles that are accepted",
        "Processor time of a cheque": "processor time: amounts on bank cheques",
    }
    assert set(about) <= set(notes)
    assert set(about.values()) <= missed


def test_a_better_reader_is_named_unless_the_intervals_overlap() -> None:
    ours = {"whole": 90, "n": 100, "interval": (0.83, 0.94)}
    worse = {"whole": 50, "n": 100, "interval": (0.40, 0.60)}
    better = {"whole": 98, "n": 100, "interval": (0.95, 0.99)}
    close = {"whole": 92, "n": 100, "interval": (0.85, 0.96)}
    pages = {"ours": {"digits": 2, "rows": 3}, "rapidocr": {"digits": 3, "rows": 3}}
    assert results.better_reader({"ours": ours, "tesseract": worse}) == "ours"
    assert results.better_reader(pages) == "rapidocr"
    assert results.better_reader({"ours": ours, "tesseract": worse, "rapidocr digits": better}) == "rapidocr digits"
    assert results.better_reader({"ours": ours, "tesseract": worse, "rapidocr digits": close}) is None


def test_every_command_and_option_is_documented() -> None:
    reference = (ROOT / "docs/cli.md").read_text("utf-8")
    for name, command in cli.commands.items():
        assert f"mnist-cnn {name}" in README
        assert f"## mnist-cnn {name}" in reference
        assert command.help
        assert "Example" in command.help, name
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert parameter.help, parameter.name
                assert all(flag in reference for flag in parameter.opts)


def test_recipes_in_examples_have_their_summary() -> None:
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        for name, summary in re.findall(r"^Recipe  (\w+): (.*)$", page.read_text("utf-8"), re.M):
            assert RECIPES[name].summary == summary, page


def test_every_make_target_is_in_its_help() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = re.search(r"\.PHONY: (.*)", makefile)
    assert targets
    for target in set(targets[1].split()) - {"help"}:
        assert f'"make {target} ' in makefile


def test_links_lead_somewhere() -> None:
    for page in {*ROOT.glob("*.md"), *generate.DOCUMENTS}:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_no_address_of_a_registry_is_committed() -> None:
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    hosts = re.compile(r"https?://[a-z.-]*(" + "|".join(("py" + "pi", "python" + "hosted", "npm" + "js")) + r")\.")
    for name in files.split("\0"):
        file = ROOT / name
        if file.is_file() and b"\0" not in (content := file.read_bytes()):
            assert not hosts.search(content.decode("utf-8", "replace")), name


def shell_lines() -> list[str]:
    """The commands of README and docs/training.md, without comments and the program's folder."""
    pages = README + (ROOT / "docs/training.md").read_text("utf-8")
    blocks = re.findall(r"^```(?:bash|powershell)\n(.*?)^```", pages, flags=re.S | re.M)
    blocks += re.findall(r"^\$ (.*)$", pages, flags=re.M)
    parts = [shlex.split(line.replace("\\", "/"), comments=True) for block in blocks for line in block.splitlines()]
    lines = [shlex.join([Path(part[0]).name, *part[1:]]).replace("'&&'", "&&") for part in parts if part]
    return list(dict.fromkeys(command for line in lines for command in line.split(" && ")))


@contextlib.contextmanager
def serving(*arguments: str) -> Iterator[str]:
    """The address of ``mnist-cnn serve``, on a free port."""
    command = [sys.executable, "-m", "mnist_cnn", "serve", *arguments, "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        found = re.search(r"http://\S+:\d+", process.stderr.readline())
        assert found
        try:
            yield found[0]
        finally:
            process.terminate()


def test_the_readme_has_the_two_commands() -> None:
    assert {"make train", "make test"} <= set(shell_lines())


@pytest.mark.parametrize("run", ["seed"], indirect=True)
@pytest.mark.parametrize(
    "line",
    [
        pytest.param(line, marks=[pytest.mark.slow] if SLOW.search(line) else [])
        for line in {re.sub(r"\d", "", line): line for line in shell_lines()}.values()
    ],
)
def test_a_command_of_the_documents_works(
    line: str, tmp_path: Path, run: Run, dataset: mnist.Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a quick form: training on a few images, make as a dry run, and of installations only what they name."""
    program, *arguments = shlex.split(line)
    match program:
        case "mnist-cnn":
            monkeypatch.chdir(tmp_path)
            there = arguments[0] != "train" or "--resume" in arguments
            places = [str(run.path) if there and place.startswith("runs/") else place for place in arguments]
            places = [str(ROOT / place) if place.startswith("docs/") else place for place in places]
            if "--data" in places:
                folder = tmp_path / places[places.index("--data") + 1]
                folder.mkdir()
                for name, array in zip(mnist.SHA256, (*dataset.test, *dataset.test), strict=True):
                    (folder / name).write_bytes(idx.encode((255 if "images" in name else 9) - array))
            if "scan.pdf" in places:
                Image.new("L", (400, 300), 255).save("scan.pdf")
            if places[0] == "serve":  # runs until it is stopped
                with serving(*places[1:]) as url:
                    assert url.startswith("http://")
                return
            if places[0] == "ensemble":
                other = start(dataclasses.replace(SEED, epochs=1), dataset, tmp_path / "other", limit=200)
                fit(other, dataset)
                places[2] = str(other.path)
            if places[0] == "train" and "--resume" not in places:
                places += ["--limit", "200", "--epochs", "1"]
            done = CliRunner().invoke(cli, places, catch_exceptions=False)
            assert done.exit_code == 0, done.output
        case "curl":
            with serving() as url:
                places = [argument.replace("http://127.0.0.1:8000", url) for argument in arguments]
                answer = subprocess.run(["curl", *places], cwd=ROOT, capture_output=True, text=True, check=True).stdout
            assert json.loads(answer)["number"] == "314159"
        case "make":
            shown = subprocess.run(["make", "-n", *arguments], cwd=ROOT, capture_output=True, text=True)
            assert shown.returncode == 0, shown
        case "pip" | "jupyter" | "python":
            for extra in re.findall(r"\[([a-z]+)\]", line):
                assert f"\n{extra} = [" in (ROOT / "pyproject.toml").read_text()
            for name in re.findall(r"\S+\.(?:txt|py|ipynb)\b", line):
                assert (ROOT / name).exists()
        case _:
            pytest.fail(f"README or docs/training.md has a command that this test cannot try: {line}")


@pytest.mark.slow
def test_the_commands_of_scale_work(tmp_path: Path) -> None:
    """All of them, as they stand there, but with other names and ports and fewer workers."""
    content = (ROOT / "docs/scale.md").read_text("utf-8")
    (tmp_path / "scans").mkdir()
    shutil.copy(ROOT / "docs/pictures/page.jpg", tmp_path / "scans/page.jpg")
    shutil.copy(ROOT / "docs/pictures/draw.png", tmp_path / "scans/draw.png")
    pq.write_table(pa.table({"image": [(tmp_path / "scans/page.jpg").read_bytes()]}), tmp_path / "crops.parquet")
    with gzip.open(tmp_path / "tiles-idx3-ubyte.gz", "wb") as file:
        file.write(idx.encode(mnist.load().test.images[:10]))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    changes = {"head:6379": f"127.0.0.1:{port}", "--port 6379": f"--port {port}", "/shared": str(tmp_path)}
    changes |= {"--workers 32": "--workers 1", f"{tmp_path}/read ": f"{tmp_path}/read-3 "}
    programs = os.environ | {"HOME": str(tmp_path), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    with socket.create_server(("127.0.0.1", 0)) as free:
        changes["10.0.0.1:9000"] = f"127.0.0.1:{free.getsockname()[1]}"
    ran, started = [], []
    try:
        for line in "".join(re.findall(r"^```bash\n(.*?)^```", content, flags=re.S | re.M)).splitlines():
            for old, new in changes.items():
                line = line.replace(old, new)
            arguments = shlex.split(line, comments=True)
            if arguments[0] == "python":  # trains for long; tests/test_engines.py has the engine
                shown = subprocess.run([*arguments, "--help"], cwd=ROOT, env=programs, capture_output=True, text=True)
                assert all(option in shown.stdout for option in arguments if option.startswith("--"))
                continue
            if arguments[0] == "pip" or arguments[:3] == ["ray", "start", "--address"]:
                continue  # this machine has been installed, and it is the whole cluster
            if arguments[1] == "train" and arguments[-4:-2] != ["--rank", "1"]:
                arguments += ["--limit", "320", "--epochs", "1"]
            if "--rank 0" in line:  # it waits for rank 1, on the next line
                started.append(subprocess.Popen(arguments, cwd=tmp_path, env=programs, stdout=subprocess.DEVNULL))
                continue
            done = subprocess.run(arguments, cwd=tmp_path, env=programs, capture_output=True, text=True, timeout=300)
            assert done.returncode == 0, (line, done.stdout, done.stderr)
            ran.append(arguments[0])
        assert ran == ["mnist-cnn", "mnist-cnn", "ray", "ray", "mnist-cnn", "mnist-cnn", "mnist-cnn"]
        assert [process.wait(120) for process in started] == [0]
        script = re.findall(r"^```python\n(.*?)^```", content, flags=re.S | re.M)[0] + "\nprint(len(rows), len(errors))"
        shown = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
        assert shown.stdout == "2 0\n"
        tables = [ds.dataset(tmp_path / out / "readings").to_table() for out in ("read", "read-2", "read-3")]
        assert [len(table) for table in tables] == [2, 12, 2]
        assert tables[0].column("number").to_pylist() == tables[2].column("number").to_pylist()
    finally:
        for process in started:
            process.kill()
        subprocess.run(["ray", "stop", "--force"], env=programs, capture_output=True)
