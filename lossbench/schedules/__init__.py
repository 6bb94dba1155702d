"""Schedules: how the learning rate changes in the course of a training."""

from lossbench.registry import class_lookup

__getattr__ = class_lookup("schedule")
