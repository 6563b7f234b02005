"""Distributed training: the same network as with one process, and an error if a process is missing or dies."""

import contextlib
import dataclasses
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
import psutil
import pytest
from conftest import Command

from mnist_cnn import mnist
from mnist_cnn.distributed import launch
from mnist_cnn.distributed.world import SILENCE, World
from mnist_cnn.errors import DistributedError
from mnist_cnn.learn.batches import TrainingBatches
from mnist_cnn.learn.model import build
from mnist_cnn.learn.recipes import SEED, TINY, Recipe
from mnist_cnn.learn.run import Run, start
from mnist_cnn.learn.train import _learn
from mnist_cnn.read import Classifier

TRAIN = [sys.executable, "-m", "mnist_cnn", "train"]


def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def weights(run: Path) -> list[np.ndarray]:
    return list(keras.saving.load_model(run / "model.keras").get_weights())


def apart(some: list[np.ndarray], others: list[np.ndarray]) -> float:
    return max(float(np.abs(a - b).max()) for a, b in zip(some, others, strict=True))


def begin(folder: Path, *arguments: object, host: str | None = None) -> subprocess.Popen[str]:
    """Start a training that takes minutes."""
    namespace = ["ip", "netns", "exec", host] if host else []
    command = [*namespace, *TRAIN, *map(str, arguments)]
    return subprocess.Popen(
        command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def until(done: bool | object, seconds: float = 90) -> None:
    """Wait until a function returns a true value."""
    end = time.monotonic() + seconds
    while not done():  # type: ignore[operator]
        assert time.monotonic() < end, "timed out"
        time.sleep(0.1)


def workers(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """Return the processes that train, rank 0 first."""
    children = psutil.Process(process.pid).children(recursive=True)
    return sorted((child for child in children if "spawn_main" in " ".join(child.cmdline())), key=lambda c: c.pid)


# Results


@pytest.mark.slow
@pytest.mark.parametrize(("recipe", "limit"), [("seed", 1618), ("accurate", 274)])  # the last batch has 18
def test_two_processes_train_the_same_network_as_one(
    command: Command, tmp_path: Path, dataset: mnist.Dataset, recipe: str, limit: int
) -> None:
    for n in (1, 2):
        settings = ("--recipe", recipe, "--limit", limit, "--epochs", 2, "--seed", 5)
        done = command("train", *settings, "--processes", n, "--out", f"by-{n}")
        assert done.returncode == 0, done.stderr
        assert "Gloo" not in done.stdout + done.stderr
    one, two = weights(tmp_path / "by-1"), weights(tmp_path / "by-2")
    assert 0 < apart(one, two) < (1e-4 if recipe == "seed" else 0.5)  # dropout drops other units
    assert Run(tmp_path / "by-2").config()["trained_by"] == ["keras on jax, 2 processes"]

    images = mnist.as_input(dataset.test.images[:100])
    exported = Classifier(tmp_path / "by-2/model.onnx").probabilities(images)
    trained = keras.saving.load_model(tmp_path / "by-2/model.keras")
    assert np.abs(exported - trained.predict(images, verbose=0)).max() < 1e-5


@pytest.mark.slow
@pytest.mark.parametrize("recipe", [SEED, TINY], ids=lambda recipe: recipe.name)
def test_keras_on_tensorflow_trains_the_same_network(tmp_path: Path, dataset: mnist.Dataset, recipe: Recipe) -> None:
    """An independent reference, with batch normalisation, augmentation and a learning rate per step.

    The optimizer is plain gradient descent, since Adam turns rounding errors into full steps, for example in a bias
    before a normalisation. The steps are few: after eight, TensorFlow with oneDNN differs by 6e-4 from TensorFlow
    without it.
    """
    recipe = dataclasses.replace(recipe, epochs=1, optimizer="sgd")
    keras.utils.set_random_seed(0)
    model, found = build(recipe), []
    for n in (1, 2):
        run = start(recipe, dataset, tmp_path / str(n), limit=300)
        model.save(run.checkpoint_file(0))
        launch.train(World.local(n), run)
        assert run.done() == 1
        found.append(list(keras.saving.load_model(run.checkpoint_file(1)).get_weights()))
    config = start(recipe, dataset, tmp_path / "tensorflow", limit=300).config()
    if recipe.augmentation:
        _learn(model, recipe, dataset.train, config, 0, [], None)
    else:  # `_learn` would use another order of the images
        digits = mnist.Digits(*(array[:300] for array in dataset.train))
        model.fit(TrainingBatches(recipe, digits, config["seed"]), shuffle=False, verbose=0)
    found.append(model.get_weights())
    assert 0 < apart(found[0], found[1]) < 1e-4
    assert 0 < apart(found[0], found[2]) < 1e-4


# Failures


@pytest.mark.slow
@pytest.mark.parametrize(("rank", "kill"), [(1, signal.SIGKILL), (0, signal.SIGSTOP), (1, signal.SIGSTOP)])
def test_a_lost_process_ends_the_others_and_the_run_resumes(
    tmp_path: Path, command: Command, rank: int, kill: signal.Signals
) -> None:
    """The process is killed, or stopped, which stands for a machine that is lost."""
    settings = ("--limit", 3200, "--target", 1, "--processes", 2, "--out", "run")
    with begin(tmp_path, *settings, "--epochs", 500) as process:
        until(lambda: (tmp_path / "run/history.csv").exists() and Run(tmp_path / "run").done())
        began, dying = time.monotonic(), workers(process)
        dying[rank].send_signal(kill)
        _, errors = process.communicate(timeout=SILENCE + 30)
        assert time.monotonic() - began < SILENCE + 20
    assert process.returncode == 2
    lines = errors.strip().splitlines()
    assert len(lines) == 3, errors
    cause = f"rank {rank} was killed (SIGKILL)" if kill == signal.SIGKILL else "another process of the training ended"
    assert cause in lines[0]
    assert re.fullmatch(r"[1-9]\d* finished epochs? (is|are) kept\. To resume:", lines[1])
    assert lines[2] == "  mnist-cnn train --resume run --processes 2"
    assert not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in dying)

    done, run = Run(tmp_path / "run").done(), Run(tmp_path / "run")
    config = run.config()
    config["recipe"]["epochs"] = done + 1
    run.write_json("config.json", config)
    resumed = command(*shlex.split(lines[2])[1:])
    assert resumed.returncode == 0, resumed.stderr
    assert f"Resumed after epoch {done}\n" in resumed.stdout
    assert len(run.history()) == done + 1
    assert run.config()["trained_by"] == ["keras on jax, 2 processes"] * 2


@pytest.mark.slow
def test_a_resumed_run_equals_an_uninterrupted_one(command: Command, tmp_path: Path) -> None:
    settings = ("--limit", 1600, "--target", 1, "--processes", 2)
    assert command("train", *settings, "--epochs", 3, "--out", "whole").returncode == 0
    with begin(tmp_path, *settings, "--epochs", 3, "--out", "cut") as process:
        until(lambda: (tmp_path / "cut/history.csv").exists() and Run(tmp_path / "cut").done())
        workers(process)[0].kill()
        process.communicate(timeout=60)
    assert command("train", "--resume", "cut", "--processes", 2).returncode == 0
    assert apart(weights(tmp_path / "whole"), weights(tmp_path / "cut")) < 1e-4


@pytest.mark.slow
def test_ctrl_c_and_a_killed_parent_leave_nothing_running(tmp_path: Path) -> None:
    for kill, code in ((signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)):
        folder = tmp_path / kill.name
        folder.mkdir()
        with begin(
            folder, "--limit", 3200, "--target", 1, "--epochs", 500, "--processes", 2, "--out", "run"
        ) as process:
            until(lambda f=folder: (f / "run/history.csv").exists())
            both = workers(process)
            assert len(both) == 2
            if kill == signal.SIGINT:
                os.killpg(process.pid, kill)  # like a terminal
            else:
                process.kill()
            _, errors = process.communicate(timeout=30)
            assert process.returncode == code
            until(lambda b=both: not any(one.is_running() for one in b), 10)
        if kill == signal.SIGINT:
            assert errors.splitlines()[-1] == "  mnist-cnn train --resume run --processes 2"


@pytest.mark.slow
@pytest.mark.parametrize("rank", [0, 1])
def test_waiting_for_a_missing_process_ends(command: Command, rank: int) -> None:
    where = f"127.0.0.1:{port()}"
    began = time.monotonic()
    done = command(
        "train", "--coordinator", where, "--rank", rank, "--world", 2, "--wait", 3, *(() if rank else ("--limit", 64))
    )
    assert time.monotonic() - began < 60
    assert done.returncode == 2
    message = (
        f"mnist-cnn: {where}: expected 2 processes to meet there in 3 s, found fewer; "
        "start each of them, with --rank 0 to 1"
    )
    assert done.stderr.startswith(message)
    assert "Traceback" not in done.stderr
    if rank == 0:
        resume = rf"  mnist-cnn train --resume \S+ --coordinator {where} --rank 0 --world 2 --wait 3"
        assert re.fullmatch(resume, done.stderr.splitlines()[-1])


@pytest.mark.slow
def test_an_unexpected_error_ends_all_processes_and_is_named(tmp_path: Path, dataset: mnist.Dataset) -> None:
    run = start(SEED, dataset, tmp_path / "run")
    build(dataclasses.replace(SEED, loss="categorical_crossentropy")).save(
        run.checkpoint_file(0)
    )  # expects other labels
    began = time.monotonic()
    with pytest.raises(DistributedError, match=r"^rank [01] ended: ValueError: "):
        launch.train(World.local(2), run)
    assert time.monotonic() - began < SILENCE


@pytest.mark.slow
def test_fewer_images_than_processes_are_refused(command: Command) -> None:
    done = command("train", "--limit", 1, "--processes", 2)
    assert done.returncode == 2
    assert "mnist-cnn: 2 processes: expected at least 2 training images, found fewer\n" in done.stderr


@pytest.mark.slow
def test_the_stop_is_printed_once_and_a_finished_run_waits_for_no_process(command: Command, tmp_path: Path) -> None:
    settings = ("--limit", 640, "--target", 0.2, "--out", "run")
    done = command("train", *settings, "--processes", 2)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("raining stops here") == 1
    again = command("train", "--resume", "run", "--coordinator", f"127.0.0.1:{port()}", "--rank", 0, "--world", 2)
    assert again.returncode == 0, again.stderr
    assert "The run is finished; there is nothing to train." in again.stdout


@pytest.mark.slow
def test_a_rank_with_other_images_is_refused(tmp_path: Path, dataset: mnist.Dataset) -> None:
    other = tmp_path / "other.npz"
    (x, y), (u, v) = dataset
    np.savez(other, x_train=x[::-1], y_train=y[::-1], x_test=u, y_test=v)
    together = ("--coordinator", f"127.0.0.1:{port()}", "--world", 2, "--wait", 60)
    with (
        begin(tmp_path, *together, "--rank", 0, "--limit", 320, "--out", "run") as first,
        begin(tmp_path, *together, "--rank", 1, "--data", other) as second,
    ):
        for process in (first, second):
            message = "mnist-cnn: rank 1: expected the images of rank 0, found others; pass the --data of rank 0\n"
            assert process.communicate(timeout=120)[1].startswith(message)
        assert (first.returncode, second.returncode) == (2, 2)


# Two machines


@pytest.fixture
def hosts() -> Iterator[tuple[str, str] | None]:
    """Two connected network namespaces by name, or None if this machine does not allow them.

    The first has the address 10.97.0.1.
    """

    def ip(*arguments: str) -> None:
        subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)

    names = tuple(f"mnist-cnn-{os.getpid()}-{rank}" for rank in range(2))
    try:
        try:
            for name in names:
                ip("netns", "add", name)
            ends = ["name", "cable", "netns", names[0]], ["name", "cable", "netns", names[1]]
            ip("link", "add", *ends[0], "type", "veth", "peer", *ends[1])
            for i, name in enumerate(names):
                ip("-n", name, "addr", "add", f"10.97.0.{i + 1}/24", "dev", "cable")
                ip("-n", name, "link", "set", "cable", "up")
                ip("-n", name, "link", "set", "lo", "up")
        except FileNotFoundError:  # iproute2 is not installed
            yield None
        except subprocess.CalledProcessError as error:
            if "netns" not in error.cmd:  # a namespace was allowed, so the rest has to work
                raise
            print(f"no network namespaces, tried on one machine: {error.stderr}")
            yield None
        else:
            yield names[0], names[1]
    finally:
        with contextlib.suppress(OSError):
            for name in names:
                subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)


