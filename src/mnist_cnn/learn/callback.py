"""``StopAtAccuracy``: a Keras callback that stops training at a training accuracy.

>>> model.fit(images, labels, epochs=10, callbacks=[StopAtAccuracy(0.995)])     # doctest: +SKIP
"""

from typing import Any

import keras

from mnist_cnn.errors import MetricError


class StopAtAccuracy(keras.callbacks.Callback):
    """Stop training after the first epoch whose training accuracy is above `target`, and print a message.

    target: above 0 and at most 1.
    monitor: Keras's name of the metric. The default is the running training accuracy: the mean over the batches of the
        epoch, each measured before the network learns from it.

    Raises ValueError if the target is out of range, and MetricError at the end of the first epoch if the model does not
    report the metric.
    """

    def __init__(self, target: float = 0.995, monitor: str = "accuracy") -> None:
        super().__init__()
        if not 0 < target <= 1:
            raise ValueError(f"StopAtAccuracy: expected a target above 0 and at most 1, found {target}")
        self.target = target
        self.monitor = monitor

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self._message = ""

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        value = (logs or {}).get(self.monitor)
        if value is None:
            raise MetricError(
                f"StopAtAccuracy: expected a metric '{self.monitor}', found {', '.join(logs or {}) or 'none'}; "
                f"compile the model with metrics=['{self.monitor}']"
            )
        if value > self.target:
            self._message = (
                f"Epoch {epoch + 1}: training {self.monitor} {value:.5f} is above the target of {self.target}: "
                "training stops here."
            )
            self.model.stop_training = True

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        if self._message:  # at the end of an epoch, Keras has not written the last line of its progress bar
            print(self._message)
