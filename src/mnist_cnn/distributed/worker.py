"""Worker: one process of a training. It trains on its share of each batch with Keras on JAX.

The global batches are those of a training by one process: ``TrainingBatches`` draws the same batches in each process,
and process r of n takes every n-th row, from row r on. JAX sums over all processes what is summed over a batch:
gradients, metrics and the statistics of batch normalisation. Only the order of the sums differs, so weights differ by
rounding.
"""

import contextlib
import dataclasses
import functools
import hashlib
import json
import os
import socket
import sys
import traceback
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

# Before any import of ``learn``, which sets the backend to TensorFlow.
os.environ["KERAS_BACKEND"] = "jax"
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax
import keras
import numpy as np
from jax._src.lib import _jax  # type: ignore[attr-defined]
from jax.experimental import multihost_utils

from mnist_cnn import mnist
from mnist_cnn.distributed.world import LOST, SILENCE, UNREACHABLE, World, address
from mnist_cnn.errors import DistributedError, MnistCnnError
from mnist_cnn.learn.batches import Batch, TrainingBatches
from mnist_cnn.learn.callback import StopAtAccuracy
from mnist_cnn.learn.model import load
from mnist_cnn.learn.run import Run
from mnist_cnn.learn.train import KeepEpochs, Rates, rates
from mnist_cnn.provenance import TRAINING, versions

_VALIDATION_BATCH = 1000
_SAME = ("mnist-cnn", "keras", "jax", "numpy")
"""Packages whose versions must be equal, since each process draws the same batches and compiles the same program."""


def work(link: Connection, world: World, rank: int, folder: Path) -> None:
    """Train this rank's share; send None over `link` once all ranks have met, and a message after an error.

    folder: the run's folder for rank 0; for other ranks a new folder for the files that rank 0 sends.
    """
    together = False
    try:
        dataset = mnist.load(world.data)
        with _silent_gloo():
            _meet(world, rank)
            link.send(None)
            _agree("images", json.dumps(dataset.sha256(), sort_keys=True), "pass the --data of rank 0")
            found = versions(*TRAINING)
            packages = ", ".join(f"{name} {found[name]}" for name in _SAME)
            _agree("packages", packages, f"install the same versions (here: {packages})")
            run = _shared(rank, folder)
            together = True
        _train(run, dataset.train, rank, world.size)
        jax.distributed.shutdown()
    except Exception as error:
        # Any exception: at a normal exit JAX would wait for the other processes, which wait for this one.
        traceback.print_exc()
        if isinstance(error, MnistCnnError):
            reason = str(error)
        elif "gloo" in str(error).lower():  # it reports a lost connection in many ways
            reason = LOST if together else f"{world.coordinator}: {UNREACHABLE}"
        else:
            reason = f"rank {rank} ended: {type(error).__name__}: {error}".splitlines()[0]
        link.send(reason)
        os._exit(2)


@contextlib.contextmanager
def _silent_gloo() -> Iterator[None]:
    """Hide gloo's messages on standard output."""
    kept = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def _meet(world: World, rank: int) -> None:
    host, port = address(world.coordinator)
    family, kind, _, _, to = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, kind) as route:
        route.connect(to)  # sends nothing
        own = route.getsockname()[0]
    # JAX does not pass this machine's address to gloo, which then resolves the machine's name. On Debian that is
    # 127.0.1.1, which no other machine reaches.
    _jax.make_gloo_tcp_collectives = functools.partial(_jax.make_gloo_tcp_collectives, hostname=own)
    # keras.distribution.initialize has no timeouts.
    jax.distributed.initialize(
        world.coordinator,
        world.size,
        rank,
        initialization_timeout=world.wait,
        heartbeat_timeout_seconds=SILENCE,
        shutdown_timeout_seconds=SILENCE,
        coordinator_bind_address=world.coordinator,  # and no other address of this machine
        cluster_detection_method="deactivate",
    )
    devices = keras.distribution.list_devices()
    keras.distribution.set_distribution(keras.distribution.DataParallel(devices=devices, auto_shard_dataset=False))


