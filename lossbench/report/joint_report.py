"""One page for several studies: their losses on one scoreboard, each named with its study."""

from collections.abc import Sequence
from pathlib import Path

from lossbench.analysis.results import results
from lossbench.atomic import write_whole
from lossbench.report.figures import report_figures
from lossbench.report.invocations import invocations, told_once
from lossbench.report.joined_studies import joined
from lossbench.report.page import comparison, content, html, ordered, unrepeated
from lossbench.report.study_report import Report
from lossbench.report.tables import scoreboard
from lossbench.tables import read_study


def write_joint_report(folders: Sequence[Path], page: Path, against: str | None = None, metric: str | None = None) -> Report:
    """Write one self-contained page on the studies in at least two folders; nothing is trained.

    `against` says which losses are compared and `metric` what ranks them, as in `write_report`. Runs of the same seed are pairs,
    of whichever study they are.
    The same records give the same bytes. Raises BadInput where a folder is no study, where studies differ in task, data set or
    examples, where there is no such loss, or where the page cannot be written; Failure where the disk is full.
    """
    studies = [read_study(folder) for folder in folders]
    whole = joined(studies)
    outcome = results(whole, against, metric)
    shown = report_figures(outcome)
    made = content(whole, shown, []) | comparison(outcome)
    made |= {
        "explanations": (),
        "causes": "",
        "terms": "",
        "invocations": told_once([one for study in studies for one in invocations(study.folder, study.runs)]),
        "captioned": unrepeated(shown, made["summary"]),
        "alone": True,
    }
    write_whole(page, html(made | ordered(made)))
    return Report(page, made["warnings"], scoreboard(outcome), [])
