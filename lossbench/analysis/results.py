"""A study, worked through once: everything that tables, figures and sentences are made from."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from lossbench.analysis.comparison import Comparison, Setting, compare
from lossbench.analysis.curves import Curves, study_curves
from lossbench.analysis.emphasis import emphasised
from lossbench.analysis.family import Family, family_of
from lossbench.analysis.grid_edge import GridEdge, grid_edges
from lossbench.analysis.ranking import Ranking, ranking
from lossbench.analysis.same_rate import SameRate, same_rate
from lossbench.analysis.scoreboard import PairedComparison, Scoreboard, board, matches
from lossbench.analysis.selection import Measure, choosers, further_measures, measure_for, measure_named, select
from lossbench.analysis.sensitivity import Sensitivity, sensitivities
from lossbench.errors import unknown
from lossbench.tables import TEST, TRAIN, Study


@dataclass(frozen=True, kw_only=True)
class Results:
    """`everything` holds a sample for each learning rate, `chosen` one for each loss and setting, of the seeds that judge.

    `tuning` names the seeds that chose and do not judge, by setting; () where there are none. `boards` are by the measure that
    chose the rates, one a setting; `further` are by the study's own metrics, at those rates. `matches` compares in all of them
    the losses of the `family`.
    """

    study: Study
    curves: Curves
    everything: Comparison
    chosen: Comparison
    tuning: Mapping[Setting, tuple[int, ...]]
    measures: Mapping[Setting, Measure | None]
    boards: tuple[Scoreboard, ...]
    further: tuple[Scoreboard, ...]
    family: Family
    matches: tuple[PairedComparison, ...]

    @cached_property
    def sensitivities(self) -> list[Sensitivity]:
        """Final results by learning rate; empty where none was swept."""
        return sensitivities(self.everything, self.chosen, self.curves, self.measures)

    @cached_property
    def same_rate(self) -> SameRate | None:
        """All losses at the one rate at which they differ most; None where none was swept."""
        return same_rate(self.everything, self.curves, self.measures)

    @cached_property
    def edges(self) -> tuple[GridEdge, ...]:
        """The losses that did best at the edge of the rates that were tried."""
        return grid_edges(self.everything, self.curves, self.measures)

    @cached_property
    def all_boards(self) -> tuple[Scoreboard, ...]:
        """The boards setting by setting, in each first that by the measure that chose the rates."""
        own = {board.setting: [other for other in self.further if other.setting == board.setting] for board in self.boards}
        return tuple(each for board in self.boards for each in (board, *own[board.setting]))

    @cached_property
    def ranking(self) -> Ranking | None:
        """Ranks over data sets or settings; None where these or the losses are too few."""
        return ranking(self.boards)

    @cached_property
    def diverged(self) -> int:
        """How many of all runs diverged."""
        return sum(sum(sample.diverged) for sample in self.everything.samples)


def results(study: Study, against: str | None = None, metric: str | None = None) -> Results:
    """Sort, choose, score and compare; `against` names the family of comparisons as `family_of` takes it.

    `metric` chooses rates and ranks in its stead where somebody names one. Raises BadInput, also where no run has it.
    """
    curves = study_curves(study)
    everything = compare(study.runs)
    measures = {setting: measure_for(setting, everything, curves) for setting in everything.settings}
    if metric is not None:
        measures = {setting: measure_named(metric, setting, everything, curves) for setting in everything.settings}
        if not any(measures.values()):
            raise unknown("recorded metric that could rank", metric, sorted(_rankable(curves)))
    chosen = select(everything, curves, measures)
    rated = [(setting, measure) for setting in chosen.settings if (measure := measures.get(setting))]
    boards = tuple(board(setting, chosen, curves, measure) for setting, measure in rated)
    further = tuple(
        board(setting, chosen, curves, measure)
        for setting, first in rated
        for measure in further_measures(setting, chosen, curves, first)
    )
    family = family_of(everything, against)
    apart = emphasised(everything, boards, family.reference)
    everything, chosen = (replace(comparison, emphasised=apart) for comparison in (everything, chosen))
    return Results(
        study=study,
        curves=curves,
        everything=everything,
        chosen=chosen,
        tuning={setting: choosers(everything.within(setting)) if measures[setting] else () for setting in everything.settings},
        measures=measures,
        boards=boards,
        further=further,
        family=family,
        matches=tuple(matches((*boards, *further), family)),
    )


def _rankable(curves: Curves) -> set[str]:
    """The recorded metrics of which one way is better, those of several classes with each."""
    names = [column.removeprefix(side) for side in (TEST, TRAIN) for column in curves.columns if column.startswith(side)]
    return {name for name in names if curves.quantity(name).can_rank}
