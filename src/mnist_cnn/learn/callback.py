"""``StopAtAccuracy``: the callback the exercise asks for.

>>> model.fit(images, labels, epochs=10, callbacks=[StopAtAccuracy(0.995)])     # doctest: +SKIP
"""

from typing import Any

import keras

from mnist_cnn.errors import MetricError


class StopAtAccuracy(keras.callbacks.Callback):
    """Stops training after the first epoch whose training accuracy is above `target`, and says so.

    target: from 0 to 1.
    monitor: the metric to watch, by the name Keras reports it under; the *running* training accuracy by default,
        which is the mean over the epoch's batches, each measured before the network has learnt from it.

    Raises MetricError at the end of the first epoch if the model does not report the metric.
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
        if self._message:  # here and not above, where the epoch's progress bar is still to get its last line
            print(self._message)
