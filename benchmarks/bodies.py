"""Request bodies for schemathesis: valid bytes for "a picture" and "a .npy file" of the OpenAPI document, as hooks.

SCHEMATHESIS_HOOKS=bodies schemathesis run http://127.0.0.1:8000/openapi.json         run in this folder
"""

import io

import cv2
import numpy as np
import schemathesis
from hypothesis import strategies as st


def picture(size: tuple[int, int], seed: int) -> bytes:
    """Return noise as a PNG file. size: rows and columns in pixels."""
    noise = np.random.default_rng(seed).integers(0, 256, size, np.uint8)
    return cv2.imencode(".png", noise)[1].tobytes()


def npy(n: int) -> bytes:
    """Return n blank images, uint8 (n, 28, 28), as a .npy file."""
    file = io.BytesIO()
    np.save(file, np.zeros((n, 28, 28), np.uint8))
    return file.getvalue()


_PICTURES = st.builds(picture, st.tuples(st.integers(2, 60), st.integers(2, 60)), st.integers(0, 99))
for media in ("image/png", "image/jpeg", "image/webp"):
    schemathesis.openapi.media_type(media, _PICTURES)
schemathesis.openapi.media_type("application/x-npy", st.builds(npy, st.just(1)))
