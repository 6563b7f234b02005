"""Constants: the table of tuned numbers has a unit, a meaning and a source for each."""

import re
from pathlib import Path

from mnist_cnn.read import constants
from mnist_cnn.read.decision import ALONE, FEATURES

TABLE = Path(constants.__file__).read_text("utf-8")


def test_each_number_has_a_unit_a_meaning_and_a_source() -> None:
    described = re.findall(r'^([A-Z_]+) = (?:\(\n.*?^\)|[^\n]+)\n"""(.*?)"""$', TABLE, re.S | re.M)
    assert [name for name, _ in described] == [name for name in vars(constants) if name.isupper()]
    for name, text in described:
        fields = [field.strip() for field in " ".join(text.split()).split(" | ")]
        assert len(fields) == 3, name
        assert all(fields), name


def test_weights_have_one_row_per_reader_and_one_column_per_feature() -> None:
    assert [len(row) for row in constants.WEIGHTS] == [len(FEATURES)] * (ALONE + 1)
