"""The schema: columns of the Parquet files, derived from the value objects in ``read.reading``."""

import pyarrow as pa

from mnist_cnn.read.reading import Box, Digit, Reading, Row, Value

_TYPES = {str: pa.string(), str | None: pa.string(), int: pa.int32(), float: pa.float32(), bool: pa.bool_()}


def _columns(kind: type[Value]) -> dict[str, pa.DataType]:
    """Return the columns of a value object: those of its keys that have a single value, with their types."""
    return {name: _TYPES[hint] for name, hint in kind.types().items() if hint in _TYPES}


PICTURE, ROW, BOX = _columns(Reading), _columns(Row), _columns(Box)
DIGIT = _columns(Digit) | {"digit": pa.int8()}
READINGS = pa.schema(
    {
        "id": pa.string(),
        **PICTURE,
        "rows": pa.list_(pa.struct(ROW | BOX)),
        "digits": pa.list_(pa.struct({"row": pa.int32(), "word": pa.int32(), "text": pa.string()} | BOX | DIGIT)),
        "others": pa.list_(pa.struct(BOX)),
    }
)
"""One row per input. `id` is a picture's path, or "FILE#ROW" counted from 0. `rows` has one entry per row of the page.
`digits` has one entry per digit: the index of its row and of its word in that row, the word's text, and the digit with
its box. `others` has the places that are not numbers."""
ERRORS = pa.schema({"id": pa.string(), "error": pa.string()})
"""One row per input that could not be read."""
