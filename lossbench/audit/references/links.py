"""The links in mpmath."""

from mpmath import exp, mpf


def sigmoid(z: mpf) -> mpf:
    """1/(1 + e^(−z)); its complement is sigmoid(−z)."""
    return 1 / (1 + exp(-z))


def softmax(z: list[mpf]) -> list[mpf]:
    """Every output's share of the sum of exponentials."""
    total = sum(exp(item) for item in z)
    return [exp(item) / total for item in z]


def outputs(link: str, z: list[mpf]) -> list[mpf]:
    """The link's outputs a = g(z)."""
    if link == "softmax":
        return softmax(z)
    return [sigmoid(item) for item in z] if link == "sigmoid" else z
