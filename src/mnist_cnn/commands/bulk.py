"""``mnist-cnn bulk``: read very many pictures into Parquet files."""

from pathlib import Path

import click

from mnist_cnn.bulk.check import check
from mnist_cnn.commands import extras
from mnist_cnn.commands.options import DIGITS, MODEL, PATH, THRESHOLD, Integer


@click.command(short_help="Read large sets of pictures into Parquet, on all cores or a cluster.")
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option(
    "--out",
    type=PATH,
    required=True,
    metavar="DIR",
    help="Output folder: new, empty, or that of a run to resume. Results go to DIR/readings and DIR/errors.",
)
@click.option(
    "--engine",
    type=click.Choice(["local", "ray"]),
    default="local",
    show_default=True,
    help="Engine: processes on this machine, or Ray (needs the extra `ray`).",
)
@click.option("--address", metavar="HOST:PORT", help="Address of a Ray cluster.  [default: start Ray on this machine]")
@click.option("--workers", type=Integer(1), metavar="N", help="Number of parallel readers.  [default: one per core]")
@DIGITS
@THRESHOLD
@MODEL
def bulk(
    inputs: tuple[str, ...],
    out: Path,
    engine: str,
    address: str | None,
    workers: int | None,
    digits: int | None,
    threshold: float | None,
    model: Path | None,
) -> None:
    """Read large sets of pictures into Parquet files, on all cores or on a cluster.

    INPUT is a picture, a folder, a pattern with *, a Parquet file with a column of encoded pictures, or an IDX file of
    28 x 28 tiles. It is a local path or a URL that fsspec opens (s3://..., https://...).

    For each picture, the columns contain its number, confidence, acceptance and rows, and each digit with
    its box. The id of a picture is its path, or FILE#ROW. Finished parts are kept; rerun the command to resume. Needs
    the extra `bulk`.

    Exit code 0: all pictures were read; 1: some could not be read (see DIR/errors); 2: none could be read.

    \b
    Examples:
      mnist-cnn bulk scans/ --out read
      mnist-cnn bulk 'forms/2026-*/*.png' crops.parquet --out read --workers 8
      mnist-cnn bulk s3://forms/crops/ --out /shared/read --engine ray --address head:6379
    """
    if address is not None and (engine != "ray" or not address):
        raise click.UsageError("--address needs --engine ray and HOST:PORT")
    check(inputs, out)
    extras.require("ray" if engine == "ray" else "bulk")
    from mnist_cnn.bulk import command

    command.bulk(inputs, out, engine, address, workers, digits, threshold, model)
