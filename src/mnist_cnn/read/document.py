"""Documents: the pages of a TIFF or PDF file, each as a separate picture.

>>> count(Path("scan.tif").read_bytes(), "scan.tif")                                        # doctest: +SKIP
2

Files of other formats have one page. The frames of an animation (GIF, WebP, PNG) and the second and later pictures in a
JPEG or HEIC are not pages.
"""

import struct
from dataclasses import dataclass, field
from typing import NamedTuple

from mnist_cnn.errors import ImageError
from mnist_cnn.read import pdf

SUFFIXES = frozenset(
    (
        *(".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".pdf"),
        *(".heic", ".heif", ".heics", ".heifs", ".hif", ".pgm", ".ppm", ".pbm", ".pnm", ".pfm"),
    )
)
"""File names in a folder that are read."""
MAX_PAGES = 200
"""Maximum number of pages in a document."""

_SUBFILE, _OLD_SUBFILE = 254, 255
_NO_PAGE = 0b1101
"""Bits of the tag NewSubfileType: a smaller copy, a mask, a depth map (TIFF 6.0, DNG 1.5)."""
_SMALLER_COPY = 2
"""Value of the older tag SubfileType."""
_ENTRIES = 100
"""Number of entries of a directory that are searched for these tags. Entries are sorted by tag."""


@dataclass(frozen=True, eq=False)
class Page:
    """One page of a document. ``read_image`` and ``annotate`` take it like a picture."""

    name: str
    """File name of the document."""
    number: int
    """Number of the page, from 1."""
    count: int
    """Number of pages in the document."""
    document: bytes = field(repr=False)

    @property
    def label(self) -> str:
        """Name for tables and errors: that of the document, with "#page=N" (RFC 8118) if it has several pages."""
        return self.name if self.count == 1 else f"{self.name}#page={self.number}"

    def content(self) -> bytes:
        """Return the page as a file with a single picture. Each call draws a PDF page again.

        Raises ImageError if a PDF page cannot be drawn.
        """
        if pdf.is_pdf(self.document):
            return pdf.page(self.document, self.label, self.number)[1]
        return _alone(self.document, self.number) if _is_tiff(self.document) else self.document


def count(content: bytes, name: str) -> int:
    """Return the number of pages in a file of any format, from 1 to ``MAX_PAGES``.

    name: name of the file, for errors.
    Raises ImageError if there are more pages or none, if a TIFF or PDF is broken, or for a PDF without pypdfium2.
    """
    return _checked(pdf.page(content, name, 0)[0] if pdf.is_pdf(content) else _count(content, name), name)


def single(content: bytes, name: str) -> bytes:
    """Return the only page of a file of any format, as a file with a single picture.

    Raises ImageError as ``count`` does, or if there are several pages.
    """
    if pdf.is_pdf(content):
        pages, picture = pdf.page(content, name, 1)
    else:
        pages, picture = _count(content, name), b""
    if _checked(pages, name) > 1:
        found = f"{pages} pages; read one page at a time (in Python with mnist_cnn.read.pages)"
        raise ImageError(name, expected="a single page", found=found)
    return picture or Page(name, 1, 1, content).content()


def _checked(pages: int, name: str) -> int:
    """Return a number of pages. Raises ImageError if it is not allowed."""
    if not 1 <= pages <= MAX_PAGES:
        found = f"more than {MAX_PAGES}" if pages else "none"
        raise ImageError(name, expected=f"1 to {MAX_PAGES} pages", found=found)
    return pages


def _count(content: bytes, name: str) -> int:
    """Return the number of pages of a file that is not a PDF. Raises ImageError for a broken TIFF."""
    if not _is_tiff(content):
        return 1
    try:
        return len(_directories(content))
    except (struct.error, OverflowError):
        raise ImageError(name, expected="a whole picture", found="a broken one (its list of pages)") from None


class _Directory(NamedTuple):
    """An image file directory of a TIFF, which describes one picture. Positions are in bytes."""

    start: int
    """Position of the directory."""
    following: int
    """Position of the field with the position of the next directory."""


def _is_tiff(content: bytes) -> bool:
    """Return whether a file is a TIFF, by the same first bytes as Pillow: the byte order and the version may differ."""
    return content[:2] in (b"II", b"MM") and content[2:4] in (b"*\0", b"\0*", b"+\0", b"\0+") and len(content) >= 16


def _format(content: bytes) -> tuple[str, int, struct.Struct, struct.Struct, int]:
    """Return byte order, position of the first directory's position, position, number of entries, size of an entry."""
    order = "<" if content[:2] == b"II" else ">"
    if 43 in content[2:4]:  # BigTIFF
        return order, 8, struct.Struct(order + "Q"), struct.Struct(order + "Q"), 20
    return order, 4, struct.Struct(order + "I"), struct.Struct(order + "H"), 12


def _directories(content: bytes) -> list[_Directory]:
    """Return the directories of the pages, at most one more than ``MAX_PAGES``; the first one if none is of a page.

    A directory that refers back to an earlier one is the last. Raises struct.error or OverflowError for a position
    outside of the file.
    """
    order, first, position, number, size = _format(content)
    found: dict[int, _Directory] = {}
    pages: list[_Directory] = []
    (start,) = position.unpack_from(content, first)
    while start and start not in found and len(pages) <= MAX_PAGES:
        if len(found) == 2 * MAX_PAGES:  # thumbnails too
            return list(found.values())
        (entries,) = number.unpack_from(content, start)
        following = start + number.size + entries * size
        kinds = {}
        for i in range(min(entries, _ENTRIES)):
            at = start + number.size + i * size
            tag, kind = struct.unpack_from(order + "HH", content, at)
            if tag in (_SUBFILE, _OLD_SUBFILE):
                (kinds[tag],) = struct.unpack_from(
                    order + ("H" if kind == 3 else "I"), content, at + size - position.size
                )
        found[start] = _Directory(start, following)
        if not kinds.get(_SUBFILE, 0) & _NO_PAGE and kinds.get(_OLD_SUBFILE) != _SMALLER_COPY:
            pages.append(found[start])
        (start,) = position.unpack_from(content, following)
    return pages or list(found.values())[:1] or [_Directory(0, first)]


def _alone(content: bytes, number: int) -> bytes:
    """Return a TIFF whose only directory is that of one page. number: of the page, from 1."""
    _, first, position, _, _ = _format(content)
    start, following = _directories(content)[number - 1]
    if start == position.unpack_from(content, first)[0] and not position.unpack_from(content, following)[0]:
        return content
    changed = bytearray(content)
    position.pack_into(changed, following, 0)
    position.pack_into(changed, first, start)
    return bytes(changed)
