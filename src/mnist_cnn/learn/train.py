"""Training: trains the network of a run and writes it into the run's folder.

    >>> model = fit(start(SEED, mnist.load(), seed=1), mnist.load())         # doctest: +SKIP
    >>> model = fit(Run.open(Path("runs/seed-20261123-093000")), dataset)    # resumes it; doctest: +SKIP

``fit`` is one plain ``model.fit`` with a few callbacks: StopAtAccuracy with the recipe's target, KeepEpochs, which
writes history and checkpoint after each epoch, and TensorBoard on request. The recipe ``fast`` uses ``kernel.fit``
with the same callbacks.
"""

import contextlib
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from mnist_cnn import mnist
from mnist_cnn.errors import RunError
from mnist_cnn.files import replacing
from mnist_cnn.learn import calibrate, export
from mnist_cnn.learn.batches import TrainingBatches, targets
from mnist_cnn.learn.callback import StopAtAccuracy
from mnist_cnn.learn.model import build, load
from mnist_cnn.learn.recipes import Recipe
from mnist_cnn.learn.run import Run


@dataclass(frozen=True)
class Trainer:
    """Trains a run outside this process (``distributed.launch.train``)."""

    name: str
    """As config.json records it in "trained_by"."""
    train: Callable[[Run], None]
    """Trains the run from its last checkpoint to its last epoch and keeps its history and checkpoints."""


def fit(run: Run, dataset: mnist.Dataset, trainer: Trainer | None = None) -> keras.Model:
    """Train the run's network to its last epoch, and write model.keras and model.onnx.

    trainer: trains the network outside this process; None: Keras on TensorFlow, or the kernel, in this process.
    Finished epochs are not repeated, so ``fit`` also resumes an interrupted run. After a KeyboardInterrupt the finished
    epochs are kept, and nothing else is written.
    Raises RunError if the images are not those the run began with, and what the trainer raises.
    """
    config = run.config()
    if dataset.sha256() != config["data"]["sha256"]:
        raise RunError(
            f"{run.path}: expected the training images that the run began with, found others; pass their path as --data"
        )
    recipe = run.recipe()
    keras.utils.set_random_seed(config["seed"])
    if config["deterministic"]:
        tf.config.experimental.enable_op_determinism()
    if run.model.exists():  # it is written last, so the training is complete
        if not run.is_finished():
            raise RunError(
                f"{run.path}: history.csv has {len(run.history())} of the epochs of model.keras, expected all; "
                "restore the file or delete the run"
            )
        run.drop_checkpoints()  # the process may have been killed before it did this
        return load(run.model, recipe)
    done, model = _restore(run, recipe)
    if not run.is_finished():
        if done:
            # The first resumed epoch must not draw the images in the order of epoch 1, so its seed differs.
            keras.utils.set_random_seed((config["seed"] + done) % 2**32)
            run.write_json("config.json", config | {"resumed_after_epochs": [*config["resumed_after_epochs"], done]})
        kernel = _kernel(model) if recipe.kernel and not trainer else None
        by = trainer.name if trainer else "kernel" if kernel else "keras"
        run.write_json("config.json", run.config() | {"trained_by": [*config.get("trained_by", []), by]})
        if trainer:
            if not done:
                with replacing(run.checkpoint_file(0)) as temporary:
                    model.save(temporary)
            trainer.train(run)
            _, model = _restore(run, recipe)
        else:
            callbacks = [KeepEpochs(run)]
            if recipe.target is not None:
                callbacks.append(StopAtAccuracy(recipe.target))
            if config["tensorboard"]:
                callbacks.append(keras.callbacks.TensorBoard(run.path / "tensorboard"))
            with _interrupt_after_batch() as interrupt:
                _learn(model, recipe, dataset.train, config, done, [*callbacks, interrupt], kernel)
    if recipe.held_out:
        _, validation = mnist.split(dataset.train)
        run.write_json("calibration.json", calibrate.calibrate(model, validation))
    export.write(run, model, run.path / "model.onnx")
    with replacing(run.model) as temporary:
        model.save(temporary)
    run.drop_checkpoints()
    return model


