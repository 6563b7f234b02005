"""Labels: what the string network can read at a place.

>>> NAMES
'0123456789.,-/+x÷=()#'
>>> text([7, SLASH, 3])
'7/3'
"""

from collections.abc import Iterable

SIGNS = ".,-/+x÷=()"
"""The signs, in the order of their labels, which follow those of the ten digits."""
NAMES = "0123456789" + SIGNS + "#"
"""The character of each label. The last one is other writing."""
BLANK = len(NAMES)
"""Label of nothing (the blank of CTC)."""
OTHER_WRITING = len(NAMES) - 1
"""Label of other writing."""
SLASH = NAMES.index("/")
"""Label of a slash."""
NEVER_FIRST = frozenset(NAMES.index(sign) for sign in ",/x÷=)")
"""Labels that no string starts with. A mark that looks like a slash there is a slanted 1."""


def text(labels: Iterable[int]) -> str:
    """Return the characters of labels."""
    return "".join(NAMES[label] for label in labels)
