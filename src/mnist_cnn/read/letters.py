"""Letters: words that must be letters, judged by their column, and rows with a missing piece of writing."""

from mnist_cnn.read.constants import ACCEPTED, LETTER_WIDTH, LETTERS, LETTERS_TIMES, LEVEL_OFFSET, LEVEL_RATIO
from mnist_cnn.read.decision import Found, confidence
from mnist_cnn.read.reading import Box, around


def without_letters(rows: list[list[Found]], others: list[Box], tilt: float) -> tuple[list[list[Found]], list[Box]]:
    """Return rows of words without the unsure words in a column of letters, and the places of these.

    Most marks in such a column are other writing that is not wider than a short word, for example grades. Sure words in
    it are marked.

    others: places of other writing.
    tilt: tilt of the page, dy / dx.
    """
    places = _places(rows)
    words = [box for row in places for box in row]
    short = _short(others)
    kept: list[list[Found]] = []
    letters = []
    for row, boxes in zip(rows, places, strict=True):
        kept.append([])
        for word, box in zip(row, boxes, strict=True):
            among = _is_among_letters(box, short, words, tilt)
            if among and confidence(word) < ACCEPTED:
                letters.append(box)
            else:
                kept[-1].append(word._replace(letters=among))
    return kept, letters


def lost(rows: list[list[Found]], pieces: list[Box], others: list[Box], tilt: float) -> list[bool]:
    """Return for each row whether a piece of writing that was not read belongs to it.

    Pieces in a column of letters do not belong to a row.

    pieces: places of writing that the finder took for digits and that was not read.
    others: places of all other writing.
    tilt: tilt of the page, dy / dx.
    """
    places = _places(rows)
    words = [box for row in places for box in row]
    short = _short(others)
    pieces = [piece for piece in pieces if not _is_among_letters(piece, short, words, tilt)]
    found = []
    for row in places:
        nearest = [min(row, key=lambda word: abs(word.x - piece.x)) for piece in pieces] if row else []
        found.append(any(_is_level(piece, word, tilt) for piece, word in zip(pieces, nearest, strict=False)))
    return found


def _places(rows: list[list[Found]]) -> list[list[Box]]:
    """Return the box of each word of each row."""
    return [[around(glyph.box for glyph in word.glyphs) for word in row] for row in rows]


def _short(others: list[Box]) -> list[Box]:
    """Return the places of other writing that can be a letter."""
    return [box for box in others if box.width < LETTER_WIDTH * box.height]


def _is_among_letters(box: Box, letters: list[Box], words: list[Box], tilt: float) -> bool:
    """Return whether a box is in a column with at least three letters, and more than twice as many letters as words."""
    n = _in_column(box, letters, tilt)
    return n >= LETTERS and n > LETTERS_TIMES * _in_column(box, words, tilt)


def _in_column(box: Box, boxes: list[Box], tilt: float) -> int:
    """Return the number of boxes of about the same height that are above, below or at a box."""
    middle = box.x + box.width / 2 + tilt * (box.y + box.height / 2)
    alike = [other for other in boxes if _has_same_height(other, box)]
    away = [abs(other.x + other.width / 2 + tilt * (other.y + other.height / 2) - middle) for other in alike]
    return sum(x < max(box.width, other.width) / 2 for x, other in zip(away, alike, strict=True))


def _is_level(piece: Box, word: Box, tilt: float) -> bool:
    """Return whether a piece of writing has about the height of a word, and is level with it on the page."""
    rise = tilt * (piece.x + piece.width / 2 - word.x - word.width / 2)
    away = piece.y + piece.height / 2 - word.y - word.height / 2 - rise
    return _has_same_height(piece, word) and abs(away) < LEVEL_OFFSET * word.height


def _has_same_height(one: Box, other: Box) -> bool:
    """Return whether one box has about the height of the other."""
    return 1 / LEVEL_RATIO < one.height / other.height < LEVEL_RATIO
