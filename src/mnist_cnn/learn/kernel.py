"""Kernel: training of the seed network with Numba, with the gradients and steps of Keras, many times faster.

    network = Network(model, batch_size=128)
    loss, right = network.learn(images, labels, rate=1e-3)      # one step
    network.store(model)

Convolution, ReLU and pooling are one pass over the image, 32 filters at a time, which Numba compiles to vector
instructions. The 26 x 26 x 32 maps between them are never stored. The Dense layers are matrix products of NumPy's BLAS.
In the backward pass, each thread works on one row of the pooled maps at a time. It does all work for this row, with
Adam's update, while the weights of the row are in the cache.

In every epoch the forward pass is done for all images. The backward pass is done only for images whose digit has a
probability below ``SURE``. The others would change the weights very little, and would take two thirds of the time
(Jiang et al. 2019, "Accelerating Deep Learning by Focusing on the Biggest Losers", arXiv:1910.00762).
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import keras
import numba
import numpy as np
from keras.callbacks import CallbackList
from threadpoolctl import threadpool_limits

from mnist_cnn.mnist import Digits

SURE = 0.9
"""Probability of its digit from which an image is not learnt from."""
SIDE, FILTERS, ROW = 13, 32, 13 * 32
"""Pixels per side of the pooled maps, number of maps, and values per row of all maps."""

_jit = numba.njit(nogil=True, fastmath=True, cache=True, error_model="numpy")
_BYTE, _ZERO, _ONE = np.float32(1 / 255), np.float32(0), np.float32(1)
_1, _2, _3 = np.uint64(1), np.uint64(2), np.uint64(3)


def fit(
    model: keras.Model, digits: Digits, batch_size: int, rates: np.ndarray, calls: CallbackList, first: int = 0
) -> None:
    """Train as ``model.fit`` does from epoch `first` on, for the network and the Adam of the seed recipe.

    rates: learning rates, float (epochs, steps).
    The order of the images depends on the seed of ``keras.utils.set_random_seed``.
    """
    network, (images, labels) = Network(model, batch_size), digits
    order = np.random.default_rng(np.random.randint(2**31))
    model.stop_training = False
    calls.on_train_begin()
    with threadpool_limits(1, "blas"):  # the network has its own threads
        for epoch in range(first, len(rates)):
            calls.on_epoch_begin(epoch)
            shuffled, seen, loss, right = order.permutation(len(images)), 0, 0.0, 0
            for step, rate in enumerate(rates[epoch]):
                calls.on_train_batch_begin(step)
                batch = shuffled[step * batch_size : (step + 1) * batch_size]
                more = network.learn(images[batch], labels[batch], rate)
                seen, loss, right = seen + len(batch), loss + more[0], right + more[1]
                logs = {"accuracy": right / seen, "loss": loss / seen}
                calls.on_train_batch_end(step, logs)
            network.store(model)
            calls.on_epoch_end(epoch, logs)
            if model.stop_training:
                break
    calls.on_train_end(logs)


class Network:
    """The weights of a seed recipe's model, and Adam's means of their gradients.

    batch_size: maximum number of images per call.
    threads: number of threads; one per processor if 0.
    sure: see ``SURE``.
    """

    def __init__(self, model: keras.Model, batch_size: int, *, threads: int = 0, sure: float = SURE) -> None:
        optimizer = model.optimizer
        optimizer.build(model.trainable_variables)
        steps, rate, *memory = (np.array(variable) for variable in optimizer.variables)
        self.weights = [np.array(weights) for weights in model.get_weights()]
        self.means, self.squares = memory[::2], memory[1::2]
        self._steps, self._rate = int(steps), float(rate)
        self._adam = [np.float32(value) for value in (optimizer.beta_1, optimizer.beta_2, optimizer.epsilon)]
        self._sure, self._threads = sure, min(threads or os.cpu_count() or 1, SIDE)
        self._pool = ThreadPoolExecutor(max(self._threads - 1, 1))
        # Allocated once, because new memory for each step takes time.
        self._pixels = np.empty((batch_size, 28, 28), np.float32)
        self._pooled = np.empty((batch_size, SIDE, SIDE, FILTERS), np.float32)
        self._largest = np.empty(self._pooled.shape, np.uint8)
        self._hidden = np.empty((batch_size, self.weights[2].shape[1]), np.float32)
        self._rows = np.empty((self._threads, 2, batch_size, ROW), np.float32)
        self._gradient = np.empty((self._threads, ROW, self._hidden.shape[1]), np.float32)

    def store(self, model: keras.Model) -> None:
        """Copy the weights and the state of the optimiser into the model, as if Keras had trained it."""
        model.set_weights(self.weights)
        memory = (array for pair in zip(self.means, self.squares, strict=True) for array in pair)
        for variable, value in zip(model.optimizer.variables, (self._steps, self._rate, *memory), strict=True):
            variable.assign(value)

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """Return the probabilities of the digits: uint8 (n, 28, 28) -> float32 (n, 10)."""
        kernel, bias, dense, dense_bias, last, last_bias = self.weights
        n = len(images)

        def forward(part: slice) -> None:
            pixels = np.multiply(images[part], _BYTE, out=self._pixels[part])
            _convolve(pixels, kernel.reshape(9, FILTERS), bias, self._pooled[part], self._largest[part])
            np.matmul(self._pooled[part].reshape(-1, SIDE * ROW), dense, out=self._hidden[part])

        cuts = np.linspace(0, n, self._threads + 1).astype(int)
        self._share(forward, [slice(*ends) for ends in pairwise(cuts)])
        self._hidden[:n] = np.maximum(self._hidden[:n] + dense_bias, 0)
        logits = self._hidden[:n] @ last + last_bias
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)

    def learn(self, images: np.ndarray, labels: np.ndarray, rate: float) -> tuple[float, int]:
        """Do one step of Adam on a batch. Returns the sum of the losses and the number of correct images before it."""
        probabilities = self.probabilities(images)
        given = probabilities[np.arange(len(images)), labels]
        loss = -float(np.log(np.maximum(given, 1e-7)).sum())
        right = int((probabilities.argmax(axis=1) == labels).sum())

        chosen = np.flatnonzero(given < self._sure)
        hidden, n = self._hidden[chosen], len(chosen)
        by_logits = (probabilities[chosen] - np.eye(10, dtype=np.float32)[labels[chosen]]) / np.float32(len(images))
        by_hidden = by_logits @ self.weights[4].T * (hidden > 0)
        self._steps, self._rate = self._steps + 1, rate

        def backward(thread: int) -> tuple[np.ndarray, np.ndarray]:
            by_kernel, by_bias = np.zeros((9, FILTERS), np.float32), np.zeros(FILTERS, np.float32)
            by_dense, (by_row, inputs) = self._gradient[thread], self._rows[thread, :, :n]
            for row in range(thread, SIDE, self._threads):
                part = slice(row * ROW, (row + 1) * ROW)
                np.matmul(by_hidden, self.weights[2][part].T, out=by_row)
                _learn_row(row, self._pixels, chosen, self._pooled, self._largest, by_row, inputs, by_kernel, by_bias)
                np.matmul(inputs.T, by_hidden, out=by_dense)
                self._update(2, by_dense, part)
            return by_kernel, by_bias

        by_kernels, by_biases = zip(*self._share(backward, range(self._threads)), strict=True)
        self._update(0, np.sum(by_kernels, axis=0).reshape(3, 3, 1, FILTERS))
        self._update(1, np.sum(by_biases, axis=0))
        self._update(3, by_hidden.sum(axis=0))
        self._update(4, hidden.T @ by_logits)
        self._update(5, by_logits.sum(axis=0))
        return loss, right

    def _share(self, work: Callable[[Any], Any], parts: Sequence[Any]) -> list[Any]:
        """Return the result for each part. The first is computed in this thread, the others in the pool."""
        others = [self._pool.submit(work, part) for part in parts[1:]]
        return [work(parts[0]), *(other.result() for other in others)]

    def _update(self, index: int, gradient: np.ndarray, part: slice = slice(None)) -> None:
        """Update weights with Adam: array `index` of ``weights``, or the rows `part` of it."""
        beta_1, beta_2, epsilon = self._adam
        rate = np.float32(self._rate * np.sqrt(1 - beta_2**self._steps) / (1 - beta_1**self._steps))
        flat = [array[index][part].reshape(-1) for array in (self.weights, self.means, self.squares)]
        _adam(flat[0], flat[1], flat[2], gradient.reshape(-1), rate, beta_1, beta_2, epsilon)


@_jit
def _patch(image, row, column):
    """Return whether the 4 x 4 pixels under one cell of the pooled maps are blank, and their four rows."""
    i, j = np.uint64(2 * row), np.uint64(2 * column)  # unsigned, so that Numba does not check for negative indices
    i1, i2, i3, j1, j2, j3 = i + _1, i + _2, i + _3, j + _1, j + _2, j + _3
    a = image[i, j], image[i, j1], image[i, j2], image[i, j3]
    b = image[i1, j], image[i1, j1], image[i1, j2], image[i1, j3]
    c = image[i2, j], image[i2, j1], image[i2, j2], image[i2, j3]
    d = image[i3, j], image[i3, j1], image[i3, j2], image[i3, j3]
    return max(max(a), max(b), max(c), max(d)) == _ZERO, a, b, c, d


@_jit
def _product(weights, pixels):
    return weights[0] * pixels[0] + weights[1] * pixels[1] + weights[2] * pixels[2]


@_jit
def _cells(gradients, upper, lower):
    """Return the part of a weight's gradient that comes from its pixels in the 2 x 2 cells."""
    return gradients[0] * upper[0] + gradients[1] * upper[1] + gradients[2] * lower[0] + gradients[3] * lower[1]


