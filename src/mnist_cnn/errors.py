"""The errors that this package raises, in one tree.

A message is one line: the name of the thing, what was expected, what was found. The command line prints it without a
traceback and exits with 2.
"""


class MnistCnnError(Exception):
    """The base class: ``except MnistCnnError`` catches every error of this package."""


class FileError(MnistCnnError):
    """A file cannot be written."""


class DatasetError(MnistCnnError):
    """A file of images or labels is missing, damaged or of another form."""

    def __init__(self, where: object, *, expected: str, found: str) -> None:
        super().__init__(f"{where}: expected {expected}, found {found}")


class ModelError(MnistCnnError):
    """A model file cannot be read, or a model has a part that cannot be exported."""


class ImageError(MnistCnnError):
    """A file is not a picture, or the picture cannot be read."""

    def __init__(self, where: object, *, expected: str, found: str) -> None:
        super().__init__(f"{where}: expected {expected}, found {found}")


class MetricError(MnistCnnError):
    """A callback watches a metric that the model does not report."""


class RunError(MnistCnnError):
    """The folder of a run cannot be written, read or resumed."""


class ServeError(MnistCnnError):
    """The server cannot be started with the given options."""


class SiteError(MnistCnnError):
    """The static site cannot be built or written."""


class BulkError(MnistCnnError):
    """The inputs of a bulk run cannot be found, or its output folder belongs to another run."""


class DistributedError(MnistCnnError):
    """The processes of a distributed training cannot connect, or one of them ended before the others."""


class MissingExtraError(MnistCnnError):
    """A command needs packages that an installation without extras does not have."""

    def __init__(self, module: str, extra: str) -> None:
        super().__init__(
            f"the Python package '{module}' is missing: this command needs the extra '{extra}'; "
            f"type: pip install 'mnist-cnn[{extra}]' (in a clone: pip install '.[{extra}]')"
        )
