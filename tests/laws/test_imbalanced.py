"""Losses that know how many examples each class has: against torch, and told by the data they train on, in both engines."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch.nn import functional

import lossbench as lb
from lossbench.data.loading import load
from lossbench.interfaces.dataset import training_targets
from lossbench.losses.imbalanced import Asymmetric, Ldam, LogitAdjusted

MEMBERS = (80, 15, 4, 1)
torch.manual_seed(0)
Z = 2 * torch.randn(4, 64, dtype=torch.float64)
LABEL = torch.arange(64) % 4
HOT = functional.one_hot(LABEL, 4).T.double()


def logit_adjusted(z):
    shares = torch.tensor(MEMBERS, dtype=torch.float64) / sum(MEMBERS)
    return functional.cross_entropy(z.T + 1.5 * shares.log(), LABEL, reduction="none")


def ldam(z):
    """The source's own code: margins of n^(−1/4), the largest of them max_m, off the right class, and all times s."""
    margins = 1.0 / np.sqrt(np.sqrt(MEMBERS))
    margins = torch.tensor(margins * (0.5 / margins.max()))
    moved = torch.where(functional.one_hot(LABEL, 4).bool(), z.T - margins[LABEL][:, None], z.T)
    return functional.cross_entropy(30 * moved, LABEL, reduction="none")


def asymmetric(z):
    """The source's own code, less its floor on probabilities."""
    y, present = HOT, torch.sigmoid(z)
    absent = (1 - present + 0.05).clamp(max=1)
    likelihood = y * present.log() + (1 - y) * absent.log()
    weight = (1 - present * y - absent * (1 - y)).pow(1 * y + 4 * (1 - y))
    return -(likelihood * weight).sum(0)


@pytest.mark.parametrize(
    ("loss", "other"),
    [
        (LogitAdjusted(tau=1.5, members=MEMBERS, link="softmax"), logit_adjusted),
        (Ldam(scale=30.0, members=MEMBERS, link="softmax"), ldam),
        (Asymmetric(), asymmetric),
    ],
    ids=["logit_adjusted", "ldam", "asymmetric"],
)
def test_torch_says_the_same(loss, other):
    free = Z.clone().requires_grad_()
    value = other(free)
    (gradient,) = torch.autograd.grad(value.sum(), free)
    torch.testing.assert_close(loss.value(Z, HOT), value.detach(), rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(loss.gradient(Z, HOT), gradient, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    "loss", [LogitAdjusted(tau=1.5, members=(90, 10), link="sigmoid"), Ldam(members=(90, 10), link="sigmoid")]
)
def test_one_output_is_the_difference_of_two(loss):
    z, y = Z[:1], HOT[:1]
    two = type(loss)(**vars(loss) | {"link": "softmax"})
    both = two.value(torch.cat([torch.zeros_like(z), z]), torch.cat([1 - y, y]))
    torch.testing.assert_close(loss.value(z, y), both)


@pytest.mark.slow
@pytest.mark.parametrize("model", ["mlp", "module"])
def test_the_data_say_how_many_examples_each_class_has(model, tmp_path, monkeypatch):
    (tmp_path / "lone_layer.py").write_text(
        "from torch import nn\n\ndef net(inputs, outputs):\n    return nn.Linear(*inputs, outputs)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    stream = np.random.default_rng(0)
    frame = pd.DataFrame(stream.normal(size=(120, 3)), columns=["a", "b", "c"]).assign(
        kind=np.digitize(stream.random(120), [0.7, 0.9])
    )
    data = lb.datasets.from_frame(frame, "kind")
    members = training_targets(load(data).split).members
    settings = {"dataset": data, "steps": 8, "probes": ("accuracy", "loss"), "results": tmp_path, "engine": "serial"}
    settings |= {"model": {"word": "module", "path": "lone_layer:net"}} if model == "module" else {"model": {"hidden": (4,)}}
    told = lb.run(loss=[LogitAdjusted(), Ldam()], study="told", **settings)
    given = lb.run(loss=[LogitAdjusted(members=members), Ldam(members=members)], study="given", **settings)
    left, right = (study.records.drop(columns=["run"]).select_dtypes("number") for study in (told, given))
    np.testing.assert_array_equal(left.to_numpy(), right.to_numpy())
    plain = lb.run(loss=["ce"], study="plain", **settings).records
    assert plain["train_loss"].iloc[-1] != left["train_loss"].iloc[-1]
