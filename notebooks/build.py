"""Generate mnist_cnn.ipynb from mnist_cnn.py: convert it, run every cell and keep the outputs.

    python notebooks/build.py          two to five minutes on 2 cores; writes notebooks/mnist_cnn.ipynb

Edit and review the .py; the .ipynb is generated.
"""

import re
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient

SOURCE = Path(__file__).parent / "mnist_cnn.py"
NOTEBOOK = SOURCE.with_suffix(".ipynb")

# TensorFlow's C++ messages at start-up, which no Python setting turns off.
_START_UP_MESSAGES = re.compile(
    r"^(WARNING: All log messages before absl|[IWE]\d{4} |To enable the following instructions).*\n?", re.M
)


def convert() -> nbformat.NotebookNode:
    """Return the notebook without outputs; the ids of its cells are the same each time."""
    notebook = jupytext.read(SOURCE)
    notebook.metadata.pop("jupytext", None)
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"
        cell["metadata"] = {}
    return notebook


def execute(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Run the notebook from top to bottom in a new kernel and return it with its outputs.

    Raises nbclient's CellExecutionError if a cell fails.
    """
    client = NotebookClient(
        notebook,
        timeout=1800,
        kernel_name="python3",
        resources={"metadata": {"path": str(SOURCE.parent)}},
        coalesce_streams=True,  # keeps only the last state of a progress bar
        record_timing=False,
    )
    client.execute()
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "stream":
                output.text = _START_UP_MESSAGES.sub("", output.text)
        if "outputs" in cell:
            cell.outputs = [output for output in cell.outputs if output.get("text", "?")]
    notebook.metadata.language_info = {"name": "python"}  # without the version of Python
    return notebook


if __name__ == "__main__":
    result = execute(convert())
    nbformat.validate(result)
    temporary = NOTEBOOK.with_suffix(".tmp")
    nbformat.write(result, temporary)
    temporary.replace(NOTEBOOK)
    print(NOTEBOOK)
