"""Somebody's callable, or torch module, as a loss that trains."""

import hashlib
import inspect
import json
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import torch
from torch import Tensor, nn

from lossbench.errors import BadInput, unknown
from lossbench.guard import PASSED_ON
from lossbench.interfaces import Loss, Task
from lossbench.interfaces.links import LinkName
from lossbench.loss_families.calling import Convention, Layout, Takes, Targets, number
from lossbench.registry.importing import import_from_outside, message_of

Answers = Literal["each", "elements", "batch"]


@dataclass(frozen=True, kw_only=True)
class Imported(Loss):
    """A function or class MODULE:NAME that somebody wrote, called as `lossbench audit` finds that it wants to be called.

    Written `loss=my_losses:mine`; the options below are then found out. Its file is run, and when that has changed, a run is
    another one. `given` are keyword arguments, name=JSON. `swapped`: targets come first. `answers` says what it gives for B
    examples: a number for each, a number for each element, which are added up over an example's outputs, or one for the batch.
    One that answers the batch is trained as in a loop of one's own, on the gradient of what it answers, and an example's
    loss is that of its batch: a sum over B examples steps B times as far as a mean.

    On data of two classes one that takes several outputs is given the raw outputs 0 and z: its softmax is the sigmoid of z.

    Domain: as the callable has it.
    Link: as the callable has it.
    Formula: the callable's own.
    Gradient: left to autograd.
    Identities: none.
    Properties: none claimed.
    Source: whoever wrote the callable.
    """

    listed: ClassVar[bool] = False
    path: str
    given: tuple[str, ...] = ()
    link: Literal["auto", "sigmoid", "softmax", "identity"] = "auto"
    takes_outputs: Takes = "raw"
    outputs: Literal["one", "several"] = "several"
    layout: Layout = "last"
    targets: Targets = "alike"
    swapped: bool = False
    answers: Answers = "batch"
    separable: bool = False

    def __post_init__(self) -> None:
        module, _, name = self.path.partition(":")
        if not all(part.isidentifier() for part in (*module.split("."), name)):
            raise BadInput(f"loss.path is {self.path!r}; it wants MODULE:NAME, such as my_losses:mine.")
        for option in self.given:
            _option(option)

    @property
    def per_example(self) -> bool:  # type: ignore[override]
        """Whether it was seen that an example's number is the same, bit for bit, whatever stands beside it."""
        return self.separable and self.answers != "batch"

    @property
    def tasks(self) -> tuple[Task, ...]:  # type: ignore[override]
        """Numbers to imitate may be classes, too; raw outputs of classes are nothing else."""
        return ("classification", "regression") if self.link == "identity" else ("classification",)

    @property
    def foreign_module(self) -> str:
        """The module of the path, which is run."""
        return self.path.partition(":")[0]

    def describe(self) -> dict[str, Any]:
        """Word, options, and the SHA-256 of the source, by which a changed callable is another run."""
        return {**Loss.describe(self), "source": self._source}

    def on(self, task: Task, outputs: int) -> Self:
        """The same loss with its link settled. Raises BadInput where the data have more outputs than it takes."""
        if self.outputs == "one" and outputs > 1 and self.answers != "each":
            raise BadInput(
                f"The loss {self.path} takes one raw output an example, and the data have {outputs}. Possible: data of two "
                'classes, or a callable that answers a number for each example (reduction="none").'
            )
        if self.outputs == "several" and task == "regression":
            raise BadInput(f"The loss {self.path} takes several raw outputs an example, one a class, and the data are numbers.")
        return Loss.on(self, task, outputs)

    def value(self, z: Tensor, y: Tensor) -> Tensor:
        """ℓ (B,) of raw outputs z (C, B) and targets y (C, B). Raises BadInput with whatever the callable raises."""
        if self.outputs == "several" and len(z) == 1:
            z, y = torch.cat([torch.zeros_like(z), z]), torch.cat([1 - y, y])
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return self._value(z, y)
        except PASSED_ON:
            raise
        except (Exception, SystemExit) as error:
            shapes = f"{z.shape[1]} examples with {len(z)} output{'s' if len(z) > 1 else ''}"
            raise BadInput(f"The loss {self.path} raised {message_of(error)}, for {shapes}.") from error

    def _value(self, z: Tensor, y: Tensor) -> Tensor:
        classes, examples = z.shape
        if self.layout == "single":
            return torch.stack([self._answer(z[:, [n]], y[:, [n]]).sum() for n in range(examples)])
        if self.outputs == "one" and classes > 1:
            z, y = z.reshape(1, -1), y.reshape(1, -1)
        answer = self._answer(z, y)
        if self.answers == "batch":
            return answer.sum().expand(examples)
        if self.answers == "each":
            return answer.reshape(-1, examples).sum(0)
        return answer.sum(0) if self.layout == "first" else answer.reshape(examples, -1).sum(1)

    def _answer(self, z: Tensor, y: Tensor) -> Tensor:
        return number(self._convention.call(self._function, z, y)).to(z.dtype)

    @cached_property
    def _convention(self) -> Convention:
        link: LinkName = "sigmoid" if self.outputs == "one" else "softmax"  # of what it takes, if those are probabilities
        return Convention(
            library="torch",
            takes=self.takes_outputs,
            link="identity" if self.link == "identity" else link,
            outputs=1 if self.outputs == "one" else 2,
            layout=self.layout,
            targets=self.targets,
            swapped=self.swapped,
        )

    @cached_property
    def _function(self) -> Callable[..., Any]:
        return made(self.path, dict(map(_option, self.given)))

    @cached_property
    def _source(self) -> str:
        return source_hash(named(self.path))


