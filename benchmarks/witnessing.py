"""What a witness costs the loop that it looks at."""

import os
import tempfile
import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise

import torch
from torch import Tensor, nn

import lossbench
from benchmarks.contest import Contest, Contestant, Disagreement, Goal, Taken, times_slower
from benchmarks.training import with_all_cores

ALONE, BETWEEN, RECORDED = "no witness", "a witness, steps that are not recorded", "a witness, every step recorded"
WIDTHS, BATCH, STEPS = (784, 2800, 2800, 10), 128, 12
FAR = 10**9  # a step that no loop here comes to


def witnessing() -> Contest:
    """A loop in eager PyTorch over a network of ten million parameters, with and without a witness."""
    loops = {ALONE: _alone, BETWEEN: partial(_witnessed, every=False), RECORDED: partial(_witnessed, every=True)}
    parameters = sum(parameter.numel() for parameter in _network().parameters())
    return Contest(
        title="Witness",
        text=(
            f"A loop in eager PyTorch with SGD over {'-'.join(map(str, WIDTHS))}, {parameters / 1e6:.1f} million parameters, "
            f"mini-batches of {BATCH}, {os.cpu_count()} threads. As a rule a witness records 60 steps of a training."
        ),
        unit="ms a step",
        scale=1e3,
        contestants=[Contestant(name=name, units=STEPS, work=partial(_on_all_cores, loop)) for name, loop in loops.items()],
        goals=[
            Goal(label=f"{BETWEEN}, against none", number=times_slower(BETWEEN, ALONE), shown="{:.2f}×", kind="at most"),
            Goal(
                label=f"{RECORDED}, against none",
                number=times_slower(RECORDED, ALONE),
                shown="{:.2f}×",
                kind="at most",
                bound=1.3,
            ),
        ],
        check=_same_bits,
    )


def _network() -> nn.Module:
    torch.manual_seed(0)
    layers = [nn.Linear(inputs, outputs) for inputs, outputs in pairwise(WIDTHS)]
    return nn.Sequential(*[part for layer in layers[:-1] for part in (layer, nn.ReLU())], layers[-1])


def _alone() -> tuple[Taken, nn.Module]:
    """The loop by itself: what it took, and the network that it trained."""
    network = _network()
    return _steps(network, lambda _: None), network


def _witnessed(*, every: bool) -> tuple[Taken, nn.Module]:
    """The same with a witness, which records every step or none but the first."""
    network = _network()
    with (
        tempfile.TemporaryDirectory() as folder,
        lossbench.witness(network, nn.CrossEntropyLoss(), study="timed", results=folder, steps=STEPS) as witness,
    ):
        if not every:
            witness.schedule = iter([FAR])  # after the first step
        return _steps(network, witness.step), network


def _steps(network: nn.Module, look: Callable[[Tensor], None]) -> Taken:
    """A step that is not timed, and those that are."""
    rule, cost = torch.optim.SGD(network.parameters(), lr=0.01), nn.CrossEntropyLoss()
    x, y = torch.randn(BATCH, WIDTHS[0]), torch.randint(WIDTHS[-1], (BATCH,))
    started = 0.0
    for step in range(STEPS + 1):
        if step == 1:
            started = time.perf_counter()
        loss = cost(network(x), y)
        loss.backward()
        look(loss)
        rule.step()
        rule.zero_grad()
    return Taken(seconds=time.perf_counter() - started)


def _on_all_cores(loop: Callable[[], tuple[Taken, nn.Module]]) -> Taken:
    taken: list[Taken] = []
    with_all_cores(lambda: taken.append(loop()[0]))
    return taken[0]


def _same_bits() -> str:
    """Compare what the loop trained with and without a witness. Raises Disagreement where it is not the same bits."""
    (_, alone), (_, witnessed) = _alone(), _witnessed(every=True)
    for one, other in zip(alone.parameters(), witnessed.parameters(), strict=True):
        if not torch.equal(one, other):
            raise Disagreement("A loop trains other bits with a witness than without.")
    return "The network that the loop trains is the same bits with and without a witness."
