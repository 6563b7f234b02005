"""Constants: the tuned numbers of the reader as a JavaScript module for the reader in the browser.

    python -m mnist_cnn.web.constants

This writes ``page/browser/constants.js`` from ``mnist_cnn.read.constants``. A test fails if the file is not up to date.
"""

import json
from pathlib import Path

from mnist_cnn.read import constants

FILE = Path(__file__).parent / "page" / "browser" / "constants.js"
_HEAD = """\
/**
 * Constants: every tuned number of the reader. Do not edit: `python -m mnist_cnn.web.constants` writes this file from
 * read/constants.py, which has the unit and the meaning of each number, and what it was tuned on.
 */
"""


def javascript() -> str:
    """Return the numbers of ``read.constants`` as a JavaScript module, in the same order."""
    numbers = {name: value for name, value in vars(constants).items() if name.isupper()}
    lines = (f"export const {name} = {json.dumps(value)};\n" for name, value in numbers.items())
    return f"{_HEAD}\n{''.join(lines)}"


if __name__ == "__main__":
    FILE.write_text(javascript(), "utf-8")
