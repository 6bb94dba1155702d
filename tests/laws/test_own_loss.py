"""A loss in a user's own file: the laws run on it with nothing else written, and tell a right one from a wrong one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

LAWS = Path(__file__).with_name("test_losses.py")
OWN = '''
from dataclasses import dataclass
from typing import Literal

import torch

from lossbench.interfaces import Loss


@dataclass(frozen=True, kw_only=True)
class OwnRight(Loss):
    """A user's loss: only its value is written, the gradient is autograd's."""

    weight: float = 2.0
    link: Literal["auto", "sigmoid", "softmax"] = "auto"

    def value(self, z, y):
        return self.weight * (self.link_function.value(z) - y).square().sum(-2)


@dataclass(frozen=True, kw_only=True)
class OwnWrong(OwnRight):
    """The same with a gradient derived in a hurry."""

    def gradient(self, z, y):
        return self.weight * (self.link_function.value(z) - y)
'''


@pytest.mark.slow
def test_the_laws_pass_a_right_loss_and_fail_a_wrong_one(tmp_path: Path) -> None:
    (tmp_path / "own_losses.py").write_text(OWN)
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", str(LAWS), "-k", "own_", "-rf", "--tb=no", "-p", "no:cacheprovider"],
        env=os.environ | {"LOSSBENCH_PLUGINS": "own_losses", "PYTHONPATH": str(tmp_path), "PYTHONUTF8": "1"},
        cwd=LAWS.parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    failed = {line.split(" ")[1].partition("::")[2] for line in ran.stdout.splitlines() if line.startswith("FAILED")}
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert {name.partition("[")[0] for name in failed} == {
        "test_the_gradient_is_autograds",
        "test_the_gradient_is_what_finite_differences_find",
    }
    assert all("own_wrong" in name for name in failed)
    assert " passed" in ran.stdout
