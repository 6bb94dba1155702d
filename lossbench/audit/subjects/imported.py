"""Audit subjects from a third-party callable, named `package.module:name`."""

import inspect
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import cast

import torch

from lossbench.audit.references import Formula
from lossbench.audit.subjects.adapter import AdaptedLoss
from lossbench.audit.subjects.behaviour import behaviour_findings, behaviour_notes, calling_sentences, overflow_notes
from lossbench.audit.subjects.claim import Scaled
from lossbench.audit.subjects.convention import CallableRequest
from lossbench.audit.subjects.detection import DetectedCall, detect
from lossbench.audit.subjects.forms import Unusable
from lossbench.audit.subjects.import_path import import_callable
from lossbench.audit.subjects.options import options_that_differ
from lossbench.audit.subjects.precision import DOUBLE, Precision, measured_precision
from lossbench.audit.subjects.resemblance import resemblance
from lossbench.audit.subjects.subject import Finding, Subject, of_class, registered
from lossbench.audit.subjects.time_limit import TooSlow, time_limit
from lossbench.errors import BadInput
from lossbench.interfaces import Loss

_ONE_BY_ONE = 0.05  # the pace of what is asked one example at a time


def subjects_of_path(request: CallableRequest) -> Iterator[Subject]:
    """The subjects at a path: a lossbench Loss counts as a registered one; a callable is found out and adapted.

    Raises BadInput for a path that leads nowhere and Unusable for a callable that cannot be asked.
    """
    loss_or_callable = import_callable(request.path, request.given)
    claims = _claims(request.claim)
    if inspect.isclass(loss_or_callable) and issubclass(loss_or_callable, Loss):
        yield from of_class(loss_or_callable, request.given)
        return
    detected = detect(loss_or_callable, request, claims)
    yield _subject(request, detected, claims)


def _claims(word: str | None) -> Sequence[Formula]:
    if word is None:
        return ()
    subjects = list(registered(word))
    if any(subject.raw_outputs > 1 for subject in subjects):
        raise BadInput(f"--as {word}: it has several raw outputs a target, and a callable is given one.")
    claims = [subject.reference for subject in subjects]
    if not all(isinstance(claim, Formula) for claim in claims):
        raise BadInput(f"--as {word}: nothing can be held against it, for lossbench has no formula of it to many digits.")
    return [cast(Formula, claim) for claim in claims]


def _subject(request: CallableRequest, detected: DetectedCall, claims: Sequence[Formula]) -> Subject:
    adapted = detected.adapted
    notes = _behaviour_notes(adapted, request.seconds)
    with time_limit(6 * request.seconds):
        findings = [*behaviour_findings(adapted), *resemblance(adapted, detected.fault)]
        precision = measured_precision(adapted.value, adapted.convention.outputs)
        findings += _precision_findings(precision)
        coupled = any(finding.reason == "coupling" for finding in findings)
        findings += _claim_findings(request, detected, claims, coupled=coupled)
    computes = detected.claimed is not None and not any(finding.reason == "claim" for finding in findings)
    loss = replace(adapted, guarded=True, precision=precision)
    return Subject(
        title=f"{request.path}{_options_text(request)}",
        loss=loss,
        precision=precision,
        exact=replace(loss, form="reduced") if loss.form == "mapped" else None,
        outputs=adapted.convention.outputs,
        regression=adapted.link == "identity",
        boundary=_boundary(adapted),
        several=adapted.convention.outputs == 2,
        reference=Scaled(detected.claimed, detected.factors) if detected.claimed is not None and computes else None,
        claims=request.claim or "",
        called=calling_sentences(adapted, detected.because),
        notes=(*notes, *((_multiple(detected, detected.claimed),) if detected.claimed is not None and computes else ())),
        findings=tuple(findings),
        pace=_ONE_BY_ONE if loss.form == "reduced" and loss.quick is None else 1.0,
        differentiable=adapted.differentiable,
        soft=replace(loss, convention=detected.soft) if detected.soft is not None else None,
        hard_only=adapted.convention.targets == "index" and detected.soft is None,
        faulty=detected.fault is not None,
        takes_raw=adapted.convention.takes == "raw",
    )


def _precision_findings(precision: Precision) -> list[Finding]:
    if precision is DOUBLE:
        return []
    sentence = f"It answers in {precision.name}, whatever it is given: judged to {precision.proportion:.0e}."
    return [Finding(reason="precision", sentence=sentence.replace("e-0", "e-"))]


def _claim_findings(
    request: CallableRequest, detected: DetectedCall, claims: Sequence[Formula], *, coupled: bool
) -> list[Finding]:
    """Why the callable is not what it is held against, where it is not."""
    if not claims:
        return []
    sentence = ""
    if detected.claimed is None:
        sentence = f"It does not compute {request.claim}: its values are no constant multiple of it."
    elif coupled:
        sentence = f"It does not compute {request.claim}: it does for one example, and not for several together."
    elif differs := options_that_differ(request, detected.adapted, detected.claimed):
        sentence = f"It does not compute {request.claim} at every option: {differs}."
    return [Finding(reason="claim", sentence=sentence)] if sentence else []


def _behaviour_notes(adapted: AdaptedLoss, seconds: float) -> tuple[str, ...]:
    try:
        with time_limit(seconds):
            sentences = behaviour_notes(adapted)
    except TooSlow as error:
        raise Unusable(f"It hangs: {error}.") from error
    try:
        with time_limit(seconds):
            return (*sentences, *overflow_notes(adapted))
    except TooSlow as error:
        return (*sentences, f"It hangs at large raw outputs: {error}.")


def _multiple(detected: DetectedCall, claimed: Formula) -> str:
    times = {rows: factor for rows, factor in detected.factors if factor != 1}
    if not times:
        return f"It computes {claimed.loss.word} on the {detected.adapted.link}."
    multiples = ", ".join(f"{factor} times with {rows} output{'s' if rows > 1 else ''}" for rows, factor in times.items())
    return f"It computes a multiple of {claimed.loss.word} on the {detected.adapted.link}: {multiples}."


def _boundary(adapted: AdaptedLoss) -> float:
    """0, or ½ where a lone output imitates the targets 0 and 1: there both targets cost the same."""
    if adapted.link != "identity" or adapted.convention.outputs == 2:
        return 0.0
    z = torch.tensor([[0.0, 0.5]], dtype=torch.float64)
    gap = (adapted.value(z, torch.ones_like(z)) - adapted.value(z, torch.zeros_like(z))).abs()
    return 0.5 if float(gap[1]) < float(gap[0]) else 0.0


def _options_text(request: CallableRequest) -> str:
    return "(" + ", ".join(f"{key}={value}" for key, value in request.given.items()) + ")" if request.given else ""
