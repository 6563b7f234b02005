"""``mnist-cnn report``: the report of a trained network."""

from pathlib import Path

import click

from mnist_cnn.commands import extras
from mnist_cnn.commands.options import DATA, PATH
from mnist_cnn.learn.run import Run


@click.command(short_help="Draw a trained network's report again.")
@click.argument("run", type=PATH, metavar="RUN")
@DATA
def report(run: Path, data: str | None) -> None:
    """Draw the report of a RUN (its folder): RUN/report.html, one file that opens offline and prints well.

    The report shows learning curves, confusion matrix, the worst mistakes, calibration, the learned filters, the output
    of each layer for one digit, and which pixels change a prediction most.

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
