"""Training: a recipe and the images in, a run's folder with the trained network out.

    >>> run = start(SEED, mnist.load(), seed=1)                              # doctest: +SKIP
    >>> model = fit(run, mnist.load())                                       # doctest: +SKIP
    >>> model = fit(Run.open(Path("runs/seed-20261123-093000")), dataset)    # a killed one goes on; doctest: +SKIP

It is one plain ``model.fit`` with a few callbacks: the recipe's StopAtAccuracy, the one that keeps the run's files
after each epoch, TensorBoard if asked. For the recipe ``fast`` it is ``kernel.fit``, with the same callbacks.
"""

import contextlib
import signal
import sys
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from mnist_cnn import mnist
from mnist_cnn.distributed.launch import World
from mnist_cnn.errors import RunError
from mnist_cnn.files import replacing
from mnist_cnn.learn import calibrate, export
from mnist_cnn.learn.batches import TrainingBatches, targets
from mnist_cnn.learn.callback import StopAtAccuracy
from mnist_cnn.learn.model import build, load
from mnist_cnn.learn.recipes import RECIPES, Recipe, recall, record
from mnist_cnn.learn.run import Epoch, Run
from mnist_cnn.provenance import TRAINING, commit, machine, versions


def start(
    recipe: Recipe,
    dataset: mnist.Dataset,
    out: Path | None = None,
    *,
    seed: int = 0,
    limit: int | None = None,
    deterministic: bool = False,
    tensorboard: bool = False,
    data: str | None = None,
) -> Run:
    """Make a run's folder for these settings; ``fit`` does the work.

    out: the folder, new or empty; by default ``runs/<recipe>-<time>``.
    limit: train on the first so many images only.
    deterministic: the same seed on the same machine then gives the same weights, bit for bit, somewhat slower.
    data: where `dataset` came from, for the record; None is the package itself.
    Raises RunError before any training if the folder cannot hold the results.
    """
    config = {
        "recipe": record(recipe),
        "seed": seed,
        "limit": limit,
        "images": len(dataset.train.images[:limit]),
        "deterministic": deterministic,
        "tensorboard": tensorboard,
        "data": {"path": data, "sha256": dataset.sha256()},
        "started": datetime.now().astimezone().isoformat(timespec="seconds"),
        "resumed_after_epochs": [],
        "commit": commit(),
        "machine": machine(),
        "versions": versions(*TRAINING),
    }
    return Run.create(out or _new_folder(recipe.name), config)


def fit(run: Run, dataset: mnist.Dataset, world: World | None = None) -> keras.Model:
    """Train the run's network from where it stands to its stop, and write model.keras and model.onnx.

    world: the processes that do it together, by Keras on JAX; None: this one, by Keras on TensorFlow or our kernel.
    Epochs that are done already are not repeated, so this is also how a killed run goes on. After a
    KeyboardInterrupt the epochs finished so far are kept, and nothing else is written.
    Raises RunError if the images are not those the run began with, DistributedError if `world` falls apart.
    """
    config = run.config()
    if dataset.sha256() != config["data"]["sha256"]:
        raise RunError(f"{run.path}: expected the images it was begun with, found others; pass --data")
    recipe = recipe_of(run)
    keras.utils.set_random_seed(config["seed"])
    if config["deterministic"]:
        tf.config.experimental.enable_op_determinism()
    if run.model.exists():  # the last file to be written: all is done
        if not finished(run.history(), recipe):
            raise RunError(
                f"{run.path}: expected history.csv to tell how model.keras was trained, found epochs missing"
            )
        run.drop_checkpoints()  # a kill may have come between
        return load(run.model, recipe)
    done, model = _restore(run, recipe)
    if not finished(run.history(), recipe):
        if done:
            # A resumed epoch must not see the images in the order of the first: its seed is another, but a fixed one.
            keras.utils.set_random_seed((config["seed"] + done) % 2**32)
            run.write_json("config.json", config | {"resumed_after_epochs": [*config["resumed_after_epochs"], done]})
        kernel = _kernel(model) if recipe.kernel and not world else None
        by = f"keras on jax, {world.size} processes" if world else "kernel" if kernel else "keras"
        run.write_json("config.json", run.config() | {"trained_by": [*config.get("trained_by", []), by]})
        if world:
            if not done:
                with replacing(run.checkpoint_file(0)) as temporary:
                    model.save(temporary)
            world.train(run)
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


def recipe_of(run: Run) -> Recipe:
    """The recipe the run was begun with, whatever its name stands for today. Raises RunError if it recorded none."""
    recorded = run.config()["recipe"]
    try:
        if recorded["name"] not in RECIPES:
            raise ValueError(f"the name {recorded['name']}, not one of {', '.join(RECIPES)}")
        return recall(recorded)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        reason = f"no {error}" if isinstance(error, KeyError) else error
        raise RunError(
            f"{run.path / 'config.json'}: expected a recipe that this version knows, found {reason}"
        ) from None


