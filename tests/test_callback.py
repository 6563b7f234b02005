"""StopAtAccuracy: when it stops, its message, and its error without the metric."""

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnist_cnn.errors import MetricError
from mnist_cnn.learn.callback import StopAtAccuracy


class Model:
    stop_training = False


def stops(accuracies: list[float], target: float = 0.995) -> tuple[int, bool]:
    """Return the number of epochs, and whether the callback stopped the training."""
    callback = StopAtAccuracy(target)
    callback.set_model(Model())
    callback.on_train_begin()
    for epoch, accuracy in enumerate(accuracies):
        callback.on_epoch_end(epoch, {"accuracy": accuracy, "loss": 0.1})
        if callback.model.stop_training:
            return epoch + 1, True
    callback.on_train_end()
    return len(accuracies), False


@given(st.lists(st.floats(0, 1), max_size=12), st.floats(0.01, 1))
def test_training_stops_after_the_first_epoch_above_the_target(accuracies: list[float], target: float) -> None:
    above = [number for number, accuracy in enumerate(accuracies, 1) if accuracy > target]
    assert stops(accuracies, target) == ((above[0], True) if above else (len(accuracies), False))


def test_the_default_target_is_0_995_and_must_be_exceeded() -> None:
    assert StopAtAccuracy().target == 0.995
    assert stops([0.99, 0.995, 0.9951, 1.0]) == (3, True)


@pytest.mark.parametrize("target", [0, -0.1, 1.01, 99.5, float("nan")])
def test_a_target_out_of_range_is_an_error(target: float) -> None:
    with pytest.raises(ValueError, match="expected a target above 0 and at most 1, found"):
        StopAtAccuracy(target)


def small(metrics: list[str]) -> keras.Model:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, activation="softmax")])
    model.compile(optimizer=keras.optimizers.Adam(0.1), loss="sparse_categorical_crossentropy", metrics=metrics)
    return model


def test_a_real_fit_stops_with_a_message(capsys: pytest.CaptureFixture[str]) -> None:
    points = np.array([[0, 1], [1, 0]] * 20, np.float32)
    labels = np.array([0, 1] * 20)
    callback = StopAtAccuracy(0.9)
    history = small(["accuracy"]).fit(points, labels, epochs=300, callbacks=[callback], verbose=0)
    accuracies = history.history["accuracy"]
    assert len(accuracies) < 300
    assert accuracies[-1] > 0.9 >= max(accuracies[:-1], default=0)
    expected = f"Epoch {len(accuracies)}: training accuracy {accuracies[-1]:.5f} is above the target of 0.9"
    assert capsys.readouterr().out == f"{expected}: training stops here.\n"


def test_a_second_fit_does_not_repeat_the_message_of_the_first(capsys: pytest.CaptureFixture[str]) -> None:
    callback = StopAtAccuracy(0.9)
    callback.set_model(Model())
    callback.on_train_begin()
    callback.on_epoch_end(0, {"accuracy": 1.0})
    callback.on_train_begin()
    callback.on_epoch_end(0, {"accuracy": 0.1})
    callback.on_train_end()
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("logs", [None, {}, {"loss": 0.1}])
def test_a_missing_metric_is_named(logs: dict[str, float] | None) -> None:
    found = ", ".join(logs or {}) or "none"
    with pytest.raises(MetricError, match=rf"expected a metric 'accuracy', found {found}; compile .*metrics="):
        StopAtAccuracy().on_epoch_end(0, logs)


def test_a_missing_metric_is_an_error_in_a_real_fit() -> None:
    with pytest.raises(MetricError, match="found loss"):
        small([]).fit(np.zeros((4, 2)), np.zeros(4), callbacks=[StopAtAccuracy()], verbose=0)