@pytest.mark.slow
def test_two_machines_train_together_and_report_a_lost_connection(
    tmp_path: Path, hosts: tuple[str, str] | None, command: Command
) -> None:
    """Two machines train the same network as one, and both end with an error after the cable is pulled.

    Without network namespaces, both are processes on this machine, and one is stopped instead of the cable.
    """
    first_host, second_host = hosts or (None, None)
    together = ("--coordinator", "10.97.0.1:9000" if hosts else f"127.0.0.1:{port()}", "--world", 2, "--wait", 60)
    settings = ("--limit", 1600, "--epochs", 2, "--out")
    with (
        begin(tmp_path, *together, "--rank", 1, host=second_host) as second,
        begin(tmp_path, *together, "--rank", 0, *settings, "far", host=first_host) as first,
    ):
        assert first.communicate(timeout=240)[1] == ""
        assert second.communicate(timeout=60)[1] == ""
        assert (first.returncode, second.returncode) == (0, 0)
    assert command("train", *settings, "near", "--processes", 2).returncode == 0
    assert apart(weights(tmp_path / "near"), weights(tmp_path / "far")) < 1e-4

    with (
        begin(tmp_path, *together, "--rank", 1, host=second_host) as second,
        begin(
            tmp_path,
            *together,
            "--rank",
            0,
            "--target",
            1,
            "--epochs",
            500,
            *settings[:2],
            "--out",
            "cut",
            host=first_host,
        ) as first,
    ):
        until(lambda: (tmp_path / "cut/history.csv").exists() and Run(tmp_path / "cut").done(), 120)
        if hosts:
            subprocess.run(["ip", "-n", hosts[1], "link", "set", "cable", "down"], check=True)
        else:
            os.killpg(second.pid, signal.SIGSTOP)
        began = time.monotonic()
        for process in (first, second):
            if not hosts and process is second:
                os.killpg(second.pid, signal.SIGCONT)
            errors = process.communicate(timeout=2 * SILENCE + 30)[1]
            assert process.returncode == 2
            assert errors.startswith(
                "mnist-cnn: another process of the training ended, or cannot be reached any more\n"
            )
        assert time.monotonic() - began < 2 * SILENCE + 10
    assert Run(tmp_path / "cut").done() >= 1
