"""Which engine trains a model: the first of the engines that can."""

from lossbench.engine.dense import DenseEngine
from lossbench.engine.protocol import Engine
from lossbench.errors import BadInput
from lossbench.interfaces import Model
from lossbench.module_engine.engine import ModuleEngine

ENGINES: tuple[Engine, ...] = (DenseEngine(), ModuleEngine())


def engine_of(model: Model) -> Engine:
    """The engine that trains a model. Raises BadInput where none can."""
    for engine in ENGINES:
        if engine.trains(model):
            return engine
    raise BadInput(
        f"No engine can train the model {model.word!r}: it says no layers, in a method `layers`, and makes no module, in a"
        " method `module`."
    )
