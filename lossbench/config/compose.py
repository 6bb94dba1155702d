"""Hydra at the door: words go in, composed configs come out as plain values, and whatever Hydra refuses becomes a message.

Hydra only composes here: it starts no job, configures no logging and instantiates nothing, whatever a config says.
"""

import os
import sys
import traceback
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr
from io import StringIO
from pathlib import Path

import hydra
from hydra import version
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.utils import create_config_search_path
from hydra.core.config_loader import ConfigLoader
from hydra.core.config_search_path import SearchPathQuery
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from lossbench.config.config_files import bounded_files
from lossbench.config.error_messages import refusal
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
    with _errors_as_messages(overrides), bounded_files():
        loader, master = _master(overrides, _named(flags))
        return expand(loader, master, task_overrides(overrides))


def inspect(overrides: Sequence[str], flags: Sequence[str]) -> None:
    """Let Hydra print what a flag asks for: --cfg=job, --info=…, --hydra-help. Raises BadInput with one clear message."""
    refuse_words(overrides)
    captured = StringIO()
    try:
        with redirect_stderr(captured), _errors_as_messages(overrides), bounded_files(), _command_line(flags, overrides):
            if any(flag.startswith(("--cfg", "--info")) for flag in flags):
                _master(overrides, _named(flags), RunMode.RUN)  # refuses what Hydra might act on
            else:
                register()
            hydra.main(config_path=str(conf_folder()), config_name=CONFIG, version_base=VERSION_BASE)(_nothing)()
    except SystemExit as end:
        if end.code:
            raise BadInput(captured.getvalue().strip()) from end


def _nothing(config: DictConfig) -> None:
    """What Hydra would run where no flag asks to look: nothing."""


def _master(
    overrides: Sequence[str], flags: Mapping[str, str], mode: RunMode = RunMode.MULTIRUN
) -> tuple[ConfigLoader, DictConfig]:
    """A loader of configs, and the config that words and files come to, without the swept words in MULTIRUN mode."""
    folder = Path(flags["config-dir"]) if "config-dir" in flags else None
    load_named_plugins(overrides, folder)
    register()
    version.setbase(VERSION_BASE)
    loader = _loader(Path(flags.get("config-path", conf_folder())), folder)
    master = loader.load_configuration(flags.get("config-name", CONFIG), list(overrides), mode)
    refuse_foreign_settings(master, _loader(conf_folder(), None).load_configuration(CONFIG, [], mode))
    return loader, master


def _loader(primary: Path, second: Path | None) -> ConfigLoader:
    path = create_config_search_path(os.path.abspath(primary))  # noqa: PTH100 - resolve() would follow links
    if second is not None:
        if not second.is_dir():
            raise BadInput(f"--config-dir names {str(second)!r}, which is no folder.")
        path.prepend("command-line", f"file://{second.absolute()}", SearchPathQuery(provider="schema"))
    return ConfigLoaderImpl(config_search_path=path)


def _named(flags: Sequence[str]) -> dict[str, str]:
    """Flags --name=value by name."""
    pairs = (flag.removeprefix("--").partition("=") for flag in flags if "=" in flag)
    return {name: value for name, _, value in pairs}


@contextmanager
def _errors_as_messages(overrides: Sequence[str]) -> Iterator[None]:
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


@contextmanager
def _command_line(flags: Sequence[str], overrides: Sequence[str]) -> Iterator[None]:
    """What Hydra prints it prints as a program, which reads sys.argv, and raises (not exits) only when told so."""
    before = sys.argv, os.environ.get("HYDRA_FULL_ERROR")
    sys.argv = ["lossbench", *flags, "--", *overrides]
    os.environ["HYDRA_FULL_ERROR"] = "1"
    try:
        yield
    finally:
        sys.argv = before[0]
        if before[1] is None:
            del os.environ["HYDRA_FULL_ERROR"]
        else:
            os.environ["HYDRA_FULL_ERROR"] = before[1]
