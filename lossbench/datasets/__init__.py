"""Data sets, one source a file."""

from lossbench.registry import class_lookup

__getattr__ = class_lookup("dataset")
