"""``mnist-cnn site``: the page as static files."""

import shlex
from pathlib import Path

import click

from mnist_cnn.commands import extras
from mnist_cnn.commands.options import MODEL, PATH


@click.command(short_help="Write the page as a static site.")
@click.argument("out", type=PATH, metavar="OUT")
@MODEL
def site(out: Path, model: Path | None) -> None:
    """Write the page to draw on as a static site. The networks run in the browser.

    OUT is a new or empty folder, or an older site to replace. Any web server can serve it. Once opened, the page works
    offline. Needs the extra `site`, and npm to download ONNX Runtime and OpenCV for browsers.

    \b
    Examples:
      mnist-cnn site public
      python -m http.server --directory public     then open http://localhost:8000/
    """
    extras.require("site")
    from mnist_cnn.web.site import build

    size = build(out, model)
    click.echo(f"{out}: {size / 1e6:.0f} MB. Try it: python -m http.server --directory {shlex.quote(str(out))}")
