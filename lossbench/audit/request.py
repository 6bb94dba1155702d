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
from lossbench.audit.check.baseline import read_baseline, write_baseline
from lossbench.audit.check.faults import ASKED_FOR, faults
from lossbench.audit.check.github import as_github
from lossbench.audit.check.junit import as_junit
from lossbench.audit.check.outcome import as_text, checked
from lossbench.audit.check.sarif import as_sarif
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
FORMATS = {".md": "markdown", ".html": "html", ".json": "json"}
WRITERS = {"markdown": as_markdown, "html": as_html, "json": as_json}
REPORTS = {"text": as_text, "junit": as_junit, "sarif": as_sarif, "github": as_github}


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
    check: bool = False
    format: str = "text"
    baseline: Path | None = None
    write_baseline: bool = False

    def __post_init__(self) -> None:
        if not self.check and (self.format != "text" or self.baseline or self.write_baseline):
            raise BadInput("--format, --baseline and --write-baseline say how a check reports; give --check, too.")
        if self.check and self.docs:
            raise BadInput("--check reports faults and --docs writes pages; give one of them.")
        if self.write_baseline and self.baseline is None:
            raise BadInput("--write-baseline wants --baseline FILE, the file to write.")


def audit(request: Request, out: Console, notes: Console) -> list[Card]:
    """Make the cards, print them and write them to the files that were asked for.

    Raises BadInput for losses, paths and options that mean nothing, Failure where `fail_on` finds something to fail on.
    """
    reasons = _reasons(request)
    if request.check:
        cards = _cards(request, notes)
        _check(cards, tuple(reasons) or ASKED_FOR, request, out)
        return cards
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
    """A sentence for every fault that one of the reasons covers, as `faults` finds them."""
    return [str(fault) for fault in faults(cards, reasons)]


def _check(cards: list[Card], reasons: tuple[str, ...], request: Request, out: Console) -> None:
    """Report the faults in the format that was asked for. Raises Failure for faults that the baseline does not accept."""
    outcome = checked(cards, reasons, frozenset() if request.write_baseline else read_baseline(request.baseline))
    if request.write_baseline and request.baseline:
        write_baseline(request.baseline, outcome.found_faults)
        outcome = checked(cards, reasons, read_baseline(request.baseline))
    report = REPORTS[request.format](outcome)
    if request.output is None:
        out.file.write(report)
    else:
        write_whole(request.output, report.encode())
    if outcome.refused:
        raise BadInput("\n".join(f"{card.title}: {card.refused}" for card in outcome.refused))
    if outcome.new:
        raise Failure(f"The check fails: {outcome.sentence()}")


def _reasons(request: Request) -> list[str]:
    reasons = [reason.strip() for text in request.fail_on for reason in text.split(",")]
    for reason in reasons:
        if reason not in ASKED_FOR:
            raise unknown("reason to fail", reason, ASKED_FOR)
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
        check=options["check"],
        format=options["format"],
        baseline=options["baseline"],
        write_baseline=options["write_baseline"],
    )
    out = Console()
    audit(request, out if out.is_terminal else Console(width=_PAPER), Console(stderr=True))
