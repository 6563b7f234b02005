"""Reading: from a picture to the digits on it. This half needs no Keras and no TensorFlow.

>>> from mnist_cnn.read import read_image
>>> read_image("number.jpg").number                                                     # doctest: +SKIP
'4711'
"""

from typing import TYPE_CHECKING, Any

from mnist_cnn.read.classifier import Classifier

if TYPE_CHECKING:
    from mnist_cnn.read.document import Page
    from mnist_cnn.read.picture import pages
    from mnist_cnn.read.reader import read_image
    from mnist_cnn.read.reading import Box, Digit, Reading, Row, Sign, Word

__all__ = ["Box", "Classifier", "Digit", "Page", "Reading", "Row", "Sign", "Word", "pages", "read_image"]


def __getattr__(name: str) -> Any:
    """Import the others on first use: most need OpenCV, and a program that only classifies images does not."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from mnist_cnn.read import picture, reader, reading

    modules = {"Page": picture, "pages": picture, "read_image": reader}
    return getattr(modules.get(name, reading), name)
