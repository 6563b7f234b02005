"""Steps: one training step of a page network, with TensorFlow or with JAX."""

import functools
from collections.abc import Callable
from typing import Any

import click

Step = Callable[..., float]
"""Training step: takes the arrays of a batch, updates the model and returns the loss.

A gradient that is not finite changes nothing but the optimizer's averages. It happens, and would make all weights NaN
(LOG.md, 2026-11-27).
"""


def tensorflow_step(model: Any, optimizer: Any, loss_of: Callable[..., Any]) -> Step:
    """Return one training step with TensorFlow."""
    import tensorflow as tf

    @functools.partial(tf.function, reduce_retracing=True)
    def step(x: Any, *targets: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = loss_of(model(x, training=True), *targets)
        gradients = tape.gradient(loss, model.trainable_variables)
        finite = tf.cast(tf.math.is_finite(tf.linalg.global_norm(gradients)), tf.float32)
        gradients = [tf.math.multiply_no_nan(g, tf.cast(finite, g.dtype)) for g in gradients]
        optimizer.apply(gradients, model.trainable_variables)
        return loss

    return lambda *batch: float(step(*map(tf.constant, batch)))


def jax_step(model: Any, optimizer: Any, loss_of: Callable[..., Any]) -> Step:
    """Return one training step with JAX. It compiles once for each shape of a batch."""
    import jax
    import jax.numpy as jnp

    click.echo(f"training on {jax.devices()[0].device_kind}", err=True)
    parts = model.trainable_variables, model.non_trainable_variables, optimizer.variables

    def loss_and_state(weights: Any, state: Any, x: Any, *targets: Any) -> Any:
        found, state = model.stateless_call(weights, state, x, training=True)
        return loss_of(found, *targets), state

    @functools.partial(jax.jit, donate_argnums=0)
    def step(values: Any, *batch: Any) -> Any:
        weights, state, memory = values
        (loss, state), gradients = jax.value_and_grad(loss_and_state, has_aux=True)(weights, state, *batch)
        finite = jnp.isfinite(sum(jnp.sum(jnp.square(g.astype(jnp.float32))) for g in gradients))
        gradients = [jnp.where(finite, g, 0) for g in gradients]
        weights, memory = optimizer.stateless_apply(memory, gradients, weights)
        return loss, (weights, state, memory)

    def run(*batch: Any) -> float:
        loss, values = step([[v.value for v in part] for part in parts], *batch)
        for part, new in zip(parts, values, strict=True):
            for variable, value in zip(part, new, strict=True):
                variable.assign(value)
        return float(loss)

    return run
