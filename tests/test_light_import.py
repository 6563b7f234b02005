"""Light and heavy imports: only `learn` and `distributed.worker` import Keras."""

import json
import os
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import mnist_cnn

HEAVY = {"keras", "tensorflow", "matplotlib", "onnx", "jinja2", "ray", "jax"}


def light_modules() -> list[str]:
    names = [module.name for module in pkgutil.walk_packages(mnist_cnn.__path__, "mnist_cnn.")]
    light = [name for name in names if ".learn." not in name and not name.endswith(("__main__", "distributed.worker"))]
    return [*light, "mnist_cnn.learn.recipes", "mnist_cnn.learn.run"]


def loaded(code: str) -> set[str]:
    """Run code in a new interpreter and return the top-level modules that it has imported."""
    code += "\nimport json, sys; print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def loaded_error(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stderr


def test_all_packages_except_learn_import_nothing_heavy() -> None:
    assert {"mnist_cnn.cli", "mnist_cnn.mnist", "mnist_cnn.mnist.idx", "mnist_cnn.errors"} <= set(light_modules())
    served = [name for name in light_modules() if any(part in name for part in ("_cnn.web.", "_cnn.bulk."))]
    light = [name for name in light_modules() if name not in served]
    assert not loaded("\n".join(f"import {name}" for name in light)) & {*HEAVY, "fastapi", "uvicorn", "pyarrow"}
    assert not loaded("\n".join(f"import {name}" for name in served)) & (HEAVY - {"onnx"})


def test_help_and_the_dataset_import_nothing_heavy() -> None:
    code = (
        "from click.testing import CliRunner; from mnist_cnn.cli import cli; from mnist_cnn import mnist; mnist.load()"
    )
    for arguments in ([], ["read"], ["serve"], ["site"], ["bulk"], ["train"], ["evaluate"], ["report"]):
        code += f"; assert CliRunner().invoke(cli, {[*arguments, '--help']}).exit_code == 0"
    assert not loaded(code) & HEAVY


def test_classifying_imports_no_opencv_and_reading_does() -> None:
    assert "cv2" not in loaded("from mnist_cnn.read import Classifier; Classifier()")
    assert "cv2" in loaded("from mnist_cnn.read import Page, pages, read_image")
    assert loaded_error("from mnist_cnn.read import Box, Digit, Reading, Row, Sign, Word") == ""
    assert "no attribute 'write_image'" in loaded_error("import mnist_cnn.read; mnist_cnn.read.write_image")


def test_onnx_runtime_writes_and_sends_no_usage_data(tmp_path: Path) -> None:
    code = "from mnist_cnn import Classifier; Classifier()"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("ORT_", "XDG_"))}
    subprocess.run([sys.executable, "-c", code], env=environment | {"HOME": str(tmp_path)}, check=True)
    assert not list(tmp_path.iterdir())


def test_the_public_names_are_imported_on_first_use() -> None:
    assert not loaded("import mnist_cnn; mnist_cnn.__version__") & {"numpy", "cv2", "onnxruntime"}
    assert "cv2" not in loaded("from mnist_cnn import Classifier, load")
    assert not loaded("from mnist_cnn import Classifier, Reading, __version__, load, read_image") & HEAVY
    assert "no attribute 'write_image'" in loaded_error("import mnist_cnn; mnist_cnn.write_image")


@pytest.mark.slow
def test_the_callback_imports_keras() -> None:
    assert "keras" in loaded("import mnist_cnn.learn.callback")
