"""``mnist-cnn export``: a trained network for other programs."""

import tempfile
from pathlib import Path

import click

from mnist_cnn.commands import extras
from mnist_cnn.commands.options import PATH
from mnist_cnn.errors import ModelError
from mnist_cnn.learn.run import Run


@click.command(short_help="Write a trained network as ONNX or LiteRT.")
@click.argument("run", type=PATH, metavar="RUN")
@click.option(
    "--format",
    "form",
    type=click.Choice(["onnx", "litert"]),
    default="onnx",
    show_default=True,
    help="onnx: for ONNX Runtime; litert: for phones (TensorFlow Lite).",
)
@click.option("--quantize", type=click.Choice(["int8"]), help="8-bit weights in the Dense layers; for onnx.")
@click.option(
    "--out",
    type=PATH,
    metavar="FILE",
    help="File to write.  [default: RUN/model.onnx, RUN/model-int8.onnx or RUN/model.tflite]",
)
def export(run: Path, form: str, quantize: str | None, out: Path | None) -> None:
    """Write the network of a RUN (its folder) for other programs: ONNX Runtime, phones, browsers.

    Input `image`, float32 (n, 28, 28, 1), from 0 (paper) to 1 (ink); output the probabilities of the ten digits,
    float32 (n, 10). The metadata of an ONNX file has recipe, data, commit, temperature, threshold and score.

    \b
    Examples:
      mnist-cnn export runs/seed-20261123-093000
      mnist-cnn export runs/seed-20261123-093000 --quantize int8
      mnist-cnn export runs/seed-20261123-093000 --format litert --out digits.tflite
    """
    if quantize and form != "onnx":
        raise click.UsageError("--quantize is for --format onnx")
    file = out or run / ("model.tflite" if form == "litert" else "model-int8.onnx" if quantize else "model.onnx")
    if form == "litert" and file.suffix != ".tflite":
        raise ModelError(f"{file}: expected a name that ends in .tflite")
    opened = Run.open(run)
    opened.require_model()
    with extras.training():
        from mnist_cnn.learn import export as forms
        from mnist_cnn.learn.evaluate import load

        model = load(opened)
        if form == "litert":
            forms.litert(model, file)
        elif quantize:
            with tempfile.TemporaryDirectory() as folder:
                forms.write(opened, model, Path(folder, "model.onnx"))
                forms.int8(Path(folder, "model.onnx"), file)
        else:
            forms.write(opened, model, file)
    click.echo(f"{file}   {file.stat().st_size:,} bytes")
