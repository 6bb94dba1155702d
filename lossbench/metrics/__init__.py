"""Metrics: what judges a model's outputs, on training data and on test data."""

from lossbench.registry import class_lookup

__getattr__ = class_lookup("metric")
