"""Which of the engines trains a model."""

from lossbench.engines.selection import engine_of

__all__ = ["engine_of"]
