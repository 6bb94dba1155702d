"""Whether a callable follows the loss that it is held against when an option that both have takes other values."""

from dataclasses import fields, replace

from lossbench.audit.references import Formula
from lossbench.audit.subjects.adapter import AdaptedLoss
from lossbench.audit.subjects.claim import multiples
from lossbench.audit.subjects.convention import CallableRequest
from lossbench.audit.subjects.import_path import import_callable
from lossbench.audit.subjects.signature import option_of
from lossbench.errors import BadInput

_CHANGES = ((0.6, 0.1), (1.7, 0.05))  # times, plus: other values, within (0, 1) for what is at most ½


def options_that_differ(request: CallableRequest, adapted: AdaptedLoss, claimed: Formula) -> str:
    """The option, with a value, at which the callable no longer computes the claimed loss with the same option; "" without any.

    Options are compared that have the same name in both and are numbers, one at a time.
    """
    function = import_callable(request.path, request.given)
    for name in (item.name for item in fields(claimed.loss)):  # type: ignore[arg-type]
        ours, theirs = getattr(claimed.loss, name), option_of(function, request.given, name)
        if not all(isinstance(value, float | int) and not isinstance(value, bool) for value in (ours, theirs)) or ours != theirs:
            continue
        for times, plus in _CHANGES:
            value = round(times * float(ours) + plus, 6)
            if not _follows(request, adapted, claimed, name, value):
                return f"it does at {name}={ours:g}, and not at {name}={value:g}"
    return ""


def _follows(request: CallableRequest, adapted: AdaptedLoss, claimed: Formula, name: str, value: float) -> bool:
    """Whether both are the same loss at this value; true where one of them refuses it."""
    try:
        formula = Formula(replace(claimed.loss, **{name: value}))  # type: ignore[type-var]
        changed = replace(adapted, function=import_callable(request.path, request.given | {name: value}), quick=None)
        return bool(multiples(changed, formula))
    except BadInput:
        return True
