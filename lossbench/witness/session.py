"""A witness of a training loop: what it sees of gradients, updates, parameters, activations and outputs becomes a stored run."""

import math
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from lossbench import tables
from lossbench.errors import BadInput, unknown
from lossbench.modules.outline import AGAIN, MODULE, Outline, Visits
from lossbench.planning.spec import Recording, RecordingSchedule
from lossbench.registry import construct, field_types
from lossbench.storage.parquet_part import Origin
from lossbench.storage.provenance import provenance
from lossbench.storage.store import append, remember, study_folder
from lossbench.witness.description import Description, WitnessedRun, WitnessedTrace
from lossbench.witness.looks import ActivationLook, Numbers, OutputLook
from lossbench.witness.sizes import distance, norm
from lossbench.witness.target import examples_in, link_of, unwrapped

GROWTH = 1.17  # from one record to the next, where nobody knows how long the training is


def witness(model: nn.Module, loss_fn: object = None, /, *, study: str, **described: Any) -> "Witness":
    """A witness of a training loop of yours, which records what `lossbench report results/STUDY` shows.

        with lossbench.witness(model, loss_fn, study="mine", loss="focal", seed=3) as w:
            for x, y in loader:
                loss = loss_fn(model(x), y)
                loss.backward()
                w.step(loss)
                optimizer.step()
                optimizer.zero_grad()

    It changes no number of the training. `described` says what tells this run from others: loss, seed, model, dataset, init,
    optimizer, lr; how many steps there will be, if you know; the link of the raw outputs where the loss function is not one of
    torch's; task, for a regression; results, the folder of studies. Raises BadInput for what is none of these, and for a model
    in a wrapper that cannot be witnessed.
    """
    hints = field_types(Description)
    for name in described:
        if name not in hints:
            raise unknown("word of a witness", name, hints)
    implied = {"model": type(model).__name__, "link": link_of(loss_fn), "loss": type(loss_fn).__name__}
    description: Description = construct(Description, implied | described)
    return Witness(unwrapped(model), study_folder(Path(description.results), study), description, mean=examples_in(loss_fn))


