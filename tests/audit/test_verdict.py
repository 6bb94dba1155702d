"""The sentence that a card begins with."""

from lossbench.audit.cards.card import Card, Verdict
from lossbench.audit.cards.verdict import verdict
from lossbench.audit.rendering.html import as_html
from lossbench.audit.rendering.markdown import as_markdown
from lossbench.audit.subjects.subject import Finding


def test_a_card_begins_with_its_verdict_and_tells_how_it_was_called_before_anything_measured() -> None:
    finding = Finding(reason="claim", sentence="It does not compute cross_entropy.")
    row = Verdict(name="proper", measured="no")
    card = Card(title="theirs:loss", link="", findings=(finding,), called=("It takes raw outputs.",), verdicts=(row,))
    assert verdict(card).startswith("It does not compute cross_entropy. It is not proper.")
    for text in (as_markdown([card]), as_html([card])):
        places = [text.index(part) for part in ("It does not compute", "It takes raw outputs", "Properties")]
        assert places == sorted(places)
