"""Numbers and names as people read them. Spaces inside a number do not break."""

import math
import re
from collections.abc import Callable, Collection, Sequence
from typing import Any

from lossbench.tables.quantity import Quantity

SPACE = "\N{NO-BREAK SPACE}"
_MINUS = "\N{MINUS SIGN}"
_SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_PLAIN = (1e-3, 1e6)  # sizes outside are written with a power of ten
_LEAST_P = 0.001
_HALF = 0.5


def spoken(value: Any) -> str:
    """A value of a config as text: 32.0 is "32", None and NaN are ""."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float):
        return f"{value:.10g}"
    return str(value).lower() if isinstance(value, bool) else str(value)


def listed(items: Sequence[str], last: str = "and") -> str:
    """Words in a row: "a, b and c"."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {last} {items[-1]}"


def capitalised(text: str) -> str:
    """The text with a capital first letter, the rest as it is."""
    return text[:1].upper() + text[1:]


def counted(n: int, one: str, many: str | None = None) -> str:
    """So many of a thing: "1 run", "1,200 runs"."""
    return f"{n:,}{SPACE}{one if n == 1 else many or one + 's'}"


def spread(counts: Collection[int], one: str) -> str:
    """How many of a thing there are, where it is not the same everywhere: "24 seeds", "4 to 24 seeds"."""
    low, high = min(counts), max(counts)
    return counted(high, one) if low == high else f"{low:,} to {counted(high, one)}"


def seed_range(seeds: Sequence[int]) -> str:
    """Seeds in a row: "seed 3", "seeds 0 and 1", "seeds 0 to 6"."""
    if len(seeds) == 1:
        return f"seed {seeds[0]}"
    if len(seeds) > 2 and seeds[-1] - seeds[0] == len(seeds) - 1:
        return f"seeds {seeds[0]} to {seeds[-1]}"
    return f"seeds {listed([str(seed) for seed in seeds])}"


def blocks(each: Collection[int], seeds: Collection[int], splits: int) -> str:
    """Blocks of each sample in words: "6 seeds", or, where seeds meet several splits, "30 blocks (6 seeds on 5 splits)"."""
    if splits < 2:
        return spread(seeds, "seed")
    return f"{spread(each, 'block')} ({spread(seeds, 'seed')} on {counted(splits, 'split')})"


def number(value: float, digits: int = 3) -> str:
    """A number to so many significant digits: 0.00123, 12,300, 1.2 × 10⁻⁷, never, –."""
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else f"{_MINUS}∞"
    rounded = float(f"{value:.{digits}g}")
    if rounded == 0:
        return "0"
    if _PLAIN[0] <= abs(rounded) < _PLAIN[1]:
        decimals = max(0, digits - 1 - math.floor(math.log10(abs(rounded))))
        text = f"{rounded:,.{decimals}f}"
    else:
        mantissa, exponent = f"{rounded:.{digits - 1}e}".split("e")
        text = f"{mantissa}{SPACE}×{SPACE}10{str(int(exponent)).translate(_SUPERSCRIPTS)}"
    return text.replace("-", _MINUS)


def power(exponent: int) -> str:
    """A power of ten at an axis: 0.01, 1, 100, 10⁻⁶."""
    if -3 <= exponent <= 3:
        return f"{10.0**exponent:g}"
    return f"10{str(exponent).translate(_SUPERSCRIPTS)}"


def steps(value: float) -> str:
    """A number of steps, or "never"; a half, which the median of two is, stays one: 31.5."""
    if math.isinf(value) and value > 0:
        return "never"
    if math.isnan(value) or math.isinf(value):
        return number(value)
    return (f"{value:,.1f}" if value % 1 == _HALF else f"{round(value):,}").replace("-", _MINUS)


def in_steps(value: float) -> str:
    """A number of steps with its unit: "1 step", "2,300 steps"."""
    return f"{steps(value)} {'step' if steps(value) == '1' else 'steps'}"


def measured(value: float, quantity: Quantity) -> str:
    """A value of a measure; a share in per cent, an infinite one as "diverged"."""
    if math.isinf(value):
        return "diverged"
    if quantity.share and not math.isnan(value):
        return f"{round(100 * value, 1) + 0.0:.1f}{SPACE}%".replace("-", _MINUS)  # + 0.0 makes −0 plain 0
    return number(value)


def times(ratio: float) -> str:
    """How many times: "1.8 times", "340 times", "7.1 × 10⁹ times"."""
    return f"{number(ratio, 2)} times"


def probability(p: float) -> str:
    """A p-value: "0.031", "< 0.001"."""
    if math.isnan(p):
        return "–"
    return f"<{SPACE}{_LEAST_P}" if p < _LEAST_P else f"{p:.3f}" if p < 0.1 else f"{p:.2f}"


def tested(p: float) -> str:
    """A p-value in a sentence: "p = 0.031", "p < 0.001"."""
    text = probability(p)
    return f"p{SPACE}{text}" if text.startswith("<") else f"p{SPACE}={SPACE}{text}"


def signed(value: float, say: Callable[[float], str]) -> str:
    """A difference with its sign: "+3", "−0.2", "0", "−∞"; what rounds to 0 has none."""
    if math.isnan(value):
        return "–"
    size = "∞" if math.isinf(value) else say(abs(value))
    return size if not re.search("[1-9∞]", size) else f"{'+' if value > 0 else _MINUS}{size}"
