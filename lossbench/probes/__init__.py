"""Probes: what is recorded of a run."""

from lossbench.registry import class_lookup

__getattr__ = class_lookup("probe")
