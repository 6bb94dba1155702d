"""Which losses are compared with which: the family of comparisons over which p-values are corrected."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Protocol, TypeVar

from lossbench.analysis.comparison import Comparison, Contender, Sample
from lossbench.errors import unknown

ALL = "all"  # says that every two losses are compared
REFERENCE = "cross_entropy"


class _Standing(Protocol):
    @property
    def sample(self) -> Sample: ...


S = TypeVar("S", bound=_Standing)


@dataclass(frozen=True, kw_only=True)
class Family:
    """Each loss with the reference, or, without one, every two losses."""

    reference: Contender | None = None

    def contests(self, standings: Sequence[S]) -> list[tuple[S, S]]:
        """The pairs of a setting's standings that are compared: none where it lacks the reference."""
        if self.reference is None:
            return list(combinations(standings, 2))
        own = [one for one in standings if one.sample.contender == self.reference]
        return [(one, other) for one in own for other in standings if other is not one]

    @property
    def spoken(self) -> str:
        """The family in words: "each loss with cross entropy"."""
        return f"each loss with {self.reference.label}" if self.reference else "every two losses"


def family_of(comparison: Comparison, against: str | None = None) -> Family:
    """The family that was asked for: "all", or a loss by its word or label, with which each other one is compared.

    Without a choice it is cross entropy or, where the study has none, the loss that stands first: however many losses there are,
    each further one adds one comparison to a setting. Raises BadInput for a loss that is not there.
    """
    if against == ALL:
        return Family()
    if against is None:
        first = next((one for one in comparison.contenders if one.word == REFERENCE), comparison.contenders[0])
        return Family(reference=first)
    for name in ("label", "word"):
        named = [one for one in comparison.contenders if getattr(one, name) == against]
        if named:
            return Family(reference=named[0])
    raise unknown("loss of the study", against, [ALL, *(one.label for one in comparison.contenders)])
