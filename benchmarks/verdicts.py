"""`python -m benchmarks.verdicts --count 1000`: how often verdicts err, find what was planted, and keep what they announce.

One loss is trained on a small table, in many seeds, each with its own split, start and order, the learning rate chosen by
validation data. What test data say of a seed is a score; a comparison draws scores, with replacement, for every loss in it, and a
planted difference is added to those of one. So the scores are those of trained networks, and the truth is known: without a plant
all losses are the same one, under other names and with other seeds, which is harder than the same seeds, where they would tie.
"""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np

from lossbench import datasets, losses
from lossbench.analysis.curves import study_curves
from lossbench.comparison.choice import Chosen, Contestant, contestants
from lossbench.comparison.compare import Given, prepared
from lossbench.comparison.outcome import Outcome
from lossbench.execution.executor import run_plan
from lossbench.interfaces import Array
from lossbench.tables import RUN, Quantity, read_study

RATES = (0.1, 0.3, 1.0)
QUANTITY = Quantity(title="accuracy", better="higher", share=True)
MARGIN = 0.01  # a percentage point, as of every share
PLANTS = (0.0, 0.005, 0.01, 0.02, 0.04)  # by how much the second loss is better
SEEDS = (3, 5, 10, 20)
NULLS = ((2, 3), (2, 5), (2, 10), (2, 20), (2, 300), (5, 3), (5, 10))  # losses and seeds
COARSE = ((2, 3), (2, 6), (2, 10), (5, 3), (5, 5))
FEW_ROWS = 20  # of test data, of which each loss has 95 % right: scores on a grid of 5 points
RIGHT = 0.95
LONGEST = 20_000  # further seeds that are drawn, at most, to see whether those that were announced are enough


@dataclass(frozen=True, kw_only=True)
class Tally:
    """Comparisons of a kind: how many said that some loss is better, that all are the same, and nothing; and announcements kept.

    `wrong` are those in which a loss is called better that is not, `median` is of the numbers that were announced.
    """

    losses: int
    seeds: int
    plant: float
    better: float
    wrong: float
    same: float
    undecided: float
    kept: float
    announced: int
    median: float


def pool(seeds: int) -> Array:
    """Test accuracies (seeds,) of cross entropy on a small table, at rates that validation data chose."""
    stream = np.random.default_rng(0)
    x = stream.normal(size=(400, 6))
    y = (x[:, 0] + 0.5 * x[:, 1] * x[:, 2] + 0.7 * stream.normal(size=400) > 0).astype(int)
    given = Given(losses=["cross_entropy", losses.Focal(gamma=0.0)], data=datasets.from_arrays(x, y), metric="accuracy")
    settings = {"epochs": 8, "model": {"hidden": (8,)}}
    made = prepared(given, seeds=seeds, rates=RATES, settings=settings)
    with tempfile.TemporaryDirectory() as folder:
        study = read_study(run_plan(made.plan, Path(folder), made.overrides, made.config).folder)
        first = made.runs_of["cross_entropy"]
        (one,) = contestants(
            {"cross_entropy": study.runs[study.runs[RUN].isin(first)]}, study_curves(study), "accuracy", "higher", early=False
        )
    return np.array([choice.test for choice in one.chosen])


def comparison(draw: Callable[[int], Array], count: int, seeds: int, plant: float) -> tuple[Outcome, list[Array]]:
    """A comparison of so many losses over so many seeds, of which the last is better by a plant; and the scores of each."""
    scores = [draw(seeds) + (plant if n == count - 1 else 0.0) for n in range(count)]
    return judged(scores), scores


def judged(scores: list[Array]) -> Outcome:
    """The verdicts on losses with scores (seeds,), of which higher is better."""
    made = tuple(Contestant(label=f"loss {n}", chosen=tuple(_chosen(own)), rates=RATES) for n, own in enumerate(scores))
    return Outcome(contestants=made, metric="accuracy", quantity=QUANTITY, margin=MARGIN, early=False)


def _chosen(scores: Array) -> Iterator[Chosen]:
    for seed, score in enumerate(scores):
        yield Chosen(seed=seed, run="", rate=RATES[1], step=1, validation=0, test=float(score), last=float(score), diverged=False)


