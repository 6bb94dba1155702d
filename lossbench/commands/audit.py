"""`lossbench audit`."""

from pathlib import Path
from typing import Any

import click

from lossbench.commands.flags import with_options, with_plugins

OPTIONS = (
    click.option("--as", "claim", metavar="WORD", help="Hold somebody's loss against this one of ours, to 50 digits."),
    click.option("--given", "-g", multiple=True, metavar="NAME=VALUE", help="A keyword for somebody's loss, as reduction=none."),
    click.option("--takes", type=click.Choice(["raw", "probabilities", "log-probabilities"]), help="What it takes."),
    click.option("--link", type=click.Choice(["identity", "sigmoid", "softmax"]), help="What its raw outputs go through."),
    click.option("--outputs", type=click.Choice(["one", "several"]), help="How many raw outputs an example has."),
    click.option("--classes", type=click.Choice(["first", "last"]), help="Which axis of several outputs counts the classes."),
    click.option("--targets", type=click.Choice(["alike", "index", "signed"]), help="0/1 or one-hot, class indices, or −1/+1."),
    with_plugins,
    click.option("--fail-on", multiple=True, metavar="REASONS", help="Exit with 1 for these: declared, numerics, claim, …"),
    click.option("--check", is_flag=True, help="Report faults only, all or those of --fail-on, and exit with 1 for them."),
    click.option(
        "--format", type=click.Choice(["text", "junit", "sarif", "github"]), default="text", help="Of a check's report."
    ),
    click.option("--baseline", type=click.Path(path_type=Path), metavar="FILE", help="Faults that a check accepts."),
    click.option("--write-baseline", is_flag=True, help="Write what is found now into the baseline."),
    click.option(
        "--output",
        "-o",
        type=click.Path(path_type=Path),
        help="FILE.html (and .json), .md or .json for cards; a check's report.",
    ),
    click.option("--docs", type=click.Path(path_type=Path), metavar="DIR", help="Write our documentation's two pages instead."),
    click.option("--seconds", type=float, default=5.0, show_default=True, help="Limit for a call of somebody's loss."),
    click.option("--fresh", is_flag=True, help="Measure again what was measured before."),
)


@click.command()
@click.argument("losses", nargs=-1, metavar="[WORDS]...")
@with_options(OPTIONS)
def audit(losses: tuple[str, ...], **options: Any) -> None:
    """Make a card of each loss: what it does to learning, measured before anything is trained.

    WORDS are losses (WORD or WORD,OPTION=VALUE) and anybody's functions and torch modules (PACKAGE.MODULE:NAME). Importing
    somebody's module runs its code. Without WORDS all losses are audited.

    \b
    lossbench audit                                          every card, and a chart of all
    lossbench audit focal,gamma=3 cross_entropy -o cards.html
    lossbench audit torch.nn:BCELoss --as cross_entropy      where it breaks
    lossbench audit my_losses:mine --fail-on declared,numerics
    lossbench audit my_losses:mine --check --format sarif -o audit.sarif --baseline audit-baseline.json

    Exit code: 0 where nothing fails, 1 for faults that were to fail, 2 for bad input and for losses that cannot be asked.
    """
    from lossbench.audit.request import answer as audit_answer

    audit_answer(losses, options)
