"""Provenance: machine, versions and commit of a result."""

import os
import platform
import re
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np

from mnist_cnn import provenance
from mnist_cnn.provenance import READING, TRAINING, commit, machine, versions


def test_machine_has_processor_cores_and_system() -> None:
    assert machine() == {"processor": machine()["processor"], "cores": os.cpu_count(), "system": platform.platform()}
    assert machine()["processor"]


def test_versions_are_those_of_the_installed_packages() -> None:
    import keras
    import tensorflow as tf

    found = versions(*TRAINING, *READING)
    assert found["keras"] == keras.__version__
    assert found["tensorflow"] == tf.__version__
    assert found["numpy"] == np.__version__
    assert found["mnist-cnn"] == version("mnist-cnn")
    assert found["python"] == platform.python_version()
    assert set(versions("no-such-package")) == {"python", "mnist-cnn"}


def test_commit_is_the_one_of_the_checkout_and_none_elsewhere(tmp_path: Path) -> None:
    assert re.fullmatch(r"[0-9a-f]{40}(-dirty)?", commit() or "")
    # The same module in somebody's repository, as in an environment inside it, is not part of that repository.
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    shutil.copy(provenance.__file__, tmp_path / "provenance.py")
    code = "import provenance; print(provenance.commit())"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "None\n"
