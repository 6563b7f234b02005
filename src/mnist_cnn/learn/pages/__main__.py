"""The command ``python -m mnist_cnn.learn.pages``: train the finder or the string network."""

from pathlib import Path
from typing import Any

import click

from mnist_cnn.errors import MnistCnnError
from mnist_cnn.learn.pages.training import BATCHES, Settings, train

_NAME = "mnist_cnn.learn.pages"


@click.command(context_settings={"show_default": True, "help_option_names": ["-h", "--help"]})
@click.argument("kind", type=click.Choice(list(BATCHES)))
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", required=True, help="Folder of the checkpoint.")
@click.option("--steps", type=int, default=Settings.steps, help="Total number of training steps.")
@click.option("--batch", type=int, help="Examples per step.  [default: 64 for strings, 12 for finder]")
@click.option("--echo", type=int, default=Settings.echo, help="Steps with earlier batches after each new batch.")
@click.option("--seed", type=int, default=Settings.seed, help="Seed of the training scenes.")
@click.option("--jax", is_flag=True, help="Train with JAX, which uses a GPU if it finds one.")
@click.option("--rate", type=float, default=Settings.rate, help="Peak learning rate, reached after 300 steps.")
@click.option("--threads", type=int, default=Settings.threads, help="Number of TensorFlow threads.")
@click.option(
    "--composers", type=int, default=Settings.composers, help="Number of processes that compose training scenes."
)
@click.option(
    "--start",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Checkpoint whose weights a new training starts from.",
)
def command(kind: str, out: Path, **options: Any) -> None:
    """Train one of the two networks that read pages, from composed scenes.

    The string network ("strings") reads a strip of digits and signs. The finder ("finder") finds digits, signs and
    other writing on a page. The result is DIR/strings.onnx or DIR/finder.onnx. The checkpoint DIR/weights.npz is saved
    every 300 steps. To resume an interrupted training, repeat the command.

    \b
    Examples:
      python -m mnist_cnn.learn.pages strings --out runs/strings
      python -m mnist_cnn.learn.pages finder --out runs/finder --steps 2500 --threads 2
      python -m mnist_cnn.learn.pages finder --out runs/more --start runs/finder/weights.npz
    """
    train(kind, out, Settings(**options))


def main() -> None:
    """Run the command. An expected error is one line on standard error and exit code 2; Ctrl-C is exit code 130."""
    try:
        raise SystemExit(command.main(prog_name=f"python -m {_NAME}", standalone_mode=False) or 0)
    except MnistCnnError as error:
        click.echo(f"{_NAME}: {error}", err=True)
    except click.ClickException as error:
        click.echo(f"{_NAME}: {' '.join(error.format_message().split())}", err=True)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped by Ctrl-C; rerun the command to resume", err=True)
        raise SystemExit(130) from None
    raise SystemExit(2)


if __name__ == "__main__":
    main()
