"""The dense engine, and what every engine promises: from a cohort of runs to their traces."""

from lossbench.engine.protocol import Engine
from lossbench.engine.training import train

__all__ = ["Engine", "train"]
