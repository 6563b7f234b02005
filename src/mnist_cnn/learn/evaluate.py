"""Evaluation: the score of a run's network on the test images, written into the run's folder.

>>> evaluate(run, mnist.load()).score.errors                                            # doctest: +SKIP
118
"""

import dataclasses
import hashlib
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from mnist_cnn import mnist
from mnist_cnn.learn import model
from mnist_cnn.learn.run import Run
from mnist_cnn.learn.score import Score, score, score_corrected
from mnist_cnn.provenance import TRAINING, versions


class Evaluation(NamedTuple):
    """A network's output on the test images, and its score."""

    probabilities: np.ndarray
    """float32 (n, 10)."""
    score: Score
    corrected: Score | None
    """The score against MNIST's corrected labels; None for other test sets."""
    file: Path
    """The JSON file with the score."""


def evaluate(run: Run, dataset: mnist.Dataset, data: str | None = None) -> Evaluation:
    """Score the run's network on the test images and write the result into the run's folder.

    data: the path the images came from, for the record; None: this package.
    The result is written to ``report.json``. A score on other test images than the run's own goes to
    ``report-NAME-HASH.json`` instead. For MNIST the score against the corrected labels is added.
    Raises RunError if the run has no trained model, ModelError if it cannot be read.
    """
    config = run.config()
    images, labels = dataset.test
    probabilities = model.digits(load(run), mnist.as_input(images))
    result = score(probabilities, labels)
    hashes = dataset.sha256()
    test_hashes = {name: value for name, value in hashes.items() if name.startswith("t10k")}
    own = test_hashes.items() <= config["data"]["sha256"].items()
    history = run.history()
    is_mnist = test_hashes.items() <= mnist.SHA256.items()
    corrected = score_corrected(probabilities, labels) if is_mnist else None
    report: dict[str, Any] = {
        "recipe": config["recipe"]["name"],
        "training": {"epochs": len(history), "accuracy": history[-1]["accuracy"]} if history else None,
        "data": {"path": data, "sha256": test_hashes},
        "score": dataclasses.asdict(result),
        "corrected": dataclasses.asdict(corrected) if corrected else None,
        "versions": versions(*TRAINING),
    }
    fingerprint = hashlib.sha256("".join(test_hashes.values()).encode()).hexdigest()[:8]
    # Two folders may have one name, and one folder new content: the hash tells them apart.
    other = f"{Path(data or 'mnist').resolve().name.removesuffix('.npz')}-{fingerprint}"
    name = "report.json" if own else f"report-{other}.json"
    return Evaluation(probabilities, result, corrected, run.write_json(name, report))


def load(run: Run) -> keras.Model:
    """Return the run's trained network. Raises RunError if training is not finished, ModelError if it is damaged."""
    run.require_model()
    return model.load(run.model, run.recipe())