@_jit
def _adam(weights, means, squares, gradient, rate, beta_1, beta_2, epsilon):
    """Do the step of Keras's Adam in place; all arrays are float32 (n,). The rate has the bias correction."""
    for i in range(len(weights)):
        means[i] += (gradient[i] - means[i]) * (_ONE - beta_1)
        squares[i] += (gradient[i] * gradient[i] - squares[i]) * (_ONE - beta_2)
        weights[i] -= rate * means[i] / (np.sqrt(squares[i]) + epsilon)


@_jit
def _convolve(images, kernel, bias, pooled, largest):
    """Compute Conv2D, ReLU and MaxPooling2D: float32 (n, 28, 28), (9, 32) and (32,) -> `pooled` (n, 13, 13, 32).

    `largest`, uint8 of the same shape, gets the index of the largest of the 2 x 2 cells.
    """
    for n in range(len(images)):
        for row in range(SIDE):
            for column in range(SIDE):
                blank, a, b, c, d = _patch(images[n], row, column)
                out, where = pooled[n, row, column], largest[n, row, column]
                if blank:
                    for f in range(FILTERS):
                        out[f], where[f] = max(bias[f], _ZERO), 0
                    continue
                for f in range(FILTERS):
                    upper = kernel[0, f], kernel[1, f], kernel[2, f]
                    middle = kernel[3, f], kernel[4, f], kernel[5, f]
                    lower = kernel[6, f], kernel[7, f], kernel[8, f]
                    p = _product(upper, a) + _product(middle, b) + _product(lower, c)
                    q = _product(upper, a[1:]) + _product(middle, b[1:]) + _product(lower, c[1:])
                    r = _product(upper, b) + _product(middle, c) + _product(lower, d)
                    s = _product(upper, b[1:]) + _product(middle, c[1:]) + _product(lower, d[1:])
                    most = max(max(p, q), max(r, s))
                    out[f] = max(most + bias[f], _ZERO)
                    where[f] = 0 if p == most else 1 if q == most else 2 if r == most else 3


