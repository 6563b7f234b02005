"""``mnist-cnn ensemble``: several trained networks as one file."""

import os
from pathlib import Path

import click

from mnist_cnn import mnist
from mnist_cnn.commands import extras
from mnist_cnn.commands.options import DATA, OUT_FILE, PATH
from mnist_cnn.learn.run import Run


@click.command(short_help="Join several trained networks into one ONNX file.")
@click.argument("runs", type=PATH, nargs=-1, required=True, metavar="RUN RUN...")
@click.option("--out", type=OUT_FILE, default="ensemble.onnx", show_default=True, metavar="FILE", help="File to write.")
@DATA
def ensemble(runs: tuple[Path, ...], out: Path, data: str | None) -> None:
    """Join several trained networks into one ONNX file and score it. RUN is a folder that `mnist-cnn train` made.

    The joined network returns the mean of the probabilities. Networks that differ only in their seed make different
    mistakes, so their mean makes fewer. The score is on the test images of the first run. Needs the extra `site` or
    `train`.

    \b
    Examples:
      mnist-cnn ensemble runs/a runs/b runs/c
      mnist-cnn ensemble runs/accurate-* --out best.onnx
      mnist-cnn read photo.jpg --model best.onnx
    """
    if len(runs) < 2:
        raise click.UsageError("RUN: expected at least two runs, found one")
    opened = [Run.open(run) for run in runs]
    for run in opened:
        run.require_model()
    dataset, _ = opened[0].dataset(data)
    extras.require("site")  # onnx, and nothing else of the extra `train`
    from mnist_cnn.learn import ensemble as joined
    from mnist_cnn.learn.score import score
    from mnist_cnn.read import Classifier

    joined.write(opened, out)
    classifier = Classifier(out, threads=os.cpu_count() or 1)
    result = score(classifier.probabilities(mnist.as_input(dataset.test.images)), dataset.test.labels)
    joined.write(opened, out, test_images=str(result.images), test_errors=str(result.errors))
    click.echo(f"Accuracy   {result}")
    click.echo(f"{out}   {out.stat().st_size:,} bytes")
