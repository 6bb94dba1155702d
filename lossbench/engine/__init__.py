"""The engine: from a cohort of runs to their traces. The only room that knows the axis R."""

from lossbench.engine.training import train

__all__ = ["train"]
