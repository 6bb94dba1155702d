"""scikit-learn, imported when it is first wanted.

It costs 0.7 s on top of torch and pandas. Every command that trains, and every worker, imports the shelf of data sets,
and most need nothing of scikit-learn: the neuron, xor and MNIST, and a worker that is handed its arrays.
"""

from importlib import import_module
from typing import Any


def scikit_learn(module: str) -> Any:
    """The module sklearn.<module>."""
    return import_module(f"sklearn.{module}")
