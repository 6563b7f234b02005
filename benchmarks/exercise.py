"""Train the classic MNIST CNN as a plain Keras script; only the images come from this project. `speed.py` times it.

python benchmarks/exercise.py SEED FILE      trains and writes the model to FILE
"""

import sys
from typing import Any

import keras

from mnist_cnn import mnist


class StopAbove(keras.callbacks.Callback):
    """Stop training after the first epoch with a training accuracy above 0.995."""

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if logs and logs["accuracy"] > 0.995:
            print("Training accuracy is above 99.5 %: training stops")
            self.model.stop_training = True


def main() -> None:
    seed, file = int(sys.argv[1]), sys.argv[2]
    keras.utils.set_random_seed(seed)
    (x_train, y_train), _ = mnist.load()
    x_train = x_train.reshape(-1, 28, 28, 1) / 255.0
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            keras.layers.Conv2D(32, (3, 3), activation="relu"),
            keras.layers.MaxPooling2D((2, 2)),
            keras.layers.Flatten(),
            keras.layers.Dense(128, activation="relu"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(x_train, y_train, epochs=10, callbacks=[StopAbove()], verbose=2)
    model.save(file)
    print(f"epochs {len(history.epoch)}, training accuracy {history.history['accuracy'][-1]:.5f}")


if __name__ == "__main__":
    main()
