"""A check as lines that GitHub's runners show as annotations.

Source: GitHub Docs, Workflow commands for GitHub Actions, "Setting an error message".
"""

from lossbench.audit.check.location import location_of
from lossbench.audit.check.outcome import Outcome
from lossbench.errors import printable


def as_github(outcome: Outcome) -> str:
    """A line ::error for each new fault and each loss that was refused, at the loss's file and line where these are known."""
    titles = {card.name: card.title for card in outcome.cards}
    lines = [_line(titles[fault.loss], f"{fault.loss}: {fault.reason}", str(fault)) for fault in outcome.new]
    lines += [_line(card.title, f"{card.title}: refused", card.refused) for card in outcome.refused]
    return "\n".join([*lines, f"::notice title=lossbench audit::{_data(outcome.sentence())}"]) + "\n"


def _line(title: str, heading: str, message: str) -> str:
    location = location_of(title)
    where = f"file={_property(location.path)},line={location.line}," if location else ""
    return f"::error {where}title={_property(heading)}::{_data(message)}"


def _data(text: str) -> str:
    """A message, with what would end the line, or begin an escape, escaped."""
    return printable(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
