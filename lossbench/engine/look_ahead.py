"""The first layer of plain gradient descent, worked out some steps ahead.

Where a step is nothing but a rate times the gradient, the weights after j steps are W + Σ_i M_i X_iᵀ with the moves
M_i = −rate · dL/dZ_i, i < j. So the products of the next mini-batches follow from the weights as they stand:
W_j X_j = W X_j + Σ_i M_i (X_iᵀ X_j). The weights are read once and written once in several steps, by products several
times as wide, as in the blocked algorithms of LAPACK; their gradient is not formed.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from lossbench.engine.products import Inputs, Layout, Product, Products


class LookAhead:
    """A first layer's weights (R, H, D) for a block of mini-batches, and the `position` in it of the mini-batch that comes next.

    The block's examples are `inputs.rows` (S, reach·B, D), and `units` (R, H, B) is where the products of one mini-batch belong.
    """

    def __init__(self, weight: Tensor, inputs: Inputs, units: Tensor, layout: Layout) -> None:
        rows, width = inputs.rows, units.shape[2]
        batches, examples = rows.shape[:2]
        self.weight, self.rows, self.units, self.layout = weight, rows, units, layout
        self.width, self.reach, self.position = width, examples // width, 0
        self.squares: Tensor | None = None  # XᵀX of each mini-batch of the block, once somebody asks for norms
        self.raw = units if self.reach == 1 else units.new_empty(*units.shape[:2], examples)
        self.moves = torch.empty_like(self.raw)
        self.overlaps = rows.new_empty(batches, examples, examples)  # X_iᵀ X_j
        self.overlapping = _gram(rows, self.overlaps)
        self.entering = layout.products(weight, inputs.columns, self.raw)
        ends = range(width, examples + 1, width)
        self.since = [layout.products(self.moves[..., :e], self.overlaps[:, :e, e : e + width], units) for e in ends[:-1]]
        self.settling = [layout.products(self.moves[..., :e], rows[:, :e], weight) for e in ends]

    def renew(self) -> None:
        """Take note that other examples stand in the rows; a step that is replayed could not say so."""
        self.squares = None

    @property
    def now(self) -> slice:
        """Where in the block the examples of the mini-batch stand that comes next."""
        return slice(self.position * self.width, (self.position + 1) * self.width)

    def enter(self) -> None:
        """Products of the weights as they are at this step with the mini-batch, into `units`."""
        if self.position == 0:
            self.entering.multiply()
        if self.reach == 1:
            return
        if self.position == 0:
            self.overlapping.multiply()
        self.units.copy_(self.raw[..., self.now])
        if self.position:
            self.since[self.position - 1].add()

    def move(self, delta: Tensor, rate: Tensor) -> None:
        """A step by dL/dZ (R, H, B) of the mini-batch and rates (R, 1, 1)."""
        # M_i = −η Δ_i; W is left as it is until the block ends, where one wide product adds Σ M_i X_iᵀ.
        torch.mul(delta, rate, out=self.moves[..., self.now]).neg_()
        self.position += 1
        if self.position == self.reach:
            self.settle()

    def settle(self) -> None:
        """Write what was moved into the weights; a new block begins."""
        if self.position:
            self.settling[self.position - 1].add()
        self.position = 0

    @contextmanager
    def settled(self) -> Iterator[None]:
        """The weights as they are at this step, for as long as somebody looks at them."""
        if self.position == 0:
            yield
            return
        kept = self.weight.clone()
        self.settling[self.position - 1].add()
        try:
            yield
        finally:
            self.weight.copy_(kept)

    def gradient(self, delta: Tensor) -> Tensor:
        """ΔXᵀ of the mini-batch, (R, H, D), from Δ = dL/dZ (R, H, B)."""
        gradient = torch.empty_like(self.weight)
        self.layout.products(delta, self.rows[:, self.now], gradient).multiply()
        return gradient

    def norms(self, delta: Tensor) -> Tensor:
        """‖ΔXᵀ‖₂ of the mini-batch, (R,) float64, from the Gram matrices of Δ and X, without forming it.

        ‖ΔXᵀ‖² = Σ (ΔᵀΔ)∘(XᵀX), matrices as small as the mini-batch; all runs of a seed have XᵀX in common. In float64, for it
        cancels.
        """
        if self.squares is None:
            rows = self.rows.double().view(-1, self.width, self.rows.shape[2])
            self.squares = rows.new_empty(len(rows), self.width, self.width)
            _gram(rows, self.squares).multiply()
        # ‖ΔXᵀ‖²_F = tr(XΔᵀΔXᵀ) = tr((ΔᵀΔ)(XᵀX)) = Σ_ab (ΔᵀΔ)_ab (XᵀX)_ab: B² numbers instead of H·D.
        columns, shared = delta.double().transpose(1, 2), self.squares[self.position :: self.reach]
        own = columns.new_empty(len(columns), self.width, self.width)
        _gram(columns, own).multiply()
        for start, runs, first_batch, count in self.layout.run_blocks:
            own[start : start + runs * count].view(count, runs, *own.shape[1:]).mul_(
                shared[first_batch : first_batch + count, None]
            )
        return own.sum((1, 2)).clamp_min_(0).sqrt_()


def _gram(rows: Tensor, out: Tensor) -> Products:
    """The products of rows (K, B, D) with one another, XXᵀ, for out (K, B, B)."""
    return Products((Product(rows, rows.transpose(1, 2), out),), cut=True)
