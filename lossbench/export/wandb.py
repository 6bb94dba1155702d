"""A study for W&B: a run of its offline mode for each tracked run, written by W&B's own client, for `wandb sync` to upload."""

import os
import re
import shlex
import shutil
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

from lossbench.atomic import refused
from lossbench.errors import Failure
from lossbench.export.choice import Choice
from lossbench.export.libraries import library
from lossbench.export.tracked import TrackedRun, content, tracked_runs
from lossbench.tables import content_hash

EXTRA = "wandb"
LONGEST = 128  # letters that W&B takes of a project
SETTINGS = {  # nothing is sent or asked, and nothing is told of the machine, which did not train the runs
    "mode": "offline",
    "silent": True,
    "console": "off",
    "program": "lossbench",
    "disable_code": True,
    "disable_git": True,
    "disable_job_creation": True,
    "x_disable_machine_info": True,
    "x_disable_meta": True,
    "x_disable_stats": True,
    "x_save_requirements": False,
}


def write_wandb(choice: Choice, out: Path) -> str:
    """Write OUT/offline-run-DATE-ID for each tracked run; what was written, in a sentence.

    An id is a hash of what the run says: one that is there stays, with W&B's mark of what was uploaded, and those of the same
    study that are not of this export are removed. A folder comes to OUT when its run is whole. Raises BadInput where the library
    is not installed or OUT cannot be written to, Failure where W&B refuses.
    """
    os.environ.setdefault("WANDB_ERROR_REPORTING", "false")  # read when it is imported
    client, refusal = library("wandb", EXTRA), library("wandb.errors", EXTRA).Error
    owner = f"lossbench-{content_hash(choice.study.folder.name.encode())[:8]}"
    try:
        stored = {path.name.split("-", 3)[3]: path for path in out.glob(f"offline-run-*-{owner}-*")}
        written = _written(client, choice, out, owner, stored.keys())
        stale = stored.keys() - written.keys()
        for name in stale:
            shutil.rmtree(stored[name])
    except OSError as error:
        raise refused(error, out) from error
    except refusal as error:
        raise Failure(f"W&B refuses: {str(error).strip()}") from error
    new = sum(written.values())
    counts = f"{new:,} new, {len(written) - new:,} unchanged, {len(stale):,} removed"
    return f"{counts} in {out}. Upload: wandb sync {shlex.quote(str(out))}/offline-run-*"


def _written(client: Any, choice: Choice, out: Path, owner: str, stored: Any) -> dict[str, bool]:
    """The ids of this export's runs, and whether each had to be written."""
    written = {}
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".", dir=out) as folder:
        for run in tracked_runs(choice):
            name = f"{owner}-{content_hash(f'{run.path} {content(run)}'.encode())}"
            written[name] = name not in stored
            if written[name]:
                _write(client, run, choice.study.folder.name, name, Path(folder))
                (made,) = Path(folder, "wandb").glob(f"offline-run-*-{name}")
                made.rename(out / made.name)
        client.teardown()  # its process still writes logs there
    return written


def _write(client: Any, run: TrackedRun, study: str, name: str, folder: Path) -> None:
    """Write one run below a folder; each sample's single runs are a group."""
    writing = client.init(
        project=re.sub(r"[^\w .,()+=-]", "_", study)[:LONGEST],
        id=name,
        name=run.path,
        group=run.path.rpartition("/")[0] or None,
        config={key.replace(".", "-"): value for key, value in run.parameters.items()},  # it takes a dot for a level
        dir=str(folder),
        settings=client.Settings(**SETTINGS),
        reinit="create_new",
    )
    rows: dict[int, dict[str, float]] = defaultdict(dict)
    for metric, (steps, values) in run.curves.items():
        for step, value in zip(steps.tolist(), values.tolist(), strict=True):
            rows[int(step)][metric] = value
    for step in sorted(rows):  # W&B drops a step that comes after a later one
        writing.log(rows[step], step=step)
    writing.finish()
