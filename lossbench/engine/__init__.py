"""The engines: from a cohort of runs to their traces. The only room that knows the axis R."""

from lossbench.engine.protocol import Engine
from lossbench.engine.selection import engine_of
from lossbench.engine.training import train

__all__ = ["Engine", "engine_of", "train"]
