"""Options that several commands share."""

import math
from pathlib import Path

import click

from mnist_cnn import mnist
from mnist_cnn.errors import ModelError

PATH = click.Path(path_type=Path)


def no_nan(context: click.Context, option: click.Parameter, value: float | None) -> float | None:
    """Reject nan, which passes click's check of a range because every comparison with nan is false."""
    if value is not None and math.isnan(value):
        raise click.BadParameter("nan is not in the range from 0 to 1.")
    return value


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
    help=f"""Folder of IDX files, gzipped or not, or Keras's mnist.npz, to use instead of the MNIST in this package.
    For `train`, the environment variable {mnist.DATA_VARIABLE} does the same.""",
)
DIGITS = click.option(
    "--digits",
    type=click.IntRange(1, 100),
    metavar="N",
    help="Number of digits in each row. A row with another number is not accepted.",
)
THRESHOLD = click.option(
    "--threshold",
    type=click.FloatRange(0, 1),
    callback=no_nan,
    help="Minimum confidence of an accepted digit.  [default: the model's]",
)
MODEL = click.option(
    "--model",
    type=PATH,
    callback=_model_file,
    metavar="FILE",
    help="ONNX model to use.  [default: the one in this package]",
)
