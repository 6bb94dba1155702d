"""Laws of timing a program from outside."""

import sys
from pathlib import Path

import pytest

from benchmarks.command import lossbench, program


@pytest.mark.slow
def test_a_programs_memory_is_its_own_and_not_that_of_whoever_started_it(tmp_path):
    ballast = bytearray(b"x" * 300_000_000)
    taken = lossbench(["--version"], tmp_path)
    assert taken.seconds > 0
    if Path("/proc/self/status").exists():
        assert 1e6 < taken.peak < len(ballast)


def test_a_program_that_fails_is_no_time(tmp_path):
    with pytest.raises(RuntimeError, match="3: no luck"):
        program([sys.executable, "-c", "import sys; sys.stderr.write('no luck'); sys.exit(3)"], tmp_path)
