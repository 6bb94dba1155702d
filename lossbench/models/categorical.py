"""Networks for examples that are categories, as torch modules."""

from collections import OrderedDict
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from lossbench.errors import BadInput
from lossbench.interfaces import Model
from lossbench.modules.activation import ModuleActivation
from lossbench.modules.chain import Block, feedforward

LARGEST = 10**7


@dataclass(frozen=True, kw_only=True)
class EmbeddingBag(Model):
    """A bag of embeddings for features that are categories: a vector for each value of each feature, their mean, dense layers.

    Every feature is a whole number from 0 to categories − 1, as it stands in a table with dataset.scaling=none.
    Formula: h_0 = mean_d E_{d, x_d}, then the layers of perceptron.
    Source: Joulin, Grave, Bojanowski & Mikolov, Bag of Tricks for Efficient Text Classification, 2017.
    """

    categories: int
    width: int = 16
    hidden: tuple[int, ...] = ()
    activation: ModuleActivation = "relu"

    def __post_init__(self) -> None:
        for name, value in (("categories", self.categories), ("width", self.width), *(("hidden", n) for n in self.hidden)):
            if not 1 <= value <= LARGEST:
                raise BadInput(f"model.{name} is {value}; it must lie between 1 and {LARGEST:,}.")

    def module(self, inputs: tuple[int, ...], outputs: int) -> nn.Module:
        if len(inputs) != 1:
            raise BadInput(f"model=embedding_bag wants rows of categories, and these data have examples of shape {inputs}.")
        bag = _Bag(inputs[0], self.categories, self.width)
        blocks = [Block(self.activation)] * len(self.hidden)
        return nn.Sequential(OrderedDict(embedding=bag, dense=feedforward((self.width,), self.hidden, outputs, blocks)))


class _Bag(nn.Module):
    """The mean of one embedding for each feature; rows of `weight` are the categories of the first feature, of the second, …."""

    def __init__(self, features: int, categories: int, width: int) -> None:
        nn.Module.__init__(self)
        self.categories = categories
        self.weight = nn.Parameter(torch.empty(features * categories, width))
        nn.init.normal_(self.weight)
        self.first: Tensor
        self.register_buffer("first", torch.arange(features) * categories)

    def forward(self, x: Tensor) -> Tensor:
        """Means (B, width) of the embeddings of categories x (B, D)."""
        return functional.embedding(x.long() + self.first, self.weight).mean(1)

    def refuse_examples(self, x: Tensor) -> None:
        """Raise BadInput where a feature of x (N, D) is no category."""
        wrong = (x != x.long()) | (x < 0) | (x >= self.categories)
        if wrong.any():
            row, feature = wrong.nonzero()[0].tolist()
            raise BadInput(
                f"model=embedding_bag wants whole numbers from 0 to {self.categories - 1}, and feature {feature} of an example "
                f"is {x[row, feature]:g}. model.categories is how many there are; dataset.scaling=none keeps the numbers."
            )
