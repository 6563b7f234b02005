"""The schema: requests and responses, for the OpenAPI document.

The models of a reading are derived from the value objects in ``read.reading``: their keys, types and docstrings.

>>> list(model_of(reading.Box).model_fields)
['x', 'y', 'width', 'height']
"""

import ast
import functools
import inspect
from itertools import pairwise
from typing import Any, get_args, get_origin

from pydantic import BaseModel, Field, create_model

from mnist_cnn.read import reading
from mnist_cnn.read.reading import Digit, Value
from mnist_cnn.web.body import MAX_BATCH

PROBLEM: dict[str, Any] = {
    "application/problem+json": {
        "schema": {
            "type": "object",
            "required": ["type", "title", "status", "detail"],
            "properties": {
                "type": {"type": "string"},
                "title": {"type": "string"},
                "status": {"type": "integer"},
                "detail": {"type": "string"},
            },
        },
        "example": {
            "type": "about:blank",
            "title": "unreadable picture",
            "status": 422,
            "detail": "the picture: expected a picture, found something else",
        },
    }
}
_MEANINGS = {
    400: "malformed form",
    401: "missing or wrong bearer token",
    408: "the body was not sent in time",
    413: "the body is too large",
    415: "unsupported media type",
    422: "invalid body or parameter",
    503: "the server is busy, or the request took too long; Retry-After says when to retry",
}
_RANGES: dict[str, Any] = {"digit": {"ge": 0, "le": 9}, "confidence": {"ge": 0, "le": 1}}
_DETAIL: dict[str, Any] = {
    "probabilities": (list[float], Field([], description="With detail=true: probabilities of the ten digits.")),
    "tile": (list[list[float]], Field([], description="With detail=true: the input of the network, 28 x 28.")),
}


@functools.cache
def model_of(kind: type[Value]) -> type[BaseModel]:
    """Return the model of a value object's ``to_dict()``; of a digit, also with what detail=true adds."""
    described = _docstrings(kind)
    fields: dict[str, Any] = {
        name: (_type(hint), Field(description=described.get(name), **_RANGES.get(name, {})))
        for name, hint in kind.types().items()
    }
    return create_model(kind.__name__, __doc__=kind.__doc__, **fields, **(_DETAIL if kind is Digit else {}))


def _type(hint: Any) -> Any:
    """Return the type in JSON of an attribute's type: a list for a tuple, a model for a value object."""
    if get_origin(hint) is tuple:
        return list[_type(get_args(hint)[0])]  # type: ignore[misc]
    return model_of(hint) if hasattr(hint, "KEYS") else hint


def _docstrings(kind: type[Value]) -> dict[str, str]:
    """Return the docstrings of a class's fields, which stand below them in its source, and of its properties."""
    [parsed] = ast.parse(inspect.getsource(kind)).body
    assert isinstance(parsed, ast.ClassDef)  # noqa: S101
    found = {name: inspect.getdoc(thing) for name, thing in vars(kind).items() if isinstance(thing, property)}
    for field, below in pairwise(parsed.body):
        if isinstance(field, ast.AnnAssign) and isinstance(below, ast.Expr):
            found[ast.unparse(field.target)] = ast.literal_eval(below.value)
    return {name: text.replace("``", "`") for name, text in found.items() if text}


class Answer(BaseModel):
    digit: int = Field(ge=0, le=9)
    confidence: float = Field(ge=0, le=1)
    accepted: bool
    probabilities: list[float] = Field(description="Probabilities of the ten digits.")
    no_digit: float = Field(ge=0, le=1, description="Probability that it is not a digit.")


class Answers(BaseModel):
    answers: list[Answer]


class Explanation(BaseModel):
    maps: list[list[list[float]]] = Field(description="Outputs of the first layer, one map per filter.")
    saliency: list[list[float]] = Field(
        description="Fall of the best digit's probability when the pixels around are erased, 28 x 28."
    )


class Card(BaseModel):
    name: str
    bytes: int
    sha256: str
    threshold: float
    metadata: dict[str, str]


def answers(model: type[BaseModel], body: bool = True) -> dict[int | str, dict[str, Any]]:
    """Return the responses of a route: `model` for status 200, a problem for each error.

    body: whether requests have one. Without a body, the only error is a missing token.
    """
    statuses = _MEANINGS if body else (401,)
    found: dict[int | str, dict[str, Any]] = {200: {"model": model, "description": "success"}}
    for status in statuses:
        found[status] = {"description": _MEANINGS[status], "content": PROBLEM}
    return found


def _images(most: int) -> dict[str, Any]:
    """Return the request body of 1 to `most` images, as JSON or as a .npy file."""
    row = {"type": "array", "minItems": 28, "maxItems": 28}
    pixel = {"type": "number", "minimum": 0, "maximum": 1}
    image = row | {"items": row | {"items": pixel}}
    images = {"type": "array", "minItems": 1, "maxItems": most, "items": image}
    one = [[0.0] * 28 for _ in range(4)] + [[0.0] * 13 + [1.0, 1.0] + [0.0] * 13 for _ in range(20)]
    example = {"images": [one + [[0.0] * 28 for _ in range(4)]]}
    body = {"type": "object", "required": ["images"], "properties": {"images": images}}
    npy = {"schema": {"type": "string", "format": "binary"}}
    content = {"application/json": {"schema": body, "example": example}, "application/x-npy": npy}
    return {"requestBody": {"required": True, "content": content}}


Reading = model_of(reading.Reading)
_BINARY: dict[str, Any] = {"type": "string", "format": "binary"}
_FORM = {"type": "object", "required": ["image"], "properties": {"image": _BINARY}, "additionalProperties": False}
READ: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {"schema": _FORM, "encoding": {"image": {"contentType": "image/png"}}},
            **{f"image/{kind}": {"schema": _BINARY} for kind in ("png", "jpeg", "webp")},
        },
    }
}
CLASSIFY, EXPLAIN = _images(MAX_BATCH), _images(1)
