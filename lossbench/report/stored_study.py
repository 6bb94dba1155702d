"""A stored study as a value for Python: its runs and records as tables, and its report. Opened without torch."""

from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path

import pandas as pd

from lossbench.analysis import formatting
from lossbench.errors import BadInput
from lossbench.report.study_report import write_report
from lossbench.tables import Study, read_manifest, read_study


@dataclass(frozen=True, repr=False)
class StoredStudy:
    """The study that lies in a folder. Tables are read when they are first asked for, and then stay as they were."""

    folder: Path

    @cached_property
    def _study(self) -> Study:
        return read_study(self.folder)

    @property
    def runs(self) -> pd.DataFrame:
        """A row a run: its id in `run`, and its spec in columns such as `loss`, `loss.gamma`, `optimizer.lr`, `seed`."""
        return self._study.runs

    @property
    def records(self) -> pd.DataFrame:
        """A row a recorded step: `run`, `step`, and a column a quantity, such as `train_loss`; NaN where a run has none."""
        return self._study.records

    def report(self, against: str | None = None, metric: str | None = None) -> Path:
        """Write the study's page, figures and tables beside its records, and return the page's path.

        `against` is the loss, by word or label, with which each other one is compared, or "all" for every two; without a choice
        cross entropy. `metric` is the recorded one that chooses rates and ranks, such as average_precision or recall/yes, instead
        of the first that suits. Raises BadInput for a loss or metric that is not there, or where the folder cannot be read or
        written to, Failure where the disk is full.
        """
        return write_report(self.folder, against, metric).page

    def __repr__(self) -> str:
        """What a Python session shows: the name, what it holds, and the folder; a sentence where it cannot be read."""
        try:
            return f"{self.folder.name}: {self._counts} · {self.folder}"
        except BadInput as error:
            return str(error)

    def _repr_html_(self) -> str:
        """What a notebook shows: the same, with a link to the report where there is one."""
        page = self.folder / "report.html"
        link = f' · <a href="{escape(str(page))}">report</a>' if page.is_file() else ""
        where = f"<code>{escape(str(self.folder))}</code>{link}"
        return f"<b>{escape(self.folder.name)}</b>: {self._counts} · {where}"

    @property
    def _counts(self) -> str:
        """How many runs, losses, data sets and seeds there are, in words."""
        different = self.runs[["loss", "dataset", "seed"]].nunique()
        losses = formatting.counted(different["loss"], "loss", "losses")
        sets, seeds = formatting.counted(different["dataset"], "data set"), formatting.counted(different["seed"], "seed")
        return f"{formatting.counted(len(self.runs), 'run')}, {losses}, {sets}, {seeds}"


def open(folder: str | Path) -> StoredStudy:  # noqa: A001 the public name is lossbench.open
    """The study that is stored in a folder, such as results/first. Raises BadInput where the folder holds none."""
    read_manifest(Path(folder))
    return StoredStudy(Path(folder))
