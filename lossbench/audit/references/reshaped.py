"""Other functions of the probability that the right class was given."""

from typing import Any

from mpmath import log, mpf

from lossbench.audit.references import links


def focal(loss: Any, z: list[mpf], y: list[mpf]) -> mpf:
    gamma = mpf(loss.gamma)
    terms = [-weight * (1 - p) ** gamma * log(p) if weight != 0 else mpf(0) for weight, p in links.chances(loss.link, z, y)]
    if loss.alpha is None:
        return sum(terms)
    alpha, half = mpf(loss.alpha), len(z)
    return alpha * sum(terms[:half]) + (1 - alpha) * sum(terms[half:])


def poly_1(loss: Any, z: list[mpf], y: list[mpf]) -> mpf:
    return links.expected(loss.link, z, y, lambda p: -log(p) + mpf(loss.epsilon) * (1 - p))


def taylor_cross_entropy(loss: Any, z: list[mpf], y: list[mpf]) -> mpf:
    return links.expected(loss.link, z, y, lambda p: sum((1 - p) ** k / k for k in range(1, loss.order + 1)))


def log_squared(loss: Any, z: list[mpf], y: list[mpf]) -> mpf:
    return links.expected(loss.link, z, y, lambda p: log(p) ** 2)


def clamped_cross_entropy(loss: Any, z: list[mpf], y: list[mpf]) -> mpf:
    return links.expected(loss.link, z, y, lambda p: -log(p + mpf(loss.delta)))
