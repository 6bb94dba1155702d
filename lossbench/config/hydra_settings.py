"""What of Hydra's own tree somebody's config may set: the sweep, and nothing that Hydra would act on.

Hydra's tree can open log files, start callbacks, launchers and sweepers by the path of a class, change folders and search
configs elsewhere. A config that somebody sent is data, so everything in that tree but a sweep is refused.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf

from lossbench.errors import BadInput

POSSIBLE = ("hydra.sweeper.params", "hydra.sweeper.grids")
OWN_SWEEPER = "hydra/sweeper must stay lossbench: every run is part of a sweep here, which lossbench expands itself."
# What Hydra notes down itself: which words and files a config came from.
NOTES = ("hydra.overrides", "hydra.runtime", "hydra.job.override_dirname", "hydra.job.config_name", "hydra.sweeper")


def refuse_words(overrides: Sequence[str]) -> None:
    """Raise BadInput for a word that would set something of Hydra's own tree, other than the sweep."""
    parser = OverridesParser.create()
    for word in overrides:
        try:
            key = parser.parse_override(word).key_or_group.replace("/", ".")
        except HydraException:
            continue  # which Hydra refuses, with a better message
        if key.startswith("hydra.sweeper") and not _within(key, POSSIBLE):
            raise BadInput(OWN_SWEEPER)
        if _within(key, ("hydra",)) and not _within(key, POSSIBLE):
            raise refused(key)


def refuse_foreign_settings(composed: DictConfig, own: DictConfig) -> None:
    """Raise BadInput where a composed config differs from lossbench's own in Hydra's tree, or wants something instantiated."""
    ours, theirs = (dict(_leaves("hydra", OmegaConf.to_container(config.hydra, resolve=False))) for config in (own, composed))
    for key in sorted({*ours, *theirs}):
        if ours.get(key, _Absent) == theirs.get(key, _Absent) or _within(key, POSSIBLE):
            continue
        if key.startswith("hydra.sweeper"):
            raise BadInput(OWN_SWEEPER)
        if not _within(key, NOTES):
            raise refused(key)
    rest = {key: value for key, value in _raw(composed).items() if key != "hydra"}
    for key, _ in _leaves("", rest):
        if any(part == "_target_" or "()" in part for part in key.split(".")):
            raise BadInput(
                f"The config sets {key.lstrip('.')}; no config instantiates anything here. Things have words: loss=ce."
            )


def task_overrides(overrides: Sequence[str]) -> list[str]:
    """The words that are not about Hydra itself."""
    return [override for override in overrides if not override.lstrip("+~").startswith(("hydra.", "hydra/"))]


def _within(key: str, branches: Sequence[str]) -> bool:
    """Whether a key is one of some branches of a tree, or lies below one."""
    return any(key == branch or key.startswith(f"{branch}.") for branch in branches)


class _Absent:
    """The value of a key that is not there."""


def refused(key: str) -> BadInput:
    """The refusal of a setting of Hydra's own."""
    return BadInput(f"The config sets {key}; of Hydra's own settings only {' and '.join(POSSIBLE)} may be set here.")


def _raw(config: DictConfig) -> Mapping[str, Any]:
    content = OmegaConf.to_container(config, resolve=False)
    return {str(key): value for key, value in content.items()} if isinstance(content, dict) else {}


def _leaves(prefix: str, tree: Any) -> Iterator[tuple[str, Any]]:
    """Every value of a tree that is no mapping, with its path; an empty mapping is a value, too."""
    if isinstance(tree, Mapping) and tree:
        for key, item in tree.items():
            yield from _leaves(f"{prefix}.{key}", item)
    elif isinstance(tree, list) and tree:
        for position, item in enumerate(tree):
            yield from _leaves(f"{prefix}.{position}", item)
    else:
        yield prefix, tree
