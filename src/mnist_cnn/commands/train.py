"""``mnist-cnn train``: train a network, score it and draw its report."""

import dataclasses
import functools
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mnist_cnn import mnist
from mnist_cnn.commands import extras
from mnist_cnn.commands.options import PATH, Integer, Number
from mnist_cnn.distributed import launch
from mnist_cnn.distributed.world import WAIT, World
from mnist_cnn.errors import DistributedError
from mnist_cnn.learn.recipes import RECIPES, SEED, Recipe
from mnist_cnn.learn.run import Run, check_folder, start

if TYPE_CHECKING:
    from mnist_cnn.learn.evaluate import Evaluation

_TOGETHER = ("processes", "coordinator", "rank", "world", "wait")
"""The options of a training by several processes."""


_TARGETS = ", ".join(f"{recipe.target} for {recipe.name}" for recipe in RECIPES.values() if recipe.target is not None)


@click.command(
    short_help="Train a network, score it and draw its report.",
    epilog="\n".join(["\b", "Recipes:", *(f"  {recipe.name:<12} {recipe.summary}" for recipe in RECIPES.values())]),
)
@click.option(
    "--recipe",
    type=click.Choice(list(RECIPES)),
    default=SEED.name,
    show_default=True,
    help="Recipe to train: layers and training settings. The recipes are listed below.",
)
@click.option("--seed", type=Integer(0, 2**32 - 1), metavar="N", default=0, show_default=True, help="Random seed.")
@click.option(
    "--epochs",
    type=Integer(1, 10_000),
    metavar="N",
    help=f"Maximum number of epochs.  [default: that of the recipe; {SEED.epochs} for seed]",
)
@click.option(
    "--batch-size",
    type=Integer(1, 60_000),
    metavar="N",
    help=f"Number of images per training step.  [default: that of the recipe; {SEED.batch_size} for seed]",
)
@click.option(
    "--target",
    type=Number(0, 1, min_open=True),
    metavar="SHARE",
    help=f"Stop after the first epoch with a training accuracy above this.  [default: {_TARGETS}; none for the others]",
)
@click.option("--limit", type=Integer(1), metavar="N", help="Train on the first N images only, for a quick try.")
@click.option("--out", type=PATH, metavar="DIR", help="New or empty folder for the run.  [default: runs/RECIPE-TIME]")
@click.option("--tensorboard", is_flag=True, help="Also write logs for TensorBoard.")
@click.option(
    "--deterministic",
    is_flag=True,
    help="Make runs repeatable bit for bit, with the same seed, machine and number of processors. A resumed run may "
    "differ.",
)
@click.option("--resume", type=PATH, metavar="RUN", help="Resume an interrupted run with its own settings.")
@click.option(
    "--processes",
    type=Integer(1, 1000),
    metavar="N",
    help="Number of processes on this machine. Each trains on its share of every batch, with Keras on JAX.",
)
@click.option("--coordinator", metavar="HOST:PORT", help="Address of rank 0, to train on several machines.")
@click.option("--rank", type=Integer(0), metavar="R", help="Rank of this process. Rank 0 writes the run.")
@click.option("--world", type=Integer(1, 1000), metavar="N", help="Number of processes on all machines together.")
@click.option(
    "--wait",
    type=Integer(1, 86_400),
    default=WAIT,
    show_default=True,
    metavar="SECONDS",
    help="Time limit for the processes of all machines to connect at the start.",
)
@click.option(
    "--data",
    metavar="PATH",
    help=f"""Images to use: a folder of IDX files, gzipped or not, or Keras's mnist.npz.  [default: the environment
    variable {mnist.DATA_VARIABLE}, else the MNIST in this package; with --resume, those of the run]""",
)
@click.pass_context
def train(context: click.Context, /, resume: Path | None, data: str | None, **options: Any) -> None:
    """Train a network on MNIST, score it on the test images and write its report.

    Training stops after the first epoch with a training accuracy above the target, if the recipe has one. All files
    go into a new folder in runs/. Ctrl-C stops training and keeps the finished epochs. Use --resume to
    continue, even after a crash. Needs the extra `train`; training by several processes also needs `distributed`.

    \b
    Examples:
      mnist-cnn train                                  the classic MNIST CNN, in one to two minutes on 2 cores
      mnist-cnn train --recipe fast                    the same network, in seconds
      mnist-cnn train --recipe dense                   no convolution, for comparison
      mnist-cnn train --limit 6000 --epochs 3          a quick try, in a few seconds
      mnist-cnn train --seed 7 --deterministic         repeatable bit for bit
      mnist-cnn train --resume runs/seed-20261123-093000
      mnist-cnn train --data fashion/                  Fashion-MNIST, from a folder of IDX files
      mnist-cnn train --recipe accurate --processes 2  two processes; for several machines see docs/scale.md
    """
    together = {name: options.pop(name) for name in _TOGETHER}
    given = [name for name in options if context.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT]
    names = ", ".join("--" + name.replace("_", "-") for name in given)
    if resume and given:
        raise click.UsageError(f"--resume uses the settings of the run; it cannot be given together with {names}")
    world = _world(**together)
    if world and 0 not in world.ranks:
        if resume or given:
            names = names or "--resume"
            raise click.UsageError(
                f"only rank 0 takes settings; --rank {together['rank']} cannot be given together with {names}"
            )
        mnist.load(data)  # raises DatasetError before the others wait for this process
        click.echo(f"Rank    {together['rank']} of {world.size}; rank 0, at {world.coordinator}, writes the run")
        launch.train(dataclasses.replace(world, data=data), None)
        click.echo("Done")
        return
    run = Run.open(resume) if resume else None
    recipe = run.recipe() if run else _recipe(options)
    if world:
        world.check_batch(recipe.batch_size)
        if run.config()["deterministic"] if run else options["deterministic"]:
            raise click.UsageError(
                "--deterministic needs one process; it cannot be given together with --processes or --coordinator"
            )
    if options["out"]:
        check_folder(options["out"])
    extras.require("train", *(("tensorboard",) if (run.config() if run else options)["tensorboard"] else ()))
    if run:
        dataset, data = run.dataset(data)
    else:
        data = os.environ.get(mnist.DATA_VARIABLE) or None if data is None else data
        dataset = mnist.load(data)
        run = start(recipe, dataset, data=data and str(Path(data).resolve()), **options)
    _describe(run, recipe, dataset, data)
    if world:
        world = dataclasses.replace(world, data=mnist.FILES if data is None else data)
    page, evaluation = _train(run, dataset, data, world, together)
    missed = recipe.target is not None and not run.reached_target()
    last = run.history()[-1]
    click.echo(
        f"\nTraining accuracy  {last['accuracy']:.4f}   on the training images, in epoch {last['epoch']}"
        + (f"; the target of {recipe.target} was not reached" if missed else "")
    )
    click.echo(f"Test accuracy      {evaluation.score}")
    click.echo(f"Report             {page}   (open it in a browser)")


