"""Bodies: what a request brings, a picture or arrays, or a Problem that says what was expected.

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
"""Images of one call to classify."""


async def picture(request: Request) -> bytes:
    """A picture's bytes, from a form or from the body itself."""
    kind = kind_of(request)
    if kind == "multipart/form-data":
        async with request.form(max_files=1, max_fields=8) as form:
            file = form.get("image")
            if not isinstance(file, UploadFile):
                raise Problem(422, "no picture", "expected a file in the form's field 'image'")
            content = await file.read()
    elif kind.startswith("image/") or kind in ("", "application/octet-stream"):
        content = await request.body()
    else:
        raise Problem(415, "another kind of body", f"expected image/* or multipart/form-data, found {kind[:60]}")
    if not content:
        raise Problem(422, "no picture", "expected a picture, found nothing")
    return content


def kind_of(request: Request) -> str:
    return request.headers.get("content-type", "").split(";")[0].strip().lower()


def images_of(content: bytes, kind: str) -> np.ndarray:
    """float32 (n, 28, 28, 1), 0 to 1, from JSON ({"images": n x 28 x 28}) or a .npy file."""
    if kind == "application/json":
        try:
            found = json.loads(content)
            images = np.array(found["images"])
            if images.dtype.kind not in "iuf":
                raise ValueError(images.dtype)
            images = images.astype(np.float64)
        except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
            raise Problem(422, "no images", 'expected {"images": n x 28 x 28 numbers from 0 to 1}') from None
    elif kind in ("application/x-npy", "application/octet-stream"):
        try:
            images = np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
        except Exception:  # NumPy raises exceptions of many types for a broken file
            raise Problem(422, "no images", "expected a .npy file of numbers, found none or a broken one") from None
    else:
        raise Problem(415, "another kind of body", f"expected application/json or application/x-npy, found {kind[:60]}")
    images = images[..., None] if images.ndim == 3 else images
    if images.ndim != 4 or images.shape[1:] != (28, 28, 1):
        raise Problem(422, "other images", f"expected a shape (n, 28, 28), found {images.shape}")
    if not 1 <= len(images) <= MAX_BATCH:
        raise Problem(422, "too many or none", f"expected 1 to {MAX_BATCH:,} images, found {len(images):,}")
    if images.dtype == np.uint8:
        return images.astype(np.float32) / 255
    if images.dtype.kind != "f" or not (images.min() >= 0 and images.max() <= 1):
        raise Problem(422, "other images", "expected floats from 0 to 1, or bytes from 0 to 255, found others")
    return images.astype(np.float32)
