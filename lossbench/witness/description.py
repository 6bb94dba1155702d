"""What somebody says of a training that is witnessed, in the words by which stored runs are compared."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from lossbench.errors import BadInput
from lossbench.interfaces import Array, Task
from lossbench.planning.spec import Outcome, Parameters
from lossbench.tables import run_id

Link = Literal["identity", "sigmoid", "softmax"]


@dataclass(frozen=True, kw_only=True)
class Description:
    """The words of a run. What differs between runs that are compared must be said; a report shows it as any study's.

    steps: updates of the whole training, by which the records are spread over it; None where nobody knows.
    link: what makes outputs of the model's raw outputs; None where the loss function does not tell.
    """

    loss: str = "loss"
    seed: int = 0
    model: str = "model"
    dataset: str = "data"
    init: str = "own"
    optimizer: str = "optimizer"
    lr: float | None = None
    task: Task = "classification"
    link: Link | None = None
    steps: int | None = None
    points: int = 60
    results: str = "results"

    def __post_init__(self) -> None:
        if self.seed < 0 or self.points < 2 or (self.steps is not None and self.steps < 1):
            raise BadInput(f"seed is {self.seed}, points {self.points} and steps {self.steps}; at least are 0, 2 and 1.")


@dataclass(frozen=True, kw_only=True)
class WitnessedRun:
    """A training as it is stored: its words, and what the witness saw of it."""

    description: Description
    steps: int
    batch: int | None
    dtype: str

    def describe(self) -> dict[str, Any]:
        """The same form as a run's that is trained here."""
        description = self.description
        optimizer: dict[str, Any] = {"word": description.optimizer} | ({} if description.lr is None else {"lr": description.lr})
        link = {} if description.link is None else {"link": description.link}
        return {
            "loss": {"word": description.loss} | link,
            "model": {"word": description.model},
            "init": {"word": description.init},
            "dataset": {"word": description.dataset},
            "optimizer": optimizer,
            "data": "witnessed",
            "seed": description.seed,
            "steps": description.steps or self.steps,
            "batch": self.batch,
            "order": "shuffled",
            "dtype": self.dtype,
        }

    @property
    def id(self) -> str:
        """The id of the description."""
        return run_id(self.describe())


@dataclass(frozen=True, kw_only=True)
class WitnessedTrace:
    """What a witnessed training left, in the form of a Trace; `values` holds T numbers a quantity."""

    run: WitnessedRun
    outcome: Outcome
    stopped: int
    steps: tuple[int, ...]
    values: dict[str, Array]
    parameters: Parameters | None
    seconds: float
    moments: Mapping[str, Parameters] = field(default_factory=dict)
