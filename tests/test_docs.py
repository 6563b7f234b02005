"""The documents are true: generated parts are up to date, every option is there, and README's commands work."""

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
from collections.abc import Iterator
from pathlib import Path

import click
import deploy
import generate
import performance
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
import scale
import scores
from click.testing import CliRunner
from PIL import Image

from mnist_cnn import mnist
from mnist_cnn.cli import cli
from mnist_cnn.learn.recipes import SEED
from mnist_cnn.learn.run import Run, start
from mnist_cnn.learn.train import fit
from mnist_cnn.mnist import idx
from mnist_cnn.read.classifier import SHIPPED

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")


def test_generated_parts_are_up_to_date() -> None:
    assert (ROOT / "docs/cli.md").read_text("utf-8") == generate.reference(), "run `make docs`"
    for page in generate.FILLED:
        assert generate.filled(page.read_text("utf-8")) == page.read_text("utf-8"), "run `make docs`"
    assert (SHIPPED.parent / "README.md").read_text("utf-8") == generate.card(), "run `make docs`"
    assert (ROOT / "docs/pictures/risk.svg").read_text("utf-8") == generate.curve(), "run `make docs`"
    assert (ROOT / "docs/deploy.md").read_text("utf-8") == deploy.page(), "run `make docs`"
    assert (ROOT / "docs/scale.md").read_text("utf-8") == scale.page(), "run `make docs`"
    assert (ROOT / "docs/accuracy.md").read_text("utf-8") == scores.page(), "run `make docs`"
    assert (ROOT / "docs/pictures/accuracy.svg").read_text("utf-8") == scores.plot(), "run `make docs`"
    assert (ROOT / "docs/pictures/disputed.svg").read_text("utf-8") == scores.disputed(), "run `make docs`"
    assert (ROOT / "docs/performance.md").read_text("utf-8") == performance.page(), "run `make docs`"
    assert (ROOT / "docs/pictures/speed.svg").read_text("utf-8") == performance.plot(), "run `make docs`"


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


def test_every_make_target_is_in_its_help() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = re.search(r"\.PHONY: (.*)", makefile)
    assert targets
    for target in set(targets[1].split()) - {"help"}:
        assert f'"make {target} ' in makefile


def test_links_lead_somewhere() -> None:
    for page in (*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")):
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
    """The commands of the shell blocks of README and docs/training.md, without comments and the program's folder."""
    pages = README + (ROOT / "docs/training.md").read_text("utf-8")
    blocks = re.findall(r"^```(?:bash|powershell)\n(.*?)^```", pages, flags=re.S | re.M)
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
        pytest.param(line, marks=[pytest.mark.slow] if "train --recipe" in line else [])
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
            if places[0] == "serve":  # which would go on for ever
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
            pytest.fail(f"README or docs/training.md has a command this test does not know how to try: {line}")


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
