"""A convolutional network that learns MNIST, and then reads handwritten numbers.

    >>> from mnist_cnn import load, read_image
    >>> (x_train, y_train), (x_test, y_test) = load()
    >>> x_train.shape
    (60000, 28, 28)
    >>> read_image("number.jpg").number                                                     # doctest: +SKIP
    '4711'

``load`` returns MNIST, ``read_image`` reads a picture and returns a ``Reading``, and ``Classifier`` classifies images
of MNIST's form. ``import mnist_cnn`` is fast: these names are imported on first use, and none of them imports Keras.
"""

import os
from typing import TYPE_CHECKING, Any

# ONNX Runtime sends usage data to its maker unless this is set before its import. Set it to 0 to allow that.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

if TYPE_CHECKING:
    from mnist_cnn.mnist import load
    from mnist_cnn.read import Classifier, Reading, read_image

    __version__: str

__all__ = ["Classifier", "Reading", "__version__", "load", "read_image"]


def __dir__() -> list[str]:
    """Return the names of the module with those that are imported on first use."""
    return sorted({*globals(), *__all__})


def __getattr__(name: str) -> Any:
    """Import a public name on first use."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name == "__version__":
        from importlib.metadata import version

        return version("mnist-cnn")
    if name == "load":
        from mnist_cnn.mnist import load

        return load
    import mnist_cnn.read

    return getattr(mnist_cnn.read, name)
