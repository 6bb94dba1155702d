"""A small network, trained by others' trainers: Lightning's and Hugging Face's."""

import lightning.pytorch as lightning
import torch
import transformers
from torch import nn
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, TensorDataset

import lossbench.witness.lightning as lit_witness
import lossbench.witness.transformers as hug_witness

BATCHES, EPOCHS, LR = 8, 2, 0.2


def network() -> nn.Module:
    torch.manual_seed(3)
    return nn.Sequential(nn.Linear(4, 6), nn.Sigmoid(), nn.Linear(6, 3))


def loader() -> DataLoader:
    stream = torch.Generator().manual_seed(5)
    x, y = torch.randn(8 * BATCHES, 4, generator=stream), torch.randint(3, (8 * BATCHES,), generator=stream)
    return DataLoader(TensorDataset(x, y), batch_size=8)


LitWitness, HugWitness = lit_witness.WitnessCallback, hug_witness.WitnessCallback


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
