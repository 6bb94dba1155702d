"""The specs of many runs, of which most differ by seed alone: read once a family, not once a run.

A million specs as JSON take a minute to parse; cut at the seed they are some dozens of texts. Only a text that is, to the letter,
what its family's first one would be with another seed counts as one of the family: all others are read each by itself.
"""

from typing import Any, NamedTuple

from lossbench.files.json import parse_json
from lossbench.tables.hashes import SEED, around_seed, content_hash, run_id

MOST_DIGITS = 18  # of a seed that is read without JSON: it fits into 64 bits
WRITTEN = (", ", ": ")  # as specs are stored


class Family(NamedTuple):
    """What runs that differ by seed have in common: the spec of the first one, and the text that ids are made from.

    `around` is None where the text was written by somebody else, and only the first one is of the family.
    """

    spec: Any
    around: tuple[str, str] | None


class SpecFamilies:
    """Families in the order in which their first members came."""

    def __init__(self) -> None:
        self.families: list[Family] = []
        self._known: dict[tuple[str, str], int] = {}

    def add(self, text: str, where: str = "a spec") -> tuple[int, str]:
        """A text's family, by its index, and the digits of its seed; "" for a text that stands alone.

        `where` names the text where it cannot be read. Raises BadInput.
        """
        head, _, rest = text.rpartition(f'"{SEED}": ')
        digits, _, tail = rest.partition(",")
        index = self._known.get((head, tail))
        plain = digits.isdecimal() and digits.isascii() and len(digits) <= MOST_DIGITS and (digits[0] != "0" or digits == "0")
        if index is None or not plain:
            index = self._new(text, (head, tail) if plain else None, where)
        return index, digits if self.families[index].around else ""

    def id_of(self, code: int, digits: str) -> str:
        """The id that a run has by its spec."""
        family = self.families[code]
        if family.around is None:
            return run_id(family.spec)
        before, after = family.around
        return content_hash(f"{before}{digits}{after}".encode())

    def _new(self, text: str, key: tuple[str, str] | None, where: str) -> int:
        spec = parse_json(text, where)
        self.families.append(Family(spec, around_seed(spec) if key and _is_of(spec, key) else None))
        if key and self.families[-1].around:
            self._known[key] = len(self.families) - 1
        return len(self.families) - 1


def _is_of(spec: Any, key: tuple[str, str]) -> bool:
    """Whether a spec is written as lossbench writes it, and cut at its own seed."""
    if not isinstance(spec, dict) or not spec or not min(spec) < SEED < max(spec):
        return False
    head, tail = key
    return around_seed(spec, WRITTEN) == (f'{head}"{SEED}": ', f",{tail}")
