"""A signal ends a sweep, wherever in the program it arrives."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from lossbench.execution.interrupts import end_on_signals, forget_interrupt, stop_if_asked

# A plugin that loses the exception of the signal, as a library's bare except does.
LOSES = """
import os, signal
try:
    os.kill(os.getpid(), signal.{signal})
except BaseException:
    pass
"""
PROGRAM = [sys.executable, "-c", "from lossbench.commands.cli import main; main()"]
LONG = ["run", "study=long", "dataset=xor", "batch=null", "engine=serial", "steps=3000000", "loss=ce", "plugins=[loses]"]


@pytest.fixture
def signals() -> Iterator[None]:
    """The program's handling of signals, and afterwards that of the tests."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    end_on_signals()
    yield
    forget_interrupt()
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.usefixtures("signals")
def test_a_signal_whose_exception_is_lost_ends_what_looks_next_and_only_that(number):
    stop_if_asked()
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(number)
    with pytest.raises(KeyboardInterrupt):
        stop_if_asked()
    stop_if_asked()


@pytest.mark.usefixtures("signals")
def test_a_signal_that_is_ignored_stays_ignored():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_on_signals()
    signal.raise_signal(signal.SIGINT)
    stop_if_asked()
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_plugin_that_loses_the_signal_does_not_keep_the_sweep_from_ending(name, tmp_path):
    (tmp_path / "loses.py").write_text(LOSES.format(signal=name))
    given = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    ended = subprocess.run([*PROGRAM, *LONG], cwd=tmp_path, env=given, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 130, ended.stderr
    assert "Stopped; 0 runs trained and stored. Continue with: lossbench run study=long" in ended.stderr
