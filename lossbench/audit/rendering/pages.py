"""Two pages of the documentation, written from measurements: which loss, and who breaks where."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from lossbench.atomic import write_whole
from lossbench.audit.cards.advice import Recommendation, escape_time, recommendations
from lossbench.audit.cards.card import Card
from lossbench.audit.cards.literature import agrees, measured_text, statements
from lossbench.audit.cards.sections import Section, error_text, miss_text, overview
from lossbench.audit.cards.third_party import ThirdPartyLoss, third_party_losses, versions
from lossbench.audit.measurements.numerics import BARS, Accuracy
from lossbench.audit.rendering.html import escape_chart
from lossbench.audit.rendering.markdown import escaped, table_lines

_COLUMNS = ("worst", "first above the bar", "against 1")


def write_pages(folder: Path, cards: Sequence[Card]) -> list[Path]:
    """Write which_loss.md with its chart, and who_breaks_where.md, into a folder; return the files' paths."""
    files = {
        folder / "which_loss.md": which_loss(cards),
        folder / "who_breaks_where.md": who_breaks_where(list(third_party_losses())),
    }
    for path, text in files.items():
        write_whole(path, text.encode())
    chart = escape_chart(cards)
    if chart is not None:
        files[folder / "escape.svg"] = chart.title
        write_whole(folder / "escape.svg", chart.svg)
    return list(files)


def which_loss(cards: Sequence[Card]) -> str:
    """The page that says which loss for which purpose, from the cards of all."""
    by_name = {card.name: card for card in cards}
    entropy, square = by_name.get("cross_entropy · sigmoid"), by_name.get("half_squared_error · sigmoid")
    race = None
    if entropy is not None and square is not None:
        race = {"entropy": f"{escape_time(entropy, 10.0):.2f}", "square": f"{escape_time(square, 10.0):,.0f}"}
    page = _environment().get_template("which_loss.md.jinja")
    return page.render(
        cards=cards,
        recommendations=[
            Recommendation(purpose=item.purpose, sentences=tuple(map(escaped, item.sentences))) for item in recommendations(cards)
        ],
        race=race,
        overview="\n".join(table_lines(overview(cards))),
        checked="\n".join(table_lines(_checked(cards))),
        differences=[
            escaped(f"{card.name}: {verdict.name} is declared {verdict.declared} and measured {verdict.measured}.")
            for card in cards
            for verdict in card.disagreements
        ],
    )


def who_breaks_where(measured: Sequence[ThirdPartyLoss]) -> str:
    """The page that tells where other libraries' losses are wrong."""
    return (
        _environment()
        .get_template("who_breaks_where.md.jinja")
        .render(
            bars={dtype: f"{bar:.0e}".replace("e-0", "e-") for dtype, bar in BARS.items()},
            versions="; ".join(versions()),
            harms=_harms(measured),
            troubles=[
                escaped(f"{implementation.path}: {implementation.trouble}")
                for implementation in measured
                if implementation.trouble
            ],
            tables={dtype: "\n".join(table_lines(_breaks(measured, dtype))) for dtype in BARS},
        )
    )


def _checked(cards: Sequence[Card]) -> Section:
    known = {(card.title, card.link): card for card in cards}
    rows = []
    for statement in statements():
        card = known.get((statement.loss, statement.link))
        answer = measured_text(card, statement.quantity) if card is not None else ""
        verdict = answer if agrees(answer, statement.says) else f"{answer} (DIFFERS)"
        rows.append((f"{statement.loss} · {statement.link}", statement.quantity, statement.says, verdict, statement.source))
    return Section(title="", head=("loss", "quantity", "the literature", "the card", "source"), rows=tuple(rows))


def _breaks(measured: Sequence[ThirdPartyLoss], dtype: str) -> Section:
    rows = []
    for implementation in (implementation for implementation in measured if not implementation.trouble):
        accuracies = [implementation.row(quantity, dtype) for quantity in ("value", "gradient")]
        cells = [cell for row in accuracies for cell in _cells(row)]
        rows.append((implementation.path, implementation.given, implementation.claim, *cells))
    head = ("loss", "on", "held against", *(f"{what}, {name}" for what in ("value", "gradient") for name in _COLUMNS))
    return Section(title="", head=head, rows=tuple(rows))


def _cells(row: Accuracy | None) -> tuple[str, str, str]:
    """Worst relative error, where it is first above the bar, and the worst against 1."""
    if row is None:
        return ("–", "has none to give", "–")
    where = f"z = {', '.join(f'{item:.6g}' for item in row.first.z)}".replace("-", "−") if row.first else "nowhere"
    return (error_text(row.worst), where, error_text(row.off))


def _harms(measured: Sequence[ThirdPartyLoss]) -> list[str]:
    """A line for every quantity that goes wrong so far that training feels it."""
    lines = []
    for implementation in measured:
        for row in implementation.numbers.accuracies:
            if row.harm is not None:
                where = f"{implementation.path} on {implementation.given}, {row.quantity} in {row.dtype}"
                lines.append(escaped(f"{where}: {miss_text(row.harm)}"))
    return lines


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("lossbench.audit.rendering"),
        autoescape=False,  # noqa: S701 Markdown is escaped where it is made
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
