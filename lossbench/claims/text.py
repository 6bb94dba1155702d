"""Judged claims in words: what is published, what was measured, the tolerance."""

import math
from dataclasses import dataclass

from lossbench.analysis import formatting
from lossbench.claims.published import Bound, Curve, Number
from lossbench.claims.schema import Claim
from lossbench.claims.verdict import Judgement, Unjudged

_MOST_DECIMALS = 12


@dataclass(frozen=True, kw_only=True)
class Line:
    """A judged claim as a row of a table; `changed` says what the repository records, or why there is no verdict.

    `power` is stated where the claim says what difference would matter.
    """

    claim: str
    row: str
    source: str
    published: str
    measured: str
    interval: str
    tolerance: str
    verdict: str
    changed: str
    power: str = ""


def line(judgement: Judgement | Unjudged) -> Line:
    """The row of a claim, judged or not."""
    claim = judgement.claim
    if isinstance(judgement, Unjudged):
        blank = {"measured": "–", "interval": "", "verdict": "not judged", "changed": judgement.reason}
        return Line(**_stated(claim), **blank)
    estimate = judgement.estimate
    interval = f"{_number(estimate.low, claim)} to {_number(estimate.high, claim)}"
    has_interval = estimate.n > 1 and estimate.method not in ("none", "equal")
    return Line(
        **_stated(claim),
        measured=_measured(judgement),
        interval=interval if has_interval else "",
        verdict=judgement.verdict,
        power="" if judgement.power is None else f"power {judgement.power:.2f} to tell {_number(claim.effect or 0, claim)}",
        changed="" if judgement.as_recorded else f"recorded: {claim.verdict}",
    )


def _stated(claim: Claim) -> dict[str, str]:
    return {
        "claim": claim.claim,
        "row": claim.row,
        "source": f"{claim.source}, {claim.location}",
        "published": published(claim),
        "tolerance": _tolerance(claim),
    }


def published(claim: Claim) -> str:
    """What the source says, as text."""
    stated = claim.published
    if isinstance(stated, Number):
        return _number(stated.value, claim)
    if isinstance(stated, Bound):
        return f"{stated.side} {_number(stated.value, claim)}"
    if isinstance(stated, Curve):
        return f"a curve of {formatting.counted(len(stated.x), 'point')}"
    return f"{_number(stated.low, claim)} to {_number(stated.high, claim)}"


def _measured(judgement: Judgement) -> str:
    centre = judgement.estimate.centre
    if isinstance(judgement.claim.published, Curve):
        return f"{100 * centre:.0f} % within the band of {formatting.counted(judgement.estimate.n, 'run')}"
    return _number(centre, judgement.claim)


def _tolerance(claim: Claim) -> str:
    if isinstance(claim.published, Curve):
        return f"at least {100 * claim.tolerance:g} %"
    return f"±{formatting.number(claim.tolerance, _digits(claim.tolerance))}" if claim.tolerance else "0"


def _number(value: float, claim: Claim) -> str:
    """To the last digit of the tolerance; where there is none, whole numbers as such and others to three significant digits."""
    if not math.isfinite(value) or not claim.tolerance:
        return formatting.steps(value) if value.is_integer() else formatting.number(value)
    decimals = max(0, _digits(claim.tolerance) - 1 - math.floor(math.log10(claim.tolerance)))
    if decimals > _MOST_DECIMALS or abs(value) > 1e9 * claim.tolerance:
        return formatting.number(value, 6)
    # Adding 0 makes a plain 0 of a negative one.
    return f"{round(value, decimals) + 0.0:,.{decimals}f}".replace("-", "\N{MINUS SIGN}")


def _digits(value: float) -> int:
    """How many significant digits a number is written with."""
    return len(f"{value:e}".partition("e")[0].replace(".", "").rstrip("0"))
