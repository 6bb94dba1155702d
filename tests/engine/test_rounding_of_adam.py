"""What Adam makes of rounding: a float64 training is as near to one in 80 bits as float64 arithmetic can be.

Adam divides a gradient by its own size, so a weight whose gradient is next to 0 (the penalty's pull on a weight that the data
do not touch, once it is almost 0) steps by the learning rate in a direction that rounding decides. A difference between two
correct programs is therefore larger than with gradient descent: at a rate of 0.1 after a thousand steps 1e-12 and not 1e-15,
for this program and for one written from the formulas alike. It belongs to the rule, not to a program.
"""

import numpy as np
import pytest

from lossbench.datasets.classic import Digits
from lossbench.engine import train
from lossbench.losses.squared import HalfSquaredError
from lossbench.models.dense import MLP
from lossbench.optimizers.adam import Adam
from lossbench.planning.spec import Cohort, Recording
from lossbench.rng import generator

STEPS, BATCH = 500, 16
KEPT = Recording(keep=("parameters",))


def trained(run, split, dtype):
    """The parameters after all steps of a NumPy program in `dtype`, written from the formulas and sharing nothing with ours."""
    layers = run.model.layers(split.train_x.shape[1], split.train_y.shape[1])
    drawn = run.init.draw(layers, generator(run.seed, "init"))
    weights = [p.weight.astype(dtype) for p in drawn]
    biases = [p.bias[:, 0].astype(dtype) for p in drawn]
    state = [(np.zeros_like(p), np.zeros_like(p)) for p in [*weights, *biases]]
    order, waiting = generator(run.seed, "order"), []
    one = dtype(1)
    rule = run.optimizer
    for step in range(1, run.steps + 1):
        if len(waiting) < BATCH:
            waiting = order.permutation(len(split.train_x)).tolist()
        places, waiting = waiting[:BATCH], waiting[BATCH:]
        seen, y = [split.train_x[places].astype(dtype)], split.train_y[places].astype(dtype)
        for weight, bias in zip(weights, biases, strict=True):
            seen.append(one / (one + np.exp(-(seen[-1] @ weight.T + bias))))
        pulled = (seen[-1] - y) * seen[-1] * (one - seen[-1]) / dtype(BATCH)
        gradients = [None] * (2 * len(weights))
        for layer in reversed(range(len(weights))):
            gradients[layer] = pulled.T @ seen[layer] + dtype(rule.l2) * weights[layer]
            gradients[len(weights) + layer] = pulled.sum(axis=0)
            pulled = pulled @ weights[layer] * seen[layer] * (one - seen[layer])
        for parameter, gradient, (m, v) in zip([*weights, *biases], gradients, state, strict=True):
            m[:] = dtype(rule.beta1) * m + (one - dtype(rule.beta1)) * gradient
            v[:] = dtype(rule.beta2) * v + (one - dtype(rule.beta2)) * gradient**2
            size = np.sqrt(v / (one - dtype(rule.beta2) ** step)) + dtype(rule.epsilon)
            parameter[:] -= dtype(rule.lr) * (m / (one - dtype(rule.beta1) ** step)) / size
    return [*weights, *(bias[:, None] for bias in biases)]


def distance(ours, exact):
    """The largest difference of any parameter, as a share of the layer's largest."""
    return max(float(abs(a - b).max() / abs(b).max()) for a, b in zip(ours, exact, strict=True))


@pytest.mark.skipif(np.finfo(np.longdouble).eps > 1e-18, reason="this processor's long double has no 80 bits")
@pytest.mark.slow
@pytest.mark.parametrize(("lr", "l2"), [(0.003, 0.0), (0.1, 0.01), (0.1, 1.0)])
def test_a_training_rounds_no_more_than_the_formulas_in_float64(run, lr, l2):
    split = Digits().load()
    spec = run(
        loss=HalfSquaredError(link="sigmoid"),
        model=MLP(hidden=(32,), activation="sigmoid"),
        optimizer=Adam(lr=lr, l2=l2),
        steps=STEPS,
        batch=BATCH,
    )
    (trace,) = train(Cohort(runs=(spec,), recording=KEPT), split)
    ours = [*(layer.weight for layer in trace.parameters), *(layer.bias for layer in trace.parameters)]
    exact = trained(spec, split, np.longdouble)
    assert distance(ours, exact) <= 10 * distance(trained(spec, split, np.float64), exact)
