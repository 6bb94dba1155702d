"""Detection of a third-party callable's calling convention: names first, then behaviour; "not known" where neither decides."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, cast

import torch
from torch import Tensor

from lossbench.audit.references import Formula
from lossbench.audit.subjects.adapter import AdaptedLoss
from lossbench.audit.subjects.claim import multiples
from lossbench.audit.subjects.convention import CallableRequest, CallOptions, possible_takes
from lossbench.audit.subjects.direction import Direction, direction
from lossbench.audit.subjects.evidence import Evidence, behaviour_evidence
from lossbench.audit.subjects.forms import Unusable, answering_forms, first_line, quickest
from lossbench.audit.subjects.signature import NameEvidence, name_evidence, option_of
from lossbench.audit.subjects.time_limit import TooSlow, time_limit
from lossbench.interfaces.links import LinkName
from lossbench.loss_families.calling import Convention

_UNKNOWN = "It is not known how it wants to be called, and nothing is claimed of it."
_WAYS = "--takes, --link, --outputs, --classes, --targets, --given"


@dataclass(frozen=True)
class DetectedCall:
    """A callable that can be asked. `factors` says how many times the claimed loss it is, by number of outputs.

    `because` is why its input is read as it is; `fault` that being more wrong costs less, where it does; `soft` how it is
    called with soft targets, where it is called with class indices and takes those, too.
    """

    adapted: AdaptedLoss
    claimed: Formula | None = None
    factors: tuple[tuple[int, Fraction], ...] = ()
    because: str = ""
    fault: Direction | None = None
    soft: Convention | None = None


@dataclass(frozen=True)
class _Reading:
    """One way of calling that gives numbers: why it is read so, which way values go, and `doubt` where it is but a guess."""

    adapted: AdaptedLoss
    because: str
    towards: Direction
    doubt: str = ""


@dataclass(frozen=True)
class _Asked:
    """The callable, what is told of it, and what its names say."""

    function: Callable[..., Any]
    request: CallableRequest
    names: NameEvidence

    @property
    def stated(self) -> CallOptions:
        """The parts of the calling convention that the user states."""
        return self.request.call_options

    @property
    def seconds(self) -> float:
        """How long a look at one form may take."""
        return self.request.seconds


def detect(function: Callable[..., Any], request: CallableRequest, claims: Sequence[Formula]) -> DetectedCall:
    """The way of calling that computes what is claimed; else the one for which names and behaviour speak.

    Raises Unusable where there is none, where several fit, or where the callable does not answer in time.
    """
    _refuse_log_targets(function, request)
    asked = _Asked(function, request, name_evidence(function, request.given))
    refusals: dict[str, str] = {}
    forms = list(answering_forms(function, request, refusals, targets_first=asked.names.targets_first))
    for form in forms:
        computing = _claimed(asked, form, claims)
        if computing is not None:
            return computing
    doubts: dict[str, str] = {}
    readings = [reading for form in forms if (reading := _reading(asked, form, doubts)) is not None]
    reading = _chosen(readings, doubts | refusals)
    _check_two_classes(reading.adapted)
    fault = reading.towards if reading.towards.sentence else None
    adapted = quickest(reading.adapted, request.given)
    return DetectedCall(adapted, because=reading.because, fault=fault, soft=_soft(adapted))


def _claimed(asked: _Asked, form: AdaptedLoss, claims: Sequence[Formula]) -> DetectedCall | None:
    """The form and the meaning in which the callable computes one of the claims, as far as names allow them; None without any."""
    takes = (asked.names.takes,) if asked.names.takes and not asked.stated.takes else possible_takes(asked.stated)
    for claim in claims:
        link = claim.loss.link
        if asked.stated.link not in {None, link} or link == ("sigmoid" if form.convention.outputs == 2 else "softmax"):
            continue
        for meaning in takes:
            if link == "identity" and meaning != "raw":
                continue
            adapted = replace(form, convention=replace(form.convention, takes=meaning, link=cast(LinkName, link)))
            with time_limit(asked.seconds):
                factors = multiples(adapted, claim)
            if factors:
                why = f"called so, it computes {claim.loss.word}"
                return DetectedCall(quickest(adapted, asked.request.given), claim, factors, because=why, soft=_soft(adapted))
    return None


def _reading(asked: _Asked, form: AdaptedLoss, refusals: dict[str, str]) -> _Reading | None:
    """What the form's input stands for: as told, else as names say, else as it behaves; None where nothing says anything."""
    try:
        with time_limit(asked.seconds):
            evidence = behaviour_evidence(replace(form, guarded=True))
            adapted, because, doubt = _understood(asked, form, evidence)
            towards = Direction(kind="right") if adapted.link == "identity" else direction(adapted)
    except TooSlow as error:
        raise Unusable(f"It hangs: {error}. {form.convention.description()}") from error
    except Unusable:
        raise
    except (Exception, SystemExit) as error:
        refusals.setdefault(f"{type(error).__name__}: {first_line(error)}", form.convention.description())
        return None
    if towards.kind == "none":
        refusals.setdefault("being more wrong does not cost more", form.convention.description())
        return None
    return _Reading(adapted, because, towards, doubt)


