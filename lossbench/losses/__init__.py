"""Losses, one family a file."""

from lossbench.registry import class_lookup

__getattr__ = class_lookup("loss")
