"""Optimizers: rules that change parameters."""

from lossbench.registry import class_lookup

__getattr__ = class_lookup("optimizer")
