"""The command line: assembles the commands and turns errors into exit codes.

Exit codes: 0 done; 1 some pictures could not be read; 2 wrong input, named in one line on standard error; 130 stopped
by Ctrl-C.
"""

import os
import sys

import click

from mnist_cnn.commands.bulk import bulk
from mnist_cnn.commands.ensemble import ensemble
from mnist_cnn.commands.evaluate import evaluate
from mnist_cnn.commands.export import export
from mnist_cnn.commands.leaderboard import leaderboard
from mnist_cnn.commands.read import read
from mnist_cnn.commands.report import report
from mnist_cnn.commands.serve import serve
from mnist_cnn.commands.site import site
from mnist_cnn.commands.train import train
from mnist_cnn.errors import MnistCnnError


class _InOrder(click.Group):
    """Lists commands in the order in which they were added."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(self.commands)


@click.group(cls=_InOrder, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="mnist-cnn")
def cli() -> None:
    """A convolutional network that learns MNIST, and then reads your handwriting.

    \b
    Examples:
      mnist-cnn train                     train the network, score it, draw the report
      mnist-cnn read photo.jpg            read the digits on a picture
      mnist-cnn serve                     serve a page to draw on
      mnist-cnn evaluate runs/seed-...    score a trained network again
    """


for _command in (train, evaluate, report, read, serve, site, bulk, export, ensemble, leaderboard):
    cli.add_command(_command)


def main() -> None:
    """Run the command line. An expected error is one line on standard error and exit code 2; Ctrl-C is 130."""
    try:
        code = cli.main(standalone_mode=False) or 0
        sys.stdout.flush()
        raise SystemExit(code)
    except OSError as error:
        if error.filename is not None:  # an unreadable folder, or a name that is too long
            click.echo(f"mnist-cnn: {error.filename}: cannot be opened: {error.strerror}", err=True)
            raise SystemExit(2) from None
        # Standard output is full or closed. Python would print another error at its end when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        if isinstance(error, BrokenPipeError):  # as by `| head`
            raise SystemExit(1) from None
        click.echo(f"mnist-cnn: standard output: cannot be written: {error.strerror}", err=True)
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
