"""Runs that an experiment named, in a study that is not named as the experiment is: its claims and figures are not drawn."""

import json
from collections.abc import Collection

from lossbench.folders import conf_folder
from lossbench.tables import FORMAT, INVOCATION, MANIFEST, Study, read_invocation

WORD = "experiment="


def left_out(study: Study, known: Collection[str]) -> list[str]:
    """A sentence for each experiment that named the study's runs and whose claims and figures its report lacks."""
    name = str(study.manifest.get("name"))
    kept = [read_invocation(study.folder, str(one)) for one in study.runs[INVOCATION].dropna().unique()]
    overrides = [word for invocation in kept if invocation for word in invocation.overrides if word.startswith(WORD)]
    asked = sorted({one for word in overrides for one in word.removeprefix(WORD).split(",")} - {name})
    return [sentence for one in asked if (sentence := _sentence(one, study, one in known))]


def _sentence(experiment: str, study: Study, known: bool) -> str:
    made = f"Its runs were made with experiment={experiment}"
    if known:
        manifest = json.dumps({"format": FORMAT, "name": experiment})
        return (
            f"{made}, and the study is named {study.manifest.get('name')}: the experiment's claims and figures are left out. "
            f"{manifest} in {MANIFEST} brings them back."
        )
    if (conf_folder() / "experiment" / f"{experiment}.yaml").is_file():  # an experiment that makes no claims
        return ""
    missing = f"experiments/{experiment}/claims.yaml"
    return f"{made}, of which there is no {missing} here: its claims and figures, if it has any, are left out."
