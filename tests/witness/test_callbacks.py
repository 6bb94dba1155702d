"""Trainers of others with our callback record what a loop with a witness records, and train what they train without it."""

from pathlib import Path

import lightning.pytorch as lightning
import numpy as np
import pytest
import torch
import transformers
from torch import nn
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, TensorDataset

import lossbench
import lossbench.witness.lightning as lit_witness
import lossbench.witness.transformers as hug_witness
from lossbench.errors import BadInput
from lossbench.tables import read_study

BATCHES, EPOCHS, LR = 8, 2, 0.2
WORDS = {"loss": "ce", "seed": 1, "lr": LR, "link": "softmax", "model": "small"}


def network() -> nn.Module:
    torch.manual_seed(3)
    return nn.Sequential(nn.Linear(4, 6), nn.Sigmoid(), nn.Linear(6, 3))


def loader() -> DataLoader:
    stream = torch.Generator().manual_seed(5)
    x, y = torch.randn(8 * BATCHES, 4, generator=stream), torch.randint(3, (8 * BATCHES,), generator=stream)
    return DataLoader(TensorDataset(x, y), batch_size=8)


def loop(study: str) -> list[np.ndarray]:
    net = network()
    rule = torch.optim.SGD(net.parameters(), lr=LR)
    with lossbench.witness(net, study=study, steps=BATCHES * EPOCHS, **WORDS) as w:
        for x, y in [*loader()] * EPOCHS:
            loss = cross_entropy(net(x), y)
            loss.backward()
            w.step(loss)
            rule.step()
            rule.zero_grad()
    return parameters(net)


def parameters(net: nn.Module) -> list[np.ndarray]:
    return [p.detach().numpy().copy() for p in net.parameters()]


class Lit(lightning.LightningModule):
    """Anybody's module."""

    def __init__(self) -> None:
        super().__init__()
        self.net = network()

    def training_step(self, batch):
        x, y = batch
        if getattr(self, "fails_at", None) == self.global_step:
            raise RuntimeError("the disk is full")
        return cross_entropy(self.net(x), y)

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=LR)


def with_lightning(lit: Lit, *callbacks) -> Lit:
    quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False, "enable_model_summary": False}
    lightning.Trainer(accelerator="cpu", max_epochs=EPOCHS, callbacks=list(callbacks), **quiet).fit(lit, loader())
    return lit


class Answering(nn.Module):
    """A model as the Trainer wants them: loss and logits."""

    def __init__(self) -> None:
        super().__init__()
        self.net = network()

    def forward(self, x, labels):
        logits = self.net(x)
        return {"loss": cross_entropy(logits, labels), "logits": logits}


class InOrder(transformers.Trainer):
    """The Trainer, with mini-batches that are not shuffled."""

    def get_train_dataloader(self):
        return [{"x": x, "labels": y} for x, y in loader()]


def with_transformers(model: Answering, folder, *callbacks) -> Answering:
    arguments = transformers.TrainingArguments(
        output_dir=str(folder),
        use_cpu=True,
        report_to=[],
        save_strategy="no",
        logging_strategy="no",
        disable_tqdm=True,
        max_steps=BATCHES * EPOCHS,
        max_grad_norm=0,
    )
    rule = torch.optim.SGD(model.parameters(), lr=LR)
    constant = torch.optim.lr_scheduler.ConstantLR(rule, factor=1.0)
    InOrder(model, arguments, callbacks=list(callbacks), optimizers=(rule, constant)).train()
    return model


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def same_records(one: str, other: str) -> None:
    """The curves of two studies of one run, bit for bit, but for the loss, which not every trainer tells."""
    first, second = (read_study(Path("results", name)).records.drop(columns="run") for name in (one, other))
    shared = [name for name in first if name in second]
    assert len(shared) > 12
    for name in shared:
        np.testing.assert_array_equal(first[name].to_numpy(), second[name].to_numpy(), err_msg=name)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_lightning_trains_the_same_bits_and_its_callback_records_what_a_loop_does(here) -> None:
    ends = loop("loop")
    callback = lit_witness.WitnessCallback(study="lit", module=lambda lit: lit.net, **WORDS)
    for lit in (with_lightning(Lit(), callback), with_lightning(Lit())):
        for mine, theirs in zip(parameters(lit.net), ends, strict=True):
            np.testing.assert_array_equal(mine, theirs)
    same_records("loop", "lit")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_training_that_lightning_breaks_off_is_not_stored_and_leaves_no_hooks(here) -> None:
    lit = Lit()
    lit.fails_at = 5
    with pytest.raises(RuntimeError, match="the disk is full"):
        with_lightning(lit, lit_witness.WitnessCallback(study="lit", module=lambda lit: lit.net, **WORDS))
    assert not list(here.glob("results/lit/runs/*"))
    assert not any(inner._forward_hooks for inner in lit.modules())


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_strategy_that_cuts_parameters_apart_is_refused(here) -> None:
    class FSDPStrategy:
        """As Lightning calls it."""

    class Trainer:
        strategy = FSDPStrategy()

    with pytest.raises(BadInput, match="A training under FSDPStrategy cannot be witnessed"):
        lit_witness.WitnessCallback(study="lit").on_train_start(Trainer(), Lit())


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_transformers_train_the_same_bits_and_the_callback_records_what_a_loop_does(here) -> None:
    ends = loop("loop")
    callback = hug_witness.WitnessCallback(study="hug", module=lambda model: model.net, **WORDS)
    for model in (with_transformers(Answering(), here / "out", callback), with_transformers(Answering(), here / "out")):
        for mine, theirs in zip(parameters(model.net), ends, strict=True):
            np.testing.assert_array_equal(mine, theirs)
    same_records("loop", "hug")
    with_transformers(Answering(), here / "out", hug_witness.WitnessCallback(study="whole", **WORDS))
    read = read_study(Path("results/whole")).records
    assert (read.output_error > 0).all()  # found among the model's answers, by their name
