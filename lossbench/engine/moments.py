"""Parameters as they were at some steps of a training, kept beside the final ones."""

from collections.abc import Mapping

import torch
from torch import Tensor

PREFIX = "moment:"  # before the word of a moment among the tensors of a checkpoint


class Moments:
    """The parameters (R, …) of a cohort's runs, by name, as they are at the steps of some moments; these by their words.

    Kept in this machine's memory. They are part of what a checkpoint holds, so that a training that goes on still has them.
    """

    def __init__(self, steps: Mapping[str, int], live: Mapping[str, Tensor]) -> None:
        self.steps, self.live = steps, live
        self.kept = {word: {name: torch.zeros_like(t, device="cpu") for name, t in live.items()} for word in steps}

    def due(self, step: int) -> list[str]:
        """The words of the moments that a step is."""
        return [word for word, at in self.steps.items() if at == step]

    def take(self, word: str) -> None:
        """Keep the parameters as they are now."""
        for name, tensor in self.live.items():
            self.kept[word][name].copy_(tensor)

    @property
    def tensors(self) -> dict[str, Tensor]:
        """All that is kept, (R, …) each, by names that say moment and parameter."""
        return {f"{PREFIX}{word}:{name}": tensor for word, kept in self.kept.items() for name, tensor in kept.items()}

    def of(self, run_index: int, finite: int) -> dict[str, dict[str, Tensor]]:
        """The parameters (…) of one run by moment and name, of those moments up to which it was `finite`, for so many steps."""
        return {
            word: {name: tensor[run_index] for name, tensor in kept.items()}
            for word, kept in self.kept.items()
            if self.steps[word] < finite
        }
