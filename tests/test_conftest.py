"""The session's own rules, tried on small sessions of their own."""

from pathlib import Path

import pytest

CONFTEST = Path(__file__).with_name("conftest.py")
CASES = """
import random, numpy, pytest
def test_tired(): pytest.skip("too tired")
def test_cuda(): pytest.skip("no CUDA device here")
def test_known(): pytest.xfail("known")
@pytest.mark.parametrize("turn", [1, 2])
def test_draw(turn): assert (random.random(), numpy.random.rand()) == (0.8444218515250481, 0.5488135039273248)
"""


@pytest.fixture
def session(pytester: pytest.Pytester) -> pytest.Pytester:
    """A folder with this folder's conftest, and two files to collect."""
    pytester.makeconftest(CONFTEST.read_text())
    pytester.makepyfile(test_cases=CASES, test_lacking="import pytest\npytest.importorskip('no_such_library')")
    return pytester


@pytest.mark.slow
def test_a_skip_in_ci_is_a_failure_that_says_why(session: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    result = session.runpytest_subprocess("--continue-on-collection-errors")
    result.assert_outcomes(failed=1, skipped=1, xfailed=1, passed=2, errors=1)
    result.stdout.fnmatch_lines(["*skipped in CI, where every test must run: could not import 'no_such_library'*", "*too tired"])


@pytest.mark.slow
def test_elsewhere_a_skip_is_a_skip(session: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    session.runpytest_subprocess().assert_outcomes(skipped=3, xfailed=1, passed=2)