def null(draw: Callable[[int], Array], count: int, seeds: int, repetitions: int) -> tuple[float, float, float]:
    """How often some loss is called better, all are the same, and not every pair is told, where all losses are the same."""
    verdicts = [{pair.verdict.outcome for pair in comparison(draw, count, seeds, 0.0)[0].pairs} for _ in range(repetitions)]
    better = sum(bool(own & {"better", "worse"}) for own in verdicts)
    same = sum(own == {"practically the same"} for own in verdicts)
    undecided = sum("not enough data" in own for own in verdicts)
    return better / repetitions, same / repetitions, undecided / repetitions


def tally(draw: Callable[[int], Array], count: int, seeds: int, plant: float, repetitions: int) -> Tally:
    """What so many comparisons say."""
    better = wrong = same = undecided = kept = 0
    announcements: list[float] = []
    for _ in range(repetitions):
        outcome, scores = comparison(draw, count, seeds, plant)
        told = [pair for pair in outcome.pairs if pair.verdict.outcome in ("better", "worse")]
        winners = {pair.first if pair.verdict.outcome == "better" else pair.second for pair in told}
        better += bool(told)
        wrong += bool(winners - ({f"loss {count - 1}"} if plant else set()))
        same += all(pair.verdict.outcome == "practically the same" for pair in outcome.pairs)
        undecided += not outcome.decided
        more = [pair.verdict.more or 0.0 for pair in outcome.pairs if not pair.verdict.decided]
        if count == 2 and more and max(more) <= LONGEST:
            announcements.append(max(more))
            further = [draw(int(max(more))) + (plant if n == count - 1 else 0.0) for n in range(count)]
            kept += judged([np.concatenate(both) for both in zip(scores, further, strict=True)]).decided
    return Tally(
        losses=count,
        seeds=seeds,
        plant=plant,
        better=better / repetitions,
        wrong=wrong / repetitions,
        same=same / repetitions,
        undecided=undecided / repetitions,
        kept=kept / len(announcements) if announcements else np.nan,
        announced=len(announcements),
        median=float(np.median(announcements)) if announcements else np.nan,
    )


@click.command()
@click.option("--count", default=1000, show_default=True, help="Four times the comparisons of each kind with a plant.")
@click.option("--seed", default=0, show_default=True, help="Which scores are drawn.")
@click.option("--nulls", default=20_000, show_default=True, help="Comparisons of each kind in which all losses are the same.")
@click.option("--pool", "size", default=150, show_default=True, help="Seeds that are trained.")
def main(count: int, nulls: int, seed: int, size: int) -> None:
    """Train the pool, judge so many comparisons of each kind, and print two tables in Markdown."""
    scores = pool(size)
    stream = np.random.default_rng(seed)

    def draw(seeds: int) -> Array:
        drawn: Array = stream.choice(scores, seeds)
        return drawn

    click.echo(f"{size} trained seeds; accuracy {100 * scores.mean():.1f} %, deviation {100 * scores.std(ddof=1):.2f} points.\n")

    def coarse(seeds: int) -> Array:
        drawn: Array = stream.binomial(FEW_ROWS, RIGHT, seeds) / FEW_ROWS
        return drawn

    click.echo(
        "| scores, all losses the same | losses | seeds | some called better | all practically the same | not enough data |"
    )
    click.echo("| --- | ---: | ---: | ---: | ---: | ---: |")
    for name, own, kinds in (("trained", draw, NULLS), (f"{FEW_ROWS} test rows", coarse, COARSE)):
        for losses_count, seeds in kinds:
            better, same, undecided = null(own, losses_count, seeds, nulls)
            click.echo(f"| {name} | {losses_count} | {seeds} | {better:.2%} | {same:.1%} | {undecided:.1%} |")
    click.echo("\n| planted, points | seeds | found | wrong | announcements | median N | N was enough |")
    click.echo("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for plant in PLANTS:
        for seeds in SEEDS:
            row = tally(draw, 2, seeds, plant, count // 4)
            enough = "" if np.isnan(row.kept) else f"{row.kept:.1%}"
            found = f"{row.better:.1%} | {row.wrong:.1%} | {row.announced} | {row.median:.0f}"
            click.echo(f"| {100 * plant:g} | {seeds} | {found} | {enough} |")


if __name__ == "__main__":
    main()
