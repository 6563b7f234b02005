"""``mnist-cnn export``: a trained network for other programs."""

import tempfile
from pathlib import Path

import click

from mnist_cnn.commands import extras
from mnist_cnn.commands.options import OUT_FILE, PATH
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
    help="File format: onnx for ONNX Runtime, litert for phones (TensorFlow Lite).",
)
@click.option(
    "--quantize",
    type=click.Choice(["int8"]),
    help="Store the weights of the Dense layers in 8 bits. Only for --format onnx.",
)
@click.option(
    "--out",
    type=OUT_FILE,
    metavar="FILE",
    help="File to write.  [default: RUN/model.onnx, RUN/model-int8.onnx or RUN/model.tflite]",
)
def export(run: Path, form: str, quantize: str | None, out: Path | None) -> None:
    """Write a trained network as ONNX or LiteRT, for other programs. RUN is the folder that `mnist-cnn train` made.

    The input `image` is float32 (n, 28, 28, 1), from 0 (paper) to 1 (ink). The output is float32 (n, 10), the
    probabilities of the ten digits. The metadata of an ONNX file contains the recipe, data, commit, temperature,
    threshold and score. Needs the extra `train`.

    \b
    Examples:
      mnist-cnn export runs/seed-20261123-093000
      mnist-cnn export runs/seed-20261123-093000 --quantize int8
      mnist-cnn export runs/seed-20261123-093000 --format litert --out digits.tflite
    """
    if quantize and form != "onnx":
        raise click.UsageError(f"--quantize cannot be given together with --format {form}; it needs --format onnx")
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
