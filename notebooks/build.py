"""Make mnist_cnn.ipynb from mnist_cnn.py: convert, run every cell, keep the outputs.

    python notebooks/build.py          about 5 minutes on 2 cores; writes notebooks/mnist_cnn.ipynb

The .py is the source, to be edited and reviewed; the .ipynb is never edited by hand.
"""

import re
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient

SOURCE = Path(__file__).parent / "mnist_cnn.py"
NOTEBOOK = SOURCE.with_suffix(".ipynb")

# TensorFlow's C++ start-up messages, which no Python setting turns off.
_CHATTER = re.compile(
    r"^(WARNING: All log messages before absl|[IWE]\d{4} |To enable the following instructions).*\n?", re.M
)


def convert() -> nbformat.NotebookNode:
    """The notebook as the .py has it: no outputs, and the same ids each time."""
    notebook = jupytext.read(SOURCE)
    notebook.metadata.pop("jupytext", None)
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"
        cell["metadata"] = {}
    return notebook


def execute(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Run it top to bottom in a fresh kernel; a failing cell raises nbclient's CellExecutionError."""
    client = NotebookClient(
        notebook,
        timeout=1800,
        kernel_name="python3",
        resources={"metadata": {"path": str(SOURCE.parent)}},
        coalesce_streams=True,  # progress bars leave their last state only
        record_timing=False,
    )
    client.execute()
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "stream":
                output.text = _CHATTER.sub("", output.text)
        if "outputs" in cell:
            cell.outputs = [output for output in cell.outputs if output.get("text", "?")]
    notebook.metadata.language_info = {"name": "python"}  # and not the version it happened to be run with
    return notebook


if __name__ == "__main__":
    result = execute(convert())
    nbformat.validate(result)
    temporary = NOTEBOOK.with_suffix(".tmp")
    nbformat.write(result, temporary)
    temporary.replace(NOTEBOOK)
    print(NOTEBOOK)
