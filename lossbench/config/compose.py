"""Hydra at the door: words go in, composed configs come out as plain values, and whatever Hydra refuses becomes a message."""

import os
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr
from io import StringIO
from pathlib import Path

import hydra
from hydra.errors import HydraException
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from lossbench.config.error_messages import refusal
from lossbench.config.resolution import Point
from lossbench.config.schema import load_named_plugins, register
from lossbench.errors import BadInput
from lossbench.folders import conf_folder

OWN_SWEEPER = "hydra/sweeper must stay lossbench: every run is part of a sweep here, which lossbench expands itself."
DOORKEEPERS = {"hydra", "omegaconf"}


def compose(words: Sequence[str], flags: Sequence[str] = ()) -> list[Point]:
    """Every run that the words name, each as one fully composed config.

    `flags` say where configs lie (--config-dir=…, --config-name=…). Raises BadInput with one clear message.
    """
    found: list[Point] = []
    _hydra(found.extend, ["--multirun", *flags], words)
    return found


def inspect(words: Sequence[str], flags: Sequence[str]) -> None:
    """Let Hydra print what a flag asks for: --cfg=job, --info=…, --hydra-help. Raises BadInput with one clear message."""
    said = StringIO()
    try:
        with redirect_stderr(said):
            _hydra(list, flags, words)
    except SystemExit as end:
        if end.code:
            raise BadInput(said.getvalue().strip()) from end


def _hydra(task: Callable[[list[Point]], object], flags: Sequence[str], words: Sequence[str]) -> None:
    def job(points: list[Point] | DictConfig) -> None:
        if not isinstance(points, list):
            raise BadInput(OWN_SWEEPER)
        task(points)

    if any(word.startswith("hydra/sweeper") for word in words):
        raise BadInput(OWN_SWEEPER)
    folder = next((Path(flag.partition("=")[2]) for flag in flags if flag.startswith("--config-dir=")), None)
    with _command_line(flags, words):
        try:
            load_named_plugins(words, folder)
            register()
            hydra.main(config_path=str(conf_folder()), config_name="config", version_base="1.3")(job)()
        except BadInput:
            raise
        except Exception as error:
            if isinstance(error, HydraException | OmegaConfBaseException) or _raised_by(error) in DOORKEEPERS:
                raise refusal(error, words) from error
            raise


def _raised_by(error: Exception) -> str:
    """Which of the packages that meet here the error comes from, libraries that these call counted to the caller."""
    frames = (str(frame.f_globals["__name__"]).partition(".")[0] for frame, _ in traceback.walk_tb(error.__traceback__))
    return [name for name in frames if name in {"lossbench", "hydra_plugins", *DOORKEEPERS}][-1]


@contextmanager
def _command_line(flags: Sequence[str], words: Sequence[str]) -> Iterator[None]:
    """Hydra reads its arguments from sys.argv, and raises (rather than print a traceback and exit) only when told so."""
    before = sys.argv, os.environ.get("HYDRA_FULL_ERROR")
    sys.argv = ["lossbench", *flags, "--", *words]
    os.environ["HYDRA_FULL_ERROR"] = "1"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # Hydra's, about hydra.mode=RUN: every run is a sweep here
            yield
    finally:
        sys.argv = before[0]
        if before[1] is None:
            del os.environ["HYDRA_FULL_ERROR"]
        else:
            os.environ["HYDRA_FULL_ERROR"] = before[1]
