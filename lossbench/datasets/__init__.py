"""Data sets, one source a file."""

from lossbench.data.in_memory import from_arrays, from_frame
from lossbench.registry import class_lookup

__all__ = ["from_arrays", "from_frame"]

__getattr__ = class_lookup("dataset")
