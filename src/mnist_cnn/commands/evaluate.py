"""``mnist-cnn evaluate``: the score of a trained network."""

from pathlib import Path

import click

from mnist_cnn.commands import extras
from mnist_cnn.commands.options import DATA, PATH
from mnist_cnn.learn.run import Run


@click.command(short_help="Score a trained network on the test images.")
@click.argument("run", type=PATH, metavar="RUN")
@DATA
def evaluate(run: Path, data: str | None) -> None:
    """Score a trained network on the test images. RUN is the folder that `mnist-cnn train` made.

    Prints the errors, the accuracy with its 95 % interval, the accuracy after correcting MNIST's known wrong labels,
    the top-2 accuracy, the calibration, precision and recall per digit, and the confusion matrix. Writes the same to
    RUN/report.json, or to RUN/report-NAME-HASH.json if the test images are not those of the run. Needs the extra
    `train`.

    \b
    Examples:
      mnist-cnn evaluate runs/seed-20261123-093000
      mnist-cnn evaluate runs/seed-20261123-093000 --data my-digits/
    """
    opened = Run.open(run)
    opened.require_model()
    dataset, data = opened.dataset(data)
    with extras.training():
        from mnist_cnn.learn.evaluate import evaluate as score_run
    result = score_run(opened, dataset, data)
    score = result.score
    click.echo(f"Accuracy            {score}")
    if result.corrected:
        click.echo(f"  labels corrected  {result.corrected}")
    click.echo(f"Top-2 accuracy      {score.top2_accuracy:.4f}")
    click.echo(f"Log likelihood      {-score.negative_log_likelihood:.4f}   (0 is perfect, -2.30 is guessing)")
    click.echo(f"Calibration error   {score.calibration_error:.4f}   (0: confidence equals accuracy)")
    click.echo(
        "\ndigit   images   precision   recall        predicted as  0    1    2    3    4    5    6    7    8    9"
    )
    for digit, row in enumerate(score.confusion):
        rates = (
            f"{'-' if rate is None else f'{rate:.4f}':>9}" for rate in (score.precision[digit], score.recall[digit])
        )
        counts = "".join(f"{count or '.':>5}" for count in row)
        click.echo(f"{digit:>5}{sum(row):>9,}   {'  '.join(rates)}                   {counts}")
    click.echo(f"\nWritten to {result.file}")
