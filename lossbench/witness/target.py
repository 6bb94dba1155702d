"""The module that is witnessed, out of its wrappers; and the link that a loss function of torch's implies."""

from typing import Any

from torch import nn
from torch.nn import functional
from torch.nn.parallel import DistributedDataParallel

from lossbench.errors import BadInput
from lossbench.witness.description import Link

LINKS_OF: dict[Any, Link] = {
    nn.CrossEntropyLoss: "softmax",
    functional.cross_entropy: "softmax",
    nn.BCEWithLogitsLoss: "sigmoid",
    functional.binary_cross_entropy_with_logits: "sigmoid",
    nn.MSELoss: "identity",
    functional.mse_loss: "identity",
}
REFUSED = {
    "DataParallel": "it copies the module in every step, and hooks with it; DistributedDataParallel is possible",
    "FullyShardedDataParallel": "it cuts parameters apart, and no process has a whole one",
    "OptimizedModule": "torch.compile leaves hooks out; train without it while a witness looks",
}


def unwrapped(model: object) -> nn.Module:
    """The module that is trained. Raises BadInput where it is none, or in a wrapper that cannot be witnessed."""
    if isinstance(model, DistributedDataParallel):
        model = model.module
    if reason := REFUSED.get(type(model).__name__):
        raise BadInput(f"A {type(model).__name__} cannot be witnessed: {reason}.")
    if not isinstance(model, nn.Module):
        raise BadInput(f"The model is a {type(model).__name__}; wanted is the torch.nn.Module that is trained.")
    if not any(parameter.requires_grad for parameter in model.parameters()):
        raise BadInput(f"The model, a {type(model).__name__}, has no parameters that could be trained.")
    return model


def link_of(loss_fn: object) -> Link | None:
    """The link that a loss function applies to raw outputs; None where it is not known."""
    for known, link in LINKS_OF.items():
        if loss_fn is known or (isinstance(known, type) and isinstance(loss_fn, known)):
            return link
    return None


def examples_in(loss_fn: object) -> bool:
    """Whether a loss is a mean over the examples of a batch, as it is unless the loss function says otherwise."""
    return getattr(loss_fn, "reduction", "mean") == "mean"
