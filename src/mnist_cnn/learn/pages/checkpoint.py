"""Checkpoint: the weights of a page network and the state of its optimizer, in one file weights.npz.

The file has the arrays w0, w1, ... of ``model.get_weights()``, o0, o1, ... of the optimizer, and step.
"""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from mnist_cnn.errors import RunError
from mnist_cnn.files import replacing


def load(file: Path) -> dict[str, np.ndarray]:
    """Return the arrays of a checkpoint. Raises RunError if the file is missing or is not a checkpoint."""
    try:
        with np.load(file) as content:
            return {name: content[name] for name in ("step", *content.files)}
    except FileNotFoundError:
        raise RunError(f"{file}: expected a checkpoint weights.npz, found no file") from None
    except (OSError, ValueError, KeyError, EOFError, AttributeError, zipfile.BadZipFile):
        raise RunError(f"{file}: expected a checkpoint weights.npz, found another file or a damaged one") from None


def restore(model: Any, optimizer: Any, values: dict[str, np.ndarray], file: Path | None) -> None:
    """Set the weights of a model, and the state of its optimizer if there is one.

    Raises RunError if they are those of another network.
    """
    try:
        model.set_weights([values[f"w{i}"] for i in range(len(model.weights))])
        for i, variable in enumerate(optimizer.variables if optimizer else ()):
            variable.assign(values[f"o{i}"])
    except (KeyError, ValueError):
        raise RunError(f"{file}: expected a checkpoint of the network '{model.name}', found one of another") from None


def save(model: Any, optimizer: Any, step: int, file: Path) -> None:
    """Write a checkpoint. Raises FileError if it cannot be written."""
    values: dict[str, Any] = {f"w{i}": np.asarray(w) for i, w in enumerate(model.get_weights())}
    values |= {f"o{i}": np.asarray(v) for i, v in enumerate(optimizer.variables)}
    with replacing(file) as temporary:
        np.savez(temporary, step=step, **values)