class Witness:
    """A context manager; its `step` belongs between `loss.backward()` and the optimizer's step."""

    def __init__(self, model: nn.Module, folder: Path, description: Description, *, mean: bool) -> None:
        self.model, self.folder, self.description = model, folder.absolute(), description
        self.factor = None if mean else 1.0
        self.count = 0  # steps so far
        self.steps: list[int] = []
        self.records: list[Numbers] = []
        self.schedule = _schedule(description)
        self.next = next(self.schedule)
        self.visits: Visits | None = None
        self.outline: Outline | None = None
        self.looks: tuple[ActivationLook, OutputLook] | None = None
        self.before: dict[str, Tensor] = {}  # parameters at a recorded step, until it is known what became of them
        self.sizes: Numbers = {}  # and their norms
        self.copies: dict[str, Tensor] = {}  # memory for the next: to ask the system for it each time takes longer than to copy
        self.batch: int | None = None
        self.started = time.perf_counter()

    def __enter__(self) -> Self:
        self.visits = Visits(self.model)
        self._look()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Take the hooks away and, unless the loop ended with an exception, store the run."""
        for look in (self.visits, *(self.looks or ())):
            if look:
                look.remove()
        if kind is None and self.records and _first_process():
            self._settle()
            self._store()

    def step(self, loss: Tensor | float | None = None, *, scale: float = 1.0) -> None:
        """Record this step if it is one that is to be recorded. Raises BadInput where no parameter has a gradient.

        loss: its value, if it is to be shown. scale: what the loss was multiplied by before it went back, as by a GradScaler,
        scaler.get_scale(); its gradients are divided by that.
        """
        if self.before:
            self._settle()
        if self.count == self.next:
            self._record(float(loss.detach()) if isinstance(loss, Tensor) else loss, scale)
        self.count += 1
        if self.count == self.next:
            self._look()

    def note(self, **measured: float) -> None:
        """Keep numbers that were measured by the way, such as test_accuracy=0.93, with the last record."""
        if not self.records:
            raise BadInput("note() keeps numbers with the last record, and there is none before the first step().")
        self.records[-1] |= {name: float(value) for name, value in measured.items()}

    def _look(self) -> None:
        """Hang hooks into the module for a step that is to be recorded."""
        self.looks = ActivationLook(self.model), OutputLook(self.model)

    def _record(self, loss: float | None, scale: float) -> None:
        parameters = {name: tensor for name, tensor in self.model.named_parameters() if tensor.requires_grad}
        gradients = {name: tensor.grad for name, tensor in parameters.items()}
        if all(gradient is None for gradient in gradients.values()):
            raise BadInput("step() found no gradients; it belongs behind loss.backward(), and before optimizer.step().")
        if self.visits:
            self.visits.remove()
            self.outline, self.visits = self.visits.outline(), None
        numbers: Numbers = {} if loss is None else {tables.TRAIN + tables.LOSS: loss}
        sizes = {name: math.nan if gradient is None else norm(gradient) / scale for name, gradient in gradients.items()}
        numbers |= self._by_layer((tables.GRADIENT_WEIGHTS, tables.GRADIENT_BIASES), sizes)
        self.sizes = {name: norm(tensor) for name, tensor in parameters.items()}
        numbers |= self._by_layer((tables.PARAMETER_WEIGHTS, tables.PARAMETER_BIASES), self.sizes)
        if self.looks:
            activations, outputs = self.looks
            numbers |= activations.numbers(self._activation_names())
            numbers |= outputs.numbers(self.description.link, None if self.factor is None and scale == 1 else self._factor(scale))
            self.batch = self.batch or (None if outputs.z is None else len(outputs.z))
            activations.remove()
            outputs.remove()
        self.looks = None
        self.before = {name: self._copied(name, tensor.detach()) for name, tensor in parameters.items()}
        self.steps.append(self.count)
        self.records.append(numbers)
        self.next = next(self.schedule)

    def _copied(self, name: str, tensor: Tensor) -> Tensor:
        """A copy of a parameter, in the memory of the last one where it fits."""
        copy = self.copies.get(name)
        fits = copy is not None and (copy.shape, copy.dtype, copy.device) == (tensor.shape, tensor.dtype, tensor.device)
        return copy.copy_(tensor) if copy is not None and fits else tensor.clone()

    def _factor(self, scale: float) -> float:
        """What the gradient of the outputs is multiplied by, where that is not just the number of examples."""
        z = self.looks[1].z if self.looks else None
        return (1.0 if self.factor or z is None else len(z)) / scale

    def _settle(self) -> None:
        """What became of the parameters of the last record."""
        after = {name: tensor.detach() for name, tensor in self.model.named_parameters() if name in self.before}
        moved = {name: distance(after[name], before) for name, before in self.before.items()}
        self.records[-1] |= self._by_layer((tables.UPDATE_WEIGHTS, tables.UPDATE_BIASES), moved)
        ratios = {name: size / self.sizes[name] if self.sizes[name] else math.nan for name, size in moved.items()}
        self.records[-1] |= self._by_layer((tables.UPDATE_RATIO, None), ratios)
        self.copies, self.before = self.before, {}

    def _by_layer(self, stems: tuple[str, str | None], sizes: Numbers) -> Numbers:
        """Numbers by parameter as columns of weights and of biases, by layer."""
        columns: Numbers = {}
        for number, layer in enumerate(self.outline.layers if self.outline else (), start=1):
            for stem, name in zip(stems, (layer.weight, layer.bias), strict=True):
                if stem and name in sizes:
                    columns[tables.named_column(stem, number, layer.name)] = sizes[name]
        return columns

    def _activation_names(self) -> dict[nn.Module, str]:
        """The activations that the first pass met, in the order of data, each once."""
        names = [visited.name for visited in self.outline.activations if AGAIN not in visited.name] if self.outline else []
        return {self.model.get_submodule("" if name == MODULE else name): name for name in names}

    def _store(self) -> None:
        first = next(self.model.parameters())
        device = "cuda" if first.device.type == "cuda" else "cpu"
        names = dict.fromkeys(name for record in self.records for name in record)
        values = {name: np.array([record.get(name, math.nan) for record in self.records]) for name in names}
        last = [value for name, value in self.records[-1].items() if name.startswith(tables.GRADIENT_WEIGHTS)]
        lost = not all(map(math.isfinite, [value for value in last if not math.isnan(value)] or [math.nan]))
        run = WitnessedRun(
            description=self.description, steps=self.count, batch=self.batch, dtype=str(first.dtype).removeprefix("torch.")
        )
        trace = WitnessedTrace(
            run=run,
            outcome="diverged" if lost else "finished",
            stopped=self.count,
            steps=tuple(self.steps),
            values=values,
            parameters=None,
            seconds=time.perf_counter() - self.started,
        )
        invocation = remember(self.folder, ["lossbench.witness"], run.describe(), provenance(device, 1))
        schedule = RecordingSchedule(kind="log", points=self.description.points)
        recording = Recording(schedule=schedule, probes=("witness",)).describe()
        append(
            self.folder, [trace], Origin(recording=recording, invocation=invocation, task=self.description.task, device=device)
        )


def _schedule(description: Description) -> Iterator[int]:
    """The steps that are recorded, ascending and without end."""
    if description.steps is not None:
        yield from RecordingSchedule(kind="log", points=description.points).steps(description.steps)
        step = description.steps
    else:
        yield 0
        step = 0
    while True:
        step = max(step + 1, round((1 + step) * GROWTH) - 1)
        yield step


def _first_process() -> bool:
    """Whether this process is the one that stores: of several that train one module, the first."""
    distributed = torch.distributed
    return not (distributed.is_available() and distributed.is_initialized()) or distributed.get_rank() == 0
