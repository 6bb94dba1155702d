"""Cards as Markdown."""

from collections.abc import Iterator, Sequence

from lossbench.audit.cards.card import Card
from lossbench.audit.cards.sections import Section, overview, sections
from lossbench.audit.cards.verdict import verdict


def as_markdown(cards: Sequence[Card]) -> str:
    """Every card under its name; for several also one table of all."""
    lines: list[str] = []
    for card in cards:
        lines += [f"# {card.name}", "", *([escaped(card.about), ""] if card.about else []), f"**{escaped(verdict(card))}**", ""]
        for section in sections(card):
            lines += as_lines(section)
    if len(cards) > 1:
        lines += as_lines(overview(cards), level=1)
    return "\n".join(lines)


def as_lines(section: Section, level: int = 2) -> Iterator[str]:
    """A section as lines: heading, sentences, table. What is loud is bold."""
    yield from (f"{'#' * level} {section.title}", "")
    for sentence in section.sentences:
        yield from (f"**{escaped(sentence)}**" if sentence.startswith("DECLARED") else escaped(sentence), "")
    yield from table_lines(section)


def table_lines(section: Section) -> Iterator[str]:
    """The table of a section, and an empty line after it; nothing where it has none."""
    if not section.rows:
        return
    yield _row([escaped(name) for name in section.head])
    yield _row(["---", *["--:" if _numeric(section, column) else "---" for column in range(1, len(section.head))]])
    for index, row in enumerate(section.rows):
        yield _row([f"**{cell}**" if index in section.highlighted else cell for cell in map(escaped, row)])
    yield ""


def escaped(text: str) -> str:
    """Text that stands for itself within a table."""
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("_", "\\_").replace("*", "\\*").replace("<", "&lt;")


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _numeric(section: Section, column: int) -> bool:
    return all(row[column][:1] in "0123456789−–∞" for row in section.rows)
