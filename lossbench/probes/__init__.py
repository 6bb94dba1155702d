"""Probes: what is recorded of a step of training."""

from lossbench.registry import class_lookup

__getattr__ = class_lookup("probe")
