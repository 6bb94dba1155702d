"""What somebody's module may do wrong is one sentence; what cannot be mapped is trained run after run, and said."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from lossbench.errors import BadInput
from lossbench.interfaces import Split
from lossbench.models.categorical import EmbeddingBag
from lossbench.models.convolutional import CNN
from lossbench.models.factory import Module
from lossbench.module_engine.cohort import module_cohort
from lossbench.module_engine.engine import ModuleEngine
from lossbench.planning.spec import Cohort, Recording

FEW = Recording(probes=("gradient_norms",))
NETS = """
import torch
from torch import nn
from torch.nn import functional as F

def no_module(shape, outputs):
    return [shape, outputs]

def wide(shape, outputs):
    return nn.Sequential(nn.Flatten(), nn.Linear(16, outputs + 1))

def flat(shape, outputs):
    return nn.Linear(15, outputs)

def elsewhere(shape, outputs):
    return nn.Sequential(nn.Flatten(), nn.Linear(16, outputs, device="meta"))

def nothing(shape, outputs):
    return nn.Flatten()

def raising(shape, outputs):
    return nn.Linear(shape["channels"], outputs)

class Net(nn.Module):
    def __init__(self, outputs):
        super().__init__()
        self.dense, self.kept = nn.Linear(16, outputs), []

class Keeping(Net):
    def forward(self, x):
        self.kept.append(len(x))
        return self.dense(x.flatten(1))

class Integer(Net):
    def forward(self, x):
        return nn.functional.embedding(x.flatten(1), self.dense.weight).sum(1)

class Branching(Net):
    def forward(self, x):
        z = self.dense(x.flatten(1))
        return z if z.sum() > 0 else 2 * z

class Drawing(Net):
    def forward(self, x):
        return self.dense(F.dropout(x.flatten(1), 0.5, self.training))

def keeping(shape, outputs):
    return Keeping(outputs)

def integer(shape, outputs):
    return Integer(outputs)

def branching(shape, outputs):
    return Branching(outputs)

def drawing(shape, outputs):
    return Drawing(outputs)

number = 3
"""


@pytest.fixture
def nets(tmp_path, monkeypatch):
    (tmp_path / "somebodys_nets.py").write_text(NETS)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    yield lambda function: Module(path=f"somebodys_nets:{function}")
    sys.modules.pop("somebodys_nets", None)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("no_module", "returned a list; wanted is a torch.nn.Module"),
        ("wide", r"returned \(4, 4\) for examples \(4, 1, 4, 4\); wanted is one row of 3 raw output"),
        ("flat", "cannot be run on .* RuntimeError: mat1 and mat2 shapes"),
        ("elsewhere", "keeps '1.weight' on meta; wanted is cpu"),
        ("nothing", "no parameters that could be trained"),
        ("raising", r"raising\(\(1, 4, 4\), 3\) \(line \d+\) raised TypeError"),
        ("keeping", "keeps state between calls: 'module.kept' is another after a pass"),
        ("integer", "a module that wants categories casts them itself"),
        ("missing", "No function in somebodys_nets is called 'missing'"),
        ("number", "names a int; wanted is a function"),
    ],
)
def test_a_module_that_cannot_be_trained_is_refused_in_a_sentence(function, message, nets, run, images) -> None:
    with pytest.raises(BadInput, match=message) as refused:
        ModuleEngine().train(Cohort(runs=(run(model=nets(function)),), recording=FEW), images)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("path", ["my nets:make", "nets", "a:b:c", "os.path:"])
def test_a_path_that_is_none_is_refused(path) -> None:
    with pytest.raises(BadInput, match="wants MODULE:FUNCTION"):
        Module(path=path)


def test_a_file_that_is_not_there_is_refused(nets) -> None:
    with pytest.raises(BadInput, match="No module named 'nobodys'"):
        Module(path="nobodys:make").describe()


def test_a_changed_file_makes_another_run(nets, tmp_path) -> None:
    first = nets("branching").describe()
    (tmp_path / "somebodys_nets.py").write_text(NETS + "\n")
    assert first["source"] != nets("branching").describe()["source"]


@pytest.mark.parametrize(
    ("function", "reason"), [("branching", "torch.func.vmap cannot map it"), ("drawing", "draws from torch's global stream")]
)
def test_what_cannot_be_mapped_is_trained_run_after_run_and_says_why(function, reason, nets, run, images) -> None:
    spec, other = run(model=nets(function)), run(model=nets(function), seed=9)
    assert reason in ModuleEngine().remark(spec, images)
    (alone,), (_, among) = (ModuleEngine().train(Cohort(runs=runs, recording=FEW), images) for runs in ((spec,), (other, spec)))
    for name, curve in alone.values.items():
        np.testing.assert_array_equal(among.values[name], curve)


def test_a_shelf_model_on_data_of_another_shape_is_refused(run) -> None:
    flat = Split(np.eye(4), np.eye(4), np.eye(4), np.eye(4), "classification")
    with pytest.raises(BadInput, match=r"model=cnn wants images .* examples of shape \(4,\)"):
        module_cohort(run(model=CNN()), flat, "cpu")
    with pytest.raises(BadInput, match=r"wants whole numbers from 0 to 1, and feature 0 of an example is 2"):
        module_cohort(run(model=EmbeddingBag(categories=2)), flat._replace(train_x=2 * np.eye(4)), "cpu")


def test_a_bag_of_embeddings_is_torchs(run) -> None:
    torch.manual_seed(0)
    bag = EmbeddingBag(categories=3, width=5).module((4,), 2)
    theirs = nn.EmbeddingBag.from_pretrained(bag.embedding.weight.detach(), mode="mean")
    x = torch.tensor([[0.0, 2, 1, 1], [2, 2, 0, 1]])
    torch.testing.assert_close(bag.embedding(x), theirs(x.long() + 3 * torch.arange(4)))


@pytest.mark.slow
def test_bad_input_is_one_line_at_the_command_line(nets) -> None:
    program = [str(Path(sys.executable).with_name("lossbench")), "run", "model=module", "model.path=somebodys_nets:no_module"]
    done = subprocess.run([*program, "dataset=digits", "steps=2"], check=False, capture_output=True, text=True)
    assert done.returncode == 2
    assert "wanted is a torch.nn.Module" in done.stderr
    assert "Traceback" not in done.stderr