def named(path: str) -> Any:
    """What MODULE:NAME names; its module is run, and those of the current folder are found after all others. Raises BadInput."""
    module, _, name = path.partition(":")
    value: Any = import_from_outside(module, f"loss.path={path}: {module}", from_current_folder=True)
    if not hasattr(value, name):
        raise unknown(f"function or class in {module}", name, [known for known in dir(value) if not known.startswith("_")])
    return getattr(value, name)


def made(path: str, given: dict[str, Any]) -> Callable[..., Any]:
    """The callable of a path: an object of a class, made with keyword arguments, or a function that is called with them.

    A list of numbers is a tensor to a function, and to a class that refuses a list.
    """
    value, tensors = named(path), {name: _tensor(item) for name, item in given.items()}
    if not inspect.isclass(value):
        return partial(value, **tensors) if given else value
    try:
        try:
            built: Any = value(**given)
        except TypeError:
            built = value(**tensors)
    except (Exception, SystemExit) as error:
        raise BadInput(f"loss.path={path} could not be made with {given}: {message_of(error)}.") from error
    return built.eval() if isinstance(built, nn.Module) else built


def source_hash(value: Any) -> str:
    """16 hexadecimal digits of the SHA-256 of the file that a function or class stands in; of a notebook's, of itself."""
    value = inspect.unwrap(value) if callable(value) else value
    module = sys.modules.get(getattr(value, "__module__", None) or "")
    file = getattr(module, "__file__", None)
    try:
        source = inspect.getsource(value).encode() if module is None or module.__name__ == "__main__" else b""
        source = source or (Path(file).read_bytes() if file else b"")
    except (OSError, TypeError):
        source = b""
    return hashlib.sha256(source).hexdigest()[:16]


def _option(text: str) -> tuple[str, Any]:
    """A keyword argument from name=JSON. Raises BadInput."""
    name, equals, value = text.partition("=")
    try:
        parsed = json.loads(value)
    except json.JSONDecodeError as error:
        raise BadInput(f'loss.given has {text!r}; an argument is written name=JSON, such as gamma=2 or mode="soft".') from error
    if not equals or not name.isidentifier():
        raise BadInput(f"loss.given has {text!r}; an argument is written name=JSON, such as gamma=2.")
    return name, parsed


def _tensor(value: Any) -> Any:
    is_numbers = isinstance(value, list) and value and all(isinstance(item, int | float) for item in value)
    return torch.tensor(value, dtype=torch.float64) if is_numbers else value