@_jit
def _learn_row(row, images, chosen, pooled, largest, gradient, inputs, kernel, bias):
    """Do the backward pass of one row of the pooled maps, for the chosen images.

    gradient: of the loss by the row, float32 (len(chosen), 13 * 32).
    inputs: of the same shape; it gets a copy of the row.
    kernel, bias: their gradients, to which this pass adds.
    """
    for n in range(len(chosen)):
        for column in range(SIDE):
            blank, a, b, c, d = _patch(images[chosen[n]], row, column)
            out, where = pooled[chosen[n], row, column], largest[chosen[n], row, column]
            part = slice(column * FILTERS, (column + 1) * FILTERS)
            by_out, copy = gradient[n, part], inputs[n, part]
            for f in range(FILTERS):
                copy[f] = out[f]
                by_out[f] = by_out[f] if out[f] > 0 else _ZERO
                bias[f] += by_out[f]
            if blank:
                continue
            for f in range(FILTERS):
                g, w = by_out[f], where[f]
                cells = g if w == 0 else _ZERO, g if w == 1 else _ZERO, g if w == 2 else _ZERO, g if w == 3 else _ZERO
                kernel[0, f] += _cells(cells, a, b)
                kernel[1, f] += _cells(cells, a[1:], b[1:])
                kernel[2, f] += _cells(cells, a[2:], b[2:])
                kernel[3, f] += _cells(cells, b, c)
                kernel[4, f] += _cells(cells, b[1:], c[1:])
                kernel[5, f] += _cells(cells, b[2:], c[2:])
                kernel[6, f] += _cells(cells, c, d)
                kernel[7, f] += _cells(cells, c[1:], d[1:])
                kernel[8, f] += _cells(cells, c[2:], d[2:])
