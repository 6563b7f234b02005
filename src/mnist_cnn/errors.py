"""Every error this package raises on purpose, in one tree.

The message is one line: the name of the thing, what was expected, what was found. The command line prints it and
exits with 2, so nobody needs a traceback to learn that a file is missing.
"""


class MnistCnnError(Exception):
    """The root: ``except MnistCnnError`` catches whatever was foreseen."""


class FileError(MnistCnnError):
    """A file cannot be written."""


class DatasetError(MnistCnnError):
    """A file of images or labels is not what it should be."""

    def __init__(self, where: object, *, expected: str, found: str) -> None:
        super().__init__(f"{where}: expected {expected}, found {found}")


class ModelError(MnistCnnError):
    """A model file cannot be read, or a model has a part we cannot export."""


class ImageError(MnistCnnError):
    """A picture cannot be read, or is none."""

    def __init__(self, where: object, *, expected: str, found: str) -> None:
        super().__init__(f"{where}: expected {expected}, found {found}")


class MetricError(MnistCnnError):
    """A callback watches a metric that the model does not report."""


class RunError(MnistCnnError):
    """A run's folder cannot be written, read or resumed."""


class ServeError(MnistCnnError):
    """The server cannot be started as it was asked to."""


class SiteError(MnistCnnError):
    """The site cannot be built or written."""


class BulkError(MnistCnnError):
    """The inputs of a bulk run cannot be found, or its output is another run's."""


class DistributedError(MnistCnnError):
    """The processes of a training cannot meet, or one of them ended before the others."""


class MissingExtraError(MnistCnnError):
    """A command needs packages that a plain installation leaves out."""

    def __init__(self, module: str, extra: str) -> None:
        super().__init__(
            f"the Python package '{module}' is missing: this command needs the extra '{extra}'; "
            f"type: pip install 'mnist-cnn[{extra}]' (in a clone: pip install '.[{extra}]')"
        )
