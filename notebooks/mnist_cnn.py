# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # A convolutional network that learns MNIST
#
# ## Introduction
#
# MNIST is a dataset of 70,000 images of handwritten digits. Each image has 28 × 28 grey pixels. 60,000 images are for
# training, 10,000 for testing. In this notebook you train a small **convolutional neural network** (CNN) to recognise
# the digits. You also write a Keras **callback** that stops training when the training accuracy is above 99.5 %.
#
# The notebook runs in two to five minutes on a laptop. Its last two sections show where such a network fails, and why
# 99.5 % training accuracy does not mean 99.5 % on your own digits.
#
# The first cell installs missing packages. If everything is installed, it does nothing. On Colab, put the project's
# folder beside the notebook first, with `!git clone` and the address of the repository.

# %%
import importlib.util
import subprocess
import sys
from pathlib import Path

# The source of this notebook has the same name as the package; remove its folder from the import path.
sys.path[:] = [folder for folder in sys.path if not (Path(folder) / "mnist_cnn.py").exists()]

missing = [name for name in ("mnist_cnn", "keras", "tensorflow", "matplotlib") if not importlib.util.find_spec(name)]
if missing:
    here = Path.cwd()
    projects = [f for f in (here, *here.parents, *here.iterdir()) if (f / "src" / "mnist_cnn").is_dir()]
    if not projects:
        raise SystemExit("Put the project's folder beside this notebook, or the notebook into the folder notebooks/.")
    extra = "" if missing == ["mnist_cnn"] else "[train]"  # keeps the TensorFlow of Colab
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", f"{projects[0]}{extra}"], check=True)
    importlib.invalidate_caches()

# %%
# TensorFlow may print messages about your processor here; they are not errors.
import keras
import matplotlib.pyplot as plt
import numpy as np

keras.utils.set_random_seed(0)  # the same initial weights and the same order of images each time

# %% [markdown]
# ## Data Preprocessing
#
# The project contains the images, so nothing is downloaded. Pixel values are from 0 (paper) to 255 (ink).

# %%
from mnist_cnn import mnist

(x_train, y_train), (x_test, y_test) = mnist.load()
print("training images", x_train.shape, x_train.dtype, "labels", y_train.shape)
print("test images    ", x_test.shape, x_test.dtype, "labels", y_test.shape)

# %%
figure, grid = plt.subplots(2, 10, figsize=(10, 2.4), layout="constrained")
for axes, image, label in zip(grid.ravel(), x_train, y_train, strict=False):
    axes.imshow(image, cmap="gray")
    axes.set_title(label)
    axes.axis("off")

# %% [markdown]
# A convolution expects the channels in the last dimension. Grey images have one channel, so the shape is
# `(n, 28, 28, 1)`. Training works better with small numbers, so the values are scaled from 0…255 to 0…1.

# %%
train_images = x_train.reshape(-1, 28, 28, 1) / 255.0
test_images = x_test.reshape(-1, 28, 28, 1) / 255.0
print(train_images.shape, train_images.min(), "to", train_images.max())

# %% [markdown]
# ## Model Architecture
#
# | layer | what it does | output |
# | --- | --- | --- |
# | `Conv2D(32, 3x3)` | applies 32 filters at every position; each detects one pattern, such as an edge | 26 × 26 × 32 |
# | `MaxPooling2D(2x2)` | keeps the largest value of every 2 × 2 block | 13 × 13 × 32 |
# | `Flatten` | writes the 32 maps as one vector | 5,408 |
# | `Dense(128)` | computes 128 weighted sums of all values | 128 |
# | `Dense(10, softmax)` | computes ten probabilities, one per digit | 10 |


# %%
def create_model():
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
    return model


model = create_model()
model.summary()

# %% [markdown]
# ## Training the Model
#
# A callback is an object with methods that Keras calls during training. An epoch is one pass over all training images.
# This callback checks the training accuracy after each epoch and stops training when it is above the target.


# %%
class StopAtAccuracy(keras.callbacks.Callback):
    """Stop training after the first epoch with a training accuracy above the target."""

    def __init__(self, target=0.995):
        super().__init__()
        self.target = target
        self.message = "The target was not reached."

    def on_epoch_end(self, epoch, logs=None):
        accuracy = logs["accuracy"]
        if accuracy > self.target:
            self.message = (
                f"Epoch {epoch + 1}: training accuracy {accuracy:.5f} is above {self.target}: training stops."
            )
            self.model.stop_training = True

    def on_train_end(self, logs=None):
        print(self.message)


