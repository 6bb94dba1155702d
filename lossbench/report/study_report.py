"""A report is a claim: a study's folder in, its page, figures and tables out."""

from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from lossbench.analysis.curves import study_curves
from lossbench.analysis.results import results
from lossbench.atomic import write_whole
from lossbench.claims.experiments import experiments, find_experiment
from lossbench.claims.figures import draw_figures
from lossbench.claims.measurement import Records
from lossbench.claims.text import line
from lossbench.claims.verdict import Judgement, Unjudged, judge_all
from lossbench.plots.captioned import GENERAL_NAMES, CaptionedFigure
from lossbench.report.csv_tables import csv, data_frames
from lossbench.report.figures import report_figures
from lossbench.report.namesakes import left_out
from lossbench.report.page import Argument, comparison, content, html, markdown, ordered, unrepeated
from lossbench.report.tables import ScoreboardPart, scoreboard
from lossbench.report.verdict import verdict_on_claims
from lossbench.tables import read_study

PAGE, TEXT, FIGURES, TABLES = "report.html", "report.md", "figures", "tables"


class Report(NamedTuple):
    """What was written: the page, and what stands on it: warnings, the scoreboard, and an experiment's judged claims."""

    page: Path
    warnings: list[str]
    scoreboard: list[ScoreboardPart]
    judged: list[Judgement | Unjudged]


def write_report(folder: Path, against: str | None = None, metric: str | None = None) -> Report:
    """Write the report of a study beside its records; nothing is trained.

    `against` says which losses are compared: "all" for every two, or the loss, by word or label, with which each other one is;
    without a choice that is cross entropy, or the first loss where there is none. `metric` chooses rates and ranks, if given: any
    that was recorded, such as average_precision or recall/yes.

    Files: report.html (self-contained), report.md, figures/*.svg and *.png, tables/*.csv. The same records give the same
    bytes. A study that is named as an experiment is, also gets the experiment's claims and figures. Raises BadInput where
    the folder is no study or cannot be written to, there is no such loss, or a claims file cannot be read; Failure where the
    disk is full.
    """
    study = read_study(folder)
    name = str(study.manifest.get("name"))
    experiment = find_experiment(name) if name in experiments() else None
    outcome = results(study, against, metric) if experiment is None or experiment.general else None
    judged: list[Judgement | Unjudged] = []
    shown: list[CaptionedFigure] = []
    if experiment:
        records = Records(runs=study.runs, curves=study_curves(study), tuning=experiment.tuning)
        judged, shown = judge_all(experiment, records), draw_figures(experiment, records)
    shown += report_figures(outcome) if outcome else []
    made = data_frames(outcome) if outcome else {}
    if judged:
        made["claims"] = pd.DataFrame([asdict(line(claim)) for claim in judged])
    page = content(study, shown, list(made)) | (comparison(outcome) if outcome else {})
    page["warnings"] = [*left_out(study, experiments()), *page["warnings"]] if experiment is None else page["warnings"]
    if experiment:
        page["argument"] = Argument(title=experiment.title, lines=tuple(map(line, judged)))
        page["verdict"] = page["verdict"] or verdict_on_claims(page["argument"].lines)
    page["captioned"] = unrepeated(shown, page["summary"])
    _write(folder, page | ordered(page), made)
    return Report(folder / PAGE, page["warnings"], scoreboard(outcome) if outcome else [], judged)


def _write(folder: Path, page: dict[str, Any], made: dict[str, pd.DataFrame]) -> None:
    files: dict[Path, bytes] = {}
    for picture in (picture for figure in page["captioned"] for picture in figure.pictures):
        files[folder / FIGURES / f"{picture.name}.svg"] = picture.svg
        files[folder / FIGURES / f"{picture.name}.png"] = picture.png
    files |= {folder / TABLES / f"{name}.csv": csv(table) for name, table in made.items()}
    files |= {folder / TEXT: markdown(page), folder / PAGE: html(page)}
    for path, data in files.items():
        write_whole(path, data)
    _clear(folder / FIGURES, files)


def _clear(figures: Path, kept: dict[Path, bytes]) -> None:
    """Remove what an earlier report drew and this one does not, lest it be taken for part of it."""
    for stem in GENERAL_NAMES:
        for path in [*figures.glob(f"{stem}.*"), *figures.glob(f"{stem}-*.*")]:
            if path not in kept and path.suffix in (".svg", ".png"):
                path.unlink(missing_ok=True)
