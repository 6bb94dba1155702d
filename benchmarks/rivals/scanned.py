"""The whole sweep as one JAX program: a step under scan, mapped over rates, seeds and losses, compiled."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from benchmarks.lesson import Lesson, Singles

Parameters = list[tuple[Array, Array]]


def sweep(lesson: Lesson, steps: int) -> Callable[[], Singles]:
    """A program that trains all runs; it returns the gradients' norms, (runs, steps, 2L), in the order of the lesson's runs."""
    x, y = (jnp.asarray(part) for part in lesson.examples)

    def cost(parameters: Parameters, kind: Array, x: Array, y: Array) -> Array:
        for weight, bias in parameters[:-1]:
            x = jax.nn.sigmoid(x @ weight.T + bias)
        weight, bias = parameters[-1]
        logp = jax.nn.log_softmax(x @ weight.T + bias)
        cross_entropy = -(y * logp).sum(1)
        half_squared_error = 0.5 * ((jnp.exp(logp) - y) ** 2).sum(1)
        return jnp.where(kind == 0, cross_entropy, half_squared_error).mean()

    def train(kind: Array, start: Parameters, order: Array, rate: Array) -> Array:
        def step(parameters: Parameters, places: Array) -> tuple[Parameters, Array]:
            gradients = jax.grad(cost)(parameters, kind, x[places], y[places])
            norms = jnp.stack([jnp.linalg.norm(gradient) for gradient in jax.tree.leaves(gradients)])
            return jax.tree.map(lambda p, g: p - rate * g, parameters, gradients), norms

        return lax.scan(step, start, order)[1]

    over_rates = jax.vmap(train, (None, None, None, 0))
    over_seeds = jax.vmap(over_rates, (None, 0, 0, None))
    program = jax.jit(jax.vmap(over_seeds, (0, None, None, None)))
    starts, orders, rates = _laid_out(lesson, steps)
    return lambda: np.asarray(program(jnp.arange(2), starts, orders, rates)).reshape(lesson.count, steps, -1)


def _laid_out(lesson: Lesson, steps: int) -> tuple[Parameters, Array, Array]:
    """Starts with an axis of seeds first, orders (S, steps, B), and rates."""
    seeds = range(lesson.seeds)
    drawn = [lesson.start(seed) for seed in seeds]
    starts = [
        (jnp.asarray(np.stack([one.weight for one in same])), jnp.asarray(np.stack([one.bias[:, 0] for one in same])))
        for same in zip(*drawn, strict=True)
    ]
    return starts, jnp.asarray(np.stack([lesson.order(seed, steps) for seed in seeds])), jnp.asarray(lesson.rates)
