"""Measure which inputs the shipped model accepts: MNIST's test digits, and marks that are not digits.

    python benchmarks/refusal.py          about a minute; writes benchmarks/results/refusal.json

The letters are from fonts that the network was not trained on. They are drawn dark on light and read as pictures.
"""

import hashlib
import json

import numpy as np
import result_files

from mnist_cnn import mnist
from mnist_cnn.learn import outliers
from mnist_cnn.learn.score import score
from mnist_cnn.provenance import READING
from mnist_cnn.read import Classifier, read_image
from mnist_cnn.read.classifier import SHIPPED

RESULT = result_files.FOLDER / "refusal.json"
FONTS = ("cmr10", "cmss10", "cmtt10", "cmb10", "cmmi10")
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def on_paper(ink: np.ndarray) -> np.ndarray:
    """Return ink, float32 (h, w) from 0 to 1, as dark pencil on light paper with a margin, uint8."""
    return np.rint(225 - 180 * np.pad(ink, 40)).astype(np.uint8)


def digits() -> dict[str, object]:
    """Return how many of the 10,000 test images are accepted, and the errors in order of confidence."""
    images, labels = mnist.load().test
    classifier = Classifier(threads=2)
    probabilities = classifier.probabilities(mnist.as_input(images))
    confidences, wrong = probabilities.max(axis=1), probabilities.argmax(axis=1) != labels
    accepted = confidences >= classifier.threshold
    order = np.argsort(-confidences, kind="stable")
    through_pictures = sum(read_image(image).number != str(label) for image, label in zip(images, labels, strict=True))
    return {
        "n": len(labels),
        "errors": int(wrong.sum()),
        "errors_through_read_image": int(through_pictures),
        "threshold": classifier.threshold,
        "temperature": float(classifier.metadata["temperature"]),
        "accepted": int(accepted.sum()),
        "errors_among_accepted": int(wrong[accepted].sum()),
        "calibration_error": score(probabilities, labels).calibration_error,
        # For each error, the number of more confident images: the curve of risk and coverage is drawn from these.
        "error_ranks": np.flatnonzero(wrong[order]).tolist(),
    }


def refused(pictures: list[np.ndarray]) -> dict[str, int]:
    """Return how many pictures were read, and how many of them were not accepted."""
    return {"n": len(pictures), "refused": sum(not read_image(picture).accepted for picture in pictures)}


def main() -> None:
    alike = set(outliers.LOOKALIKES)
    rng = np.random.default_rng(2026)
    grain = [np.clip(rng.normal(200, sd, (300, 400)), 0, 255).astype(np.uint8) for sd in (0, 1, 3, 6, 10) * 4]
    kinds = {
        "letters": [on_paper(outliers.letter(c, f, 96)) for c in LETTERS if c not in alike for f in FONTS],
        "letters that look like digits": [
            on_paper(outliers.letter(c, f, 96)) for c in LETTERS if c in alike for f in FONTS
        ],
        "scribbles": [on_paper(outliers.scribble(rng, 160)) for _ in range(500)],
        "blank paper": grain,
    }
    result = {
        **result_files.origin(*READING),
        "model": hashlib.sha256(SHIPPED.read_bytes()).hexdigest(),
        "digits": digits(),
        "no digits": {name: refused(pictures) for name, pictures in kinds.items()},
    }
    result_files.write(RESULT, result)
    print(json.dumps({name: result[name] for name in ("digits", "no digits")}, indent=2))


if __name__ == "__main__":
    main()
