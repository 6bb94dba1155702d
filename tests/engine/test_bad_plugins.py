"""A plugin that misbehaves ends a command with a sentence, exit code 2 and nothing stored, here and in worker processes."""

import inspect
import re

import pytest

from lossbench import registry
from lossbench.commands.cli import answer

HEAD = """
import os, sys
from dataclasses import dataclass
from typing import ClassVar, Literal
import numpy as np
import torch
from lossbench.interfaces import Dataset, Dense, Init, Layer, Loss, Model, Optimizer, Schedule, Split
from lossbench.interfaces.metric import Metric
from lossbench.interfaces.probe import Probe


@dataclass(frozen=True, kw_only=True)
"""
LOSS = """class Bad(Loss):
    per_example: ClassVar[bool] = {per_example}
    link: Literal["auto", "sigmoid", "softmax"] = "auto"

    def value(self, z, y):
        {body}
"""
GRADIENT = (
    LOSS.format(per_example=True, body="return (z - y).square().sum(-2)")
    + """
    def gradient(self, z, y):
        return {}
"""
)
OPTIMIZER = """class Bad(Optimizer):
    lr: float = 0.1

    def __post_init__(self):
        {}

    def start(self, parameter):
        {}

    def update(self, hyper, parameter, gradient, memory, which):
        {}
"""
VALUES = {
    "none": ("return None", "returned None"),
    "int": ("return 3", "returned 3"),
    "list": ("return z.tolist()", "returned [["),
    "numpy": ("return z.detach().sum(-2).numpy()", "returned ndarray ("),
    "number": ("return (z - y).square().mean()", "returned Tensor () of torch.float32"),
    "outputs kept": ("return (z - y).square()", "returned Tensor ("),
    "transposed": ("return (z - y).square().sum(-2)[:, None]", "returned Tensor ("),
    "complex": ("return (z - y).sum(-2) * 1j", "of torch.complex64"),
    "whole numbers": ("return (z > y).sum(-2)", "of torch.int64"),
    "empty": ("return z.new_empty(0)", "returned Tensor (0,)"),
    "no gradient": ("return (z.detach() - y).square().sum(-2)", "a tensor without a gradient"),
    "in place": ("return z.mul_(2).sum(-2)", "changed z in place"),
    "raises": ("return z / (1 // 0)", "raised ZeroDivisionError: integer division or modulo by zero"),
    "exits": ("sys.exit(7)", "raised SystemExit: 7"),
    "exits like ours": ("sys.exit(1)", "raised SystemExit: 1"),
    "leaves at once": ("os._exit(0)", "raised SystemExit: 0"),
}
OTHERS = {
    "gradient": (
        "loss",
        LOSS.format(
            per_example=True, body="return (z - y).square().sum(-2)\n\n    def gradient(self, z, y):\n        return (z - y)[0]"
        ),
        "gradient() (line 20) returned Tensor (",
    ),
    "in place": (
        "loss",
        LOSS.format(
            per_example=True, body="return (z - y).square().sum(-2)\n\n    def gradient(self, z, y):\n        return z.sub_(y)"
        ),
        "gradient() (line 20) changed z in place",
    ),
    "metric": (
        "metric",
        "class Bad(Metric):\n    def measure(self, outputs):\n        return 1.0",
        "measure() (line 14) returned 1.0; expected is a tensor",
    ),
    "probe": (
        "probe",
        "class Bad(Probe):\n    def measure(self, step):\n        return [1]",
        "measure() (line 14) returned [1]; expected is a dictionary",
    ),
    "probe exits": (
        "probe",
        "class Bad(Probe):\n    def measure(self, step):\n        sys.exit(3)",
        "measure() (line 15) raised SystemExit: 3",
    ),
    "init": (
        "init",
        "class Bad(Init):\n    def draw(self, layers, rng):\n        return [np.zeros(3)]",
        "draw() (line 14) returned [array([0., 0., 0.])]; expected is a tuple with Dense(",
    ),
    "model": (
        "model",
        "class Bad(Model):\n    def layers(self, inputs, outputs):\n        return [(inputs, outputs, None)]",
        "layers() (line 14) returned [(2, 1, None)]; expected is a tuple of Layer(",
    ),
    "dataset": (
        "dataset",
        "class Bad(Dataset):\n    seed: int = 0\n\n    def load(self):\n        return np.eye(2)",
        "load() (line 16) returned ndarray (2, 2) of float64; expected is a Split",
    ),
    "dataset exits": (
        "dataset",
        "class Bad(Dataset):\n    seed: int = 0\n\n    def load(self):\n        raise SystemExit",
        "load() (line 17) raised SystemExit",
    ),
    "optimizer": (
        "optimizer",
        OPTIMIZER.format("pass", "return None", "pass"),
        "start() (line 19) returned None; expected is a tuple of tensors",
    ),
    "optimizer raises": (
        "optimizer",
        OPTIMIZER.format("pass", "return ()", "parameter -= hyper.speed * gradient"),
        "update() (line 23) raised AttributeError: the optimizer has no number option 'speed'",
    ),
    "schedule": (
        "schedule",
        "class Bad(Schedule):\n    def after_warmup(self, step, steps):\n        return float('nan')",
        "after_warmup() (line 14) returned nan; expected is a finite number",
    ),
    "option": (
        "optimizer",
        OPTIMIZER.format("raise RuntimeError('no')", "return ()", "pass"),
        "__post_init__() (line 17) raised RuntimeError: no",
    ),
}
WORDS = ["dataset=xor", "batch=4", "model=mlp", "steps=4", "seed=0,1", "study=bad", "probes=[loss]"]