def _understood(asked: _Asked, form: AdaptedLoss, evidence: Evidence) -> tuple[AdaptedLoss, str, str]:
    """The form with what its input stands for, the reason, and a doubt where there is one. Raises ValueError without evidence."""
    stated = asked.stated.takes
    takes = stated or asked.names.takes or evidence.meaning
    because = "told by --takes" if stated else asked.names.because if asked.names.takes else evidence.because
    if takes is None:
        raise ValueError(evidence.because or "its values show neither raw outputs, nor probabilities, nor numbers to imitate")
    if takes == "positive numbers":
        raise Unusable(
            f"{_UNKNOWN} Its predictions seem to be numbers above 0, such as a rate, and a card looks at all raw outputs."
        )
    stated_link = asked.stated.link
    link = stated_link or form.convention.link
    if takes == "numbers":
        takes, link = "raw", stated_link or "identity"
    doubt = ""
    alike = not evidence.shift_invariant
    if takes == "raw" and form.convention.outputs == 2 and alike and stated_link is None and link == "softmax":
        doubt = "one number added to all outputs changes it, so that they are not those of a softmax."
    return replace(form, convention=replace(form.convention, takes=takes, link=link)), because, doubt


def _chosen(readings: Sequence[_Reading], refusals: dict[str, str]) -> _Reading:
    """The first reading without a doubt in which being more wrong costs more, else one in which that fails: a fault of the loss.

    A fault of every element is not made good by adding up the elements of several outputs. Raises Unusable where nothing fits,
    where all that fits is doubtful, or where both orders of the arguments fit.
    """
    right = [reading for reading in readings if reading.towards.kind == "right" and not reading.doubt]
    faulty = [reading for reading in readings if reading.towards.sentence and not reading.doubt and not _is_signed(reading)]
    if right and not (faulty and _adds_up(faulty[0].adapted, right[0].adapted)):
        _refuse_two_orders(right)
        return right[0]
    mixed = bool(faulty) and faulty[0].towards.kind == "mixed"
    if mixed and any(_is_signed(reading) and reading.towards.kind == "negated" for reading in readings):
        raise Unusable(f"{_UNKNOWN} With −1/+1 targets it looks negated: is it given distances, which are small where two agree?")
    if faulty:
        return faulty[0]
    if readings:
        doubted = readings[0]
        called = doubted.adapted.convention.description()
        raise Unusable(f"{_UNKNOWN} {called} But {doubted.doubt or doubted.towards.sentence} It can be told: {_WAYS}.")
    raise Unusable(_refused(refusals))


def _is_signed(reading: _Reading) -> bool:
    return reading.adapted.convention.targets == "signed"


