"""Kernel: the same gradients and steps as Keras, a plain Keras model, and training with Keras without Numba."""

import dataclasses
import os
import re
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from mnist_cnn import mnist
from mnist_cnn.learn import kernel
from mnist_cnn.learn.model import build, load
from mnist_cnn.learn.recipes import FAST, SEED
from mnist_cnn.learn.run import Run, start
from mnist_cnn.learn.train import fit, rates

ALL = 2.0  # above every probability: the network learns from all images


def model() -> keras.Model:
    """The seed network, with biases that are not 0."""
    keras.utils.set_random_seed(4)
    made = build(SEED)
    made.set_weights([w if w.ndim > 1 else np.random.normal(0, 0.05, w.shape) for w in made.get_weights()])
    return made


def keras_gradients(made: keras.Model, images: np.ndarray, labels: np.ndarray, kept: np.ndarray) -> list[np.ndarray]:
    """Gradients of the mean loss over all images. The loss of images that are not kept is 0."""
    with tf.GradientTape() as tape:
        each = keras.losses.sparse_categorical_crossentropy(labels, made(mnist.as_input(images)))
        loss = tf.reduce_sum(each * kept.astype(np.float32)) / len(images)
    return [gradient.numpy() for gradient in tape.gradient(loss, made.trainable_variables)]


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("sure", [ALL, 0.1])
def test_gradients_equal_those_of_keras(threads: int, sure: float, dataset: mnist.Dataset) -> None:
    images, labels = (array[:57] for array in dataset.train)
    images = images.copy()
    images[3] = 0  # a blank picture
    images[4] = 255
    made = model()
    given = made.predict(mnist.as_input(images), verbose=0)[np.arange(len(images)), labels]
    kept = given < sure
    assert kept.all() if sure == ALL else 5 < kept.sum() < 52
    network = kernel.Network(made, 64, threads=threads, sure=sure)
    loss, right = network.learn(images, labels, rate=1e-3)
    assert loss == pytest.approx(-np.log(given).sum(), rel=1e-5)
    assert right == (made.predict(mnist.as_input(images), verbose=0).argmax(axis=1) == labels).sum()
    expected = keras_gradients(made, images, labels, kept)
    for mean, gradient in zip(network.means, expected, strict=True):  # Adam's first mean is a tenth of the gradient
        np.testing.assert_allclose(10 * mean, gradient, rtol=1e-3, atol=2e-6 * np.abs(gradient).max())
        assert np.abs(gradient).max() > 1e-3, "a gradient of 0 would prove nothing"


def test_forty_steps_give_the_weights_of_keras(dataset: mnist.Dataset) -> None:
    """With an Adam that has done steps before, two learning rates and a smaller last batch."""
    images, labels = (array[:630] for array in dataset.train)
    expected, found = model(), model()
    for each in (expected, found):
        each.fit(mnist.as_input(images), labels, batch_size=315, epochs=2, shuffle=False, verbose=0)
    network = kernel.Network(found, 32)
    for rate in (2e-3, 5e-4):
        expected.optimizer.learning_rate = rate
        expected.fit(mnist.as_input(images), labels, batch_size=32, shuffle=False, verbose=0)
    network._sure = ALL
    for rate in (2e-3, 5e-4):
        for first in range(0, 630, 32):
            network.learn(images[first : first + 32], labels[first : first + 32], rate)
    network.store(found)
    assert int(found.optimizer.iterations) == int(expected.optimizer.iterations) == 44
    test = mnist.as_input(dataset.test.images[:2000])
    start = model().predict(test, verbose=0)
    apart = np.abs(found.predict(test, verbose=0) - expected.predict(test, verbose=0)).max()
    assert apart < 2e-3 < 0.5 < np.abs(found.predict(test, verbose=0) - start).max()
    for ours, theirs in zip(found.optimizer.variables, expected.optimizer.variables, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=2e-3 * max(1e-9, float(np.abs(theirs).max())))


@pytest.mark.slow
def test_the_model_is_a_plain_keras_model_with_the_trained_weights(dataset: mnist.Dataset, tmp_path: Path) -> None:
    run = start(FAST, dataset, tmp_path / "run", limit=6000)
    fit(run, dataset)
    code = (  # without this package
        "import keras, numpy, sys; model = keras.saving.load_model(sys.argv[1]);"
        "numpy.save(sys.argv[3], model.predict(numpy.load(sys.argv[2]), verbose=0));"
        "assert 'mnist_cnn' not in sys.modules; assert type(model) is keras.Sequential"
    )
    images = dataset.test.images[:1000]
    np.save(tmp_path / "in.npy", mnist.as_input(images))
    files = [str(run.model), str(tmp_path / "in.npy"), str(tmp_path / "out.npy")]
    subprocess.run([sys.executable, "-c", code, *files], check=True, capture_output=True, cwd=tmp_path)
    ours = kernel.Network(load(run.model, FAST), 1000).probabilities(images)
    assert np.abs(np.load(tmp_path / "out.npy") - ours).max() < 1e-5
    assert (ours.argmax(axis=1) == dataset.test.labels[:1000]).mean() > 0.9


