"""One run after another in eager PyTorch: a module, autograd, torch.optim, a loop."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.lesson import Lesson, Singles


def train(lesson: Lesson, loss: str, seed: int, rate: float, steps: int) -> Singles:
    """The gradient's norm for every parameter at every step, (steps, 2L): weights and biases of layer 1, then of layer 2."""
    x, y = _examples(lesson, loss)
    order = None if lesson.batch is None else torch.from_numpy(lesson.order(seed, steps))
    model = network(lesson, seed)
    cost = COSTS[loss, lesson.layers[-1].outputs > 1]
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    norms = []
    for step in range(steps):
        inputs, targets = (x, y) if order is None else (x[order[step]], y[order[step]])
        optimizer.zero_grad()
        cost(model(inputs), targets).backward()
        norms.append(torch.stack([torch.linalg.vector_norm(parameter.grad) for parameter in model.parameters()]))
        optimizer.step()
    return torch.stack(norms).numpy()


def _examples(lesson: Lesson, loss: str) -> tuple[Tensor, Tensor]:
    """Features (N, D) and targets as the loss wants them: class numbers (N,) for a cross entropy over classes, else (N, C)."""
    x, y = (torch.from_numpy(part) for part in lesson.examples)
    return x, y.argmax(1) if loss == "cross_entropy" and y.shape[1] > 1 else y


def network(lesson: Lesson, seed: int) -> nn.Sequential:
    """The module with a seed's start."""
    modules: list[nn.Module] = []
    for layer, start in zip(lesson.layers, lesson.start(seed), strict=True):
        linear = nn.Linear(layer.inputs, layer.outputs)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(start.weight))
            linear.bias.copy_(torch.from_numpy(start.bias[:, 0]))
        modules += [linear, nn.Sigmoid()] if layer.activation else [linear]
    return nn.Sequential(*modules)


def _half_squared_error_softmax(z: Tensor, y: Tensor) -> Tensor:
    return 0.5 * (torch.softmax(z, 1) - y).square().sum(1).mean()


def _half_squared_error_sigmoid(z: Tensor, y: Tensor) -> Tensor:
    return 0.5 * (torch.sigmoid(z) - y).square().sum(1).mean()


COSTS: dict[tuple[str, bool], Any] = {  # by name, and whether there are several classes
    ("cross_entropy", True): functional.cross_entropy,
    ("cross_entropy", False): functional.binary_cross_entropy_with_logits,
    ("half_squared_error", True): _half_squared_error_softmax,
    ("half_squared_error", False): _half_squared_error_sigmoid,
}
