"""The sections of a card as headings, sentences and tables, from which terminal, Markdown and HTML are rendered."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf

from lossbench.analysis import formatting
from lossbench.audit.cards.card import Card, exponent_text, exponents_text
from lossbench.audit.cards.verdict import GRAVE
from lossbench.audit.measurements.margin import Curve, Shape
from lossbench.audit.measurements.numerics import BARS, Accuracy, Miss, Numerics
from lossbench.audit.measurements.saturation import RATE, Saturation, Tail

SHOWN_STARTS = (1.0, 2.0, 4.0, 6.0, 8.0, 10.0, 16.0, 20.0)
SHOWN_MARGINS = (-8.0, -4.0, -2.0, 0.0, 2.0, 4.0, 8.0)

_LEGEND = (
    "2ηT(z₀): how long gradient descent takes to leave a start that is wrong by z₀, in units of 2η steps. "
    "float64 and float32: the worst relative error of value and gradient."
)
_BAR_TEXT = ", ".join(f"{bar:.0e} in {dtype}".replace("e-0", "e-") for dtype, bar in BARS.items())
_RACE = (
    "Time 2ηT from a start that is wrong by z₀ to the boundary, for one neuron that trains weight and bias (x = 1, target 0): "
    "by the integral of 1/|dℓ/dz|, and by gradient descent."
)


@dataclass(frozen=True, kw_only=True)
class Section:
    """A heading, sentences, and a table.

    `highlighted` are the indices of rows that report a fault, `muted` of rows that report rounding.
    """

    title: str
    sentences: tuple[str, ...] = ()
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    highlighted: frozenset[int] = field(default=frozenset())
    muted: frozenset[int] = field(default=frozenset())


def sections(card: Card) -> list[Section]:
    """The sections of a card, without empty ones: how it was called first."""
    faults = tuple(finding.sentence for finding in card.findings if finding.reason not in GRAVE)  # those are in the verdict
    parts = [Section(title="How it was called", sentences=card.called), Section(title="Findings", sentences=faults)]
    parts.append(_properties(card))
    if card.saturation is not None:
        parts += [_gradient_dies(card.saturation), _escape(card.saturation)]
    if card.shape is not None:
        parts += [_along(card.shape.curves[0]), _shape(card.shape)]
    parts.append(_propriety(card))
    if card.numerics is not None:
        parts.append(_numerics(card.numerics))
    if card.notes:
        parts.append(Section(title="Notes", sentences=tuple(note for note in card.notes if note != card.refused)))
    if card.versions:
        parts.append(Section(title="Measured with", sentences=(", ".join(card.versions) + ".",)))
    return [section for section in parts if section.sentences or section.rows]


def overview(cards: Sequence[Card]) -> Section:
    """One table with a row for each card; rows whose declared properties disagree with the measured ones are highlighted."""
    head = ("loss", "proper", "convex", "calibrated", "tolerant", "exponent s", *_starts(), "float64", "float32")
    rows = tuple(_overview_row(card) for card in cards)
    return Section(
        title="All losses" if len(cards) > 3 else "In one table",
        head=head,
        rows=rows,
        highlighted=frozenset(index for index, card in enumerate(cards) if card.disagreements),
        sentences=(_LEGEND,),
    )


def _starts() -> tuple[str, ...]:
    return tuple(f"2ηT({start:g})" for start in (2.0, 6.0, 10.0))


def _overview_row(card: Card) -> tuple[str, ...]:
    measured = {verdict.name: verdict.measured for verdict in card.verdicts}
    times = ["–"] * 3
    if card.saturation is not None:
        known = dict(zip(card.saturation.starts, card.saturation.predicted, strict=True))
        times = [time_text(known[start]) for start in (2.0, 6.0, 10.0)]
    two, three = measured.get("calibrated for two classes", "–"), measured.get("calibrated for three classes")
    return (
        card.name,
        measured.get("proper", "–"),
        measured.get("convex", "–"),
        two if three in (None, two) else f"{two}, for three {three}",
        measured.get("noise-tolerant", "–"),
        measured.get("saturation exponent", "–"),
        *times,
        *(worst_text(card.numerics, dtype) for dtype in BARS),
    )


def worst_text(numerics: Numerics | None, dtype: str) -> str:
    """The worst relative error in one dtype, or what happened first that is no number."""
    rows = [row for row in numerics.accuracies if row.dtype == dtype] if numerics is not None else []
    if not rows:
        return "–"
    worst = max(row.worst for row in rows)
    return error_text(worst)


def error_text(error: float) -> str:
    """A relative error: 3e-16, or what stands for none and for all."""
    if error in {0.0, inf}:
        return "exact" if error == 0 else "not finite"
    return f"{error:.0e}".replace("e-0", "e-").replace("e+00", "")


def time_text(time: float) -> str:
    """An escape time to three digits; ∞ where it never ends."""
    return formatting.number(time)


def _properties(card: Card) -> Section:
    rows = tuple((verdict.name, verdict.measured, verdict.declared or "–") for verdict in card.verdicts)
    highlighted = frozenset(index for index, verdict in enumerate(card.verdicts) if not verdict.agrees)
    differ = [f"DECLARED AND MEASURED DIFFER: {verdict.name}" for verdict in card.disagreements]
    return Section(
        title="Properties",
        head=("", "measured", "declared"),
        rows=rows,
        highlighted=highlighted,
        sentences=tuple(f"{line}." for line in differ),
    )


def _gradient_dies(tails: Saturation) -> Section:
    rows = [("wrong side", *map(_tail_text, tails.wrong)), ("right side", *map(_tail_text, tails.right))]
    pair = exponents_text(tuple(tail.exponent for tail in tails.wrong))
    return Section(
        title="How the gradient dies",
        sentences=(f"Saturation exponent s = {pair}: {_meaning(max(tail.exponent for tail in tails.wrong))}.",),
        head=("exponent of |dℓ/dz|", "target 1", "target 0"),
        rows=tuple(rows),
    )


def _meaning(exponent: float) -> str:
    if exponent == inf:
        return "far enough on the wrong side the gradient is 0, and nothing is learnt any more"
    if exponent > 0.01:
        power = "z" if exponent_text(exponent) == "1" else f"{exponent_text(exponent)}z"
        return f"the gradient dies like e^(−{power}), and the time to escape grows like e^({power})"
    if exponent < -0.01:
        return "the gradient grows exponentially with the mistake"
    return "the gradient does not die, and the time to escape grows no faster than the mistake"


def _tail_text(tail: Tail) -> str:
    text = exponent_text(tail.exponent)
    if tail.dead_from is not None:
        why = "" if tail.exponent == inf else ", where 1 − σ(z) is rounded to 0"
        return f"{text}, exactly 0 from {tail.dead_from:.4g} on{why}"
    if tail.before is not None and tail.knee is not None:
        return f"{exponent_text(tail.before)} up to {tail.knee:g}, then {text}"
    return text


def _escape(tails: Saturation) -> Section:
    known = {start: pair for start, *pair in zip(tails.starts, tails.predicted, tails.descended, strict=True)}
    predicted = [time_text(known[start][0]) for start in SHOWN_STARTS]
    descended = [time_text(known[start][1]) if known[start][1] == known[start][1] else "longer" for start in SHOWN_STARTS]
    return Section(
        title="How long saturation lasts",
        sentences=(_RACE,),
        head=("start z₀", *(f"{start:g}" for start in SHOWN_STARTS)),
        rows=(("by the integral", *predicted), (f"by descent, η = {RATE:g}", *descended)),
    )


def _along(curve: Curve) -> Section:
    indices = [min(range(len(curve.z)), key=lambda index: abs(curve.z[index] - z)) for z in SHOWN_MARGINS]
    named = {"ℓ": curve.value, "dℓ/da": curve.error, "da/dz": curve.slope, "dℓ/dz": curve.gradient, "d²ℓ/dz²": curve.curvature}
    return Section(
        title="Value and gradient for target 0",
        sentences=("The chain rule splits the last step: dℓ/dz = dℓ/da · da/dz, the error times the slope of the link.",),
        head=("raw output z", *(formatting.number(curve.z[index], 1) for index in indices)),
        rows=tuple((name, *(formatting.number(numbers[index]) for index in indices)) for name, numbers in named.items()),
    )


def _shape(form: Shape) -> Section:
    corners = ", ".join(formatting.number(corner) for corner in form.corners) or "none"
    return Section(
        title="Shape over the margin",
        head=("", ""),
        rows=(
            ("convex for target 0, within ±15", _regions(form.curves[0])),
            ("convex for target 1, within ±15", _regions(form.curves[1])),
            ("largest value", _bound(form.largest_value)),
            ("largest |dℓ/dz|", _bound(form.largest_gradient)),
            ("Lipschitz constant of the gradient", _bound(form.lipschitz)),
            ("corners", corners),
        ),
    )


def _bound(size: float) -> str:
    return "unbounded" if size == inf else formatting.number(size)


def _regions(curve: Curve) -> str:
    """Where a curve is convex, in the margin z."""
    if not curve.convex:
        return "nowhere"
    ends = (curve.z[0], curve.z[-1])
    texts = []
    for low, high in curve.convex:
        if high - low < 0.2:
            continue
        if (low, high) == ends:
            return "everywhere"
        left, right = formatting.number(low, 2), formatting.number(high, 2)
        texts.append(f"z ≤ {right}" if low == ends[0] else f"z ≥ {left}" if high == ends[1] else f"{left} ≤ z ≤ {right}")
    return " and ".join(texts) or "nowhere"


def _propriety(card: Card) -> Section:
    rows: list[tuple[str, ...]] = []
    if card.propriety is not None:
        rows.append(("what it estimates (classes)", card.propriety.estimates))
        if card.propriety.on_numbers:
            rows.append(("what it estimates (numbers)", card.propriety.on_numbers))
        rows.append(("a soft target means", card.propriety.soft_targets))
    if card.robustness is not None:
        spread = "constant" if card.robustness.tolerant else f"varies by {formatting.number(card.robustness.spread)}"
        rows.append(("sum over all labels", spread))
        rows.append(("an outlier", card.robustness.outlier))
        sizes = formatting.number(card.robustness.at_ten), formatting.number(card.robustness.at_hundred)
        rows.append(("|dℓ/dz| when wrong by 10, by 100", ", ".join(sizes)))
    if card.slopes is not None:
        gaps = card.slopes.against_autograd, card.slopes.against_differences
        checked = {True: ", gradcheck passes", False: ", GRADCHECK FAILS", None: ""}[card.slopes.gradcheck]
        rows.append(("gradient against autograd, differences", ", ".join(map(error_text, gaps)) + checked))
    highlighted = frozenset({len(rows) - 1}) if card.slopes is not None and not card.slopes.right else frozenset()
    return Section(title="What it asks for, and of whom", head=("", ""), rows=tuple(rows), highlighted=highlighted)


def _numerics(numbers: Numerics) -> Section:
    rows = tuple(_accuracy_row(row) for row in numbers.accuracies)
    return Section(
        title="Numerical truth",
        sentences=(
            f"Held against {numbers.against}, at raw outputs from 0 to ±10000, wherever the right number is a normal float.",
            "Worst error: relative to the right number; against 1: relative to it or to 1, whichever is larger.",
            f"The bar: relative error ≤ {_BAR_TEXT}.",
        ),
        head=("", "worst error", "above the bar", "against 1", "first above the bar"),
        rows=rows,
        highlighted=frozenset(index for index, row in enumerate(numbers.accuracies) if row.harm is not None),
        muted=frozenset(index for index, row in enumerate(numbers.accuracies) if not row.passes and row.harm is None),
    )


def _accuracy_row(row: Accuracy) -> tuple[str, ...]:
    name, share = f"{row.quantity} in {row.dtype}", f"{row.faults} of {row.judged}"
    return (name, error_text(row.worst), share, error_text(row.off), miss_text(row.first) or "–")


def miss_text(miss: Miss | None) -> str:
    """A miss in words: what is wrong, where, and what would be right."""
    if miss is None:
        return ""
    z = ", ".join(f"{item:.6g}" for item in miss.z)
    if miss.right != miss.right:
        return f"{miss.kind} at z = {z}, y = {', '.join(f'{item:g}' for item in miss.y)}".replace("-", "−")
    y = ", ".join(f"{item:g}" for item in miss.y)
    got, right = (f"{number:.6g}" for number in (miss.got, miss.right))
    if got == right:
        got, right = (f"{number:.14g}" for number in (miss.got, miss.right))
    return f"{miss.kind} at z = {z}, y = {y}: {got}, right is {right}".replace("-", "−")
