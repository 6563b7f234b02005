"""Texts: what is written on composed pages: numbers with signs, words and letters.

>>> number(np.random.default_rng(0))                                                    # doctest: +SKIP
'21.5'
"""

import numpy as np

from mnist_cnn.learn import outliers

_PRICE_ENDS = ("", ".", "-", ".-")
_PRICE_END_SHARES = (0.7, 0.1, 0.1, 0.1)
_WORDS = (  # noqa: SIM905
    "total name date sum score points marks number no page tel amount paid balance class roll section grade subject"
    " maths english signature address street city zip order item price qty tax note remark january friday euro dollar"
    " resultat naam datum nombre prix summe punkte klasse seite player team home away round game par hole hus chance"
    " bonus the and of with from to cash in out question answer figure table value unit kg cm mm per Mr Mrs Dr"
).split()
_GRADES = list("ABCDEF")
_SINGLE_LETTERS = outliers.LETTERS + "!:;\"'~^"
"""Letters and marks that may be alone. Letters that look like a digit are left out."""
_ALPHABET = list("abcdefghijklmnopqrstuvwxyzABCDEFGHJKLMNPQRTUVWXYZäöüéñç")


def number(rng: np.random.Generator) -> str:
    """Return a random text of digits, ``SIGNS`` and spaces.

    Most are whole numbers. The others are decimals, signed numbers, dates, fractions, prices and sums.
    """
    k = rng.random()
    if k < 0.51:
        return _digits(rng, 2, 8) if rng.random() < 0.6 else _digits(rng, 1, 3)
    if k < 0.54:
        return _digits(rng, 7, 12)
    if k < 0.68:
        return _digits(rng, 1, 4) + _decimal_point(rng) + _digits(rng, 1, 2)
    if k < 0.73:
        return _price(rng)
    if k < 0.78:
        return "-" + _digits(rng, 1, 3) + (_decimal_point(rng) + _digits(rng, 1, 2) if rng.random() < 0.3 else "")
    if k < 0.87:
        return _date(rng)
    if k < 0.9:
        return _digits(rng, 1, 2) + "/" + (_digits(rng, 1, 2) if rng.random() < 0.8 else _digits(rng, 2, 2) + "0")
    if k < 0.91:
        return "-"
    if k < 0.93:
        return "(" + _digits(rng, 1, 3) + ")"
    if k < 0.95:
        return _digits(rng, 1, 5) + str(rng.choice(["-", "--", "/-", "=", ".", ".-", ",-"]))
    return _sum(rng)


def _digits(rng: np.random.Generator, low: int, high: int) -> str:
    """Return `low` to `high` digits: random ones, a round number, one digit repeated, or many a 1."""
    n = int(rng.integers(low, high + 1))
    kind = rng.random()
    if kind < 0.1:
        return str(rng.integers(10)) + "0" * (n - 1)
    if kind < 0.2:
        return str(rng.integers(10)) * n
    if kind < 0.35:  # a 1 between other digits is easy to miss
        return "".join(map(str, rng.choice([1, int(rng.integers(10))], n)))
    return "".join(map(str, rng.integers(0, 10, n)))


def _decimal_point(rng: np.random.Generator) -> str:
    return str(rng.choice([".", ","]))


def _price(rng: np.random.Generator) -> str:
    """Return a number with a thousands separator, often a round one, and sometimes a point or dash at its end."""
    thousands = "000" if rng.random() < 0.3 else _digits(rng, 3, 3)
    text = _digits(rng, 1, 3) + _decimal_point(rng) + thousands
    return text + str(rng.choice(_PRICE_ENDS, p=_PRICE_END_SHARES))


def _date(rng: np.random.Generator) -> str:
    mark = str(rng.choice(["/", ".", "-"], p=(0.6, 0.2, 0.2)))
    year = str(rng.choice(["19", "20"])) + _digits(rng, 2, 2)
    return mark.join((_digits(rng, 1, 2), _digits(rng, 1, 2), _digits(rng, 2, 2) if rng.random() < 0.6 else year))


def _sum(rng: np.random.Generator) -> str:
    """Return two to four numbers with operators between them, and spaces around the operators or not."""
    parts = [_digits(rng, 1, 3)]
    for _ in range(int(rng.integers(1, 4))):
        parts += [str(rng.choice(list("+-x÷="), p=(0.34, 0.22, 0.22, 0.08, 0.14))), _digits(rng, 1, 3)]
    return (" " if rng.random() < 0.5 else "").join(parts)


def words(rng: np.random.Generator, letters: int) -> str:
    """Return a word of ``_WORDS``, or `letters` random letters.

    One letter is a grade or one of ``_SINGLE_LETTERS``. Two letters may be a grade with a sign.
    """
    if letters == 1:
        return str(rng.choice(_GRADES if rng.random() < 0.3 else list(_SINGLE_LETTERS)))
    if letters == 2 and rng.random() < 0.2:
        return str(rng.choice(_GRADES)) + str(rng.choice(["+", "-"]))
    if rng.random() < 0.5:
        word = str(rng.choice(_WORDS))
        case = rng.random()
        return word.upper() if case < 0.3 else word.capitalize() if case < 0.6 else word
    return "".join(rng.choice(_ALPHABET, letters))


def printed_word(rng: np.random.Generator) -> str:
    """Return a word, letters or, less often, a number, as print has them."""
    if rng.random() < 0.15:
        return str(rng.integers(0, 10 ** int(rng.integers(1, 5))))
    return words(rng, int(rng.integers(2, 9)))
