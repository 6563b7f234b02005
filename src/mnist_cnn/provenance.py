"""Provenance: the machine, the versions and the commit that a result comes from."""

import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

TRAINING = ("keras", "tensorflow", "numpy", "numba", "jax")
"""The packages that train a network."""
READING = ("numpy", "opencv-python-headless", "onnxruntime")
"""The packages that read a picture."""


def machine() -> dict[str, Any]:
    """Return the processor, its number of cores and the system."""
    name = platform.processor() or platform.machine()
    if (info := Path("/proc/cpuinfo")).exists():
        names = [line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if "model name" in line]
        name = names[0] if names else name
    return {"processor": name, "cores": os.cpu_count(), "system": platform.platform()}


def versions(*packages: str) -> dict[str, str]:
    """Return the versions of Python, of this package and of those of `packages` that are installed."""
    found = {"python": platform.python_version()}
    for name in ("mnist-cnn", *packages):
        # The CPU build of TensorFlow has the same versions under another name.
        for distribution in (f"{name}-cpu", name) if name == "tensorflow" else (name,):
            try:
                found[name] = importlib.metadata.version(distribution)
                break
            except importlib.metadata.PackageNotFoundError:
                continue
    return found


def commit() -> str | None:
    """Return the commit of this code, with "-dirty" if it was changed since; None outside a git checkout."""
    here = Path(__file__)

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(here.parent), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    try:
        git("ls-files", "--error-unmatch", here.name)  # an environment inside somebody's repository is not ours
        return git("describe", "--always", "--dirty", "--abbrev=40", "--exclude=*")
    except (OSError, subprocess.CalledProcessError):
        return None
