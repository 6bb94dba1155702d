"""The command `lossbench audit`: which cards are made, where they are written, and what counts as a failure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from rich.console import Console

from lossbench.analysis import formatting
from lossbench.atomic import write_whole
from lossbench.audit.cards.card import Card
from lossbench.audit.cards.isolation import isolated_cards
from lossbench.audit.cards.runner import all_loss_names, cards_of_losses
from lossbench.audit.cards.sections import miss_text
from lossbench.audit.rendering.as_json import as_json
from lossbench.audit.rendering.html import as_html
from lossbench.audit.rendering.markdown import as_markdown
from lossbench.audit.rendering.pages import write_pages
from lossbench.audit.rendering.terminal import print_cards
from lossbench.audit.subjects.convention import CallableRequest, CallOptions
from lossbench.audit.subjects.import_path import add_current_folder_to_path
from lossbench.audit.subjects.subject import parsed
from lossbench.errors import BadInput, Failure, unknown
from lossbench.registry import load_plugins

_PAPER = 140  # columns where no terminal says how many there are
REASONS = ("declared", "numerics", "claim", "sign", "link", "gradient", "precision", "nondeterminism", "coupling", "mutation")
FORMATS = {".md": "markdown", ".html": "html", ".json": "json"}
WRITERS = {"markdown": as_markdown, "html": as_html, "json": as_json}


@dataclass(frozen=True, kw_only=True)
class Request:
    """The command line of an audit. `losses` are WORD, WORD,option=value or a path package.module:name."""

    losses: tuple[str, ...] = ()
    claim: str | None = None
    given: tuple[str, ...] = ()
    call_options: CallOptions = field(default_factory=CallOptions)
    plugins: tuple[str, ...] = ()
    fail_on: tuple[str, ...] = ()
    output: Path | None = None
    docs: Path | None = None
    seconds: float = 5.0
    fresh: bool = False


def audit(request: Request, out: Console, notes: Console) -> list[Card]:
    """Make the cards, print them and write them to the files that were asked for.

    Raises BadInput for losses, paths and options that mean nothing, Failure where `fail_on` finds something to fail on.
    """
    reasons = _reasons(request)
    output_format = _format(request.output)
    cards = _cards(request, notes)
    _write(cards, request, output_format, out, notes)
    messages = failures(cards, reasons) if reasons else []
    refused = [f"{card.title}: {card.refused}" for card in cards if card.refused]
    if refused:
        raise BadInput("\n".join(refused))
    if messages:
        raise Failure("\n".join([f"The audit fails on {', '.join(reasons)}:", *messages]))
    return cards


def _cards(request: Request, notes: Console) -> list[Card]:
    """The cards of everything that was asked for, in its order; of all losses where nothing was."""
    given = _options(request)
    add_current_folder_to_path()
    load_plugins(request.plugins)
    cards: list[Card] = []
    losses = request.losses or tuple(all_loss_names())
    for is_path, group in groupby(losses, lambda loss: ":" in loss):
        if not is_path:
            cards += cards_of_losses(list(group), request.plugins, fresh=request.fresh, report=notes.print)
            continue
        for path in group:
            callable_request = CallableRequest(
                path=path, claim=request.claim, given=given, call_options=request.call_options, seconds=request.seconds
            )
            cards += isolated_cards(callable_request, fresh=request.fresh)
    return cards


def _write(cards: Sequence[Card], request: Request, output_format: str, out: Console, notes: Console) -> None:
    if request.output is None and request.docs is None:
        print_cards(cards, out)
    if request.output is not None:
        write_whole(request.output, WRITERS[output_format](cards).encode())
        beside = ""
        if output_format == "html":
            write_whole(request.output.with_suffix(".json"), as_json(cards).encode())
            beside = f", and their numbers in {request.output.with_suffix('.json')}"
        notes.print(f"{formatting.counted(len(cards), 'card')} in {request.output}{beside}.", soft_wrap=True)
    if request.docs is not None:
        notes.print("Measuring other libraries' losses.")
        for path in write_pages(request.docs, cards):
            notes.print(f"Wrote {path}.", soft_wrap=True)


def failures(cards: Sequence[Card], reasons: Sequence[str]) -> list[str]:
    """A sentence for every fault that one of the reasons covers.

    Numerics fail where an error is felt in training (`HARM`) or where the loss is not the claimed one, not for rounding.
    """
    messages = []
    for card in cards:
        if "declared" in reasons:
            messages += [
                f"{card.name}: {verdict.name} is declared {verdict.declared} and measured {verdict.measured}."
                for verdict in card.disagreements
            ]
        if "numerics" in reasons and card.numerics is not None:
            messages += [
                f"{card.name}: {row.quantity} in {row.dtype} is {miss_text(row.harm)}."
                for row in card.numerics.accuracies
                if row.harm is not None
            ]
        if "gradient" in reasons and card.slopes is not None and not card.slopes.right:
            messages.append(f"{card.name}: its gradient is not the derivative of its value.")
        wanted = {*reasons, "sign", *(("claim",) if "numerics" in reasons else ())}  # a loss that rewards mistakes passes nothing
        messages += [f"{card.name}: {finding.sentence}" for finding in card.findings if finding.reason in wanted]
        if not card.complete and not any(finding.reason == "sign" for finding in card.findings):
            messages.append(f"{card.name}: not everything could be measured.")
    return messages


def _reasons(request: Request) -> list[str]:
    reasons = [reason.strip() for text in request.fail_on for reason in text.split(",")]
    for reason in reasons:
        if reason not in REASONS:
            raise unknown("reason to fail", reason, REASONS)
    return reasons


def _options(request: Request) -> dict[str, Any]:
    pairs = [text.partition("=") for text in request.given]
    for name, equals, value in pairs:
        if not equals or not name:
            raise BadInput(f"--given {name}{equals}{value}: an option is written name=value, such as --given reduction=none.")
    return {name: parsed(value) for name, _, value in pairs}


def _format(output: Path | None) -> str:
    if output is None:
        return "terminal"
    if output.suffix not in FORMATS:
        possible = formatting.listed(list(FORMATS), "or")
        raise BadInput(
            f"--output {output}: cards are written as {possible}, and {output.suffix or 'no ending'!r} is none of them."
        )
    return FORMATS[output.suffix]


def answer(losses: Sequence[str], options: Mapping[str, Any]) -> None:
    """Do what the command line asks for: cards to standard output, what happens meanwhile to standard error."""
    call_options = CallOptions(**{name: options[name] for name in ("takes", "link", "outputs", "classes", "targets")})
    request = Request(
        losses=tuple(losses),
        claim=options["claim"],
        given=options["given"],
        call_options=call_options,
        plugins=options["plugins"],
        fail_on=options["fail_on"],
        output=options["output"],
        docs=options["docs"],
        seconds=options["seconds"],
        fresh=options["fresh"],
    )
    out = Console()
    audit(request, out if out.is_terminal else Console(width=_PAPER), Console(stderr=True))
