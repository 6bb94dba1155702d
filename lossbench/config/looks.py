"""What Hydra can show of a config instead of running it: the config of one run, how it comes about, completions.

Hydra prints these itself. Its program is not started for it: nothing reads the command line, and no job or log is configured.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr
from io import StringIO
from types import SimpleNamespace

from hydra._internal.hydra import Hydra
from hydra._internal.utils import get_args_parser
from hydra.core.config_loader import ConfigLoader
from hydra.core.global_hydra import GlobalHydra
from hydra.types import RunMode

from lossbench.config.compose import CONFIG, errors_as_messages, load_master, named, own_loader
from lossbench.config.config_files import bounded_files
from lossbench.config.error_messages import refuse_lists
from lossbench.config.hydra_settings import refuse_words
from lossbench.config.schema import register
from lossbench.errors import BadInput


def inspect(overrides: Sequence[str], flags: Sequence[str]) -> None:
    """Print what a flag asks for: --cfg=job, --info=…, --hydra-help. Raises BadInput with one clear message."""
    asked = named(flags)
    refuse_words(overrides)
    refuse_lists(overrides)
    with _exits_as_messages(overrides):
        loader, _ = load_master(overrides, asked, RunMode.RUN)  # which refuses what Hydra might act on
        hydra, config = _hydra(loader), asked.get("config-name", CONFIG)
        if "--hydra-help" in flags:
            hydra.hydra_help(config, get_args_parser(), SimpleNamespace(overrides=[]))
        elif "info" in asked:
            hydra.show_info(asked["info"], config, list(overrides))
        elif "cfg" in asked:
            hydra.show_cfg(config, list(overrides), asked["cfg"], asked.get("package"), resolve="--resolve" in flags)


def shell_completion(arguments: Sequence[str]) -> None:
    """Print what the arguments ask of Hydra's completion, such as query=bash, which completes the line that COMP_LINE holds."""
    register()
    with _exits_as_messages([]):
        _hydra(own_loader()).shell_completion(CONFIG, list(arguments))


def _hydra(loader: ConfigLoader) -> Hydra:
    hydra = Hydra(task_name="lossbench", config_loader=loader)
    GlobalHydra.instance().initialize(hydra)
    return hydra


@contextmanager
def _exits_as_messages(overrides: Sequence[str]) -> Iterator[None]:
    """Raise as BadInput what Hydra raises, or writes on stderr before it exits."""
    captured = StringIO()
    try:
        with errors_as_messages(overrides), bounded_files(), redirect_stderr(captured):
            yield
    except SystemExit as end:
        if end.code:
            raise BadInput(captured.getvalue().strip()) from end
    finally:
        GlobalHydra.instance().clear()
