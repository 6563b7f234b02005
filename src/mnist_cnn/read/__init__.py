"""Reading: from a picture to the digits on it. This half needs no Keras and no TensorFlow.

>>> from mnist_cnn.read import read_image
>>> read_image("number.jpg").number                                                     # doctest: +SKIP
'4711'
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mnist_cnn.read.classifier import Classifier
    from mnist_cnn.read.document import Page
    from mnist_cnn.read.picture import pages
    from mnist_cnn.read.reader import read_image
    from mnist_cnn.read.reading import Box, Digit, Reading, Row, Sign, Word

__all__ = ["Box", "Classifier", "Digit", "Page", "Reading", "Row", "Sign", "Word", "pages", "read_image"]


def __getattr__(name: str) -> Any:
    """Import the names on first use: not every program needs both OpenCV and ONNX Runtime."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    modules = {"Classifier": "classifier", "Page": "document", "pages": "picture", "read_image": "reader"}
    return getattr(importlib.import_module(f"mnist_cnn.read.{modules.get(name, 'reading')}"), name)
