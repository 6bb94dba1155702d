"""A check as JUnit's XML, which CI servers show as tests: a suite a card, a case a reason."""

from xml.etree.ElementTree import Element, SubElement, indent, tostring

from lossbench.audit.cards.card import Card
from lossbench.audit.check.faults import REASONS, Fault
from lossbench.audit.check.outcome import Outcome
from lossbench.errors import printable


def as_junit(outcome: Outcome) -> str:
    """A case for each card and reason: passed, failed, or skipped where the baseline accepts all of its faults."""
    root = Element("testsuites", name="lossbench audit")
    for card in outcome.cards:
        suite = SubElement(root, "testsuite", name=printable(card.name))
        looked_for = [reason for reason in REASONS if reason in (*outcome.reasons, "incomplete", "sign")]
        for reason in ["refused"] if card.refused else looked_for:
            _add_case(suite, card, reason, outcome)
        _count(suite)
    _count(root)
    indent(root)
    return tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _add_case(suite: Element, card: Card, reason: str, outcome: Outcome) -> None:
    case = SubElement(suite, "testcase", classname=printable(card.name), name=reason, time="0")
    own = [fault for fault in outcome.found_faults if (fault.loss, fault.reason) == (card.name, reason)]
    new = [fault for fault in own if fault in outcome.new]
    if card.refused:
        SubElement(case, "error", message=printable(card.refused), type=reason)
    elif new:
        SubElement(case, "failure", message=_joined(new), type=reason).text = REASONS[reason]
    elif own:
        SubElement(case, "skipped", message=f"accepted by the baseline: {_joined(own)}")


def _joined(faults: list[Fault]) -> str:
    return printable(" ".join(fault.sentence for fault in faults))


def _count(element: Element) -> None:
    """Write how many cases lie within, and how they ended."""
    counts = {"tests": "testcase", "failures": "failure", "errors": "error", "skipped": "skipped"}
    for name, tag in counts.items():
        element.set(name, str(sum(1 for _ in element.iter(tag))))
