"""`lossbench compare`."""

import shlex
import sys
from collections.abc import Sequence
from typing import Any

import click

from lossbench.commands.flags import with_options, with_plugins

NOT_TOLD = 3  # exit code: not enough data for a verdict
OPTIONS = (
    click.option("--data", "-d", required=True, metavar="FILE|WORD", help="A file with a table, or a data set of lossbench's."),
    click.option("--target", "-t", metavar="COLUMN", help="The table's column to predict, or several labels or numbers: a,b."),
    click.option(
        "--metric", metavar="WORD", help="What chooses and judges; of one class f1/churned. By default what suits the task."
    ),
    click.option("--seeds", type=int, default=10, show_default=True, help="How many splits, starts and orders."),
    click.option("--folds", type=int, help="Parts of the data of which each tests once in every seed: repeated k-fold."),
    click.option("--rates", metavar="RATES", help="Learning rates that every loss may choose among: 0.01,0.03,0.1"),
    click.option(
        "--tune",
        multiple=True,
        metavar="KEY=VALUES",
        help="What is chosen as well: optimizer.l2=0,0.001, or loss.gamma=0.5,1,2; losses without it try more rates.",
    ),
    click.option("--validation", type=float, default=0.2, show_default=True, help="Share of the training data that chooses."),
    click.option("--early", is_flag=True, help="Choose the best recorded step as well, by validation data."),
    click.option("--margin", type=float, help="Differences of the metric up to this do not matter."),
    click.option("--study", default="compare", show_default=True, help="The folder results/STUDY."),
    click.option(
        "--set",
        "settings",
        multiple=True,
        metavar="KEY=VALUE",
        help="More settings, as in `run`: --set epochs=20, and of a table: --set dataset.missing=fill",
    ),
    click.option("--latex", is_flag=True, help="Print the tables as LaTeX instead."),
    click.option("--figure", metavar="FILE", help="Write a figure for print as well: a .pdf or an .svg."),
    click.option("--plot", default="standings", show_default=True, metavar="NAME", help="Which: convergence, rates, factors, …"),
    click.option("--columns", type=click.IntRange(1, 2), default=1, show_default=True, help="Columns that it is as wide as."),
    click.option("--name", "names", multiple=True, metavar="LOSS=NAME", help="What a loss is called in print."),
    click.option("--save", metavar="FILE", help="Write the best loss's network, trained on every row, as well."),
    click.option("--no-check", is_flag=True, help="Do not audit somebody's loss first."),
    with_plugins,
)


@click.command()
@click.argument("losses", nargs=-1, required=True, metavar="LOSS LOSS...")
@with_options(OPTIONS)
def compare(losses: tuple[str, ...], **options: Any) -> int:
    """Which loss for my data, and how sure are we? Trains every LOSS with the same budget and judges every pair.

    LOSS is WORD, WORD,OPTION=VALUE or MODULE:NAME, whose module's code is run. Each loss chooses its learning rate by validation
    data; test data, which chose nothing, judge. What is stored is not trained again: the same command goes on.

    \b
    lossbench compare cross_entropy focal,gamma=3 --data churn.csv --target churned --metric average_precision
    lossbench compare ce mse --data digits --seeds 20 --set epochs=10 --set model.hidden=[64]

    Exit code: 0 where every pair has a verdict, 3 where data are not enough for one, 2 for bad input.
    """
    from lossbench.commands.actions.comparison import print_comparison

    command = shlex.join(["lossbench", *_typed(sys.argv[1:])])
    return 0 if print_comparison(losses, options, command) else NOT_TOLD


def _typed(arguments: Sequence[str]) -> list[str]:
    return list(arguments) if arguments[:1] == ["compare"] else ["compare"]
