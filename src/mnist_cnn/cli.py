"""The command line: parse, call one function of the library, print.

Keras and TensorFlow are imported inside the commands that need them, so ``mnist-cnn --help`` answers at once.
Exit codes: 0 done, 1 some pictures could not be read, 2 wrong input (one line on standard error says what), 130 stopped
by Ctrl-C.
"""

import contextlib
import dataclasses
import importlib.util
import math
import os
import shlex
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mnist_cnn import mnist
from mnist_cnn.distributed.launch import WAIT, World
from mnist_cnn.errors import DistributedError, MissingExtraError, MnistCnnError
from mnist_cnn.learn.recipes import RECIPES, SEED
from mnist_cnn.learn.run import Run

if TYPE_CHECKING:
    from mnist_cnn.learn.evaluate import Score

FOLDER = click.Path(path_type=Path)
DATA = click.option(
    "--data",
    metavar="PATH",
    help=f"""A folder of IDX files, gzipped or not, or Keras's mnist.npz, instead of the MNIST in this package.
    For `train`, the environment variable {mnist.DATA_VARIABLE} does the same.""",
)


class _InOrder(click.Group):
    """Commands in the order of use, not of the alphabet."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(self.commands)


@click.group(cls=_InOrder, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="mnist-cnn")
def cli() -> None:
    """A convolutional network that learns MNIST, and then reads your handwriting.

    \b
    Examples:
      mnist-cnn read photo.jpg            read the digits on a picture
      mnist-cnn train                     train it, score it, draw the report
      mnist-cnn evaluate runs/seed-...    score a trained network again
      mnist-cnn report runs/seed-...      draw its report again
    """


def _no_nan(context: click.Context, option: click.Parameter, value: float | None) -> float | None:
    # Click compares a value with the bounds of its range, and every comparison with nan is false.
    if value is not None and math.isnan(value):
        raise click.BadParameter("nan is not in the range from 0 to 1.")
    return value


DIGITS = click.option(
    "--digits",
    type=click.IntRange(1, 100),
    metavar="N",
    help="Number of digits in each row. A row with another number is not accepted.",
)
THRESHOLD = click.option(
    "--threshold",
    type=click.FloatRange(0, 1),
    callback=_no_nan,
    help="Accept a digit from this confidence on.  [default: the model's]",
)
MODEL = click.option(
    "--model", type=FOLDER, metavar="FILE", help="ONNX model to use.  [default: the one in this package]"
)


@cli.command(short_help="Read the digits on pictures.")
@click.argument("pictures", nargs=-1, required=True, metavar="FILE|DIR|-...")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON per picture or page.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV with one line per row, its number and its confidence.")
@click.option("--table", "as_table", is_flag=True, help="Print each page as CSV, in the columns of the page.")
@click.option(
    "--annotate",
    type=FOLDER,
    metavar="DIR",
    help="Write each picture with boxes and tiles to DIR/NAME.png, pages to DIR/NAME-page-N.png.",
)
@DIGITS
@THRESHOLD
@MODEL
def read(
    pictures: tuple[str, ...],
    as_json: bool,
    as_csv: bool,
    as_table: bool,
    annotate: Path | None,
    digits: int | None,
    threshold: float | None,
    model: Path | None,
) -> None:
    """Read the digits on pictures: photographs, scans, drawings. "-" is standard input, a DIR all pictures in it.

    Each row of the page is printed with its words, its confidence and a remark. An unsure digit is printed with its
    alternative. Marks that are not digits (letters, scribbles) are left out.

    Every page of a TIFF or PDF file is read; PDF needs the extra `pdf`. Pages are called scan.pdf#page=2, and have the
    key "page" in JSON.

    --csv prints the columns file, row, text, number, confidence, accepted and reason. --table prints the words as a
    grid: one line per row of the page, one column per column of the page, empty cells for missing words, and a blank
    line between pages. Unsure words are printed too; standard error has their rows and columns.

    Exit code 0: all pictures were read; 1: some could not be read, standard error says which; 2: none could be read.

    \b
    Examples:
      mnist-cnn read photo.jpg
      mnist-cnn read scans/ --csv > numbers.csv
      mnist-cnn read marks.jpg --table > marks.csv
      mnist-cnn read form.png --digits 5 --annotate seen/
      mnist-cnn read scan.pdf
      curl -s example.org/number.png | mnist-cnn read - --json
    """
    chosen = [form for form, given in (("json", as_json), ("csv", as_csv), ("table", as_table)) if given]
    if len(chosen) > 1:
        raise click.UsageError(f"--{chosen[-1]} cannot be given together with --{' and --'.join(chosen[:-1])}")
    from mnist_cnn.read import command  # OpenCV and ONNX Runtime take a moment

    command.read(pictures, chosen[0] if chosen else "text", annotate, digits, threshold, model)


@cli.command(short_help="Read very many pictures, on all cores or a cluster, into Parquet.")
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option(
    "--out", type=FOLDER, required=True, metavar="DIR", help="Output folder, with DIR/readings and DIR/errors."
)
@click.option(
    "--engine",
    type=click.Choice(["local", "ray"]),
    default="local",
    show_default=True,
    help="Processes on this machine, or Ray (extra `ray`).",
)
@click.option("--address", metavar="HOST:PORT", help="Address of a Ray cluster.  [default: Ray on this machine]")
@click.option(
    "--workers", type=click.IntRange(1), metavar="N", help="Number of parallel readers.  [default: one per core]"
)
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
    """Read very many pictures into Parquet files: number, confidence, accepted, rows, and each digit with its box.

    INPUT is a picture, a folder, a pattern with *, a Parquet file with a column of pictures' bytes, or an IDX file of
    28 x 28 tiles; on this machine, or wherever fsspec finds it (s3://..., https://...). The id of a picture is its
    path, or FILE#ROW. Finished parts are kept; rerun the command to resume. It needs the extra `bulk`.

    Exit code 0: all were read; 1: some could not be read, DIR/errors says why; 2: none could be read.

    \b
    Examples:
      mnist-cnn bulk scans/ --out read
      mnist-cnn bulk 'forms/2026-*/*.png' crops.parquet --out read --workers 8
      mnist-cnn bulk s3://forms/crops/ --out /shared/read --engine ray --address head:6379
    """
    with _extra("ray" if engine == "ray" else "bulk"):
        from mnist_cnn.bulk import command

        if engine == "ray" and importlib.util.find_spec("ray") is None:  # it looks at the environment as it is imported
            raise ModuleNotFoundError(name="ray")
    if address and engine != "ray":
        raise click.UsageError("--address needs --engine ray")
    command.bulk(inputs, out, engine, address, workers, digits, threshold, model)


@cli.command(short_help="Serve a page to draw on, and the reader over HTTP.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Bind address; 0.0.0.0 for all networks.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="Port; 0 for any free port."
)
@MODEL
@click.option("--token", help="Require this bearer token.  [default: the environment variable MNIST_CNN_TOKEN]")
@click.option(
    "--allow-origin", "origins", multiple=True, metavar="ORIGIN", help="Site whose pages may call the server (CORS)."
)
def serve(host: str, port: int, model: Path | None, token: str | None, origins: tuple[str, ...]) -> None:
    """Serve a page to draw digits on, and the reader over HTTP, until Ctrl-C.

    POST /v1/read takes a picture, POST /v1/classify 28 x 28 arrays; GET /openapi.json describes all routes. Each
    request is logged to standard error as one line of JSON. It needs the extra `web`.

    \b
    Examples:
      mnist-cnn serve                             then open http://127.0.0.1:8000/
      mnist-cnn serve --host 0.0.0.0 --port 80    for a phone on the same network
      curl -s --data-binary @photo.jpg -H 'content-type: image/jpeg' localhost:8000/v1/read
    """
    with _extra("web"):
        from mnist_cnn.web import server as command
    token = (
        os.environ.get("MNIST_CNN_TOKEN") if token is None else token
    )  # click would take an empty variable for a missing one
    command.serve(host, port, model, token, origins)


@cli.command(short_help="Write the page as a static site.")
@click.argument("out", type=FOLDER, metavar="OUT")
@MODEL
def site(out: Path, model: Path | None) -> None:
    """Write the page to draw on as a static site into the folder OUT. The network runs in the browser.

    Any web server can serve the folder. Once opened, the page works offline. It needs the extra `site`, and npm to
    download ONNX Runtime and OpenCV for browsers.

    \b
    Examples:
      mnist-cnn site public
      python -m http.server --directory public     then open http://localhost:8000/
    """
    with _extra("site"):
        from mnist_cnn.web.site import build
    size = build(out, model)
    click.echo(f"{out}: {size / 1e6:.0f} MB. Try it: python -m http.server --directory {shlex.quote(str(out))}")


@cli.command(short_help="Train a network, score it and draw its report.")
@click.option(
    "--recipe",
    type=click.Choice(list(RECIPES)),
    default=SEED.name,
    show_default=True,
    help="; ".join(f"{recipe.name}: {recipe.summary}" for recipe in RECIPES.values()) + ".",
)
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True, help="Random seed.")
@click.option(
    "--epochs", type=click.IntRange(1, 10_000), help="Maximum number of epochs.  [default: the recipe's, 10 for seed]"
)
@click.option(
    "--batch-size",
    type=click.IntRange(1, 60_000),
    help="Images per training step.  [default: the recipe's, 32 for seed]",
)
@click.option(
    "--target",
    type=click.FloatRange(0, 1, min_open=True),
    callback=_no_nan,
    help="Stop once training accuracy is above this.  [default: the recipe's; "
    + ", ".join(f"{recipe.name} {recipe.target or 'none'}" for recipe in RECIPES.values())
    + "]",
)
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Train on the first N images only, for a quick try.")
@click.option("--out", type=FOLDER, metavar="DIR", help="Folder of the run, new or empty.  [default: runs/RECIPE-TIME]")
@click.option("--tensorboard", is_flag=True, help="Also write logs for TensorBoard.")
@click.option(
    "--deterministic",
    is_flag=True,
    help="Make uninterrupted runs with the same seed, machine and number of processors equal bit for bit.",
)
@click.option(
    "--resume",
    type=FOLDER,
    metavar="RUN",
    help="Resume an interrupted run with its own settings.",
)
@click.option(
    "--processes",
    type=click.IntRange(1, 1000),
    metavar="N",
    help="Train with N processes on this machine, each with its share of every batch, with Keras on JAX.",
)
@click.option("--coordinator", metavar="HOST:PORT", help="Train on several machines: address of rank 0.")
@click.option("--rank", type=click.IntRange(0), metavar="R", help="Rank of this process; rank 0 keeps the run.")
@click.option("--world", type=click.IntRange(1, 1000), metavar="N", help="Number of processes on all machines.")
@click.option(
    "--wait",
    type=click.IntRange(1, 86_400),
    default=WAIT,
    show_default=True,
    metavar="SECONDS",
    help="How long processes wait for each other at the start.",
)
@DATA
@click.pass_context
def train(context: click.Context, /, resume: Path | None, data: str | None, **options: Any) -> None:
    """Train a network on MNIST, score it on the test images and draw its report.

    Training stops after the first epoch with a training accuracy above the recipe's target, if it has one. All files
    go into a new folder in runs/. Ctrl-C stops training and keeps the finished epochs; --resume continues from there,
    also after a crash.

    \b
    Examples:
      mnist-cnn train                                  the exercise: one to two minutes on 2 cores
      mnist-cnn train --recipe fast                    the same network, in seconds
      mnist-cnn train --recipe dense                   without the convolution, to compare
      mnist-cnn train --limit 6000 --epochs 3          a quick try: a few seconds
      mnist-cnn train --seed 7 --deterministic         repeatable to the last bit
      mnist-cnn train --resume runs/seed-20261123-093000
      mnist-cnn train --data fashion/                  Fashion-MNIST, as a folder of IDX files
      mnist-cnn train --recipe accurate --processes 2  by two processes (docs/scale.md: by several machines)
    """
    together = {name: options.pop(name) for name in ("processes", "coordinator", "rank", "world", "wait")}
    given = [name for name in options if context.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT]
    names = ", ".join("--" + name.replace("_", "-") for name in given)
    if resume and given:
        raise click.UsageError(f"--resume takes its settings from the run: it cannot be given together with {names}")
    world = _world(**together)
    if world and 0 not in world.ranks:
        if resume or given:
            names = names or "--resume"
            raise click.UsageError(f"only rank 0 has settings: --rank {together['rank']} excludes {names}")
        click.echo(f"Rank    {together['rank']} of {world.size}; rank 0, at {world.coordinator}, keeps the run")
        dataclasses.replace(world, data=data).train(None)
        click.echo("Done")
        return
    if resume:
        run, dataset, data = _open(resume, data)
    else:
        data = os.environ.get(mnist.DATA_VARIABLE) or None if data is None else data
        dataset = mnist.load(data)
    with _heavy():
        from mnist_cnn.learn import export, report
        from mnist_cnn.learn import train as training
        from mnist_cnn.learn.evaluate import evaluate
    if resume:
        recipe = training.recipe_of(run)
    else:
        changes = {name: options.pop(name) for name in ("epochs", "batch_size", "target")}
        changes = {name: value for name, value in changes.items() if value is not None}
        recipe = dataclasses.replace(RECIPES[options.pop("recipe")], **changes)
    if world:
        world.divide(recipe.batch_size)
        if run.config()["deterministic"] if resume else options["deterministic"]:
            raise click.UsageError(
                "--deterministic is a promise of one process: it excludes --processes and --coordinator"
            )
        world = dataclasses.replace(world, data=mnist.FILES if data is None else data)
    if not resume:
        run = training.start(recipe, dataset, data=data and str(Path(data).resolve()), **options)
    images = len(dataset.train.images[: run.config()["limit"]])
    click.echo(f"Recipe  {recipe.name}: {recipe.summary}")
    click.echo(f"Data    {data or 'MNIST, in this package'}: {images:,} training images")
    rule = f"at most {recipe.epochs} epochs; stop when training accuracy is above {recipe.target}"
    click.echo(f"Rule    {rule if recipe.target is not None else f'{recipe.epochs} epochs'}")
    click.echo(f"Run     {run.path}")
    if run.model.exists():
        click.echo("It is finished: there is nothing to train.")
    elif run.done():
        click.echo(f"Resumed after epoch {run.done()}")
    click.echo()
    try:
        model = training.fit(run, dataset, world)
        evaluation = evaluate(run, dataset, data)
        export.write(run, model, run.path / "model.onnx")  # again: now with the score
        page = report.write(run, dataset, evaluation)
    except (KeyboardInterrupt, DistributedError) as error:
        done, stopped = run.done(), isinstance(error, KeyboardInterrupt)
        kept = "1 finished epoch is" if done == 1 else f"{done} finished epochs are"
        own = {name: value for name, value in together.items() if (name, value) != ("wait", WAIT)}
        same = "".join(f" --{name} {value}" for name, value in own.items() if value is not None)
        if not world or training.finished(run.history(), recipe):  # nobody else is needed any more
            same = ""
        what = "\nStopped by Ctrl-C: " if stopped else f"mnist-cnn: {error}\n"
        click.echo(f"{what}{kept} kept. To go on:", err=True)
        click.echo(f"  mnist-cnn train --resume {shlex.quote(str(run.path))}{same}", err=True)
        raise SystemExit(130 if stopped else 2) from None
    last = run.history()[-1]
    missed = f"; the target of {recipe.target} was not reached"
    missed = "" if recipe.target is None or training.reached(run.history(), recipe) else missed
    click.echo(
        f"\nTraining accuracy  {last['accuracy']:.4f}   on images it learns from, in epoch {last['epoch']}{missed}"
    )
    click.echo(f"Test accuracy      {_accuracy(evaluation.score)}")
    click.echo(f"Report             {page}   (open it in a browser)")


@cli.command(short_help="Score a trained network on the test images.")
@click.argument("run", type=FOLDER, metavar="RUN")
@DATA
def evaluate(run: Path, data: str | None) -> None:
    """Score the network of a RUN (its folder) on the test images.

    Prints what is also written to RUN/report.json: errors, accuracy with its 95 % interval, top-2 accuracy,
    calibration, accuracy after correcting MNIST's known wrong labels, precision and recall of each digit, and the
    confusion matrix. With other --data than the run's own it goes to RUN/report-NAME-HASH.json.

    \b
    Examples:
      mnist-cnn evaluate runs/seed-20261123-093000
      mnist-cnn evaluate runs/seed-20261123-093000 --data my-digits/
    """
    opened, dataset, data = _open(run, data)
    with _heavy():
        from mnist_cnn.learn import evaluate as evaluating
    result = evaluating.evaluate(opened, dataset, data)
    score = result.score
    click.echo(f"Accuracy            {_accuracy(score)}")
    if result.corrected:
        click.echo(f"  labels corrected  {_accuracy(result.corrected)}")
    click.echo(f"Top-2 accuracy      {score.top2_accuracy:.4f}")
    click.echo(f"Log likelihood      {-score.negative_log_likelihood:.4f}   (0 is perfect, -2.30 is guessing)")
    click.echo(f"Calibration error   {score.calibration_error:.4f}   (0: right as often as it is confident)")
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


@cli.command(short_help="Draw a trained network's report again.")
@click.argument("run", type=FOLDER, metavar="RUN")
@DATA
def report(run: Path, data: str | None) -> None:
    """Draw the report of a RUN (its folder): RUN/report.html, one file that opens offline and prints well.

    Learning curves, confusion matrix, the worst mistakes, calibration, the learned filters, what the layers see and
    what a decision hangs on.

    \b
    Example:
      mnist-cnn report runs/seed-20261123-093000
    """
    opened, dataset, data = _open(run, data)
    with _heavy():
        from mnist_cnn.learn import evaluate as evaluating
        from mnist_cnn.learn import report as reporting
    click.echo(reporting.write(opened, dataset, evaluating.evaluate(opened, dataset, data)))


@cli.command(short_help="Write a trained network as ONNX or LiteRT.")
@click.argument("run", type=FOLDER, metavar="RUN")
@click.option(
    "--format",
    "form",
    type=click.Choice(["onnx", "litert"]),
    default="onnx",
    show_default=True,
    help="onnx: for ONNX Runtime; litert: for phones (TensorFlow Lite).",
)
@click.option("--quantize", type=click.Choice(["int8"]), help="8-bit weights in the Dense layers; for onnx.")
@click.option("--out", type=FOLDER, metavar="FILE", help="[default: RUN/model.onnx, model-int8.onnx or model.tflite]")
def export(run: Path, form: str, quantize: str | None, out: Path | None) -> None:
    """Write the network of a RUN (its folder) for other programs: ONNX Runtime, phones, browsers.

    Input `image`, float32 (n, 28, 28, 1), from 0 (paper) to 1 (ink); output the probabilities of the ten digits,
    float32 (n, 10). An ONNX file tells of itself in its metadata: recipe, data, commit, temperature, threshold, score.

    \b
    Examples:
      mnist-cnn export runs/seed-20261123-093000
      mnist-cnn export runs/seed-20261123-093000 --quantize int8
      mnist-cnn export runs/seed-20261123-093000 --format litert --out digits.tflite
    """
    if quantize and form != "onnx":
        raise click.UsageError("--quantize is for --format onnx")
    opened = Run.open(run)
    with _heavy():
        from mnist_cnn.learn import evaluate as evaluating
        from mnist_cnn.learn import export as exporting

        model = evaluating.load(opened)
        file = out or run / ("model.tflite" if form == "litert" else "model-int8.onnx" if quantize else "model.onnx")
        if form == "litert":
            exporting.litert(model, file)
        elif quantize:
            with tempfile.TemporaryDirectory() as folder:
                exporting.write(opened, model, Path(folder, "model.onnx"))
                exporting.int8(Path(folder, "model.onnx"), file)
        else:
            exporting.write(opened, model, file)
    click.echo(f"{file}   {file.stat().st_size:,} bytes")


@cli.command(short_help="Join trained networks into one file that answers with their mean.")
@click.argument("runs", type=FOLDER, nargs=-1, required=True, metavar="RUN RUN...")
@click.option(
    "--out", type=FOLDER, default="ensemble.onnx", show_default=True, metavar="FILE", help="The file to write."
)
@DATA
def ensemble(runs: tuple[Path, ...], out: Path, data: str | None) -> None:
    """Join the networks of several RUNs (their folders) into one ONNX file, and score it on the test images.

    Its answer is the mean of theirs: networks that differ in their seed alone make different mistakes.

    \b
    Examples:
      mnist-cnn ensemble runs/a runs/b runs/c
      mnist-cnn ensemble runs/accurate-* --out best.onnx
      mnist-cnn read photo.jpg --model best.onnx
    """
    if len(runs) < 2:
        raise click.UsageError("expected at least two runs, found one")
    opened = [Run.open(run) for run in runs]
    _, dataset, _ = _open(runs[0], data)
    with _heavy():
        from mnist_cnn.learn import ensemble as joining
        from mnist_cnn.learn.evaluate import score
        from mnist_cnn.read import Classifier
    joining.write(opened, out)
    result = score(
        Classifier(out, threads=os.cpu_count() or 1).probabilities(mnist.as_input(dataset.test.images)),
        dataset.test.labels,
    )
    joining.write(opened, out, test_images=str(result.images), test_errors=str(result.errors))
    click.echo(f"Accuracy   {_accuracy(result)}")
    click.echo(f"{out}   {out.stat().st_size:,} bytes")


@cli.command(short_help="How accurate each recipe is, over several seeds.")
@click.option("--results", type=FOLDER, metavar="DIR", help="Folder of results.  [default: the project's own]")
def leaderboard(results: Path | None) -> None:
    """Print the accuracy of each recipe: mean and standard deviation of n networks with different seeds.

    Each network was scored once on the test images, and nothing was chosen on them. The results come with the package;
    benchmarks/accuracy.py measured them.

    \b
    Example:
      mnist-cnn leaderboard
    """
    from mnist_cnn.learn import leaderboard as board

    click.echo(board.table(board.read(results)))


def _world(
    processes: int | None, coordinator: str | None, rank: int | None, world: int | None, wait: int
) -> World | None:
    """The processes asked for; None: this one, in the usual way."""
    parts = {"--coordinator": coordinator, "--rank": rank, "--world": world}
    missing = [name for name, value in parts.items() if value is None]
    if processes is None and len(missing) == len(parts):
        return None
    if importlib.util.find_spec("jax") is None:
        raise MissingExtraError("jax", "distributed")
    if processes is not None:
        if len(missing) < len(parts):
            raise click.UsageError("--processes is for this machine alone, --coordinator for several: take one of them")
        return World.local(processes)
    if coordinator is None or rank is None or world is None:
        raise click.UsageError(f"{', '.join(parts)} belong together: {' and '.join(missing)} is missing")
    if rank >= world:
        raise click.UsageError(f"--rank: expected 0 to {world - 1}, found {rank}")
    return World.join(coordinator, rank, world, wait)


def _open(folder: Path, data: str | None) -> tuple[Run, mnist.Dataset, str | None]:
    """A run, and the images asked for: those it began with, if --data names no others, whatever the variable says."""
    run = Run.open(folder)
    data = run.config()["data"]["path"] if data is None else data
    return run, mnist.load(mnist.FILES if data is None else data), data


def _accuracy(score: "Score") -> str:
    low, high = score.interval
    errors = f"{score.errors:,} error{'s' if score.errors != 1 else ''} of {score.images:,}"
    return f"{score.accuracy:.4f}   {errors} (95 % interval {low:.4f} to {high:.4f})"


@contextlib.contextmanager
def _extra(name: str) -> Iterator[None]:
    """Import what an extra brings, with a word if it is missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("mnist_cnn"):
            raise
        raise MissingExtraError(error.name or str(error), name) from None


@contextlib.contextmanager
def _heavy() -> Iterator[None]:
    """Import what the extra `train` brings: without TensorFlow's start-up chatter, and with a word if it is missing."""
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as chatter:
        os.dup2(chatter.fileno(), 2)  # it is written by C++, below sys.stderr
        try:
            with _extra("train"):
                import tensorflow  # noqa: F401  the loudest, by itself: what comes after is quiet

                yield
        except ImportError:
            chatter.seek(0)
            os.write(kept, chatter.read())  # a library that does not load may have said why
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def main() -> None:
    """Run the command; a foreseen error is one line on standard error and exit code 2, Ctrl-C is 130."""
    try:
        code = cli.main(standalone_mode=False) or 0
        sys.stdout.flush()
        raise SystemExit(code)
    except OSError as error:
        if error.filename is not None:
            raise
        # Standard output is full or closed: nothing more goes there, or Python would complain at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        if isinstance(error, BrokenPipeError):  # as by `| head`
            raise SystemExit(1) from None
        click.echo(f"mnist-cnn: standard output: expected to be written to, found: {error.strerror}", err=True)
        raise SystemExit(2) from None
    except MnistCnnError as error:
        click.echo(f"mnist-cnn: {error}", err=True)
        raise SystemExit(2) from None
    except click.ClickException as error:
        error.show()
        raise SystemExit(error.exit_code) from None
    except click.Abort:
        click.echo("Stopped by Ctrl-C", err=True)
        raise SystemExit(130) from None