def _learn(
    model: keras.Model,
    recipe: Recipe,
    digits: mnist.Digits,
    config: dict[str, Any],
    done: int,
    callbacks: list[keras.callbacks.Callback],
    kernel: ModuleType | None,
) -> None:
    """The epochs that are not done yet, by Keras or by our own kernel."""
    training, validation = mnist.split(digits) if recipe.held_out else (digits, None)
    training = mnist.Digits(*(array[: config["limit"]] for array in training))
    batches = TrainingBatches(recipe, training, config["seed"], done) if recipe.augmentation else None
    steps = len(batches) if batches else -(-len(training.labels) // recipe.batch_size)
    # A bar for people, a line an epoch for files.
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
        model.fit(batches, shuffle=False, **arguments)  # they are drawn in their order
    else:
        found = targets(recipe, training.labels)
        model.fit(mnist.as_input(training.images), found, batch_size=recipe.batch_size, **arguments)


def rates(recipe: Recipe, steps: int) -> np.ndarray:
    """The recipe's learning rates, float64 (epochs, steps): a rise in a straight line, then half a cosine down to 0."""
    done = (np.arange(recipe.epochs * steps) + 1) / (recipe.epochs * steps)
    falling = (1 + np.cos(np.pi * (done - recipe.warmup) / (1 - recipe.warmup))) / 2
    share = np.where(done < recipe.warmup, done / (recipe.warmup or 1), falling)
    return (recipe.learning_rate * share).reshape(recipe.epochs, steps)


class Rates(keras.callbacks.Callback):
    """Sets the learning rate of each step: (epochs, steps)."""

    def __init__(self, rates: np.ndarray) -> None:
        super().__init__()
        self._rates = rates

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._epoch = epoch

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self.model.optimizer.learning_rate = self._rates[self._epoch, batch]


def _kernel(model: keras.Model) -> ModuleType | None:
    """Our own kernel; None, with a word why, where numba is not installed or has no folder for what it compiles."""
    try:
        from mnist_cnn.learn import kernel

        # Once, on one image: what numba cannot compile, store or load shows before any work is done.
        kernel.Network(model, 1).learn(np.zeros((1, 28, 28), np.uint8), np.zeros(1, np.uint8), 0.0)
    except Exception as error:  # a full disk, a damaged file of its cache (EOFError), a variable it does not like
        reason = (str(error).splitlines() or [""])[0] or type(error).__name__
        print(f"Keras trains it, several times slower: numba cannot be used here ({reason})")
        return None
    return kernel


def _restore(run: Run, recipe: Recipe) -> tuple[int, keras.Model]:
    """How many epochs are done, and the model after them; the history is cut to match."""
    done, history = run.done(), run.history()
    if len(history) < done:
        raise RunError(f"{run.path}: expected {done} epochs in history.csv, found {len(history)}")
    columns = {"epoch", "loss", "accuracy", "seconds"} | ({"val_loss", "val_accuracy"} if recipe.held_out else set())
    if any(epoch.keys() != columns for epoch in history):
        raise RunError(f"{run.path / 'history.csv'}: expected the columns {', '.join(sorted(columns))}, found others")
    if len(history) > done:  # killed between writing the history and the checkpoint
        run.write_history(history[:done])
    return done, load(run.checkpoint_file(done), recipe) if done else build(recipe)


def finished(history: list[Epoch], recipe: Recipe) -> bool:
    """Whether no epoch is left to train."""
    return len(history) >= recipe.epochs or reached(history, recipe)


def reached(history: list[Epoch], recipe: Recipe) -> bool:
    """Whether training has passed the recipe's target; False where it has none."""
    return recipe.target is not None and bool(history) and history[-1]["accuracy"] > recipe.target


@contextlib.contextmanager
def _interrupt_after_batch() -> Iterator[keras.callbacks.Callback]:
    """A callback that raises KeyboardInterrupt after the batch in which Ctrl-C was pressed; a second one acts at once.

    Python would raise it anywhere, in a finaliser of TensorFlow's too, and there it is printed and forgotten.
    """
    if threading.current_thread() is not threading.main_thread():  # which gets no signals
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
    """After each epoch: the history first and then the checkpoint, whose name says how many epochs it holds.

    Keras's BackupAndRestore does not rename, so a kill while it saves leaves it with nothing.
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


def _new_folder(name: str) -> Path:
    """``runs/<name>-<time>``, with a number after it where two begin in the same second."""
    stem = f"{name}-{datetime.now():%Y%m%d-%H%M%S}"
    return next(
        folder
        for folder in (Path("runs", stem + suffix) for suffix in ("", *(f"-{n}" for n in range(2, 1000))))
        if not folder.exists()
    )
