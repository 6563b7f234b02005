"""The Dockerfile: its rules, and its steps outside Docker, in a virtual environment in place of the image."""

import contextlib
import http.client
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PREFIX, PORT = "/opt/mnist-cnn", "8000"
"""Where the image has the environment, and the port it serves on. The tests put their own in place of these."""
READ_ONLY = """
import errno, os, sys

CHANGES = ("os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.symlink", "os.link", "os.truncate", "os.chmod")
WRITABLE = (os.environ["TMPDIR"], "/dev/")

def refuse(event, arguments):
    writes = event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    if (writes or event in CHANGES) and not isinstance(arguments[0], int):
        if not os.fsdecode(arguments[0]).startswith(WRITABLE):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), arguments[0])

sys.addaudithook(refuse)
"""
"""A sitecustomize.py that fails as a read-only file system does, except in TMPDIR, which stands for the volume /tmp."""


def instructions() -> list[tuple[str, str]]:
    """Return each instruction of the Dockerfile with its arguments; comments and line breaks are removed."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text("utf-8"), flags=re.M).replace("\\\n", " ")
    lines = [line.split(maxsplit=1) for line in text.splitlines() if line.strip()]
    return [(name, arguments) for name, arguments in lines]


def every(name: str) -> list[str]:
    return [arguments for instruction, arguments in instructions() if instruction == name]


def copied() -> list[tuple[list[str], str]]:
    """Return the sources and the target of each COPY from the repository."""
    parts = [arguments.split() for arguments in every("COPY") if not arguments.startswith("--from")]
    return [(sources, target) for *sources, target in parts]


def test_the_server_does_not_run_as_root() -> None:
    last = max(i for i, (name, _) in enumerate(instructions()) if name == "FROM")
    (user,) = [arguments for name, arguments in instructions()[last:] if name == "USER"]
    assert user.split(":")[0] not in ("root", "0")
    assert all(part.isdigit() for part in user.split(":"))  # Kubernetes checks runAsNonRoot by number


def test_versions_are_pinned() -> None:
    installations = [command for command in every("RUN") if "pip install" in command]
    assert installations
    assert all("--constraint constraints.txt" in command for command in installations)
    assert set(re.findall(r"python:(\S+)", " ".join(every("FROM")))) == {"3.11-slim"}


def test_the_health_check_needs_only_python_and_asks_the_port_that_is_served() -> None:
    (check,), (command,) = every("HEALTHCHECK"), every("CMD")
    assert json.loads(check.partition("CMD ")[2])[0] == f"{PREFIX}/bin/python"
    assert json.loads(command)[-2:] == ["--port", PORT]
    assert PORT in check
    assert every("EXPOSE") == [PORT]


def test_dockerignore_keeps_exactly_the_files_that_are_copied() -> None:
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    assert lines[0] == "*"
    sources = {source for sources, _ in copied() for source in sources}
    assert {line[1:] for line in lines if line.startswith("!")} == sources
    assert all(list(ROOT.glob(source)) for source in sources)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder after the COPY and RUN steps: ``source`` is the working directory, ``opt`` the environment."""
    folder = tmp_path_factory.mktemp("image")
    (folder / "source").mkdir()
    for sources, target in copied():
        for source in (found for pattern in sources for found in ROOT.glob(pattern)):
            if source.is_dir():
                shutil.copytree(source, folder / "source" / target)
            else:
                (folder / "source" / target).mkdir(parents=True, exist_ok=True)
                shutil.copy(source, folder / "source" / target)
    variables = without_pythonpath() | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    for command in every("RUN"):
        parts = shlex.split(command.replace(PREFIX, str(folder / "opt")))
        done = subprocess.run(parts, cwd=folder / "source", env=variables, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done
    return folder


def without_pythonpath() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


class Container:
    """The process of CMD, on a free port, in an empty home directory, with files that Python cannot write to."""

    def __init__(self, image: Path) -> None:
        self.image = image
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        (image / "hooks").mkdir()
        (image / "hooks/sitecustomize.py").write_text(READ_ONLY)
        (image / "tmp").mkdir()
        variables = without_pythonpath() | {"PYTHONPATH": str(image / "hooks"), "TMPDIR": str(image / "tmp")}
        variables |= dict(setting.split("=", 1) for setting in every("ENV"))
        variables["HOME"] = str(image / "empty")
        (command,) = every("CMD")
        (image / "empty").mkdir()
        self.process = subprocess.Popen(self.arguments(command), cwd=image / "empty", env=variables)

    def arguments(self, command: str) -> list[str]:
        """Return the arguments of an instruction, with this environment and port in place of the image's."""
        return json.loads(command.replace(PREFIX, str(self.image / "opt")).replace(PORT, str(self.port)))

    def healthy(self) -> bool:
        """Run the command of HEALTHCHECK. Docker takes exit status 0 for healthy."""
        (check,) = every("HEALTHCHECK")
        command = self.arguments(check.partition("CMD ")[2])
        return subprocess.run(command, env=without_pythonpath(), capture_output=True, timeout=30).returncode == 0


@pytest.fixture(scope="module")
def container(image: Path) -> Iterator[Container]:
    """The container, once it is healthy."""
    container = Container(image)
    try:
        give_up = time.monotonic() + 60
        while not container.healthy():
            assert container.process.poll() is None
            assert time.monotonic() < give_up
            time.sleep(0.2)
        yield container
    finally:
        container.process.kill()
        container.process.wait()


@pytest.mark.slow
def test_an_upload_is_read_with_a_read_only_file_system(container: Container) -> None:
    assert json.loads(every("VOLUME")[0]) == ["/tmp"]  # noqa: S108
    picture = (ROOT / "docs/pictures/page.jpg").read_bytes() + bytes(2_000_000)  # so large that it goes through a file
    head = b'--part\r\nContent-Disposition: form-data; name="image"; filename="page.jpg"\r\n\r\n'
    form = {"Content-Type": "multipart/form-data; boundary=part"}
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", container.port, timeout=60)) as connection:
        connection.request("POST", "/v1/read", head + picture + b"\r\n--part--\r\n", form)
        response = connection.getresponse()
        reading = json.loads(response.read())
        assert (response.status, reading["number"]) == (200, "314159")
        connection.request("GET", "/")
        assert b"<canvas" in connection.getresponse().read()
    assert list((container.image / "empty").iterdir()) == []  # libraries that are not Python wrote nothing either


@pytest.mark.slow
def test_sigterm_ends_the_container_and_then_it_is_not_healthy(container: Container) -> None:
    assert container.healthy()
    container.process.send_signal(signal.SIGTERM)
    assert container.process.wait(timeout=30) == 0
    assert not container.healthy()
