"""A stored study's scores by learning rate as a figure for print."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from lossbench.analysis.comparison import Comparison, Contender
from lossbench.analysis.results import results
from lossbench.atomic import write_whole
from lossbench.errors import BadInput, unknown
from lossbench.plots.print_figure import PrintColumns
from lossbench.plots.print_rates import draw_rates_for_print
from lossbench.plots.rates import TITLE
from lossbench.report.invocations import provenance
from lossbench.report.joined_studies import joined
from lossbench.tables import read_study

ENDINGS = (".pdf", ".svg")


@dataclass(frozen=True, kw_only=True)
class PrintRequest:
    """A file to be written, as wide as one column or two, and what losses are called in it, by what they are called elsewhere."""

    path: Path
    columns: PrintColumns = 1
    names: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.path.suffix not in ENDINGS or self.columns not in (1, 2):
            raise BadInput(
                f"{self.path}, {self.columns} wide: a figure for print is a .pdf or an .svg, as wide as 1 column or 2."
            )

    def write(self, pdf: bytes, svg: bytes) -> Path:
        """Write one of the two, by the path's ending."""
        write_whole(self.path, pdf if self.path.suffix == ".pdf" else svg)
        return self.path


def write_rates(folders: Sequence[Path], request: PrintRequest, metric: str | None, command: str) -> Path:
    """Write the final results by learning rate of the studies in one folder or more, a panel a setting; returns the path.

    `metric` ranks as in `write_report`, and `command` stands in the file's metadata beside the provenance. Raises BadInput where
    there are not two learning rates, or no such loss or metric.
    """
    studies = [read_study(folder) for folder in folders]
    outcome = results(studies[0] if len(studies) == 1 else joined(studies), None, metric)
    called = _names(outcome.everything, request.names)
    renamed = replace(outcome, everything=_renamed(outcome.everything, called), chosen=_renamed(outcome.chosen, called))
    if not renamed.sensitivities:
        raise BadInput("The figure of scores by learning rate wants a study with two learning rates or more, and a metric.")
    facts = {
        "Title": TITLE,
        "Subject": command,
        "Keywords": "; ".join(provenance(study.folder, study.runs) for study in studies),
    }
    return request.write(*draw_rates_for_print(renamed.sensitivities, renamed.everything, request.columns, facts))


def _names(comparison: Comparison, names: Mapping[str, str]) -> dict[Contender, Contender]:
    """Each loss under the name that it is to have, which is given by its label or its word. Raises BadInput for none of these."""
    known = {one.label: one for one in comparison.contenders}
    lone = Counter(one.word for one in comparison.contenders)
    known |= {one.word: one for one in comparison.contenders if lone[one.word] == 1}
    for given in names:
        if given not in known:
            raise unknown("loss of the study", given, known)
    called = {known[given]: name for given, name in names.items()}
    return {one: replace(one, label=called.get(one, one.label)) for one in comparison.contenders}


def _renamed(comparison: Comparison, called: Mapping[Contender, Contender]) -> Comparison:
    return replace(
        comparison,
        contenders=tuple(called[one] for one in comparison.contenders),
        emphasised=tuple(called[one] for one in comparison.emphasised),
        samples=tuple(replace(sample, contender=called[sample.contender]) for sample in comparison.samples),
    )
