"""Other machines are used where the command line says so, and never because a config does.

An experiment is data, and may be a stranger's: read from a file, an address would have this process connect there, and take
orders from whoever answers; an executor would fill a batch system with jobs.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser

from lossbench.errors import BadInput
from lossbench.planning.executor_words import LOCAL


def refuse_untyped_clusters(points: Sequence[Mapping[str, Any]], overrides: Sequence[str]) -> None:
    """Raise BadInput where a composed config names another machine's executor or address that no word says."""
    for engine in {id(point["engine"]): point["engine"] for point in points}.values():
        asked = engine if isinstance(engine, Mapping) else {}
        for key in ("executor", "address"):
            value = asked.get(key, "auto" if key == "executor" else None)
            if (value not in LOCAL if key == "executor" else value is not None) and str(value) not in _typed(key, overrides):
                raise BadInput(
                    f"A config sets engine.{key} to {value!r}; other machines are used only where the command line says so: "
                    f"type engine.{key}={value}."
                )


def _typed(key: str, overrides: Sequence[str]) -> list[str]:
    """The values that words give to a setting of the engine."""
    parsed = OverridesParser.create().parse_overrides(list(overrides))
    return [str(word.value()) for word in parsed if word.key_or_group == f"engine.{key}" and not word.is_sweep_override()]
