"""Initialisations: how the parameters start."""

from lossbench.registry import class_lookup

__getattr__ = class_lookup("init")
