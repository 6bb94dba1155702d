"""The loss card: all measurements of one subject, and the loss's declared properties compared with them."""

import dataclasses
import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from lossbench.audit.measurements.gradient_check import Slopes, slopes
from lossbench.audit.measurements.margin import Curve, Shape, shape
from lossbench.audit.measurements.numerics import Accuracy, Miss, Numerics, numerics
from lossbench.audit.measurements.propriety import Propriety, propriety
from lossbench.audit.measurements.robustness import Robustness, robustness
from lossbench.audit.measurements.saturation import Saturation, Tail, saturation
from lossbench.audit.subjects.subject import Finding, Subject
from lossbench.audit.subjects.time_limit import TooSlow, time_limit

T = TypeVar("T")
SECTION_SECONDS = 30.0  # for every section; a sixth of it for the others once one has taken too long


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """One property: what was measured, what is declared (empty: nothing), and whether the two agree."""

    name: str
    measured: str
    declared: str = ""
    agrees: bool = True


@dataclass(frozen=True, kw_only=True)
class Card:
    """What is known of one loss on one link. A section that could not be measured is None, and `notes` say why.

    `raw_outputs`: how many a target has; of several, what is said of margins and classes has no meaning. `findings` are faults of
    a third-party callable, `called` says how it was called, and why so; `refused` is why nothing is claimed of one. `versions`
    are those of the packages that the numbers depend on.
    """

    title: str
    link: str
    about: str = ""
    notes: tuple[str, ...] = ()
    raw_outputs: int = 1
    verdicts: tuple[Verdict, ...] = ()
    shape: Shape | None = None
    saturation: Saturation | None = None
    propriety: Propriety | None = None
    robustness: Robustness | None = None
    slopes: Slopes | None = None
    numerics: Numerics | None = None
    findings: tuple[Finding, ...] = ()
    refused: str = ""
    called: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Title and link, which together tell cards apart."""
        return f"{self.title} · {self.link}" if self.link else self.title

    @property
    def complete(self) -> bool:
        """Whether every section that has a meaning could be measured."""
        parts = (self.shape, self.saturation, self.propriety, self.robustness)
        rest = (self.slopes, self.numerics)
        return all(part is not None for part in (rest if self.raw_outputs > 1 else parts + rest))

    @property
    def disagreements(self) -> tuple[Verdict, ...]:
        """The verdicts on which measurement and declaration differ."""
        return tuple(verdict for verdict in self.verdicts if not verdict.agrees)


def make_card(subject: Subject, seconds: float = SECTION_SECONDS) -> Card:
    """Measure everything of a subject, each section within so many seconds. What fails leaves a note and no more.

    Of a faulty one, for which being more wrong costs less, nothing else is claimed.
    """
    notes = list(subject.notes)
    if subject.faulty:
        return _known(subject, notes)
    timed_out: list[str] = []

    def section(title: str, measure: Callable[..., T], *given: Any) -> T | None:
        if any(item is None for item in given):
            return None
        try:
            with time_limit(seconds / 6 if timed_out else seconds), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return measure(subject, *given)
        except TooSlow as error:
            timed_out.append(title)
            notes.append(f"{title} was not measured: {error}.")
        except (Exception, SystemExit) as error:  # somebody's code may raise anything
            notes.append(f"{title} was not measured: {type(error).__name__}: {str(error).split(chr(10))[0][:200]}")
        return None

    along = () if subject.raw_outputs == 1 else (None,)
    form, tails = section("Its shape", shape, *along), section("Its saturation", saturation, *along)
    propriety_section = section("What it asks for", propriety, *along)
    robustness_section = section("Its robustness", robustness, form, tails)
    gradient_section, numerics_section = section("Its gradient", slopes), section("Its numerical truth", numerics)
    return dataclasses.replace(
        _known(subject, notes),
        shape=form,
        saturation=tails,
        propriety=propriety_section,
        robustness=robustness_section,
        slopes=gradient_section,
        numerics=numerics_section,
        verdicts=_verdicts(subject, form, tails, propriety_section, robustness_section),
    )


def _known(subject: Subject, notes: list[str]) -> Card:
    """The card with what is known before anything is measured."""
    return Card(
        title=subject.title,
        link=subject.link,
        about=subject.about,
        raw_outputs=subject.raw_outputs,
        notes=tuple(notes),
        findings=subject.findings,
        called=subject.called,
    )


def _verdicts(
    subject: Subject,
    form: Shape | None,
    tails: Saturation | None,
    propriety_section: Propriety | None,
    robustness_section: Robustness | None,
) -> tuple[Verdict, ...]:
    declared = subject.declared
    cut_off = tails is not None and any(tail.exponent == math.inf and tail.dead_from is not None for tail in tails.wrong)
    rows: list[Verdict] = []
    if propriety_section is not None:
        rows += [
            _answer("proper", propriety_section.proper, declared.proper),
            _answer("strictly proper", propriety_section.strictly, declared.strictly),
            _answer("calibrated for two classes", propriety_section.calibrated, declared.calibrated),
            *(
                []
                if propriety_section.for_three is None
                else [_answer("calibrated for three classes", propriety_section.for_three, declared.calibrated_for_three)]
            ),
            _answer("symmetric", propriety_section.symmetric, declared.symmetric),
        ]
    if form is not None:
        rows += [
            _answer("convex", form.convex and not cut_off, declared.convex),  # a slope that ends in 0 has fallen
            _answer("canonical", form.canonical and not cut_off, declared.canonical),
            _answer("bounded", form.largest_value != math.inf, declared.bounded),
        ]
    if robustness_section is not None:
        rows.append(_answer("noise-tolerant", robustness_section.tolerant, declared.noise_tolerant))
    if tails is not None:
        rows.append(_exponents(tails, declared.saturation))
    return tuple(rows)


def _answer(name: str, measured: bool, declared: bool | None) -> Verdict:
    declared_text = "" if declared is None else _yes(declared)
    return Verdict(name=name, measured=_yes(measured), declared=declared_text, agrees=declared in (None, measured))


def _yes(answer: bool) -> str:
    return "yes" if answer else "no"


def _exponents(tails: Saturation, declared: float | tuple[float, float] | None) -> Verdict:
    measured = tuple(tail.exponent for tail in tails.wrong)
    if declared is None:
        return Verdict(name="saturation exponent", measured=exponents_text(measured))
    pair = declared if isinstance(declared, tuple) else (declared, declared)
    agrees = all(
        exponent == expected or abs(exponent - expected) <= 0.02 for exponent, expected in zip(measured, pair, strict=True)
    )
    return Verdict(name="saturation exponent", measured=exponents_text(measured), declared=exponents_text(pair), agrees=agrees)


def exponents_text(pair: tuple[float, ...]) -> str:
    """One exponent, or the two for targets 1 and 0 where they differ."""
    texts = [exponent_text(number) for number in pair]
    return texts[0] if texts[0] == texts[1] else f"{texts[0]} (target 1), {texts[1]} (target 0)"


def exponent_text(number: float) -> str:
    """A number to at most two digits after the point."""
    return "∞" if number == math.inf else "−∞" if number == -math.inf else f"{round(number, 2) + 0.0:g}".replace("-", "−")


def to_plain(card: Card) -> dict[str, Any]:
    """The card as plain values."""
    return dataclasses.asdict(card)


def from_plain(plain: dict[str, Any]) -> Card:
    """The card of plain values. Raises KeyError or TypeError where they are no card."""
    built = dict(plain)
    built["verdicts"] = tuple(Verdict(**row) for row in plain["verdicts"])
    if plain["shape"] is not None:
        curves = tuple(Curve(**_tuples(curve)) for curve in plain["shape"]["curves"])
        built["shape"] = Shape(**_tuples(plain["shape"]) | {"curves": curves})
    if plain["saturation"] is not None:
        sides = {side: tuple(Tail(**tail) for tail in plain["saturation"][side]) for side in ("wrong", "right")}
        built["saturation"] = Saturation(**_tuples(plain["saturation"]) | sides)
    for name, kind in (("propriety", Propriety), ("robustness", Robustness), ("slopes", Slopes)):
        if plain[name] is not None:
            built[name] = kind(**_tuples(plain[name]))
    if plain["numerics"] is not None:
        accuracies = tuple(_accuracy(row) for row in plain["numerics"]["accuracies"])
        built["numerics"] = Numerics(against=plain["numerics"]["against"], accuracies=accuracies)
    built["findings"] = tuple(Finding(**row) for row in plain["findings"])
    return Card(**built | {name: tuple(plain[name]) for name in ("notes", "called", "versions")})


def _accuracy(plain: dict[str, Any]) -> Accuracy:
    misses = {name: Miss(**_tuples(plain[name])) if plain[name] is not None else None for name in ("first", "harm")}
    return Accuracy(**plain | misses)


def _tuples(plain: dict[str, Any]) -> dict[str, Any]:
    """JSON's lists as tuples again."""
    return {key: _tuple(value) for key, value in plain.items()}


def _tuple(value: Any) -> Any:
    return tuple(_tuple(item) for item in value) if isinstance(value, list | tuple) else value
