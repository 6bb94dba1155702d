"""A witness for trainings with Lightning: `Trainer(callbacks=[WitnessCallback(study="mine", loss="focal", seed=3)])`."""

from collections.abc import Callable
from typing import Any

import lightning.pytorch as lightning
from torch import Tensor, nn

from lossbench.errors import BadInput
from lossbench.witness.callback import CallbackWitness

WHOLE = ("SingleDeviceStrategy", "DDPStrategy")  # strategies in which every process has whole parameters


class WitnessCallback(lightning.Callback):  # type: ignore[misc]
    """Records a training as `lossbench.witness` does, without a line in the loop.

    `module` says which part of the LightningModule is the network, such as `lambda lit: lit.net`, where the training step
    calls that and not `self(x)`; `loss_fn` and the other words are those of `lossbench.witness`. Gradients are recorded as they
    are before they are clipped, and without the factor of mixed precision. Raises BadInput for strategies that cut parameters
    apart.
    """

    def __init__(
        self, *, study: str, module: Callable[[Any], nn.Module] | None = None, loss_fn: object = None, **described: Any
    ) -> None:
        self._witness = CallbackWitness(module, loss_fn, {"study": study, **described})
        self._loss: float | None = None

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """Open the witness."""
        strategy = type(trainer.strategy).__name__
        if strategy not in WHOLE:
            raise BadInput(f"A training under {strategy} cannot be witnessed; possible are {' and '.join(WHOLE)}.")
        self._witness.open(pl_module, float(trainer.estimated_stepping_batches))

    def on_before_backward(self, trainer: Any, pl_module: Any, loss: Tensor) -> None:
        """Keep the loss, a tensor (), of the mini-batch, without the division that accumulation makes of it."""
        self._loss = float(loss.detach()) * trainer.accumulate_grad_batches

    def on_before_optimizer_step(self, trainer: Any, pl_module: Any, optimizer: Any) -> None:
        """Record the step, if it is one that is to be recorded."""
        self._witness.step(self._loss)

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        """Store the run."""
        self._witness.close()

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        """Take the hooks away, and store nothing."""
        self._witness.close(exception)