def _world(
    processes: int | None, coordinator: str | None, rank: int | None, world: int | None, wait: int
) -> World | None:
    """Return the processes that the options name; None: this process alone."""
    parts = {"--coordinator": coordinator, "--rank": rank, "--world": world}
    missing = [name for name, value in parts.items() if value is None]
    if wait != WAIT and len(missing) == len(parts):
        raise click.UsageError("--wait is for training on several machines; it needs --coordinator")
    if processes is None and len(missing) == len(parts):
        return None
    extras.require("distributed")
    if processes is not None:
        if len(missing) < len(parts):
            raise click.UsageError("--processes is for this machine, --coordinator for several machines; use only one")
        return World.local(processes)
    if coordinator is None or rank is None or world is None:
        raise click.UsageError(f"{', '.join(parts)} must be given together; add {' and '.join(missing)}")
    if rank >= world:
        raise click.UsageError(f"--rank: expected 0 to {world - 1}, found {rank}")
    return World.join(coordinator, rank, world, wait)


def _recipe(options: dict[str, Any]) -> Recipe:
    """Take the recipe and its changes out of the options."""
    changes = {name: options.pop(name) for name in ("epochs", "batch_size", "target")}
    changes = {name: value for name, value in changes.items() if value is not None}
    return dataclasses.replace(RECIPES[options.pop("recipe")], **changes)


def _describe(run: Run, recipe: Recipe, dataset: mnist.Dataset, data: str | None) -> None:
    """Print recipe, data, stopping rule and folder of the run."""
    images = len(dataset.train.images[: run.config()["limit"]])
    epochs = "1 epoch" if recipe.epochs == 1 else f"{recipe.epochs} epochs"
    rule = f"at most {epochs}; stop when training accuracy is above {recipe.target}"
    click.echo(f"Recipe  {recipe.name}: {recipe.summary}")
    click.echo(f"Data    {data or 'MNIST, in this package'}: {images:,} training images")
    click.echo(f"Rule    {rule if recipe.target is not None else epochs}")
    click.echo(f"Run     {run.path}")
    if run.model.exists():
        click.echo("The run is finished; there is nothing to train.")
    elif run.done():
        click.echo(f"Resumed after epoch {run.done()}")
    click.echo()


def _train(
    run: Run, dataset: mnist.Dataset, data: str | None, world: World | None, together: dict[str, Any]
) -> tuple[Path, "Evaluation"]:
    """Train, score and draw. Return the report's path and the evaluation.

    Ctrl-C, or a lost process of the world, ends the command with the number of finished epochs and how to resume.
    """
    with extras.training():
        from mnist_cnn.learn import export, report
        from mnist_cnn.learn import train as training
        from mnist_cnn.learn.evaluate import evaluate
    trainer = None
    if world:
        trainer = training.Trainer(f"keras on jax, {world.size} processes", functools.partial(launch.train, world))
    try:
        model = training.fit(run, dataset, trainer)
        evaluation = evaluate(run, dataset, data)
        export.write(run, model, run.path / "model.onnx")  # once more, now with the score
        return report.write(run, dataset, evaluation), evaluation
    except (KeyboardInterrupt, DistributedError) as error:
        done, stopped = run.done(), isinstance(error, KeyboardInterrupt)
        kept = "1 finished epoch is" if done == 1 else f"{done} finished epochs are"
        own = {name: value for name, value in together.items() if (name, value) != ("wait", WAIT)}
        same = "".join(f" --{name} {value}" for name, value in own.items() if value is not None)
        if not world or run.is_finished():  # one process is enough from here
            same = ""
        what = "\nStopped by Ctrl-C: " if stopped else f"mnist-cnn: {error}\n"
        click.echo(f"{what}{kept} kept. To resume:", err=True)
        click.echo(f"  mnist-cnn train --resume {shlex.quote(str(run.path))}{same}", err=True)
        raise SystemExit(130 if stopped else 2) from None
