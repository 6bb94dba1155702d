"""How long one neuron takes out of saturation, by its loss: the integral of 1/|dℓ/dz| in closed form.

A neuron with x = 1 that trains weight and bias moves by dz/dn = −2η dℓ/dz. From z₀ on the wrong side to the boundary it takes
n steps with 2ηn = T(z₀). A network moves faster, by the squared length of what the neuron is fed; ratios of T stay.
"""

import math

FARTHEST = 700.0  # e^z is no float beyond


def start_of(slope: float) -> float:
    """How far out a sigmoid output stands, z₀ ≥ 0, whose slope a(1 − a) this is: a = σ(z₀)."""
    if not 0 < slope < 0.25:
        return 0.0 if slope >= 0.25 else FARTHEST
    root = math.sqrt(1 - 4 * slope)
    return math.log((1 + root) ** 2 / (4 * slope))


def cross_entropy_time(start: float) -> float:
    """T(z₀) = z₀ − e^(−z₀) + 1 for dℓ/dz = σ(z)."""
    return start - math.exp(-start) + 1


def clamped_time(start: float, delta: float) -> float:
    """T(z₀) for cross entropy on probabilities plus δ, dℓ/dz = a p / (p + δ) with p = 1 − a: δ e^(z₀) and more on top.

    1/f = (1 + e^(−z)) (1 + δ (1 + e^z)), integrated from 0 to z₀.
    """
    start = min(start, FARTHEST)
    return cross_entropy_time(start) + delta * (math.exp(start) + 2 * start - math.exp(-start))


def squared_error_time(start: float) -> float:
    """T(z₀) = 3 z₀ + e^(z₀) − 3 e^(−z₀) − ½ e^(−2z₀) + 2.5 for dℓ/dz = a · a(1 − a)."""
    start = min(start, FARTHEST)
    return 3 * start + math.exp(start) - 3 * math.exp(-start) - 0.5 * math.exp(-2 * start) + 2.5


def times_as_long(loss: str, start: float, delta: float) -> float:
    """How many times as many steps as cross entropy a loss takes from z₀; NaN for one whose time has no closed form here."""
    times = {
        "half_squared_error": squared_error_time(start),
        "brier": squared_error_time(start) / 2,
        "clamped_cross_entropy": clamped_time(start, delta),
    }
    return times[loss] / cross_entropy_time(start) if loss in times else math.nan
