"""Bodies of requests: pictures and arrays. A wrong body raises a Problem that says what was expected.

>>> images_of(json.dumps({"images": np.zeros((2, 28, 28)).tolist()}).encode(), "application/json").shape
(2, 28, 28, 1)
"""

import io
import json

import numpy as np
from fastapi import Request
from starlette.datastructures import UploadFile

from mnist_cnn.web.problem import Problem

MAX_BATCH = 1000
"""Maximum number of images per request."""


async def picture(request: Request) -> bytes:
    """Return the bytes of the picture in the body, or in the field "image" of a form.

    Raises Problem 422 if there is none, Problem 415 if the body has another media type.
    """
    kind = media_type(request)
    if kind == "multipart/form-data":
        async with request.form(max_files=1, max_fields=8) as form:
            file = form.get("image")
            if not isinstance(file, UploadFile):
                raise Problem(422, "missing picture", "expected a file in the form field 'image'")
            content = await file.read()
    elif kind.startswith("image/") or kind in ("", "application/octet-stream"):
        content = await request.body()
    else:
        raise _unsupported("image/* or multipart/form-data", kind)
    if not content:
        raise Problem(422, "missing picture", "expected a picture, found an empty body or field")
    return content


def media_type(request: Request) -> str:
    """Return the media type of the body without its parameters, in lower case; "" if the request has none."""
    return request.headers.get("content-type", "").split(";")[0].strip().lower()


def images_of(content: bytes, kind: str) -> np.ndarray:
    """Return the images in a body: float32 (n, 28, 28, 1), 0 to 1, n from 1 to MAX_BATCH.

    kind: its media type, for JSON {"images": n x 28 x 28} or a .npy file. Raises Problem 422 or 415.
    """
    if kind == "application/json":
        images = _from_json(content)
    elif kind in ("application/x-npy", "application/octet-stream"):
        images = _from_npy(content)
    else:
        raise _unsupported("application/json or application/x-npy", kind)
    images = images[..., None] if images.ndim == 3 else images
    if images.ndim != 4 or images.shape[1:] != (28, 28, 1):
        raise Problem(422, "invalid images", f"expected an array (n, 28, 28), found {images.shape}")
    if not 1 <= len(images) <= MAX_BATCH:
        raise Problem(422, "wrong number of images", f"expected 1 to {MAX_BATCH:,} images, found {len(images):,}")
    if images.dtype == np.uint8:
        return images.astype(np.float32) / 255
    if images.dtype.kind != "f":
        raise Problem(422, "invalid images", f"expected floats or uint8, found {images.dtype}")
    if not (images.min() >= 0 and images.max() <= 1):
        raise Problem(422, "invalid images", "expected numbers from 0 to 1, found other numbers")
    return images.astype(np.float32)


def _from_json(content: bytes) -> np.ndarray:
    try:
        images = np.array(json.loads(content)["images"])
        if images.dtype.kind not in "iuf":
            raise ValueError(images.dtype)
        return images.astype(np.float64)
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
        raise Problem(422, "invalid images", 'expected {"images": n x 28 x 28 numbers from 0 to 1}') from None


def _from_npy(content: bytes) -> np.ndarray:
    try:
        return np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
    except Exception:  # NumPy raises exceptions of many types for a broken file
        raise Problem(
            422, "invalid images", "expected a .npy file of numbers, found another or a broken file"
        ) from None


def _unsupported(expected: str, found: str) -> Problem:
    return Problem(415, "unsupported media type", f"expected {expected}, found {found[:60] or 'none'}")
