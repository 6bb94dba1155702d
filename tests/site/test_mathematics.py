"""The page of the mathematics: every derivation is done again by SymPy, and its losses are those of the library."""

import doctest
from pathlib import Path

import pytest
import torch

from lossbench.registry import find

PAGE = Path(__file__).parents[2] / "docs" / "mathematics.md"
OURS = {
    "ce": ("cross_entropy", {}, 1),
    "focal": ("focal", {"gamma": 1.7}, 1),
    "gce": ("generalised_cross_entropy", {"q": 0.6}, 1),
    "poly": ("poly_1", {"epsilon": 0.9}, 1),
    "mae": ("absolute_error", {}, 2),  # ours sums over both classes
}
VALUES = {"gamma": 1.7, "q": 0.6, "eps": 0.9}  # by the names that the page gives its symbols


@pytest.mark.slow
def test_every_derivation_of_the_page_holds_and_its_losses_are_ours() -> None:
    text = PAGE.read_text(encoding="utf-8")
    examples = doctest.DocTestParser().get_doctest(text, {}, "mathematics", str(PAGE), 0)
    assert len(examples.examples) > 20
    messages: list[str] = []
    outcome = doctest.DocTestRunner(verbose=False).run(examples, out=messages.append, clear_globs=False)
    assert outcome.failed == 0, "".join(messages)
    bent = examples.globs["bent"]
    assert bent.keys() == OURS.keys()
    z, y = torch.tensor([[-1.3], [0.4]], dtype=torch.float64), torch.tensor([[1.0], [0.0]], dtype=torch.float64)
    numbers = {examples.globs[symbol]: number for symbol, number in (("p", float(z.softmax(0)[0])), *VALUES.items())}
    for name, formulas in bent.items():
        word, options, factor = OURS[name]
        loss = find("loss", word).build({"link": "softmax", **options})
        value, slope = (float(formula.subs(numbers)) for formula in formulas)
        assert float(loss.value(z, y)) == pytest.approx(factor * value, rel=1e-12), name
        assert float(loss.gradient(z, y)[0]) == pytest.approx(factor * slope, rel=1e-12), name
