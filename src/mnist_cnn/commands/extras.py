"""Extras: the optional packages that a command needs, checked before they are imported."""

import contextlib
import importlib.util
import os
import sys
import tempfile
from collections.abc import Iterator

from mnist_cnn.errors import MissingExtraError

MODULES = {
    "train": ("tensorflow", "keras", "onnx", "jinja2", "matplotlib"),
    "distributed": ("jax",),
    "site": ("onnx",),
    "web": ("fastapi", "uvicorn", "prometheus_client", "python_multipart", "onnx"),
    "bulk": ("pyarrow", "fsspec"),
    "ray": ("ray", "pyarrow", "fsspec"),
}
"""The modules that each extra of pyproject.toml brings and a command imports."""


def require(extra: str, *more: str) -> None:
    """Raise MissingExtraError if a module of the extra is not installed; import nothing.

    more: modules of the extra that only some options of the command import.
    """
    for module in (*MODULES[extra], *more):
        if importlib.util.find_spec(module) is None:
            raise MissingExtraError(module, extra)


@contextlib.contextmanager
def training() -> Iterator[None]:
    """Import the packages of the extra ``train`` inside this block, without TensorFlow's messages.

    Raises MissingExtraError if one of them is not installed.
    """
    require("train")
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as messages:
        os.dup2(messages.fileno(), 2)  # C++ code writes them, below sys.stderr
        try:
            import tensorflow  # noqa: F401  imported alone, because it prints most

            yield
        except ModuleNotFoundError as error:
            if (error.name or "").startswith("mnist_cnn"):
                raise
            raise MissingExtraError(error.name or str(error), "train") from None
        except ImportError:
            messages.seek(0)
            os.write(kept, messages.read())  # a library that does not load may have printed the reason
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)