def _adds_up(one: AdaptedLoss, several: AdaptedLoss) -> bool:
    """Whether the value for several outputs is the sum, or the mean, of what the callable answers for each output alone."""
    if (one.convention.outputs, several.convention.outputs) != (1, 2) or several.convention.targets == "index":
        return False
    x = torch.tensor([[0.3, 0.1], [0.5, 0.8], [0.2, 0.4]], dtype=torch.float64)
    y = torch.eye(3, dtype=torch.float64)[:, :2]
    single, together = (replace(item, convention=replace(item.convention, takes="raw")) for item in (one, several))
    added = torch.stack([single.value(x[[row]], y[[row]]) for row in range(3)]).sum(0)
    ratio = together.value(x, y) / added
    return bool(((ratio - ratio[0]).abs() <= 1e-5 * ratio[0].abs()).all())


def _refuse_two_orders(right: Sequence[_Reading]) -> None:
    """Raise Unusable where the targets may come first or last, and that makes a difference."""
    first = right[0].adapted
    other = next((reading.adapted for reading in right if reading.adapted.convention.swapped != first.convention.swapped), None)
    if other is None or other.convention.outputs != first.convention.outputs:
        return
    rows = 1 if first.convention.outputs == 1 else 3
    z = torch.tensor([[0.7, -1.2, 2.0], [0.4, 0.1, -0.3], [-2.0, 0.5, 0.2]], dtype=torch.float64)[:rows]
    y = torch.eye(3, dtype=torch.float64)[:rows]
    one, two = first.value(z, y), other.value(z, y)
    if not torch.allclose(one, two, rtol=1e-4, atol=1e-6):
        raise Unusable(
            f"{_UNKNOWN} Which of its two arguments is the target? Both orders give a loss, and not the same. Names such as "
            "(pred, target) would say it, and so does --as with the loss that it should be."
        )


def _refuse_log_targets(function: Callable[..., Any], request: CallableRequest) -> None:
    """Raise Unusable for a loss that wants logarithms of target probabilities, of which a class has none."""
    if option_of(function, request.given, "log_target") is True:
        raise Unusable(
            f"{_UNKNOWN} Its option log_target=True says that targets are logarithms of probabilities, and those of a class have "
            "entries of −∞. Possible: --given log_target=false."
        )


def _soft(adapted: AdaptedLoss) -> Convention | None:
    """The convention for soft targets of what is called with class indices, where one-hot targets give the same numbers."""
    if adapted.convention.targets != "index" or adapted.convention.outputs != 2:
        return None
    soft = replace(adapted.convention, targets="alike")
    z = torch.tensor([[0.7, -1.2, 2.0], [0.4, 0.1, -0.3], [-2.0, 0.5, 0.2]], dtype=torch.float64)
    y = torch.eye(3, dtype=torch.float64)
    try:
        same = torch.allclose(replace(adapted, convention=soft).value(z, y), adapted.value(z, y), rtol=1e-5)
    except (Exception, SystemExit):
        return None
    return soft if same else None


def _check_two_classes(adapted: AdaptedLoss) -> None:
    """Raise Unusable for a loss of several classes that answers three and refuses two, as one with three class weights does."""
    if adapted.convention.outputs == 1:
        return
    z = torch.tensor([[0.3], [-0.2]], dtype=torch.float64)
    try:
        adapted.value(z, _hot(0, 1))
    except (Exception, SystemExit) as error:
        raise Unusable(
            f"It answers three classes and refuses two ({type(error).__name__}: {first_line(error)}), and a card looks at the "
            "margin between two. Is it made for a fixed number of classes, as with class weights? Those are left away or given "
            "for two with --given."
        ) from error


def _hot(label: int, count: int) -> Tensor:
    return torch.eye(2, dtype=torch.float64)[:, [label]].repeat(1, count)


def _refused(refusals: dict[str, str]) -> str:
    telling_first = sorted(refusals.items(), key=lambda item: "the answer is" not in item[0])
    attempts = "; ".join(f"{reason} ({where[:-1]})" for reason, where in telling_first[:4])
    return (
        f"It could not be called as a loss, and nothing is claimed of it. Tried: {attempts}. How to call it can be told: {_WAYS}."
    )
