"""Worker: one process of a training: its share of each batch, by Keras on JAX.

The global batches, and so the training, are those of one process: ``TrainingBatches`` draws the same in each process,
and each takes every N-th row. JAX sums over the processes what is summed over a batch: gradients, metrics, and what
batch normalisation measures. Only the order of the sums differs, so weights drift apart as slowly as rounding does.
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

# Before anything of ``learn``, which chooses TensorFlow.
os.environ["KERAS_BACKEND"] = "jax"
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax
import keras
import numpy as np
from jax._src.lib import _jax  # type: ignore[attr-defined]
from jax.experimental import multihost_utils

from mnist_cnn import mnist
from mnist_cnn.distributed.launch import LOST, SILENCE, UNREACHABLE, World, address
from mnist_cnn.errors import DistributedError, MnistCnnError
from mnist_cnn.learn.batches import Batch, TrainingBatches
from mnist_cnn.learn.callback import StopAtAccuracy
from mnist_cnn.learn.model import load
from mnist_cnn.learn.run import Run
from mnist_cnn.learn.train import KeepEpochs, Rates, rates, recipe_of
from mnist_cnn.provenance import TRAINING, versions

_VALIDATION_BATCH = 1000
_SAME = ("mnist-cnn", "keras", "jax", "numpy")
"""What has to be of one version everywhere: each process draws the same batches and compiles the same program."""


def work(link: Connection, world: World, rank: int, folder: Path) -> None:
    """Do this rank's part, and tell `link` that it has met the others, and what went wrong.

    folder: the run's for rank 0; for the others one to be made, for what rank 0 sends.
    """
    together = False
    try:
        dataset = mnist.load(world.data)
        with _silent_gloo():
            _meet(world, rank)
            link.send(None)
            _agree("images", json.dumps(dataset.sha256(), sort_keys=True), "give it --data, as rank 0")
            found = versions(*TRAINING)
            packages = ", ".join(f"{name} {found[name]}" for name in _SAME)
            _agree("packages", packages, f"install the same versions (here: {packages})")
            run = _shared(rank, folder)
            together = True
        _train(run, dataset.train, rank, world.size)
        jax.distributed.shutdown()
    except Exception as error:
        # Also what nobody foresaw: an end as usual would first wait for the others, who wait for this one.
        traceback.print_exc()
        if isinstance(error, MnistCnnError):
            reason = str(error)
        elif "gloo" in str(error).lower():  # which tells of a lost connection in many ways
            reason = LOST if together else f"{world.coordinator}: {UNREACHABLE}"
        else:
            reason = f"rank {rank} ended: {type(error).__name__}: {error}".splitlines()[0]
        link.send(reason)
        os._exit(2)


@contextlib.contextmanager
def _silent_gloo() -> Iterator[None]:
    """It tells standard output whom it has met."""
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
    # JAX tells gloo nothing of this machine's address, and gloo takes what the machine's name means: on Debian
    # 127.0.1.1, where no other machine finds it.
    _jax.make_gloo_tcp_collectives = functools.partial(_jax.make_gloo_tcp_collectives, hostname=own)
    # keras.distribution.initialize is this without the times.
    jax.distributed.initialize(
        world.coordinator,
        world.size,
        rank,
        initialization_timeout=world.wait,
        heartbeat_timeout_seconds=SILENCE,
        shutdown_timeout_seconds=SILENCE,
        coordinator_bind_address=world.coordinator,  # and no other of this machine
        cluster_detection_method="deactivate",
    )
    devices = keras.distribution.list_devices()
    keras.distribution.set_distribution(keras.distribution.DataParallel(devices=devices, auto_shard_dataset=False))


def _shared(rank: int, folder: Path) -> Run:
    """The run with its settings and its last checkpoint: rank 0's own, and a copy of it for each of the others."""
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
    """Raises DistributedError, in each process, if one of them has something else than rank 0."""
    digest = np.frombuffer(hashlib.sha256(own.encode()).digest(), np.uint8)
    all_of_them = multihost_utils.process_allgather(digest).reshape(-1, len(digest))
    others = [str(rank) for rank, one in enumerate(all_of_them) if (one != all_of_them[0]).any()]
    if others:
        raise DistributedError(f"rank {', '.join(others)}: expected the {what} of rank 0, found others: {advice}")


def _broadcast(content: bytes) -> bytes:
    """Rank 0's bytes, in each process."""
    size = int(multihost_utils.broadcast_one_to_all(np.int32(len(content))))
    padded = np.frombuffer(content.ljust(size, b"\0"), np.uint8)
    return np.asarray(multihost_utils.broadcast_one_to_all(padded)).tobytes()


def _train(run: Run, digits: mnist.Digits, rank: int, world: int) -> None:
    config, recipe, done = run.config(), recipe_of(run), run.done()
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
    model.jit_compile = True  # as JAX has it by default; the file says what TensorFlow has
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
    """A rank's rows of each batch: as many as any other rank has.

    What does not divide is left out, fewer rows of a batch than there are ranks. The batches divide, but for the last,
    and those of ``handwriting`` for some sizes. Raises DistributedError if nothing is left.
    """

    def __init__(self, batches: TrainingBatches, rank: int, world: int) -> None:
        super().__init__()  # of one thread: with more, Keras on JAX takes the first batch to build, and is one behind
        self._batches, self._rank, self._world = batches, rank, world
        self._whole = len(batches) - (len(batches[len(batches) - 1][1]) < world)
        if not self._whole:
            raise DistributedError(f"{world} processes: expected at least as many images, found fewer")

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
        # Keras makes a variable or two when it saves, and in a distribution all processes would have to make them.
        distribution = keras.distribution.distribution()
        keras.distribution.set_distribution(None)
        super().on_epoch_end(epoch, logs)
        keras.distribution.set_distribution(distribution)


class _Rates(Rates):
    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self.model.jax_state_sync()  # or what is set here would be overwritten by what JAX holds
        super().on_train_batch_begin(batch, logs)