# %%
history = model.fit(train_images, y_train, epochs=10, callbacks=[StopAtAccuracy(0.995)])

# %%
epochs = range(1, len(history.history["accuracy"]) + 1)
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3), layout="constrained")
left.plot(epochs, history.history["accuracy"], "o-")
left.axhline(0.995, color="tab:red", linestyle="--", label="target: 99.5 %")
left.set(title="Training accuracy", xlabel="epoch", xticks=epochs)
left.legend()
right.plot(epochs, history.history["loss"], "o-")
right.set(title="Training loss", xlabel="epoch", xticks=epochs, ylim=0)
assert history.history["accuracy"][-1] > 0.995

# %% [markdown]
# The package has the same model and the same callback; `mnist-cnn train` uses them. The next cell checks that they are
# equal to those above.

# %%
from mnist_cnn.learn import callback
from mnist_cnn.learn.model import build
from mnist_cnn.learn.recipes import SEED

keras.utils.set_random_seed(1)
written = create_model()
keras.utils.set_random_seed(1)
packaged = build(SEED)
for own, other in zip(written.layers, packaged.layers, strict=True):
    assert own.get_config() | {"name": ""} == other.get_config() | {"name": ""}
    assert all(np.array_equal(a, b) for a, b in zip(own.get_weights(), other.get_weights(), strict=True))
assert written.optimizer.get_config() | {"name": ""} == packaged.optimizer.get_config() | {"name": ""}
assert written.get_compile_config() | {"optimizer": ""} == packaged.get_compile_config() | {"optimizer": ""}

for accuracy in (0.9, 0.994, 0.995, 0.99501, 1.0):
    stops = []
    for stop in (StopAtAccuracy(), callback.StopAtAccuracy()):
        stop.set_model(create_model())
        stop.model.stop_training = False
        stop.on_train_begin()
        stop.on_epoch_end(0, {"accuracy": accuracy, "loss": 0.1})
        stops.append(stop.model.stop_training)
    assert stops == [accuracy > 0.995] * 2
print("The model and the callback of this notebook are those of the package.")

# %% [markdown]
# ## Usage
#
# The test accuracy is measured on the 10,000 test images, which the network was not trained on.

# %%
probabilities = model.predict(test_images, verbose=0)
predictions = probabilities.argmax(axis=1)
errors = int((predictions != y_test).sum())
print(f"{errors} errors of {len(y_test):,}: test accuracy {1 - errors / len(y_test):.2%}")

# %%
figure, grid = plt.subplots(2, 5, figsize=(10, 4.4), layout="constrained")
for axes, image, row in zip(grid.ravel(), x_test, probabilities, strict=False):
    axes.imshow(image, cmap="gray")
    axes.set_title(f"{row.argmax()}  ({row.max():.1%})")
    axes.axis("off")

# %% [markdown]
# Save the trained model as a file to use it later without training:

# %%
import tempfile

with tempfile.TemporaryDirectory() as folder:
    model.save(Path(folder) / "digits.keras")
    loaded = keras.saving.load_model(Path(folder) / "digits.keras")

one = test_images[0:1]  # a batch of one: shape (1, 28, 28, 1)
print("the first test image is a", loaded.predict(one, verbose=0).argmax())

# %% [markdown]
# ## Limits
#
# The network makes errors in three cases.
#
# **On some test images.** These are the 16 errors with the highest confidence.

# %%
wrong = np.flatnonzero(predictions != y_test)
wrong = wrong[np.argsort(-probabilities[wrong].max(axis=1))][:16]
figure, grid = plt.subplots(2, 8, figsize=(11, 3.6), layout="constrained")
for axes, index in zip(grid.ravel(), wrong, strict=False):
    axes.imshow(x_test[index], cmap="gray")
    axes.set_title(f"{y_test[index]}, predicted {predictions[index]}", fontsize=10)
for axes in grid.ravel():
    axes.axis("off")

# %% [markdown]
# **On images that are not like MNIST's.** MNIST digits are bright on dark. They fit into a 20 × 20 box, and their
# centre of mass is in the middle. The network was trained on nothing else. Changes that are no problem for people cause
# many errors. So your own handwriting, photographed dark on white and cropped by hand, is often not recognised.

# %%
from PIL import Image


def change_all(change):
    return np.stack([np.asarray(change(Image.fromarray(image))) for image in x_test])


