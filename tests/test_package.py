"""The built package: wheel and sdist, each installed into an empty environment, without extras."""

import email
import email.message
import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
CONSTRAINTS = ("--constraint", ROOT / "constraints.txt")
WHEEL_MIN_BYTES, WHEEL_MAX_BYTES = 10_000_000, 22_000_000
"""MNIST is 11.3 MB of the wheel and the three networks are 6.3 MB. The other 4 MB are head room for larger networks.
A larger wheel has a file that does not belong in it. A smaller one lacks the dataset."""
PROGRAM = """
from mnist_cnn import Classifier, Reading, __version__, load, read_image


def read(path: str) -> Reading:
    return read_image(path, classifier=Classifier())


version: str = __version__
labels: list[int] = load().test.labels.tolist()
reading = read({picture!r})
number: str = reading.number
accepted: bool = reading.accepted
print(version, len(labels), number, accepted)
"""
"""A user's program, which runs with the installed package and passes a strict type check."""
Call = Callable[..., subprocess.CompletedProcess[str]]


def run(folder: Path, *arguments: object, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a program in the folder. PYTHONPATH is left out, or it would hide what is installed."""
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | variables
    command = [*map(str, arguments)]
    return subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the wheel and the sdist, both built from the working tree by the pinned hatchling."""
    folder = tmp_path_factory.mktemp("built")
    backend = PROJECT["build-system"]["requires"]
    done = run(folder, sys.executable, "-m", "pip", "install", "--target", folder / "hatchling", *CONSTRAINTS, *backend)
    assert done.returncode == 0, done
    build = (sys.executable, "-m", "hatchling", "build", "--directory", folder / "dist")
    done = run(ROOT, *build, PYTHONPATH=str(folder / "hatchling"))
    assert done.returncode == 0, done
    return folder / "dist"


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (file,) = built.glob("mnist_cnn-*.whl")
    return file


@pytest.fixture(scope="module")
def sdist(built: Path) -> Path:
    (file,) = built.glob("mnist_cnn-*.tar.gz")
    return file


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> email.message.Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return email.message_from_string(archive.read(name).decode("utf-8"))


@pytest.fixture(scope="module", params=["wheel", "sdist"])
def installed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an environment that has the package and its dependencies, without extras."""
    file = request.getfixturevalue(request.param)
    folder = tmp_path_factory.mktemp(request.param)
    assert run(folder, sys.executable, "-m", "venv", "venv").returncode == 0
    done = run(folder, folder / "venv/bin/pip", "install", *CONSTRAINTS, file)
    assert done.returncode == 0, done
    return folder


@pytest.fixture
def call(installed: Path) -> Call:
    """Run a program of that environment in its folder."""
    return lambda program, *arguments: run(installed, installed / "venv/bin" / program, *arguments)


def test_the_wheel_has_the_expected_size_and_files(wheel: Path) -> None:
    assert WHEEL_MIN_BYTES < wheel.stat().st_size < WHEEL_MAX_BYTES
    names = zipfile.ZipFile(wheel).namelist()
    assert {"index.html", "app.js", "style.css", "py.typed"} <= {Path(name).name for name in names}
    results = {file.name for file in (ROOT / "benchmarks/results").glob("accuracy-*.json")}
    assert {Path(name).name for name in names if name.startswith("mnist_cnn/learn/results/")} == results
    assert {name.split("/")[0] for name in names} == {
        "mnist_cnn",
        f"mnist_cnn-{PROJECT['project']['version']}.dist-info",
    }


def test_the_sdist_has_the_sources_and_the_files_that_describe_them(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "CITATION.cff"} <= names
    assert {str(file.relative_to(ROOT)) for file in (ROOT / "src").rglob("*.py")} <= names
    assert not {name for name in names if name.startswith(("tests/", "docs/", "runs/", ".venv/"))}


def test_the_metadata_describes_the_package(metadata: email.message.Message) -> None:
    assert metadata["Name"] == "mnist-cnn"
    assert metadata["Version"] == PROJECT["project"]["version"]
    assert metadata["Author"]
    assert metadata["License-Expression"] == "MIT AND CC-BY-SA-3.0"
    assert "Typing :: Typed" in metadata.get_all("Classifier", [])
    assert "dev" not in metadata.get_all("Provides-Extra", [])


def test_links_of_the_description_are_absolute_once_the_project_has_an_address(
    metadata: email.message.Message,
) -> None:
    """A package index shows the README without the repository, so relative links and pictures are broken there."""
    links = re.findall(r"\]\(([^)#]+)", metadata.get_payload())
    assert len(links) > 10
    if metadata["Project-URL"]:
        assert [link for link in links if not link.startswith("https://")] == []


def test_an_installed_package_reads_a_picture(call: Call) -> None:
    done = call("mnist-cnn", "read", ROOT / "docs/pictures/page.jpg")
    assert done.returncode == 0, done
    assert "314159" in done.stdout


def test_an_installed_package_prints_the_leaderboard(call: Call) -> None:
    done = call("mnist-cnn", "leaderboard")
    assert done.returncode == 0, done
    recipes = {line.split()[1] for line in done.stdout.splitlines()[2:]}
    assert recipes == {"ensemble", "accurate", "tiny", "fast", "seed"}


def test_an_installed_package_has_help_and_the_dataset(call: Call) -> None:
    assert "mnist-cnn train" in call("mnist-cnn", "--help").stdout
    code = "from mnist_cnn import mnist; print(mnist.load().sha256() == mnist.SHA256)"
    assert call("python", "-c", code).stdout == "True\n"


@pytest.mark.parametrize(("name", "extra"), [("train", "train"), ("serve", "web")])
def test_a_command_without_its_extra_names_the_extra(call: Call, name: str, extra: str) -> None:
    done = call("mnist-cnn", name)
    assert done.returncode == 2
    assert f"needs the extra '{extra}'" in done.stderr


def test_a_program_with_the_public_names_runs_and_passes_a_strict_type_check(call: Call, installed: Path) -> None:
    (installed / "program.py").write_text(PROGRAM.format(picture=str(ROOT / "docs/pictures/page.jpg")))
    done = call("python", "program.py")
    assert done.stdout == f"{PROJECT['project']['version']} 10000 314159 True\n", done
    python = ("--python-executable", installed / "venv/bin/python")
    done = run(installed, sys.executable, "-m", "mypy", "--strict", *python, "program.py")
    assert done.returncode == 0, done.stdout
