"""A witness for trainings with Hugging Face's Trainer: `Trainer(…, callbacks=[WitnessCallback(study="mine", loss="focal")])`."""

from collections.abc import Callable
from typing import Any

from torch import nn
from transformers import TrainerCallback

from lossbench.witness.callback import CallbackWitness


class WitnessCallback(TrainerCallback):  # type: ignore[misc]
    """Records a training as `lossbench.witness` does, without a line in the loop.

    The trainer clips gradients before anybody may look: they are recorded as clipped, unless its max_grad_norm is 0. `link` is
    the loss's, "softmax" for a model's own cross entropy over classes; the other words are those of `lossbench.witness`. A
    training that ends with an exception is not stored.
    """

    def __init__(
        self, *, study: str, module: Callable[[Any], nn.Module] | None = None, loss_fn: object = None, **described: Any
    ) -> None:
        self._witness = CallbackWitness(module, loss_fn, {"study": study, **described})

    def on_train_begin(self, args: Any, state: Any, control: Any, *, model: nn.Module, **others: Any) -> None:
        """Open the witness."""
        self._witness.open(model, float(state.max_steps))

    def on_pre_optimizer_step(self, args: Any, state: Any, control: Any, **others: Any) -> None:
        """Record the step, if it is one that is to be recorded."""
        self._witness.step()

    def on_train_end(self, args: Any, state: Any, control: Any, **others: Any) -> None:
        """Store the run."""
        self._witness.close()
