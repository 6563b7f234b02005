"""``mnist-cnn leaderboard``: the accuracy of each recipe."""

from pathlib import Path

import click

from mnist_cnn.commands.options import PATH


@click.command(short_help="Print the accuracy of each recipe, over several seeds.")
@click.option(
    "--results",
    type=PATH,
    metavar="DIR",
    help="Folder with accuracy-RECIPE.json files.  [default: the results in this package]",
)
def leaderboard(results: Path | None) -> None:
    """Print the test accuracy of each recipe, with mean and standard deviation over several seeds.

    The results are those of benchmarks/accuracy.py. Each network was scored once on the test images, and nothing was
    chosen by that score.

    \b
    Example:
      mnist-cnn leaderboard
    """
    from mnist_cnn.learn import leaderboard as board

    click.echo(board.table(board.read(results or board.RESULTS)))