@pytest.fixture
def refused(tmp_path, monkeypatch, capfd, request):
    """Run a command with a plugin of a source; the sentence that it ends with, after a look at exit code and study."""
    name = f"bad_plugin_{re.sub(r'[^a-z0-9]', '_', request.node.name)}"
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    for noun in registry._classes:
        registry.shelf(noun)
        monkeypatch.setitem(registry._classes, noun, dict(registry._classes[noun]))

    def run(source, *words):
        (tmp_path / f"{name}.py").write_text(source)
        code = answer(["run", f"plugins=[{name}]", *WORDS, *words])
        said = capfd.readouterr().err.strip().splitlines()
        assert code == 2, said
        assert not list(tmp_path.glob("results/*")), "a refused run leaves no study"
        assert f"{name}.Bad cannot be used" in said[-1]
        return said[-1]

    return run


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "per_example"), [*((kind, False) for kind in VALUES), ("number", True), ("in place", True)])
def test_a_loss_that_misbehaves_is_told_in_a_sentence(kind, per_example, refused):
    body, fault = VALUES[kind]
    told = refused(HEAD + LOSS.format(per_example=per_example, body=body), "loss=bad")
    assert told.startswith("Error: The loss ")
    assert "value()" in told or "gradient()" in told
    assert fault in told
    assert "line 1" in told


@pytest.mark.slow
@pytest.mark.parametrize("kind", OTHERS)
def test_whatever_else_misbehaves_is_told_in_a_sentence(kind, refused):
    noun, source, fault = OTHERS[kind]
    choice = "probes=[bad]" if noun in ("probe", "metric") else f"{noun}=bad"
    told = refused(HEAD + source + "\n", choice)
    assert told.startswith(f"Error: The {noun} ")
    assert fault in told


@pytest.mark.slow
@pytest.mark.parametrize("body", ["return None", "os._exit(7)"])
def test_a_worker_tells_the_same_sentence(body, refused):
    source = HEAD + LOSS.format(per_example=False, body=body)
    words = ("loss=bad", "engine.executor=loky", "engine.workers=2", "engine.tile=1")
    assert "value() (line 1" in refused(source, *words)


def test_debug_shows_the_traceback_of_a_plugin(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "falling_plugin.py").write_text("import os\n\nos._exit(3)\n")
    for flags in ([], ["--debug"]):
        assert answer(["show", "losses", "-P", "falling_plugin", *flags]) == 2
        told = capsys.readouterr().err
        assert ("Traceback" in told) == bool(flags)
        assert "failed while it was imported (falling_plugin.py, line 3): SystemExit 3.\n" in told


@pytest.mark.slow
def test_classes_of_our_own_are_left_as_they_are():
    """No wrapper around them: what they cost is what they compute."""
    for noun in registry.SHELVES:
        for cls in registry.shelf(noun).values():
            if cls.__module__.startswith("lossbench."):
                members = [inspect.getattr_static(cls, name) for name in dir(cls)]
                functions = [member.fget if isinstance(member, property) else member for member in members]
                assert not [function for function in functions if hasattr(function, "guarded")]
