"""The schema: the forms of bodies and answers, for the OpenAPI document."""

from typing import Any

from pydantic import BaseModel, Field

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
        "example": {"type": "about:blank", "title": "not a picture", "status": 422, "detail": "the picture: expected"},
    }
}
_MEANINGS = {
    400: "a request that cannot be understood",
    401: "a bearer token is asked for",
    408: "the body did not come in time",
    413: "the body is too large",
    415: "a body of another kind",
    422: "the body or a parameter is not what was expected",
    503: "busy, or it took too long; Retry-After says when to come again",
}


class Box(BaseModel):
    x: int
    y: int
    width: int
    height: int


class Alternative(BaseModel):
    digit: int
    confidence: float


class Digit(BaseModel):
    box: Box
    digit: int = Field(ge=0, le=9)
    confidence: float = Field(ge=0, le=1)
    alternatives: list[Alternative]
    accepted: bool
    reason: str | None
    probabilities: list[float] = Field(default=[], description="With detail=true: of the ten digits.")
    tile: list[list[float]] = Field(default=[], description="With detail=true: what the network saw, 28 x 28.")


class Number(BaseModel):
    number: str = Field(description="The digits of a row.")
    text: str = Field(description="The same digits with one space between words: numbers far apart.")
    confidence: float = Field(ge=0, le=1)
    accepted: bool
    reason: str | None = Field(description="Why it is not accepted as a whole, whatever its digits are.")
    digits: list[Digit]


class Reading(BaseModel):
    number: str
    confidence: float = Field(ge=0, le=1)
    accepted: bool
    width: int
    height: int
    lines: list[Number]


class Answer(BaseModel):
    digit: int = Field(ge=0, le=9)
    confidence: float = Field(ge=0, le=1)
    accepted: bool
    probabilities: list[float] = Field(description="Of the ten digits.")
    no_digit: float = Field(ge=0, le=1, description="What the ten lack to 1, for a model that knows of that.")


class Answers(BaseModel):
    answers: list[Answer]


class Explanation(BaseModel):
    maps: list[list[list[float]]]
    saliency: list[list[float]]


class Card(BaseModel):
    name: str
    bytes: int
    sha256: str
    threshold: float
    metadata: dict[str, str]


def answers(model: type[BaseModel], body: bool = True) -> dict[int | str, dict[str, Any]]:
    """The responses of a route: `model` if all goes well, a problem if not."""
    statuses = _MEANINGS if body else (401,)
    found: dict[int | str, dict[str, Any]] = {200: {"model": model, "description": "done"}}
    for status in statuses:
        found[status] = {"description": _MEANINGS[status], "content": PROBLEM}
    return found


def _images(most: int) -> dict[str, Any]:
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
CLASSIFY, EXPLAIN = _images(1000), _images(1)
