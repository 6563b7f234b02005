"""Options that several commands share."""

import math
from pathlib import Path
from typing import Any

import click

from mnist_cnn.errors import ModelError
from mnist_cnn.files import check_writable


class _Path(click.Path):
    """A path. An empty one, as from an unset variable, would be the current folder."""

    def convert(self, value: Any, option: click.Parameter | None, context: click.Context | None) -> Any:
        if not value:
            self.fail("expected a path, found an empty one.", option, context)
        return super().convert(value, option, context)


class Integer(click.IntRange):
    """An integer in a range."""

    name = "integer"  # click's own name is "integer range": 'x' is not a valid integer range


class Number(click.FloatRange):
    """A number in a range."""

    name = "number"

    def convert(self, value: Any, option: click.Parameter | None, context: click.Context | None) -> Any:
        if math.isnan(number := super().convert(value, option, context)):  # every comparison with nan is false
            self.fail("nan is not in the range from 0 to 1.", option, context)
        return number


class _OutFile(_Path):
    """The path of a file to write, checked before anything heavy is imported."""

    def convert(self, value: Any, option: click.Parameter | None, context: click.Context | None) -> Any:
        path = super().convert(value, option, context)
        check_writable(path)
        return path


PATH = _Path(path_type=Path)
OUT_FILE = _OutFile(path_type=Path)


def _model_file(context: click.Context, option: click.Parameter, path: Path | None) -> Path | None:
    """Reject a model file that cannot be opened before ONNX Runtime is imported."""
    if path is not None:
        try:
            path.open("rb").close()
        except OSError as error:
            raise ModelError(f"{path}: expected a model file (.onnx), found: {error.strerror}") from None
    return path


DATA = click.option(
    "--data",
    metavar="PATH",
    help="Images to use: a folder of IDX files, gzipped or not, or Keras's mnist.npz.  [default: those of the run]",
)
DIGITS = click.option(
    "--digits",
    type=Integer(1, 100),
    metavar="N",
    help="Expected number of digits per row. A row with another number of digits is not accepted.",
)
THRESHOLD = click.option(
    "--threshold",
    type=Number(0, 1),
    help="Minimum confidence of an accepted digit.  [default: the threshold of the model]",
)
MODEL = click.option(
    "--model",
    type=PATH,
    callback=_model_file,
    metavar="FILE",
    help="ONNX model to use.  [default: the model in this package]",
)