def _shared(rank: int, folder: Path) -> Run:
    """Return the run with its settings and last checkpoint: rank 0's own, or a copy of it on the other ranks."""
    run = Run(folder)
    config, checkpoint = b"", b""
    if rank == 0:
        settings = run.config() | {"done": run.done()}
        config, checkpoint = json.dumps(settings).encode(), run.checkpoint_file(run.done()).read_bytes()
    config, checkpoint = _broadcast(config), _broadcast(checkpoint)
    if rank > 0:
        folder.mkdir()
        settings = json.loads(config)
        run.write_json("config.json", settings)
        run.checkpoint_file(settings["done"]).write_bytes(checkpoint)
    return run


def _agree(what: str, own: str, advice: str) -> None:
    """Raise DistributedError in every process if one of them differs from rank 0."""
    digest = np.frombuffer(hashlib.sha256(own.encode()).digest(), np.uint8)
    all_of_them = multihost_utils.process_allgather(digest).reshape(-1, len(digest))
    others = [str(rank) for rank, one in enumerate(all_of_them) if (one != all_of_them[0]).any()]
    if others:
        raise DistributedError(f"rank {', '.join(others)}: expected the {what} of rank 0, found others; {advice}")


def _broadcast(content: bytes) -> bytes:
    """Return rank 0's bytes in each process."""
    size = int(multihost_utils.broadcast_one_to_all(np.int32(len(content))))
    padded = np.frombuffer(content.ljust(size, b"\0"), np.uint8)
    return np.asarray(multihost_utils.broadcast_one_to_all(padded)).tobytes()


def _train(run: Run, digits: mnist.Digits, rank: int, world: int) -> None:
    config, recipe, done = run.config(), run.recipe(), run.done()
    keras.utils.set_random_seed((config["seed"] + done) % 2**32)
    training, validation = mnist.split(digits) if recipe.held_out else (digits, None)
    training = mnist.Digits(*(array[: config["limit"]] for array in training))
    share = Share(TrainingBatches(recipe, training, config["seed"], done), rank, world)
    callbacks = [_KeepEpochs(run)] if rank == 0 else []
    if recipe.target is not None:
        callbacks.append(StopAtAccuracy(recipe.target))
    if config["tensorboard"] and rank == 0:
        callbacks.append(keras.callbacks.TensorBoard(run.path / "tensorboard"))
    if recipe.learning_rate is not None:
        callbacks.append(_Rates(rates(recipe, len(share))))
    checked = None
    if validation:
        plain = dataclasses.replace(recipe, augmentation=None, batch_size=world * (_VALIDATION_BATCH // world or 1))
        checked = Share(TrainingBatches(plain, validation, 0), rank, world)
    verbose = 0 if rank else 1 if sys.stdout and sys.stdout.isatty() else 2
    model = load(run.checkpoint_file(done), recipe)
    model.jit_compile = True  # JAX's default; the file has TensorFlow's
    model.fit(
        share,
        epochs=recipe.epochs,
        initial_epoch=done,
        callbacks=callbacks,
        validation_data=checked,
        verbose=verbose,
        shuffle=False,
    )


class Share(keras.utils.PyDataset):
    """The rows of each batch for one rank. All ranks have the same number of rows.

    Rows that do not divide are left out: fewer per batch than there are ranks. That concerns the last batch, and for
    some world sizes those of ``handwriting``. Raises DistributedError if no row is left.
    """

    def __init__(self, batches: TrainingBatches, rank: int, world: int) -> None:
        super().__init__()  # one thread: with more, Keras on JAX uses up the first batch to build the network
        self._batches, self._rank, self._world = batches, rank, world
        self._whole = len(batches) - (len(batches[len(batches) - 1][1]) < world)
        if not self._whole:
            raise DistributedError(f"{world} processes: expected at least {world} training images, found fewer")

    def __len__(self) -> int:
        return self._whole

    def __getitem__(self, index: int) -> Batch:
        images, labels = self._batches[index]
        end = len(labels) // self._world * self._world
        return images[self._rank : end : self._world], labels[self._rank : end : self._world]

    def on_epoch_end(self) -> None:
        self._batches.on_epoch_end()


class _KeepEpochs(KeepEpochs):
    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        # Keras creates variables when it saves; inside a distribution all processes would have to create them.
        distribution = keras.distribution.distribution()
        keras.distribution.set_distribution(None)
        super().on_epoch_end(epoch, logs)
        keras.distribution.set_distribution(distribution)


class _Rates(Rates):
    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self.model.jax_state_sync()  # else JAX's own copy would overwrite the value set here
        super().on_train_batch_begin(batch, logs)
