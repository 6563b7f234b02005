"""Options that several commands share."""

import math
from pathlib import Path

import click

from mnist_cnn import mnist

PATH = click.Path(path_type=Path)


def no_nan(context: click.Context, option: click.Parameter, value: float | None) -> float | None:
    """Reject nan, which passes click's check of a range because every comparison with nan is false."""
    if value is not None and math.isnan(value):
        raise click.BadParameter("nan is not in the range from 0 to 1.")
    return value


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
    "--model", type=PATH, metavar="FILE", help="ONNX model to use.  [default: the one in this package]"
)
