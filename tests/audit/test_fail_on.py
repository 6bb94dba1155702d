"""What `--fail-on` fails: harm and broken claims, not rounding next to zero."""

import io

import pytest
from rich.console import Console

from lossbench.audit.cards.card import Card
from lossbench.audit.request import Request, audit
from lossbench.errors import Failure


def card_of(path: str, claim: str, reasons: str) -> Card:
    request = Request(losses=(path,), claim=claim, fail_on=(reasons,))
    (card,) = audit(request, Console(file=io.StringIO()), Console(file=io.StringIO()))
    return card


@pytest.mark.slow
def test_digits_lost_next_to_zero_are_shown_and_fail_nothing() -> None:
    reasons = "numerics,claim,gradient,coupling,nondeterminism,mutation"
    card = card_of("torch.nn:CrossEntropyLoss", "cross_entropy", reasons)
    assert card.complete
    assert card.numerics is not None
    assert [row.quantity for row in card.numerics.accuracies if not row.passes]


@pytest.mark.slow
@pytest.mark.parametrize("reason", ["numerics", "claim"])
def test_not_being_what_is_claimed_fails_claim_and_numerics(reason: str) -> None:
    with pytest.raises(Failure, match="It does not compute cross_entropy"):
        card_of("torch.nn:MSELoss", "cross_entropy", reason)
