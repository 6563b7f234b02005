"""Training: a page network learns from composed examples, up to a number of steps, and becomes an ONNX file."""

import importlib.util
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mnist_cnn.errors import RunError
from mnist_cnn.files import replacing
from mnist_cnn.learn.pages import checkpoint, composers, networks
from mnist_cnn.learn.pages.steps import Step, jax_step, tensorflow_step
from mnist_cnn.learn.pages.string_examples import padded

BATCHES = {"strings": 64, "finder": 12}
"""Examples per training step, for each network."""
_WARM_UP = 300
"""Steps of the linear warm-up of the learning rate."""
_LOGGED, _SAVED = 100, 300
"""Steps between two lines of the log, and between two checkpoints."""


@dataclass(frozen=True)
class Settings:
    """Options of a training."""

    steps: int = 12000
    """Total number of training steps, at least 1. Those of the checkpoint are included."""
    batch: int | None = None
    """Examples per step, at least 1; as in ``BATCHES`` if None."""
    echo: int = 1
    """Number of steps with earlier batches after each step with a new one, at least 0."""
    seed: int = 7
    """Seed of the scenes, at least 0."""
    jax: bool = False
    """Whether to train with JAX, which uses a GPU if it finds one, and not with TensorFlow."""
    rate: float = 3e-3
    """Peak learning rate, above 0, after a linear warm-up of 300 steps. A cosine decay to 1 % follows."""
    threads: int = 1
    """Number of TensorFlow threads, at least 1."""
    composers: int = 1
    """Number of processes that compose scenes, at least 1."""
    start: Path | None = None
    """Checkpoint whose weights a new training starts from."""

    def check(self) -> None:
        """Raise RunError if a value is out of range or JAX is not installed."""
        at_least = {"steps": 1, "threads": 1, "composers": 1, "batch": 1, "echo": 0, "seed": 0}
        for name, least in at_least.items():
            value = getattr(self, name)
            if value is not None and value < least:
                raise RunError(f"{name}: expected {least} or more, found {value}")
        if not 0 < self.rate < float("inf"):
            raise RunError(f"rate: expected a positive number, found {self.rate}")
        if self.jax and importlib.util.find_spec("jax") is None:
            raise RunError("--jax: JAX is not installed; install mnist-cnn with the extra distributed, or jax[cuda13]")


def train(kind: str, out: Path, settings: Settings) -> None:
    """Train a network, "strings" or "finder", and write ``weights.npz`` and its ONNX file into `out`.

    The checkpoint ``weights.npz`` is written every 300 steps and at the end. If `out` has one, the training resumes.

    out: a folder; it is created.

    Raises RunError if a setting is out of range, or a file or folder cannot be used.
    """
    settings.check()
    given = None if settings.start is None else checkpoint.load(settings.start)
    file = _folder(out) / "weights.npz"
    resumed = checkpoint.load(file) if file.exists() else None
    done = 0 if resumed is None else int(resumed["step"])
    os.environ["KERAS_BACKEND"] = "jax" if settings.jax else "tensorflow"
    size = settings.batch or BATCHES[kind]
    seeds = [1000 * i + done + 10**6 * settings.seed for i in range(settings.composers)]
    queue, processes = composers.start(kind, seeds, size)
    _set_up(settings)
    model = networks.BUILD[kind]()
    optimizer = _optimizer(model, settings)
    if resumed is not None:
        checkpoint.restore(model, optimizer, resumed, file)
    elif given is not None:
        checkpoint.restore(model, None, given, settings.start)
    step = (jax_step if settings.jax else tensorflow_step)(model, optimizer, networks.LOSS[kind])
    rng = np.random.default_rng(done)
    batches = composers.echoed(lambda: composers.next_batch(queue, processes), settings.echo, rng)
    if settings.jax and kind == "strings":
        batches = (padded(*batch) for batch in batches)
    for at, loss in _losses(step, batches, done, settings.steps):
        if at % _LOGGED == 0 or at == settings.steps:
            print(json.dumps({**loss, "queue": queue.qsize()}), flush=True)
        if at % _SAVED == 0 or at == settings.steps:
            checkpoint.save(model, optimizer, at, file)
    export(kind, file, out / f"{kind}.onnx")


def _set_up(settings: Settings) -> None:
    """Set the threads, the random seed and the precision of Keras."""
    import keras

    if not settings.jax:
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(settings.threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    keras.utils.set_random_seed(1)
    keras.mixed_precision.set_global_policy("mixed_bfloat16")


def _optimizer(model: Any, settings: Settings) -> Any:
    """Return AdamW for the weights of a model, with warm-up and cosine decay of the learning rate."""
    import keras

    schedule = keras.optimizers.schedules.CosineDecay(
        0.1 * settings.rate,
        max(1, settings.steps - _WARM_UP),
        0.01,
        warmup_target=settings.rate,
        warmup_steps=_WARM_UP,
    )
    optimizer = keras.optimizers.AdamW(schedule, weight_decay=0.01, beta_2=0.98, global_clipnorm=3.0)
    optimizer.build(model.trainable_variables)
    return optimizer


def _losses(step: Step, batches: Iterator[Any], done: int, steps: int) -> Iterator[tuple[int, dict[str, Any]]]:
    """Do the remaining training steps. Yield after each its number and its line of the log."""
    began, mean = time.time(), None
    for at in range(done + 1, steps + 1):
        loss = step(*next(batches))
        if np.isfinite(loss):
            mean = loss if mean is None else 0.98 * mean + 0.02 * loss
        yield at, {"step": at, "seconds": round(time.time() - began), "loss": round(mean or 0, 4)}


def export(kind: str, weights: Path, file: Path) -> None:
    """Write the network of a checkpoint as an ONNX file, as ``read`` uses it.

    Raises RunError if the checkpoint is missing, damaged or of another network, FileError if the file cannot be
    written.
    """
    import keras

    from mnist_cnn.learn.pages import convnet_export

    keras.mixed_precision.set_global_policy("float32")  # training sets another
    values = checkpoint.load(weights)
    model = networks.BUILD[kind]()
    checkpoint.restore(model, None, {name: value.astype(np.float32) for name, value in values.items()}, weights)
    output = "log_probabilities" if kind == "strings" else "glyphs"
    content = convnet_export.onnx_file(model, output, {"recipe": kind, "steps": str(int(values["step"]))})
    with replacing(file) as temporary:
        temporary.write_bytes(content)


def _folder(out: Path) -> Path:
    """Create the folder of a training. Raises RunError if that is not possible."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError(f"{out}: expected a folder or a new name, found: {error.strerror or error}") from None
    return out
