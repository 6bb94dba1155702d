"""The links in mpmath, and what losses make of them."""

from collections.abc import Callable

from mpmath import exp, mpf


def sigmoid(z: mpf) -> mpf:
    """The logistic function 1/(1 + e^(−z)); its complement is the same at −z."""
    return 1 / (1 + exp(-z))


def softmax(z: list[mpf]) -> list[mpf]:
    """Every output's share of the sum of exponentials."""
    powers = [exp(item) for item in z]
    total = sum(powers)
    return [power / total for power in powers]


def outputs(link: str, z: list[mpf]) -> list[mpf]:
    """The link's outputs a = g(z)."""
    if link == "softmax":
        return softmax(z)
    return [sigmoid(item) for item in z] if link == "sigmoid" else z


def chances(link: str, z: list[mpf], y: list[mpf]) -> list[tuple[mpf, mpf]]:
    """How much each event counts and what it was given: (y_c, p_c), on the sigmoid also (1 − y_c, 1 − a_c)."""
    if link == "softmax":
        return list(zip(y, softmax(z), strict=True))
    yes = [(t, sigmoid(item)) for t, item in zip(y, z, strict=True)]
    return yes + [(1 - t, sigmoid(-item)) for t, item in zip(y, z, strict=True)]


def expected(link: str, z: list[mpf], y: list[mpf], penalty: Callable[[mpf], mpf]) -> mpf:
    """Σ of how much an event counts times the penalty of what it was given."""
    return sum(weight * penalty(p) for weight, p in chances(link, z, y) if weight != 0)
