"""Does it know what it does not know? What the shipped model accepts, of MNIST's test digits and of what is no digit.

    python benchmarks/refusal.py          writes benchmarks/results/refusal.json; about a minute

Letters are those of fonts that the network was not trained on, drawn dark on light and read as pictures.
"""

import hashlib
import json
from pathlib import Path

import numpy as np

from mnist_cnn import mnist
from mnist_cnn.files import replacing
from mnist_cnn.learn import outliers
from mnist_cnn.provenance import READING, machine, versions
from mnist_cnn.read import Classifier, read_image
from mnist_cnn.read.classifier import SHIPPED

RESULT = Path(__file__).parent / "results" / "refusal.json"
FONTS = ("cmr10", "cmss10", "cmtt10", "cmb10", "cmmi10")
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def on_paper(ink: np.ndarray) -> np.ndarray:
    """Ink, float32 (h, w), 0 to 1, as dark pencil on light paper with room around it: uint8."""
    return np.rint(225 - 180 * np.pad(ink, 40)).astype(np.uint8)


def digits() -> dict[str, object]:
    """Of the 10,000 test images: what is accepted, and errors among the most confident."""
    images, labels = mnist.load().test
    classifier = Classifier(threads=2)
    probabilities = classifier.probabilities(mnist.as_input(images))
    confidences, wrong = probabilities.max(axis=1), probabilities.argmax(axis=1) != labels
    accepted = confidences >= classifier.threshold
    order = np.argsort(-confidences, kind="stable")
    places = np.clip(np.ceil(confidences * 15).astype(int) - 1, 0, 14)
    gaps = [abs(float(confidences[places == b].sum() - (~wrong[places == b]).sum())) for b in range(15)]
    through_pictures = sum(read_image(image).number != str(label) for image, label in zip(images, labels, strict=True))
    return {
        "n": len(labels),
        "errors": int(wrong.sum()),
        "errors_through_read_image": int(through_pictures),
        "threshold": classifier.threshold,
        "temperature": float(classifier.metadata["temperature"]),
        "accepted": int(accepted.sum()),
        "errors_among_accepted": int(wrong[accepted].sum()),
        "calibration_error": sum(gaps) / len(labels),
        # How many were more confident than each error: what the curve of risk and coverage is drawn from.
        "error_ranks": np.flatnonzero(wrong[order]).tolist(),
    }


def refused(pictures: list[np.ndarray]) -> dict[str, int]:
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
        "machine": machine(),
        "versions": versions(*READING),
        "model": hashlib.sha256(SHIPPED.read_bytes()).hexdigest(),
        "digits": digits(),
        "no digits": {name: refused(pictures) for name, pictures in kinds.items()},
    }
    with replacing(RESULT) as temporary:
        temporary.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps({name: result[name] for name in ("digits", "no digits")}, indent=2))


if __name__ == "__main__":
    main()
