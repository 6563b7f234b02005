"""``mnist-cnn report``: the report of a trained network."""

from pathlib import Path

import click

from mnist_cnn.commands import extras
from mnist_cnn.commands.options import DATA, PATH
from mnist_cnn.learn.run import Run


@click.command(short_help="Draw the report of a trained network again.")
@click.argument("run", type=PATH, metavar="RUN")
@DATA
def report(run: Path, data: str | None) -> None:
    """Draw the report of a trained network again. RUN is the folder that `mnist-cnn train` made.

    Writes RUN/report.html, one file that opens offline and prints well. It shows the learning curves, the worst
    mistakes, the confusion matrix, the calibration, the learned filters, the output of each layer for one digit, and
    which pixels change a prediction most. Needs the extra `train`.

    \b
    Example:
      mnist-cnn report runs/seed-20261123-093000
    """
    opened = Run.open(run)
    opened.require_model()
    dataset, data = opened.dataset(data)
    with extras.training():
        from mnist_cnn.learn import report as page
        from mnist_cnn.learn.evaluate import evaluate
    click.echo(page.write(opened, dataset, evaluate(opened, dataset, data)))
