"""Losses that stand in modules of somebody's, MODULE:NAME, where words or the experiments that they choose name them."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from lossbench.config.schema import chosen_words, presets
from lossbench.files.yaml import read_yaml

CHOICES = ("loss", "/loss", "override loss", "override /loss")  # keys of a defaults list, and of sweeps


def outside_losses(overrides: Sequence[str], folder: Path | None) -> list[str]:
    """The paths MODULE:NAME that are given to `loss`: by words, and by sweeps and defaults of an experiment.

    Raises BadInput where an experiment's file cannot be read.
    """
    chosen = chosen_words(overrides, ("loss", "experiment"))
    named = list(chosen.get("loss", []))
    for experiment in chosen.get("experiment", []):
        if (path := presets("experiment", folder).get(experiment)) is not None:
            named += _of_experiment(read_yaml(path))
    return [word for word in dict.fromkeys(named) if ":" in word]


def _of_experiment(content: Any) -> Iterator[str]:
    """The words that a file's own sweep, its grids and its defaults give to `loss`."""
    if not isinstance(content, dict):
        return
    hydra = content.get("hydra")
    sweeper = hydra.get("sweeper") if isinstance(hydra, dict) else None
    held = [content.get("defaults")]
    held += [sweeper.get("params"), sweeper.get("grids")] if isinstance(sweeper, dict) else []
    for part in held:
        for mapping in _mappings(part):
            yield from (word for key in CHOICES for word in chosen_words(_texts(mapping.get(key)), ("loss",)).get("loss", []))


def _mappings(part: Any) -> Iterable[dict[Any, Any]]:
    return [item for item in (part if isinstance(part, list) else [part]) if isinstance(item, dict)]


def _texts(value: Any) -> list[str]:
    """A value as a word of the command line."""
    return [f"loss={value}"] if isinstance(value, str) else []
