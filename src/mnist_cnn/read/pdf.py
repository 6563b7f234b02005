"""PDF: the number of pages of a file, and each page as a picture, drawn by PDFium.

>>> count, picture = page(Path("form.pdf").read_bytes(), "form.pdf", 1)                     # doctest: +SKIP

Each call runs PDFium in a separate process, because PDFium is not thread-safe. Memory and time are bounded, and a crash
is an error.
"""

import contextlib
import importlib.util
import io
import math
import subprocess
import sys

from mnist_cnn.errors import ImageError

DPI = 200
"""Resolution of a drawn page, in dots per inch, if its longer side is in the range below."""
SIDES = 1600, 3200
"""Minimum and maximum of the longer side of a drawn page, in pixels."""
MAX_PIXELS = 50_000_000
"""Maximum size of a picture on a page, in pixels."""
SECONDS = 15
"""Time limit for one call, in seconds."""
MEMORY = 1 << 30
"""Memory limit of the process, in bytes, where the operating system enforces one (Linux)."""

_NESTED = 15
"""Depth of nested objects in which pictures are searched for."""
_PASSWORD, _LARGE = 10, 11
"""Exit codes of the process: a PDF with a password, and a picture that is too large. Others but 0 are a broken PDF."""


def is_pdf(content: bytes) -> bool:
    """Return whether a file is a PDF, by its first bytes."""
    return content[:1024].lstrip(b"\xef\xbb\xbf\0\t\n\f\r ").startswith(b"%PDF-")


def page(content: bytes, name: str, number: int) -> tuple[int, bytes]:
    """Return the number of pages of a PDF, and one page as a PPM file; no bytes if there is no page with that number.

    number: number of the page, from 1; with 0 the pages are only counted.
    name: name of the file, for errors.

    Raises ImageError if pypdfium2 is not installed, or if the PDF is broken, needs a password or exceeds the limits.
    """
    if importlib.util.find_spec("pypdfium2") is None:
        found = "a PDF; to read PDF, install the extra 'pdf': pip install 'mnist-cnn[pdf]'"
        raise ImageError(name, expected="a picture", found=found)
    command = [sys.executable, "-P", __file__, str(number)]  # -P: the modules beside this file are not top-level ones
    try:
        done = subprocess.run(command, input=content, capture_output=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        raise ImageError(name, expected=f"a page that is drawn within {SECONDS} s", found="a slower one") from None
    except OSError as error:
        raise ImageError(name, expected="a process to draw the PDF in", found=error.strerror or str(error)) from None
    if done.returncode == _PASSWORD:
        raise ImageError(name, expected="a PDF without a password", found="an encrypted one")
    if done.returncode == _LARGE:
        raise ImageError(
            name, expected=f"pictures of at most {MAX_PIXELS // 10**6} million pixels", found="a larger one"
        )
    count, _, picture = done.stdout.partition(b"\n")
    if done.returncode or not count.isdigit():
        raise ImageError(name, expected="a whole PDF", found="a broken one, or one that needs too much memory")
    return int(count), picture


def _draw(number: int) -> int:
    """Read a PDF from standard input, write its page count and a page to standard output, return the exit code."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    import pypdfium2
    from pypdfium2 import raw

    content = sys.stdin.buffer.read()
    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        return _PASSWORD if error.err_code == raw.FPDF_ERR_PASSWORD else 1
    document.init_forms()  # otherwise filled form fields are not drawn
    count, output = len(document), io.BytesIO()
    if 1 <= number <= count:
        drawn = document[number - 1]
        for thing in drawn.get_objects([raw.FPDF_PAGEOBJ_IMAGE], max_depth=_NESTED):
            if math.prod(thing.get_px_size()) > MAX_PIXELS:
                return _LARGE
        longer = max(drawn.get_size())
        scale = min(max(DPI / 72, SIDES[0] / longer), SIDES[1] / longer)
        drawn.render(scale=scale).to_pil().convert("RGB").save(output, "PPM")
    sys.stdout.buffer.write(b"%d\n" % count + output.getvalue())
    return 0


if __name__ == "__main__":
    sys.exit(_draw(int(sys.argv[1])))
