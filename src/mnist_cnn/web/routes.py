"""The routes of the reader: /v1/read, /v1/classify, /v1/explain and /v1/model."""

import json
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Query, Request, Response

from mnist_cnn.read.reader import read_image
from mnist_cnn.read.reading import Reading
from mnist_cnn.web import schema
from mnist_cnn.web.body import images_of, media_type, picture
from mnist_cnn.web.problem import Problem
from mnist_cnn.web.service import Shared

router = APIRouter(prefix="/v1")


@router.post("/read", openapi_extra=schema.READ, responses=schema.answers(schema.Reading))
async def read(
    service: Shared,
    request: Request,
    digits: Annotated[int | None, Query(ge=1, le=100, description="Number of digits in each row.")] = None,
    threshold: Annotated[float | None, Query(ge=0, le=1, description="Accept a digit from this confidence on.")] = None,
    detail: Annotated[bool, Query(description="Add the ten probabilities and the tile of each digit.")] = False,
) -> Response:
    """Read the digits on a picture: PNG, JPEG, WebP, TIFF, BMP or GIF (HEIC with the extra `heic`).

    The picture is the body, or the field `image` of a form.
    """
    content = await picture(request)

    def work() -> bytes:
        reading = read_image(content, classifier=service.classifier, digits=digits, threshold=threshold)
        for digit in reading.digits:
            service.digits.labels("yes" if digit.accepted else "no").inc()
        return _json(_detailed(reading) if detail else reading.to_dict())

    return _response(await service.run(request, work))


@router.post("/classify", openapi_extra=schema.CLASSIFY, responses=schema.answers(schema.Answers))
async def classify(service: Shared, request: Request) -> Response:
    """Classify images in MNIST's form: 28 x 28, ink bright on dark, as JSON from 0 to 1, or as a .npy file."""
    content, kind = await request.body(), media_type(request)

    def work() -> bytes:
        probabilities = service.classifier.probabilities(images_of(content, kind))
        return _json({"answers": [_classified(row, service.classifier.threshold) for row in probabilities]})

    return _response(await service.run(request, work))


@router.post("/explain", openapi_extra=schema.EXPLAIN, responses=schema.answers(schema.Explanation))
async def explain(service: Shared, request: Request) -> Response:
    """Explain one 28 x 28 image: the maps of the first layer, and the saliency of each pixel."""
    content, kind = await request.body(), media_type(request)

    def work() -> bytes:
        images = images_of(content, kind)
        if len(images) != 1:
            raise Problem(422, "wrong number of images", f"expected one image, found {len(images)}")
        tile = images[0, :, :, 0]
        maps, saliency = service.insight.maps(tile), service.insight.saliency(tile)
        return _json({"maps": _rounded(maps), "saliency": _rounded(saliency)})

    return _response(await service.run(request, work))


@router.get("/model", responses=schema.answers(schema.Card, body=False))
async def model(service: Shared) -> Response:
    """Return the model card: training data, recipe and score."""
    return _response(_json(service.card))


def _detailed(reading: Reading) -> dict[str, Any]:
    """Return the reading as a dictionary, with the probabilities and the tile of each digit."""
    found = reading.to_dict()
    entries = [digit for row in found["rows"] for word in row["words"] for digit in word["digits"]]
    for digit, entry in zip(reading.digits, entries, strict=True):
        entry["probabilities"] = _rounded(digit.probabilities, 6)
        entry["tile"] = _rounded(digit.tile)
    return found


def _classified(probabilities: np.ndarray, threshold: float) -> dict[str, Any]:
    """Return the most probable digit with the probabilities, float (10,), and whether it reaches the threshold."""
    digit = int(probabilities.argmax())
    rounded = _rounded(probabilities, 6)
    return {
        "digit": digit,
        "confidence": rounded[digit],
        "accepted": bool(probabilities[digit] >= threshold),
        "probabilities": rounded,
        "no_digit": max(0.0, round(1 - float(probabilities.sum()), 6)),
    }


def _rounded(array: np.ndarray, decimals: int = 4) -> Any:
    return np.round(array.astype(np.float64), decimals).tolist()


def _json(content: dict[str, Any]) -> bytes:
    return json.dumps(content, allow_nan=False).encode()


def _response(content: bytes) -> Response:
    return Response(content, media_type="application/json", headers={"Cache-Control": "no-store"})
