"""The page to draw on, with two back ends: the reader over HTTP, or the reader in the browser alone.

``page/`` has the files of both, ``page/server`` and ``page/browser`` the files of one back end. The server and the
static site put them into one folder. ``page/browser/*.js`` copies ``read/*.py`` in JavaScript, with the same version
of OpenCV; a test compares the two.

>>> from mnist_cnn.web.app import create                    # needs the extra ``web``
>>> app = create(Classifier())                              # for any ASGI server                      # doctest: +SKIP
>>> from mnist_cnn.web.site import build                    # needs the extra ``site``, and npm
>>> build(Path("site"))                                                                                # doctest: +SKIP
"""

from pathlib import Path

_PAGE = Path(__file__).parent / "page"


def page_files(back_end: str) -> list[Path]:
    """Return the files of the page with one back end, "server" or "browser"."""
    return sorted(path for folder in (_PAGE, _PAGE / back_end) for path in folder.iterdir() if path.is_file())
