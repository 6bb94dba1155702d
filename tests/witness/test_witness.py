"""A witness changes nothing, and what it records is what anybody would compute by hand."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

import lossbench
from lossbench.errors import BadInput
from lossbench.registry import find
from lossbench.tables import read_study
from lossbench.witness.session import Witness

SOME = 12


def network() -> nn.Module:
    torch.manual_seed(3)
    return nn.Sequential(nn.Linear(4, 6), nn.GELU(), nn.Linear(6, 5), nn.Sigmoid(), nn.Dropout(0.3), nn.Linear(5, 3))


def batches() -> list[tuple[torch.Tensor, torch.Tensor]]:
    stream = torch.Generator().manual_seed(5)
    return [(torch.randn(8, 4, generator=stream), torch.randint(3, (8,), generator=stream)) for _ in range(SOME)]


def train(net: nn.Module, witness: Witness | None = None) -> dict[str, list[list[float]]]:
    """A loop of anybody's; the norms of all gradients and updates, and the outputs' factors, as they would compute them."""
    rule = torch.optim.SGD(net.parameters(), lr=0.3, momentum=0.9)
    seen: dict[str, list[list[float]]] = {"gradients": [], "updates": [], "outputs": []}
    for x, y in batches():
        z = net(x)
        z.retain_grad()
        loss = cross_entropy(z, y)
        loss.backward()
        if witness:
            witness.step(loss)
        seen["gradients"].append([float(p.grad.double().norm()) for p in net.parameters()])
        seen["outputs"].append([float((z.grad.double() * 8).norm(dim=1).mean())])
        before = [p.detach().clone() for p in net.parameters()]
        rule.step()
        moved = [p.detach() - old for p, old in zip(net.parameters(), before, strict=True)]
        seen["updates"].append([float(part.double().norm()) for part in moved])
        rule.zero_grad()
    return seen


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_witness_changes_no_bit_and_records_what_a_loop_computes(here) -> None:
    alone, witnessed = network(), network()
    torch.manual_seed(0)
    train(alone)
    torch.manual_seed(0)
    with lossbench.witness(witnessed, cross_entropy, study="mine", loss="ce", seed=3, steps=SOME) as w:
        seen = train(witnessed, w)
        w.note(test_accuracy=0.5)
    assert all(torch.equal(one, other) for one, other in zip(alone.parameters(), witnessed.parameters(), strict=True))
    assert not any(inner._forward_hooks or inner._forward_pre_hooks for inner in witnessed.modules())
    records = read_study(here / "results" / "mine").records
    layers = ["1:0", "2:2", "3:5"]
    for stem, key in (("gradient_norm", "gradients"), ("update_norm", "updates")):
        columns = [f"{stem}_{kind}/{layer}" for layer in layers for kind in ("weights", "biases")]
        np.testing.assert_allclose(records[columns], np.array(seen[key])[records["step"]], rtol=1e-6)
    np.testing.assert_allclose(records["output_gradient"], np.array(seen["outputs"])[records["step"], 0], rtol=1e-6)
    assert records["saturated/1:1"].between(0, 1).all()
    assert records["activation_mean/2:3"].between(0, 1).all()
    assert (records["output_error"] * records["output_slope"]).gt(0).all()
    assert records["test_accuracy"].iloc[-1] == 0.5


@pytest.mark.slow
def test_a_report_is_made_of_witnessed_runs(here) -> None:
    for seed in range(2):
        for loss in ("ce", "other"):
            with lossbench.witness(network(), cross_entropy, study="mine", loss=loss, seed=seed, dataset="toy") as w:
                train(w.model, w)
                w.note(test_accuracy=0.4 + 0.1 * seed)
    study = lossbench.open("results/mine")
    assert sorted(study.runs["loss"]) == ["ce", "ce", "other", "other"]
    page = study.report().read_text(encoding="utf-8")
    assert "toy" in page
    assert "test accuracy" in page


def test_error_and_slope_are_those_of_the_same_loss_trained_here(here) -> None:
    loss = find("loss", "cross_entropy").build({"link": "softmax"})
    net = nn.Sequential(nn.Linear(4, 3))
    x, y = batches()[0]
    with lossbench.witness(net, cross_entropy, study="mine", loss="ce") as w:
        z = net(x)
        cross_entropy(z, y).backward()
        w.step()
    z, y = z.detach().double().T, nn.functional.one_hot(y, 3).double().T
    error = loss.error(z, y)
    error = (error - error.mean(0)).square().sum(0).sqrt().mean()
    (record,) = w.records
    assert record["output_error"] == pytest.approx(float(error), rel=1e-6)
    assert record["output_slope"] == pytest.approx(float(loss.link_function.at(z).slope.mean()), rel=1e-6)


def test_gradients_that_a_scaler_multiplied_are_recorded_as_they_would_be_without(here) -> None:
    records = []
    for scale in (1.0, 1024.0):
        net = network().eval().train()
        torch.manual_seed(0)
        with lossbench.witness(net, cross_entropy, study="mine") as w:
            (cross_entropy(net(batches()[0][0]), batches()[0][1]) * scale).backward()
            w.step(scale=scale)
        records.append({name: value for name, value in w.records[0].items() if "gradient" in name})
    assert records[0] == pytest.approx(records[1], rel=1e-5)


@pytest.mark.parametrize(
    ("model", "words", "message"),
    [
        (nn.Identity(), {}, "no parameters that could be trained"),
        (nn.DataParallel(nn.Linear(2, 2)), {}, "A DataParallel cannot be witnessed: it copies the module"),
        (3, {}, "The model is a int; wanted is the torch.nn.Module"),
        (nn.Linear(2, 2), {"sed": 3}, "No word of a witness is called 'sed'. Did you mean 'seed'"),
        (nn.Linear(2, 2), {"seed": "three"}, "seed wants a whole number and got 'three'"),
        (nn.Linear(2, 2), {"points": 1}, "points 1"),
    ],
)
def test_what_cannot_be_witnessed_is_refused_in_a_sentence(model, words, message, here) -> None:
    with pytest.raises(BadInput, match=message):
        lossbench.witness(model, study="mine", **words)


def test_a_step_without_gradients_is_refused_and_nothing_is_stored(here) -> None:
    with pytest.raises(BadInput, match="found no gradients"), lossbench.witness(nn.Linear(2, 2), study="mine") as w:
        w.step()
    with pytest.raises(BadInput, match="there is none before the first"):
        w.note(test_accuracy=1.0)
    assert not list(here.iterdir())
