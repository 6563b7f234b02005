"""``mnist-cnn leaderboard``: the accuracy of each recipe."""

from pathlib import Path

import click

from mnist_cnn.commands.options import PATH


@click.command(short_help="Print the accuracy of each recipe, over several seeds.")
@click.option("--results", type=PATH, metavar="DIR", help="Folder of results.  [default: those in this package]")
def leaderboard(results: Path | None) -> None:
    """Print the results of benchmarks/accuracy.py: n networks of each recipe, mean and standard deviation.

    Each network was scored once on the test images, and nothing was chosen by that score.

    \b
    Example:
      mnist-cnn leaderboard
    """
    from mnist_cnn.learn import leaderboard as board

    click.echo(board.table(board.read(results or board.RESULTS)))
