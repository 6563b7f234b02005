"""The notebook: the stored file is generated from the source, was run without errors, and still runs."""

import importlib.util
from pathlib import Path

import nbformat
import pytest

# Imported by its path, since the notebook's mnist_cnn.py in this folder would hide the package.
_spec = importlib.util.spec_from_file_location("build", Path(__file__).parents[1] / "notebooks" / "build.py")
assert _spec
assert _spec.loader
build = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(build)

SECTIONS = [
    "Introduction",
    "Data Preprocessing",
    "Model Architecture",
    "Training the Model",
    "Usage",
    "Limits",
    "Training accuracy and overfitting",
]


@pytest.fixture(scope="module")
def stored() -> nbformat.NotebookNode:
    return nbformat.read(build.NOTEBOOK, as_version=4)


def test_the_stored_notebook_is_generated_from_its_source(stored: nbformat.NotebookNode) -> None:
    def cells(notebook: nbformat.NotebookNode) -> list[tuple[str, str, str]]:
        return [(cell.id, cell.cell_type, cell.source) for cell in notebook.cells]

    assert cells(stored) == cells(build.convert()), "run `make notebook`: the .ipynb is made from the .py"


def test_the_notebook_is_valid_and_has_its_sections(stored: nbformat.NotebookNode) -> None:
    nbformat.validate(stored)
    titles = [
        line[3:] for cell in stored.cells if cell.cell_type == "markdown" for line in cell.source.splitlines()
        if line.startswith("## ")
    ]  # fmt: skip
    assert titles == SECTIONS
    assert stored.metadata.kernelspec.name == "python3"


def check_outputs(notebook: nbformat.NotebookNode) -> None:
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1)), "run in order, each cell once"
    outputs = [output for cell in code for output in cell.outputs]
    assert not [output for output in outputs if output.output_type == "error" or output.get("name") == "stderr"]
    assert sum("image/png" in output.get("data", {}) for output in outputs) >= 7
    text = "".join(output.get("text", "") for output in outputs)
    assert "Total params: 693,962" in text.replace("\x1b[1m", "").replace("\x1b[0m", "") or "693,962" in str(outputs)
    assert "is above 0.995: training stops." in text
    assert "The model and the callback of this notebook are those of the package." in text
    assert "errors of 10,000: test accuracy 98." in text or "errors of 10,000: test accuracy 99." in text


def test_the_stored_notebook_was_run(stored: nbformat.NotebookNode) -> None:
    check_outputs(stored)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning:jupyter_client")
def test_the_notebook_runs_from_top_to_bottom() -> None:
    check_outputs(build.execute(build.convert()))
