"""Hydra at the door: words go in, composed configs come out as plain values, and whatever Hydra refuses becomes a message.

Hydra only composes here: it starts no job, configures no logging and instantiates nothing, whatever a config says.
"""

import os
import traceback
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from hydra import version
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.utils import create_config_search_path
from hydra.core.config_loader import ConfigLoader
from hydra.core.config_search_path import SearchPathQuery
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from lossbench.config.clusters import refuse_untyped_clusters
from lossbench.config.config_files import bounded_files
from lossbench.config.error_messages import refusal, refuse_lists
from lossbench.config.hydra_settings import refuse_foreign_settings, refuse_words, task_overrides
from lossbench.config.resolution import Point
from lossbench.config.schema import load_named_plugins, register
from lossbench.config.sweep import expand
from lossbench.errors import BadInput
from lossbench.folders import conf_folder

VERSION_BASE, CONFIG = "1.3", "config"
DOORKEEPERS = {"hydra", "omegaconf"}


def compose(overrides: Sequence[str], flags: Sequence[str] = ()) -> list[Point]:
    """Every run that the words name, each as one fully composed config.

    `flags` say where configs lie (--config-dir=…, --config-path=…, --config-name=…). Raises BadInput with one clear message.
    """
    refuse_words(overrides)
    refuse_lists(overrides)
    with errors_as_messages(overrides), bounded_files():
        loader, master = load_master(overrides, named(flags))
        points = expand(loader, master, task_overrides(overrides))
    refuse_untyped_clusters(points, overrides)
    return points


def load_master(
    overrides: Sequence[str], flags: Mapping[str, str], mode: RunMode = RunMode.MULTIRUN
) -> tuple[ConfigLoader, DictConfig]:
    """A loader of configs, and the config that words and files come to, without the swept words in MULTIRUN mode."""
    folder = Path(flags["config-dir"]) if "config-dir" in flags else None
    if folder:
        _refuse_irregular(folder)
    load_named_plugins(overrides, folder)
    register()
    version.setbase(VERSION_BASE)
    loader = _loader(Path(flags.get("config-path", conf_folder())), folder)
    master = loader.load_configuration(flags.get("config-name", CONFIG), list(overrides), mode)
    refuse_foreign_settings(master, own_loader().load_configuration(CONFIG, [], mode))
    return loader, master


def own_loader() -> ConfigLoader:
    """A loader of the configs that lossbench brings along."""
    return _loader(conf_folder(), None)


def _loader(primary: Path, second: Path | None) -> ConfigLoader:
    path = create_config_search_path(os.path.abspath(primary))  # noqa: PTH100 - resolve() would follow links
    if second is not None:
        if not second.is_dir():
            raise BadInput(f"--config-dir names {str(second)!r}, which is no folder.")
        path.prepend("command-line", f"file://{second.absolute()}", SearchPathQuery(provider="schema"))
    return ConfigLoaderImpl(config_search_path=path)


def _refuse_irregular(folder: Path) -> None:
    """Raise BadInput where a config is a pipe or a device, which Hydra would wait for."""
    for path in (*folder.glob("*.yaml"), *folder.glob("*/*.yaml")):
        if path.exists() and not path.is_file():
            raise BadInput(f"{path} is no regular file; a config is one.")


def named(flags: Sequence[str]) -> dict[str, str]:
    """Flags --name=value by name."""
    pairs = (flag.removeprefix("--").partition("=") for flag in flags if "=" in flag)
    return {name: value for name, _, value in pairs}


@contextmanager
def errors_as_messages(overrides: Sequence[str]) -> Iterator[None]:
    """Raise what Hydra or OmegaConf raise as BadInput with one message."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # Hydra's, about hydra.mode=RUN: every run is part of a sweep here
            yield
    except BadInput:
        raise
    except Exception as error:
        if isinstance(error, HydraException | OmegaConfBaseException) or _raised_by(error) in DOORKEEPERS:
            raise refusal(error, overrides) from error
        raise


def _raised_by(error: Exception) -> str:
    """Which of the packages that meet here the error comes from, libraries that these call counted to the caller."""
    frames = (str(frame.f_globals["__name__"]).partition(".")[0] for frame, _ in traceback.walk_tb(error.__traceback__))
    return [name for name in frames if name in {"lossbench", *DOORKEEPERS}][-1]
