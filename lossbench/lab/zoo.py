"""The losses of the page: every one of the zoo that has a meaning on one sigmoid, and those that somebody brings."""

import inspect
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

from lossbench.audit.subjects.convention import CallableRequest
from lossbench.audit.subjects.forms import Unusable
from lossbench.audit.subjects.import_path import add_current_folder_to_path
from lossbench.audit.subjects.imported import subjects_of_path
from lossbench.audit.subjects.subject import Subject, of_class, registered
from lossbench.audit.subjects.time_limit import TooSlow, time_limit
from lossbench.errors import BadInput, counted
from lossbench.interfaces import Loss, TrainingTargets
from lossbench.lab.lowering import Untraceable
from lossbench.lab.program import traced
from lossbench.lab.table import tabulated
from lossbench.registry import load_plugins, shelf

OUTPUTS = 10  # of the page's network
SECONDS = 60.0  # that a loss of somebody else may take to be written down
_SECTION = re.compile(r"^\s*Formula: (.+?)(?=^\s*[A-Z]\w+: |\Z)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class LabLoss:
    """A loss as the page has it: `program` for one output and for ten, or a table where it could not be written down."""

    id: str
    title: str
    formula: str
    about: str
    own: bool
    program: dict[str, Any]
    network: bool

    def as_json(self) -> dict[str, Any]:
        """The loss in JSON's vocabulary."""
        return {name: getattr(self, name) for name in ("id", "title", "formula", "about", "own", "program", "network")}


def lab_losses(own: Sequence[str], plugins: Sequence[str] = ()) -> list[LabLoss]:
    """The zoo in alphabetical order, and before it what somebody named: WORD,option=value or package.module:name.

    Raises BadInput where a loss is not found or has no meaning on one sigmoid.
    """
    add_current_folder_to_path()
    load_plugins(plugins)
    named = [_own_loss(text) for text in own]
    classes = [cast(type[Loss], cls) for cls in shelf("loss").values() if cls.__module__.startswith("lossbench.")]
    zoo = [_lab_loss(subject, own=False) for cls in classes for subject in on_one_sigmoid(of_class(cls, {}))]
    taken = {loss.id for loss in named}
    return [*named, *(loss for loss in zoo if loss.id not in taken)]


def on_one_sigmoid(subjects: Iterator[Subject]) -> list[Subject]:
    """Those that read one raw output through a sigmoid, and are for classes without an order."""
    return [
        subject
        for subject in subjects
        if subject.link == "sigmoid" and subject.outputs == 1 and subject.raw_outputs == 1 and _of_classes(subject)
    ]


def _of_classes(subject: Subject) -> bool:
    """Whether it is for classes, and the same whatever data it trains on."""
    loss = subject.loss
    return not isinstance(loss, Loss) or (
        "classification" in loss.tasks and loss.informed(TrainingTargets(members=(1, 1))) == loss
    )


def _named(text: str) -> Subject:
    """What somebody named. Raises BadInput."""
    try:
        subjects = list(subjects_of_path(CallableRequest(path=text)) if ":" in text else registered(text))
    except (Unusable, TooSlow) as error:
        raise BadInput(f"{text} cannot be put in the lab: {error}") from error
    fitting = on_one_sigmoid(iter(subjects))
    if not fitting:
        links = " or ".join(sorted({subject.link for subject in subjects}))
        raise BadInput(
            f"{text} cannot be put in the lab: there a loss reads one raw output through a sigmoid, and this one has its meaning "
            f"on {links} with {counted(subjects[0].outputs if subjects else 0, 'output')}. `lossbench audit {text}` measures it."
        )
    return fitting[0]


def _own_loss(text: str) -> LabLoss:
    """The loss that somebody named. Raises BadInput where its numbers take too long."""
    subject = _named(text)
    try:
        with time_limit(SECONDS):
            return _lab_loss(subject, own=True)
    except TooSlow as error:
        raise BadInput(f"{text} cannot be put in the lab: {error} while its values were taken.") from error


def _lab_loss(subject: Subject, *, own: bool) -> LabLoss:
    program, network = _written(subject)
    text = inspect.getdoc(type(subject.loss)) if isinstance(subject.loss, Loss) else ""
    section = _SECTION.search(text or "")
    return LabLoss(
        id=re.sub(r"\W+", "_", subject.title),
        title=subject.title.replace("_", " "),
        formula=_on_sigmoid(" ".join(section[1].split())) if section else "",
        about=(text or subject.about).split("\n")[0],
        own=own,
        program=program,
        network=network,
    )


def _on_sigmoid(formula: str) -> str:
    """The part of a formula that is for the sigmoid, where it has one for each link."""
    part = re.search(r"\bsigmoid (ℓ = [^;]+)", formula)
    return part[1] if part else formula


def _written(subject: Subject) -> tuple[dict[str, Any], bool]:
    """The loss as steps, or as a table where it cannot be followed; and whether it can train a network of several outputs."""
    try:
        return _steps(subject)
    except Untraceable:
        return tabulated(subject.loss, OUTPUTS)


def _steps(subject: Subject) -> tuple[dict[str, Any], bool]:
    """The steps for one output, which mostly are those for several. Raises Untraceable."""
    single = traced(subject.loss, 1).as_json()
    try:
        several = traced(subject.loss, OUTPUTS).as_json()
    except (Untraceable, RuntimeError, ValueError, IndexError):
        return single, False
    return single if several == single else {**single, "several": several}, True
