"""Models: chains of dense layers."""

from lossbench.registry import class_lookup

__getattr__ = class_lookup("model")
