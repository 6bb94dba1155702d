"""Evidence in a callable's names: which argument is the target, and what the predictions are."""

import functools
import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lossbench.loss_families.calling import Takes

_TARGETS = {"y", "t", "true", "truth", "target", "targets", "tgt", "label", "labels", "gt", "actual", "observed", "hot", "onehot"}
_PREDICTIONS = {
    *("pred", "preds", "predicted", "prediction", "predictions", "logit", "logits", "input", "inputs", "output", "outputs"),
    *("score", "scores", "prob", "probs", "proba", "probas", "probability", "probabilities", "hat"),
    *("decision", "raw", "estimate", "margin"),
}
_PROBABILITIES = {"prob", "probs", "proba", "probas", "probability", "probabilities"}
_LOGGED = _PROBABILITIES | {"p", "q", "pred", "preds", "prediction", "predictions", "softmax"}
_LOGIT_FLAGS = ("from_logits", "from_logit", "with_logits", "use_logits", "is_logits", "logits")
_ACTIVATION_FLAGS = ("sigmoid", "softmax")  # of losses that apply one themselves where they are told to


@dataclass(frozen=True, kw_only=True)
class NameEvidence:
    """What names say: whether targets come first, and what the predictions are; None where they say nothing.

    `because` is the reason for `takes`, in words.
    """

    targets_first: bool | None = None
    takes: Takes | None = None
    because: str = ""


def name_evidence(function: Callable[..., Any], given: Mapping[str, Any]) -> NameEvidence:
    """The evidence in the names of the first two parameters, in options such as from_logits, and in the callable's own name."""
    names = [parameter.name for parameter in parameters(function)[:2]]
    targets_first = _targets_first(names)
    takes, because = _by_flag(function, given)
    if takes is None and names:
        prediction = names[1] if targets_first and len(names) > 1 else names[0]
        takes, because = _by_parameter(prediction)
    if takes is None and "withlogits" in own_name(function).lower().replace("_", ""):
        takes, because = "raw", f"its name {own_name(function)}"
    return NameEvidence(targets_first=targets_first, takes=takes, because=because)


def parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    """The parameters that can be given by position; [] where a callable does not tell."""
    inner = getattr(function, "forward", None) or getattr(function, "call", None) or function
    try:
        every = inspect.signature(inner).parameters.values()
    except (TypeError, ValueError):
        return []
    return [item for item in every if item.kind in (item.POSITIONAL_ONLY, item.POSITIONAL_OR_KEYWORD)]


def own_name(function: Callable[..., Any]) -> str:
    """The name of a function or of the class of an object."""
    inner = function.func if isinstance(function, functools.partial) else function
    return str(getattr(inner, "__name__", type(inner).__name__))


def option_of(function: Callable[..., Any], given: Mapping[str, Any], name: str) -> Any:
    """The value of an option: as given, else the object's attribute, else the default; None where there is no such option."""
    inner = function.func if isinstance(function, functools.partial) else function
    options = dict(given)
    if not inspect.isroutine(inner):
        attributes = dict(getattr(inner, "__dict__", {}))
        options = attributes | dict(attributes.get("_fn_kwargs", {})) | options  # where Keras keeps what its functions are given
    if name in options:
        return options[name]
    try:
        default = inspect.signature(inner if inspect.isroutine(inner) else type(inner)).parameters[name].default
    except (TypeError, ValueError, KeyError):
        return None
    return None if default is inspect.Parameter.empty else default


def _targets_first(names: list[str]) -> bool | None:
    kinds = [_kind(name) for name in names]
    if len(kinds) < 2 or kinds[0] == kinds[1]:
        return None
    return kinds[0] == "target" or (kinds[1] == "prediction" and kinds[0] != "prediction")


def _kind(name: str) -> str | None:
    parts = _name_parts(name)
    if parts & _PREDICTIONS:
        return "prediction"
    return "target" if parts & _TARGETS else None


def _name_parts(name: str) -> set[str]:
    return {word.lower() for word in re.split(r"_|(?<=[a-z])(?=[A-Z])|\d+", name) if word}


def _by_parameter(name: str) -> tuple[Takes | None, str]:
    parts = _name_parts(name)
    because = f"its parameter {name}"
    if parts & {"logit", "logits", "decision"}:
        return "raw", because
    if ("log" in parts and parts & _LOGGED) or any(word.startswith(("logp", "logq")) for word in parts):
        return "log-probabilities", because
    return ("probabilities", because) if parts & _PROBABILITIES else (None, "")


def _by_flag(function: Callable[..., Any], given: Mapping[str, Any]) -> tuple[Takes | None, str]:
    for name in _LOGIT_FLAGS:
        value = option_of(function, given, name)
        if isinstance(value, bool):
            return "raw" if value else "probabilities", f"its option {name}={value}"
    values = {name: option_of(function, given, name) for name in _ACTIVATION_FLAGS}
    if all(isinstance(value, bool) for value in values.values()):
        flags = ", ".join(f"{name}={value}" for name, value in values.items())
        return "raw" if any(values.values()) else "probabilities", f"its options {flags}"
    return None, ""