def test_the_same_seed_gives_the_same_weights_bit_for_bit(dataset: mnist.Dataset, tmp_path: Path) -> None:
    found = {}
    for name, seed in {"a": 5, "b": 5, "other": 6}.items():
        run = start(dataclasses.replace(FAST, epochs=2), dataset, tmp_path / name, seed=seed, limit=2000)
        found[name] = fit(run, dataset).get_weights(), [epoch["loss"] for epoch in run.history()]
    assert found["a"][1] == found["b"][1] != found["other"][1]
    assert all(np.array_equal(a, b) for a, b in zip(found["a"][0], found["b"][0], strict=True))


def test_an_interrupted_training_resumes_after_the_last_finished_epoch(
    dataset: mnist.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = start(dataclasses.replace(FAST, batch_size=128), dataset, tmp_path / "run", limit=3000)
    learn, steps = kernel.Network.learn, 24

    def stop(network: kernel.Network, *arguments: object) -> tuple[float, int]:
        if network._steps == steps + 5:
            raise KeyboardInterrupt
        return learn(network, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(kernel.Network, "learn", stop)
    with pytest.raises(KeyboardInterrupt):
        fit(run, dataset)
    first = run.history()
    assert [epoch["epoch"] for epoch in first] == [1]
    assert int(load(run.checkpoint_file(1), FAST).optimizer.iterations) == steps
    monkeypatch.undo()
    model = fit(run, dataset)
    assert run.history()[:1] == first
    accuracies = [epoch["accuracy"] for epoch in run.history()]
    assert accuracies == sorted(accuracies)
    assert len(accuracies) == 3
    assert int(model.optimizer.iterations) == 3 * steps
    assert float(model.optimizer.learning_rate) == pytest.approx(rates(FAST, steps)[-1, -1], abs=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("trouble", ["numba is not installed", "numba has no folder to write to"])
def test_without_numba_keras_trains_the_same_recipe(trouble: str, tmp_path: Path) -> None:
    """Without Numba, or without a writable folder for its compiled code, as on a read-only system."""
    code = "import sys; sys.modules['numba'] = None;" if "installed" in trouble else ""
    if not code:
        code = "import numba.core.caching as c;c.CacheImpl._locator_classes = c._CacheLocator = [];"
    code += "from mnist_cnn.cli import main; main()"
    arguments = ["train", "--recipe", "fast", "--batch-size", "128", "--limit", "3000", "--out", "run"]
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=200
    )
    assert done.returncode == 0, done.stderr
    assert "Training with Keras, several times slower: numba cannot be used here" in done.stdout
    run = Run.open(tmp_path / "run")
    model = load(run.model, FAST)
    assert [epoch["epoch"] for epoch in run.history()] == [1, 2, 3]
    assert run.history()[-1]["accuracy"] > 0.9
    assert int(model.optimizer.iterations) == 72
    assert float(model.optimizer.learning_rate) == pytest.approx(rates(FAST, 24)[-1, -1], abs=1e-9)


@pytest.mark.slow
def test_with_a_damaged_numba_cache_keras_trains(tmp_path: Path) -> None:
    def train(name: str) -> tuple[str, list[str]]:
        command = [sys.executable, "-m", "mnist_cnn", "train", "--recipe", "fast", "--limit", "600", "--out", name]
        variables = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
        done = subprocess.run(command, env=variables, cwd=tmp_path, capture_output=True, text=True, timeout=200)
        assert done.returncode == 0, done
        return done.stdout, Run.open(tmp_path / name).config()["trained_by"]

    assert train("whole")[1] == ["kernel"]
    for file in (tmp_path / "cache").rglob("*.nbi"):
        file.write_bytes(b"")  # as a power cut may leave it
    output, trained_by = train("damaged")
    assert "Training with Keras, several times slower: numba cannot be used here" in output
    assert trained_by == ["keras"]


def test_learning_rates_have_linear_warmup_and_cosine_decay() -> None:
    found = rates(FAST, 400).ravel()
    assert found.shape == (1200,)
    assert found.argmax() == 59
    assert found.max() == pytest.approx(2e-2)
    np.testing.assert_allclose(found[:60], 2e-2 * np.arange(1, 61) / 60)
    assert found[59 + 570] == pytest.approx(1e-2)
    assert (np.diff(found[60:]) < 0).all()
    assert found[-1] == pytest.approx(0, abs=1e-9)


@pytest.mark.slow
def test_fast_reaches_the_target_in_three_epochs(tmp_path: Path) -> None:
    """The whole command in a terminal, with its progress bar."""
    command = f"{sys.executable} -m mnist_cnn train --recipe fast --seed 3 --out run"
    done = subprocess.run(
        ["script", "-qec", command, "/dev/null"], cwd=tmp_path, capture_output=True, text=True, timeout=300,
        env=os.environ | {"COLUMNS": "100"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert re.search("235/235.*━━━", done.stdout), done.stdout[-2000:]
    run = Run.open(tmp_path / "run")
    assert 1 < len(run.history()) <= 3
    assert 0.995 < run.history()[-1]["accuracy"] < 0.9995
    assert 0.98 < run.read_json("report.json", "a score")["score"]["accuracy"] < 0.995
