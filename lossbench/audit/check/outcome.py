"""What a check found, as its reports tell it."""

from dataclasses import dataclass

from lossbench.analysis.formatting import counted
from lossbench.audit.cards.card import Card
from lossbench.audit.check.baseline import Key, gone
from lossbench.audit.check.faults import Fault, faults
from lossbench.errors import printable


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The cards of a check, the reasons that it looked for, their faults, and which of these a baseline accepts."""

    cards: tuple[Card, ...]
    reasons: tuple[str, ...]
    found_faults: tuple[Fault, ...]
    baseline: frozenset[Key]

    @property
    def new(self) -> list[Fault]:
        """The faults that nobody has accepted: the check fails for them."""
        return [fault for fault in self.found_faults if fault.key not in self.baseline]

    @property
    def refused(self) -> list[Card]:
        """The cards of losses that could not be asked."""
        return [card for card in self.cards if card.refused]

    def sentence(self) -> str:
        """The outcome in words."""
        accepted, old = len(self.found_faults) - len(self.new), len(gone(self.baseline, self.found_faults))
        parts = [f"{counted(len(self.cards), 'card')} checked, {counted(len(self.new), 'fault')}"]
        parts += [f"{accepted:,} accepted by the baseline"] * bool(accepted)
        parts += [f"{old:,} in the baseline that are gone"] * bool(old)
        return ", ".join(parts) + "."


def checked(cards: list[Card], reasons: tuple[str, ...], baseline: frozenset[Key]) -> Outcome:
    """The outcome of checking cards for some reasons; of a loss that was refused nothing else is said."""
    asked = [card for card in cards if not card.refused]
    return Outcome(cards=tuple(cards), reasons=reasons, found_faults=tuple(faults(asked, reasons)), baseline=baseline)


def as_text(outcome: Outcome) -> str:
    """A line for each new fault, and a last one that sums up."""
    lines = [*map(str, outcome.new), *(f"{card.title}: {card.refused}" for card in outcome.refused), outcome.sentence()]
    return printable("\n".join(lines)) + "\n"
