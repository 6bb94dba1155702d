"""A comparison that was trained: its verdict, tables and pages, for a notebook, a paper and a terminal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from html import escape
from pathlib import Path

import pandas as pd

from lossbench.analysis.curves import Curves, study_curves
from lossbench.analysis.labels import SEED
from lossbench.atomic import write_whole
from lossbench.comparison.best import fitted_model, threshold_sentence
from lossbench.comparison.choice import SETTING, complete_seeds, contestants
from lossbench.comparison.figures import CONVERGENCE, RATES, STANDINGS, draw_named, print_named
from lossbench.comparison.fitted import FittedModel
from lossbench.comparison.outcome import Outcome
from lossbench.comparison.rendering import html, latex, markdown, summary, terminal
from lossbench.comparison.request import RELATIVE_MARGIN, SHARE_MARGIN, ComparisonRequest
from lossbench.comparison.tuning import Setting
from lossbench.errors import BadInput, counted
from lossbench.planning.spec import RunSpec
from lossbench.plots.picture import Picture
from lossbench.plots.print_figure import PrintColumns
from lossbench.report.invocations import provenance
from lossbench.report.print_figure import PrintRequest
from lossbench.report.stored_study import StoredStudy
from lossbench.tables import RUN, Study, read_study

PAGE, TEXT = "comparison.html", "comparison.md"


@dataclass(frozen=True, kw_only=True, repr=False)
class ComparedStudy:
    """The losses of a request, trained into a folder.

    `runs_of` has the run ids of each by its label, `settings` what is tuned beside the rate by run, `specs` are all runs, and
    `command` repeats the comparison.
    """

    folder: Path
    request: ComparisonRequest
    runs_of: dict[str, list[str]]
    command: str
    settings: Mapping[str, Setting] = field(default_factory=dict)
    specs: tuple[RunSpec, ...] = ()

    @cached_property
    def outcome(self) -> Outcome:
        """Standings and verdicts. Raises BadInput where nothing is stored yet."""
        stored, missing = self._judged, self._runs_left
        metric, quantity = self.request.metric, self.request.quantity
        made = contestants(stored, self._curves, metric, quantity.better or "higher", early=self.request.early)
        first = Outcome(contestants=made, metric=metric, quantity=quantity, margin=1.0, early=self.request.early)
        seeds = len(made[0].tests)
        stopped = _stopped(missing, seeds) if missing else ""
        return replace(first, margin=self._margin(first), stopped=stopped, rates=tuple(map(float, self.request.rates)))

    @cached_property
    def _advised(self) -> Outcome:
        """The outcome with the threshold of the best loss, for which a few of its runs are trained again."""
        specs = {run.id: run for run in self.specs}
        sentence = threshold_sentence(self.outcome.best, specs, self.request.metric) if specs else ""
        return replace(self.outcome, threshold=sentence)

    @property
    def recommendation(self) -> str:
        """What to use: loss, rate, and the threshold between two classes."""
        return self._advised.recommendation()

    @cached_property
    def best(self) -> FittedModel:
        """The loss that is placed first, trained again at the rate that most seeds chose, on every row of the table.

        Two classes are told apart by a threshold that validation data chose. Raises BadInput where the data are no table.
        """
        return fitted_model(self.outcome.best, {run.id: run for run in self.specs}, self.request.metric)

    @property
    def scoreboard(self) -> pd.DataFrame:
        """A row a loss, best first."""
        return self.outcome.scoreboard()

    @property
    def differences(self) -> pd.DataFrame:
        """A row a pair of losses, with its verdict."""
        return self.outcome.differences()

    @property
    def runs(self) -> pd.DataFrame:
        """A row a run of the study, whichever rate it had."""
        return StoredStudy(self.folder).runs

    @property
    def curves(self) -> pd.DataFrame:
        """A row a recorded step of every run."""
        return StoredStudy(self.folder).records

    @property
    def verdict(self) -> str:
        """The verdict in a few sentences."""
        return " ".join(self.outcome.sentences())

    def plot(self, name: str = STANDINGS) -> Picture:
        """A figure: standings, convergence, rates, factors, gradients or saturation.

        Standings are the losses with their intervals and differences; curves are those of the runs that were chosen. Raises
        BadInput for another name, and where what a figure shows was not recorded.
        """
        return draw_named(name, self.outcome, self._judged, self._curves)

    @property
    def _pictures(self) -> list[Picture]:
        """The figures that a page shows."""
        names = [STANDINGS, CONVERGENCE, *([RATES] if len(self.request.rates) > 1 else [])]
        return [self.plot(name) for name in names]

    def report(self, path: str | Path | None = None) -> Path:
        """Write the page, and the same as Markdown beside it; returns the page's path."""
        page = Path(path) if path else self.folder / PAGE
        write_whole(page, html(self._advised, self.request, self.command, self._pictures))
        write_whole(page.with_suffix(".md"), markdown(self._advised, self.request, self.command).encode())
        return page

    def to_latex(self, names: Mapping[str, str] | None = None) -> str:
        """The scoreboard and the differences as LaTeX tables (booktabs); verdict, command and provenance are comments.

        `names` are what losses are called in print, by what they are called here.
        """
        return latex(self.outcome.renamed(names or {}), self.request, (self.command, self.provenance))

    def save_figure(
        self, path: str | Path, columns: PrintColumns = 1, names: Mapping[str, str] | None = None, plot: str = STANDINGS
    ) -> Path:
        """Write a figure for print, as PDF or SVG by the path's ending: as wide as one column or two, without a title.

        Text stays text, and command and provenance stand in the file's metadata. `names` as for to_latex, `plot` as for plot.
        Raises BadInput for another ending, number of columns or figure.
        """
        request = PrintRequest(path=Path(path), columns=columns, names=names or {})
        outcome = self.outcome.renamed(names or {})
        facts = {"Title": self.plot(plot).title, "Subject": self.command, "Keywords": self.provenance}
        runs_of = {(names or {}).get(label, label): runs for label, runs in self._judged.items()}
        return request.write(*print_named(plot, outcome, (runs_of, self._curves), columns, facts))

    @cached_property
    def provenance(self) -> str:
        """On what the runs were trained: versions, commit, device and data, in a line."""
        return provenance(self.folder, self.runs)

    def text(self) -> str:
        """The verdict and the tables for a terminal."""
        return terminal(self._advised)

    def __repr__(self) -> str:
        """What a Python session shows: verdict and scoreboard; a sentence where nothing is stored yet."""
        try:
            return summary(self.outcome)
        except BadInput as error:
            return str(error)

    def _repr_html_(self) -> str:
        """What a notebook shows: verdict, scoreboard, the first figures."""
        figures = [self.plot(name).svg.decode().partition("<svg")[2] for name in (STANDINGS, CONVERGENCE)]
        shown = "".join(f"<div><svg{figure}</div>" for figure in figures)
        return f"<p><b>{escape(self.verdict)}</b></p>{self.scoreboard.to_html(index=False)}{shown}"

    @cached_property
    def _study(self) -> Study:
        return read_study(self.folder)

    @cached_property
    def _curves(self) -> Curves:
        return study_curves(self._study)

    @cached_property
    def _stored(self) -> dict[str, pd.DataFrame]:
        """The runs of each loss that are stored."""
        return {label: self._of(self._study.runs, ids) for label, ids in self.runs_of.items()}

    @cached_property
    def _judged(self) -> dict[str, pd.DataFrame]:
        """Those of the seeds of which all is stored. Raises BadInput where there is none."""
        each = {label: len(ids) // self.request.seeds for label, ids in self.runs_of.items()}
        seeds = complete_seeds(self._stored, each)
        if not seeds:
            raise BadInput(
                f"{self.folder} has no seed of which every run is stored so far. The same command goes on: {self.command}"
            )
        return {label: runs[runs[SEED].isin(seeds)] for label, runs in self._stored.items()}

    def _of(self, runs: pd.DataFrame, ids: Sequence[str]) -> pd.DataFrame:
        """Those of the runs that are stored, in the order in which they were planned, with what is tuned beside the rate."""
        order = {run_id: index for index, run_id in enumerate(ids)}
        own = runs[runs[RUN].isin(order)].sort_values(RUN, key=lambda column: column.map(order))
        settings = [self.settings.get(run_id, ()) for run_id in own[RUN]]
        return own.assign(**{SETTING: pd.Series(settings, index=own.index, dtype=object)})

    @property
    def _runs_left(self) -> int:
        return sum(map(len, self.runs_of.values())) - sum(map(len, self._stored.values()))

    def _margin(self, outcome: Outcome) -> float:
        """What was asked for; else a percentage point of shares, and a part of the best loss's value of other metrics."""
        if self.request.margin is not None:
            return self.request.margin
        if self.request.quantity.share:
            return SHARE_MARGIN
        return max(RELATIVE_MARGIN * abs(outcome.estimates[outcome.best.label].centre), 1e-12)


def _stopped(missing: int, seeds: int) -> str:
    """That runs are missing, and how many seeds are judged, in a sentence."""
    return (
        f"Interrupted: {counted(missing, 'run')} {'is' if missing == 1 else 'are'} not trained yet, and "
        f"{counted(seeds, 'seed')} {'is' if seeds == 1 else 'are'} judged."
    )