def half_size(picture):
    field = Image.new("L", (28, 28))
    field.paste(picture.resize((14, 14), Image.Resampling.BILINEAR), (7, 7))
    return field


changed = {
    "unchanged": x_test,
    "dark on white": 255 - x_test,
    "moved by 5 pixels": np.roll(x_test, 5, axis=2),
    "half the size": change_all(half_size),
    "rotated by 30 degrees": change_all(lambda picture: picture.rotate(30, Image.Resampling.BILINEAR)),
    "a third of the contrast": x_test // 3,
}
figure, grid = plt.subplots(1, len(changed), figsize=(12, 2.6), layout="constrained")
for axes, (name, images) in zip(grid, changed.items(), strict=True):
    right = (model.predict(images.reshape(-1, 28, 28, 1) / 255.0, verbose=0).argmax(axis=1) == y_test).mean()
    axes.imshow(images[0], cmap="gray", vmin=0, vmax=255)
    axes.set_title(f"{name}\n{right:.1%} right", fontsize=10)
    axes.axis("off")

# %% [markdown]
# **On images that are not digits.** The network has ten outputs, and their probabilities always add up to 1. It has no
# output for "not a digit". So it classifies letters and scribbles as digits, often with high confidence.

# %%
from PIL import ImageDraw, ImageFont

not_digits = []
for letter in "AHKMW":
    field = Image.new("L", (28, 28))
    ImageDraw.Draw(field).text((14, 14), letter, 255, ImageFont.load_default(24), anchor="mm")
    not_digits.append(np.asarray(field))
random = np.random.default_rng(3)
for _ in range(3):
    field = Image.new("L", (28, 28))
    ImageDraw.Draw(field).line([tuple(point) for point in random.integers(4, 24, (9, 2)).tolist()], 255, 2)
    not_digits.append(np.asarray(field))

rows = model.predict(np.stack(not_digits).reshape(-1, 28, 28, 1) / 255.0, verbose=0)
figure, grid = plt.subplots(1, len(not_digits), figsize=(12, 2.2), layout="constrained")
for axes, image, row in zip(grid, not_digits, rows, strict=True):
    axes.imshow(image, cmap="gray")
    axes.set_title(f"predicted {row.argmax()}\n({row.max():.0%})", fontsize=10)
    axes.axis("off")

# %% [markdown]
# ## Training accuracy and overfitting
#
# Training accuracy is measured on the images that the network is trained on. It can memorise these images, even those
# with wrong labels. Memorised images do not help with new ones; this is called overfitting.
#
# To see it, keep 5,000 of the training images for validation and train a new network on the other 55,000, without the
# callback. After each epoch, Keras reports the accuracy on both. (The batch size is 128, not 32, to save time.)

# %%
training, validation = mnist.split(mnist.Digits(x_train, y_train))
keras.utils.set_random_seed(0)
longer = create_model().fit(
    training.images.reshape(-1, 28, 28, 1) / 255.0,
    training.labels,
    validation_data=(validation.images.reshape(-1, 28, 28, 1) / 255.0, validation.labels),
    batch_size=128,
    epochs=12,
    verbose=2,
)

# %%
epochs = range(1, 13)
figure, axes = plt.subplots(figsize=(8, 3.6), layout="constrained")
axes.plot(epochs, longer.history["accuracy"], "o-", label="training (55,000 images)")
axes.plot(epochs, longer.history["val_accuracy"], "s-", label="validation (5,000 images)")
axes.axhline(0.995, color="tab:red", linestyle="--", label="99.5 %")
axes.set(xlabel="epoch", ylabel="accuracy", xticks=epochs, ylim=(0.93, 1.002))
axes.yaxis.set_major_formatter(lambda value, _: f"{value:.1%}")
legend = axes.legend(loc="lower right")

# %%
seen, unseen = longer.history["accuracy"][-1], longer.history["val_accuracy"][-1]
print(f"after 12 epochs: training {seen:.2%}, validation {unseen:.2%}, gap {100 * (seen - unseen):.2f} points")

# %% [markdown]
# The training accuracy approaches 100 %. The validation accuracy stays near 98.5 to 99 %. The gap is overfitting.
#
# - 99.5 % *training* accuracy is a rule for when to stop. It does not predict the accuracy on new digits.
# - Measure accuracy on images that were not used for training. To *choose* anything (when to stop, the network, the
#   seed), use validation images. Use the test images only once, at the end.
# - The test set has the same form as the training set. Your own handwriting differs more, as shown above.
