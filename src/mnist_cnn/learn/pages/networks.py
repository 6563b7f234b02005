"""Networks: the finder and the string network as Keras models, and their losses.

Keras is imported inside the functions, because ``training.train`` chooses its backend.
"""

from collections.abc import Callable
from typing import Any

from mnist_cnn.read import strips
from mnist_cnn.read.labels import BLANK

CLASSES = BLANK + 1
"""Classes of the string network: digits, signs, other writing and ``BLANK``."""


def build_strings() -> Any:
    """Return the string network, a Keras model: contrast (n, 40, w, 2) -> logits (n, w / 2, 22). 4 divides w."""
    import keras

    layers = keras.layers
    image = layers.Input((strips.ROWS, None, 2), name="strip")
    x = _conv(image, 32, 5, strides=2)
    x = layers.MaxPooling2D((2, 1))(_conv(x, 48, 3))
    x = layers.MaxPooling2D((2, 2))(_conv(x, 64, 3))
    x = _conv(_conv(x, 128, 3), 128, 3)
    for _ in range(3):
        x = layers.Add()([x, _conv(x, 128, 3)])
    x = layers.SpatialDropout2D(0.05)(x)
    x = _conv(layers.ZeroPadding2D((0, 1))(x), 128, (5, 3), padding="valid")
    x = layers.Dropout(0.1)(x)
    x = layers.Add()([x, _conv(x, 128, (1, 5))])
    x = layers.Add()([x, _conv(layers.Dropout(0.1)(x), 128, (1, 5))])
    x = layers.Conv2D(2 * CLASSES, 1, dtype="float32")(layers.Dropout(0.1)(x))
    return keras.Model(image, layers.Reshape((-1, CLASSES), dtype="float32")(x), name="strings")


def build_finder() -> Any:
    """Return the finder, a Keras model: contrast (n, h, w, 2) -> (n, h / 4, w / 4, 7). 8 divides h and w.

    The output has three logits of heat, then height, width, x and y as in ``finder_examples.target``.
    """
    import keras

    layers = keras.layers
    image = layers.Input((None, None, 2), name="picture")
    x = _conv(image, 16, 5, strides=2)
    fine = _conv(_conv(x, 24, 3, strides=2), 24, 3)
    x = _conv(fine, 48, 3, strides=2)
    for step in (1, 2, 4, 1, 4, 2):
        x = layers.Add()([x, _conv(x, 48, 3, dilation_rate=step)])
    x = layers.UpSampling2D(2, interpolation="nearest")(x)
    x = _conv(layers.Concatenate()([fine, x]), 32, 1)
    x = _conv(x, 32, 3)
    x = layers.Add()([x, _conv(x, 32, 3)])
    bias = keras.initializers.Constant([-4, -4, -4, 0, 0, 0, 0])
    return keras.Model(image, layers.Conv2D(7, 1, dtype="float32", bias_initializer=bias)(x), name="finder")


def _conv(x: Any, filters: int, size: Any, padding: str = "same", **options: Any) -> Any:
    """Return x after a convolution, batch normalisation and ReLU."""
    from keras import layers

    x = layers.Conv2D(filters, size, padding=padding, use_bias=False, **options)(x)
    return layers.ReLU()(layers.BatchNormalization(momentum=0.98)(x))


def string_loss(logits: Any, labels: Any, sequences: Any, lengths: Any) -> Any:
    """Return the loss of the string network: cross-entropy per frame, and CTC where a strip has a sequence."""
    from keras import ops

    weights = ops.where(labels < 0, 0.0, ops.where(labels == BLANK, 0.5, 1.0))
    per_frame = ops.sparse_categorical_crossentropy(ops.maximum(labels, 0), logits, from_logits=True)
    by_frame = ops.sum(per_frame * weights) / ops.sum(weights)
    count = ops.cast(ops.sum(sequences >= 0, axis=1), "float32")
    known = ops.cast(count > 0, "float32")
    per_strip = known * ops.minimum(_ctc(logits, sequences, lengths) / ops.maximum(count, 1.0), 10.0)
    return by_frame + 0.5 * ops.sum(per_strip) / ops.maximum(1.0, ops.sum(known))


def _ctc(logits: Any, sequences: Any, lengths: Any) -> Any:
    """Return the CTC loss of each strip, float32 (n,)."""
    import keras

    if keras.backend.backend() != "tensorflow":
        count = keras.ops.sum(keras.ops.cast(sequences >= 0, "int32"), axis=1)
        return keras.ops.ctc_loss(keras.ops.maximum(sequences, 0), logits, count, lengths, mask_index=BLANK)
    import tensorflow as tf  # on processors, its own function for sparse sequences takes less time

    sequences = tf.concat([tf.maximum(sequences[:, :1], 0), sequences[:, 1:]], axis=1)  # an empty sequence is an error
    places = tf.where(sequences >= 0)
    sparse = tf.SparseTensor(places, tf.gather_nd(sequences, places), tf.shape(sequences, out_type=tf.int64))
    return tf.nn.ctc_loss(sparse, logits, None, lengths, logits_time_major=False, blank_index=BLANK)


def finder_loss(found: Any, target: Any) -> Any:
    """Return the loss of the finder: focal loss of the heat (Law and Deng 2018) and L1 loss of the sizes."""
    from keras import ops

    heat, logits = target[..., :3], found[..., :3]
    p = ops.sigmoid(logits)
    log_p, log_q = ops.log_sigmoid(logits), ops.log_sigmoid(-logits)
    hit, asked = ops.cast(heat == 1, "float32"), ops.cast(heat >= 0, "float32")
    loss = -hit * (1 - p) ** 2 * log_p - (1 - hit) * asked * (1 - ops.maximum(heat, 0.0)) ** 4 * p**2 * log_q
    sized = target[..., 3:4]
    by_size = ops.convert_to_tensor([1.0, 1.0, 0.5, 0.5])
    sizes = ops.sum(sized * ops.abs(found[..., 3:7] - target[..., 4:8]) * by_size)
    return (ops.sum(loss) + sizes) / (ops.sum(sized) + 1)


BUILD: dict[str, Callable[[], Any]] = {"strings": build_strings, "finder": build_finder}
LOSS: dict[str, Callable[..., Any]] = {"strings": string_loss, "finder": finder_loss}
