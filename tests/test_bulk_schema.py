"""The schema of a bulk run's Parquet files."""

from mnist_cnn import mnist
from mnist_cnn.bulk.schema import READINGS
from mnist_cnn.read import read_image

NESTED = ("rows", "digits", "others")


def test_columns_have_the_names_of_json() -> None:
    found = read_image(mnist.load().test.images[0]).to_dict()
    [row] = found["rows"]
    [word] = row["words"]
    box, digit = set(word["box"]), set(word["digits"][0])
    assert set(READINGS.names) - {"id", "digits"} == set(found)
    nested = {name: {field.name for field in READINGS.field(name).type.value_type} for name in NESTED}
    assert nested["rows"] == (set(row) - {"words", "box"}) | box
    assert nested["digits"] == (digit - {"alternatives", "box"}) | box | {"row", "word", "text"}
    assert nested["others"] == box