def _learn(
    model: keras.Model,
    recipe: Recipe,
    digits: mnist.Digits,
    config: dict[str, Any],
    done: int,
    callbacks: list[keras.callbacks.Callback],
    kernel: ModuleType | None,
) -> None:
    """Train the remaining epochs with Keras or with the kernel."""
    training, validation = mnist.split(digits) if recipe.held_out else (digits, None)
    training = mnist.Digits(*(array[: config["limit"]] for array in training))
    batches = TrainingBatches(recipe, training, config["seed"], done) if recipe.augmentation else None
    steps = len(batches) if batches else -(-len(training.labels) // recipe.batch_size)
    # A progress bar on a terminal, one line per epoch in a file.
    arguments: dict[str, Any] = {"epochs": recipe.epochs, "verbose": 1 if sys.stdout and sys.stdout.isatty() else 2}
    if kernel:
        calls = keras.callbacks.CallbackList(callbacks, add_progbar=True, model=model, steps=steps, **arguments)
        kernel.fit(model, training, recipe.batch_size, rates(recipe, steps), calls, done)
        return
    if recipe.learning_rate is not None:
        callbacks.append(Rates(rates(recipe, steps)))
    arguments |= {"callbacks": callbacks, "initial_epoch": done}
    if validation:
        arguments["validation_data"] = (mnist.as_input(validation.images), targets(recipe, validation.labels))
    if batches:
        model.fit(batches, shuffle=False, **arguments)  # the batches are drawn in order
    else:
        found = targets(recipe, training.labels)
        model.fit(mnist.as_input(training.images), found, batch_size=recipe.batch_size, **arguments)


def rates(recipe: Recipe, steps: int) -> np.ndarray:
    """Return the recipe's learning rates, float64 (epochs, steps): linear warm-up, then cosine decay to 0."""
    done = (np.arange(recipe.epochs * steps) + 1) / (recipe.epochs * steps)
    falling = (1 + np.cos(np.pi * (done - recipe.warmup) / (1 - recipe.warmup))) / 2
    share = np.where(done < recipe.warmup, done / (recipe.warmup or 1), falling)
    return (recipe.learning_rate * share).reshape(recipe.epochs, steps)


class Rates(keras.callbacks.Callback):
    """Sets the learning rate of each step, from an array (epochs, steps)."""

    def __init__(self, rates: np.ndarray) -> None:
        super().__init__()
        self._rates = rates

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._epoch = epoch

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self.model.optimizer.learning_rate = self._rates[self._epoch, batch]


def _kernel(model: keras.Model) -> ModuleType | None:
    """Return the module ``kernel``; print the reason and return None if numba cannot be used here."""
    try:
        from mnist_cnn.learn import kernel

        # One step on one image shows before the training whether numba can compile, store and load its code.
        kernel.Network(model, 1).learn(np.zeros((1, 28, 28), np.uint8), np.zeros(1, np.uint8), 0.0)
    except Exception as error:  # not installed, a full disk, a damaged cache file (EOFError), a bad variable
        reason = (str(error).splitlines() or [""])[0] or type(error).__name__
        print(f"Training with Keras, several times slower: numba cannot be used here ({reason})")
        return None
    return kernel


def _restore(run: Run, recipe: Recipe) -> tuple[int, keras.Model]:
    """Return the number of finished epochs and the network after them; cut the history to that length."""
    done, history = run.done(), run.history()
    if len(history) < done:
        raise RunError(
            f"{run.path}: expected {done} epochs in history.csv, found {len(history)}; "
            "restore the file or delete the run"
        )
    columns = {"epoch", "loss", "accuracy", "seconds"} | ({"val_loss", "val_accuracy"} if recipe.held_out else set())
    if any(epoch.keys() != columns for epoch in history):
        raise RunError(f"{run.path / 'history.csv'}: expected the columns {', '.join(sorted(columns))}, found others")
    if len(history) > done:  # killed after writing the history and before writing the checkpoint
        run.write_history(history[:done])
    return done, load(run.checkpoint_file(done), recipe) if done else build(recipe)


@contextlib.contextmanager
def _interrupt_after_batch() -> Iterator[keras.callbacks.Callback]:
    """Yield a callback that raises KeyboardInterrupt after the batch in which Ctrl-C was pressed.

    A second Ctrl-C acts at once. Python may raise KeyboardInterrupt anywhere, also in a finaliser of TensorFlow, where
    it is printed and then ignored.
    """
    if threading.current_thread() is not threading.main_thread():  # other threads receive no signals
        yield keras.callbacks.Callback()
        return
    before = signal.getsignal(signal.SIGINT) or signal.SIG_DFL
    asked = False

    def ask(*_: object) -> None:
        nonlocal asked
        asked = True
        signal.signal(signal.SIGINT, before)

    def check(batch: int = 0, logs: dict[str, Any] | None = None) -> None:
        if asked:
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, ask)
    try:
        yield keras.callbacks.LambdaCallback(on_train_batch_end=check)
    finally:
        signal.signal(signal.SIGINT, before)
    check()


class KeepEpochs(keras.callbacks.Callback):
    """Writes the history and then the checkpoint after each epoch; the file name has the number of epochs.

    Keras's BackupAndRestore overwrites its file in place, so a kill during that leaves no checkpoint.
    """

    def __init__(self, run: Run) -> None:
        super().__init__()
        self._run = run
        self._history = run.history()

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._began = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        values = {name: float(value) for name, value in (logs or {}).items()}
        seconds = round(time.perf_counter() - self._began, 3)
        self._history.append({"epoch": epoch + 1, **values, "seconds": seconds})
        self._run.write_history(self._history)
        checkpoint = self._run.checkpoint_file(epoch + 1)
        with replacing(checkpoint) as temporary:
            self.model.save(temporary)
        self._run.drop_checkpoints(keep=checkpoint)
