"""RapidOCR as a worker process of peers.py, in an environment with RapidOCR and without this project.

    runs/peers/rapidocr/bin/python benchmarks/peers_rapidocr.py whole|digits < paths

The first line of the output is a JSON object of versions. Then one line per path follows, a JSON list of
[text, left, top, right, bottom].

`whole` is RapidOCR as its documentation uses it: detection, orientation, recognition, text score of 0.5.
`digits` is its recogniser alone on the whole picture. All characters except 0 to 9 are masked before decoding.
"""

import importlib.metadata
import json
import sys
from typing import Any

import cv2
import numpy as np

PACKAGES = ("rapidocr", "onnxruntime", "opencv-python-headless", "numpy")
RECOGNISER_ONLY = {"use_det": False, "use_cls": False, "use_rec": True}
Word = tuple[str, float, float, float, float]


def digits_only(engine: Any) -> None:
    """Limit the recogniser's output to the blank and the ten digits."""
    engine(np.full((48, 96, 3), 255, np.uint8), **RECOGNISER_ONLY)  # loads the recogniser
    decode = engine.text_rec.postprocess_op
    kept = np.array([character in ("blank", *"0123456789") for character in decode.character])
    engine.text_rec.postprocess_op = lambda scores, *args, **kwargs: decode(np.where(kept, scores, 0), *args, **kwargs)


def read(engine: Any, path: str, digits: bool) -> list[Word]:
    """Return the words on a picture: text, and left, top, right, bottom in pixels."""
    if digits:
        height, width = np.asarray(cv2.imread(path)).shape[:2]
        return [(text, 0, 0, width, height) for text in engine(path, **RECOGNISER_ONLY).txts or ()]
    found = engine(path)
    if found.txts is None or found.boxes is None:
        return []
    corners = [(box.min(axis=0).tolist(), box.max(axis=0).tolist()) for box in np.asarray(found.boxes, float)]
    return [(text, *low, *high) for text, (low, high) in zip(found.txts, corners, strict=True)]


def main() -> None:
    from rapidocr import RapidOCR  # type: ignore[import-not-found]

    digits = sys.argv[1] == "digits"
    engine = RapidOCR(params={"Global.log_level": "error", "EngineConfig.onnxruntime.intra_op_num_threads": 1})
    if digits:
        digits_only(engine)
    print(json.dumps({name: importlib.metadata.version(name) for name in PACKAGES}), flush=True)
    for line in sys.stdin:
        print(json.dumps(read(engine, line.rstrip("\n"), digits)), flush=True)


if __name__ == "__main__":
    main()
