"""The schema: requests and responses, for the OpenAPI document."""

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
    400: "bad request",
    401: "missing or wrong bearer token",
    408: "the body was not sent in time",
    413: "the body is too large",
    415: "unsupported media type",
    422: "the body or a parameter is not what was expected",
    503: "the server is busy, or the request took too long; Retry-After says when to retry",
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
    alternatives: list[Alternative] = Field(description="The next two digits.")
    accepted: bool
    reason: str | None = Field(description="Why it is not accepted.")
    probabilities: list[float] = Field(default=[], description="With detail=true: of the ten digits.")
    tile: list[list[float]] = Field(default=[], description="With detail=true: the input of the network, 28 x 28.")


class Sign(BaseModel):
    box: Box
    sign: str = Field(description='One of . , - / + x ÷ = ( ), or "?" for a mark that was not read.')
    confidence: float = Field(ge=0, le=1)


class Word(BaseModel):
    text: str = Field(description="Digits and signs.")
    number: str = Field(description="The digits alone.")
    confidence: float = Field(ge=0, le=1)
    accepted: bool
    reason: str | None = Field(description="Why the word is not accepted, if its digits alone do not tell.")
    box: Box
    digits: list[Digit]
    signs: list[Sign]


class Row(BaseModel):
    number: str = Field(description="The digits alone, of all words.")
    text: str = Field(description="The words with a space between them.")
    confidence: float = Field(ge=0, le=1)
    accepted: bool
    reason: str | None = Field(description="Why the row is not accepted, if its words alone do not tell.")
    box: Box
    words: list[Word]


class Reading(BaseModel):
    number: str = Field(description="All digits, row after row.")
    confidence: float = Field(ge=0, le=1)
    accepted: bool
    reason: str | None = Field(description="Why the reading is not accepted, if its rows alone do not tell.")
    width: int
    height: int = Field(description="Size of the upright picture that boxes refer to, in pixels.")
    turned: int = Field(description="Degrees by which the picture was turned clockwise: 0, 90, 180 or 270.")
    rows: list[Row]
    others: list[Box] = Field(description="Places with marks, letters or print that are not numbers.")


class Answer(BaseModel):
    digit: int = Field(ge=0, le=9)
    confidence: float = Field(ge=0, le=1)
    accepted: bool
    probabilities: list[float] = Field(description="Of the ten digits.")
    no_digit: float = Field(ge=0, le=1, description="Probability that it is not a digit.")


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
    """The responses of a route: `model` for status 200, a problem for the others."""
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
