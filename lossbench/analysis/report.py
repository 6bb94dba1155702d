"""A report is a claim: a study's folder in, its page, figures and tables out."""

from pathlib import Path
from typing import NamedTuple

from lossbench.analysis.digest import digest
from lossbench.analysis.exhibits import exhibits
from lossbench.analysis.page import content, html, markdown
from lossbench.analysis.sheets import csv, sheets
from lossbench.analysis.wording import Standings, scoreboard
from lossbench.disk import write_whole
from lossbench.tables import read_study

PAGE, TEXT, FIGURES, TABLES = "report.html", "report.md", "figures", "tables"
_OWN_FIGURES = ("convergence", "factors", "gradients", "saturation", "rates")


class Report(NamedTuple):
    """What was written: the page, and the scoreboard that stands on it."""

    page: Path
    scoreboard: list[Standings]


def write_report(folder: Path) -> Report:
    """Write the report of a study beside its records; nothing is trained.

    Files: report.html (self-contained), report.md, figures/*.svg and *.png, tables/*.csv. The same records give the same
    bytes. Raises BadInput where the folder is no study or cannot be written to, Failure where the disk is full.
    """
    found = digest(read_study(folder))
    shown = exhibits(found)
    files: dict[Path, bytes] = {}
    for picture in (picture for exhibit in shown for picture in exhibit.pictures):
        files[folder / FIGURES / f"{picture.name}.svg"] = picture.svg
        files[folder / FIGURES / f"{picture.name}.png"] = picture.png
    tables = sheets(found)
    files |= {folder / TABLES / f"{name}.csv": csv(table) for name, table in tables.items()}
    page = content(found, shown, list(tables))
    files |= {folder / TEXT: markdown(page), folder / PAGE: html(page)}
    for path, data in files.items():
        write_whole(path, data)
    _clear(folder / FIGURES, files)
    return Report(folder / PAGE, scoreboard(found))


def _clear(figures: Path, kept: dict[Path, bytes]) -> None:
    """Remove what an earlier report drew and this one does not, lest it be taken for part of it."""
    for stem in _OWN_FIGURES:
        for path in [*figures.glob(f"{stem}.*"), *figures.glob(f"{stem}-*.*")]:
            if path not in kept and path.suffix in (".svg", ".png"):
                path.unlink(missing_ok=True)
