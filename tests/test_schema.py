"""The forms of a reading: JSON, OpenAPI, CSV and JavaScript have the names of its value objects."""

import csv
import json
from typing import Any, get_args

import bodies  # noqa: F401  registers pictures as test bodies
import numpy as np
import schemathesis
from click.testing import CliRunner
from conftest import PAGE
from hypothesis import settings
from pydantic import BaseModel
from starlette.testclient import TestClient

from mnist_cnn.cli import cli
from mnist_cnn.read import Box, Classifier, Digit, Reading, Row, Sign, Word
from mnist_cnn.read.reading import Alternative
from mnist_cnn.web import schema as models
from mnist_cnn.web.app import create


def test_openapi_models_have_the_names_and_types_of_json() -> None:
    digit = Digit(Box(0, 0, 1, 1), 1, 0.9, (Alternative(7, 0.1),), True, None, np.zeros((28, 28)), np.zeros(10))
    row = Row((Word((digit, Sign(Box(2, 0, 1, 1), ".", 0.8)), 0.7),))
    same_names(models.Reading, Reading((row,), 9, 9, (Box(5, 5, 1, 1),)).to_dict())


def same_names(model: type[BaseModel], found: dict[str, Any]) -> None:
    """Assert that a model and the models in it have the names and types of a dictionary, in the same order."""
    assert [name for name in model.model_fields if name not in ("probabilities", "tile")] == list(found)
    for name, value in found.items():
        kind: Any = model.model_fields[name].annotation
        inner, first = (get_args(kind)[0], value[0]) if isinstance(value, list) else (kind, value)
        if isinstance(first, dict):
            same_names(inner, first)
        else:
            assert type(first) in (get_args(inner) or (inner,))


def test_openapi_descriptions_are_docstrings() -> None:
    fields = models.model_of(Sign).model_fields | models.model_of(Reading).model_fields
    assert (
        fields["turned"].description
        == "Degrees by which the picture was turned clockwise to be upright: 0, 90, 180 or 270."
    )
    assert fields["number"].description == "All digits, row after row."
    assert fields["sign"].description.startswith("One of `. , - /")


def test_csv_has_the_names_of_a_row() -> None:
    text = CliRunner().invoke(cli, ["read", str(PAGE), "--csv"]).stdout
    columns = next(csv.reader(text.splitlines()))
    assert set(columns) - {"file", "row"} == set(Row.KEYS) - {"box", "words"}


def test_the_examples_of_the_openapi_document_work(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    for path in ("/v1/classify", "/v1/explain"):
        example = paths[path]["post"]["requestBody"]["content"]["application/json"]["example"]
        assert client.post(path, json=example).status_code == 200
    assert "ValidationError" not in json.dumps(paths)


schema = schemathesis.openapi.from_asgi("/openapi.json", create(Classifier()))


@schema.parametrize()
@settings(max_examples=20, deadline=None)
def test_responses_conform_to_the_openapi_document(case: schemathesis.Case) -> None:
    case.call_and_validate()
