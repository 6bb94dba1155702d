"""A study for MLflow: an experiment of its name, a run for each tracked run, written by MLflow's own client in batches."""

import gc
import os
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from lossbench.errors import BadInput, Failure
from lossbench.export.choice import Choice
from lossbench.export.libraries import library
from lossbench.export.tracked import TrackedRun, content, tracked_runs

EXTRA = "mlflow"
BATCH = 1000  # metrics that MLflow takes in one call
PARAMETERS = 100  # parameters that it takes in one call
LONGEST = 6000  # letters that it takes of a parameter
DEFAULTS = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",  # its own 7 take four minutes to say that there is no server
    "MLFLOW_DISABLE_TELEMETRY": "true",  # an export tells nobody but the store of itself
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",  # two lines for each run
}  # of its settings, where the environment says nothing else
KEY, CONTENT = "lossbench.path", "lossbench.content"  # tags by which an export finds what an earlier one wrote
Outcome = Literal["new", "unchanged", "replaced"]


def write_mlflow(choice: Choice, uri: str | None) -> str:
    """Write the tracked runs into the tracking store or server at a URI, MLflow's own default for None; how many, in a sentence.

    A run that an earlier export wrote whole stays where nothing has changed, and else is replaced. Raises BadInput where the
    library is not installed or the URI means nothing to it, Failure where the store or server refuses.
    """
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)
    client_class = library("mlflow.tracking", EXTRA).MlflowClient
    refusal = library("mlflow.exceptions", EXTRA).MlflowException
    try:
        with _written_to_disk_once(uri or library("mlflow", EXTRA).get_tracking_uri()):
            client = client_class(uri)
            experiment = _experiment(client, choice.study.folder.name)
            stored = dict(_stored(client, experiment))
            with _what_is_there_stays():
                outcomes = Counter(_keep(client, experiment, run, stored.get(run.path)) for run in tracked_runs(choice))
    except refusal as error:
        kind = BadInput if error.error_code == "INVALID_PARAMETER_VALUE" else Failure
        raise kind(f"MLflow at {uri or 'its default'} refuses: {str(error).strip()}") from error
    counts = ", ".join(f"{count:,} {outcome}" for outcome, count in outcomes.items())
    return f"{counts} in MLflow's experiment {choice.study.folder.name}, at {client.tracking_uri}"


@contextmanager
def _written_to_disk_once(uri: str) -> Iterator[None]:
    """Where the export makes a new SQLite file, wait for the disk at its end and not six times a run.

    Should the machine lose power in between, the file may be broken; there was nothing in it that is not in the study.
    """
    database = library("sqlalchemy", EXTRA).make_url(uri).database if uri.startswith("sqlite:") else None
    if not database or Path(database).exists():
        yield
        return
    event, engine = library("sqlalchemy.event", EXTRA), library("sqlalchemy.engine", EXTRA).Engine
    event.listen(engine, "connect", _wait_for_no_disk)
    try:
        yield
    finally:
        event.remove(engine, "connect", _wait_for_no_disk)
    with Path(database).open("rb") as file:
        os.fsync(file.fileno())


def _wait_for_no_disk(connection: Any, record: Any) -> None:
    del record
    connection.execute("PRAGMA synchronous=OFF")


@contextmanager
def _what_is_there_stays() -> Iterator[None]:
    """Python's search for cycles passes over what is there now: modules and a study, looked through again every few runs."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _experiment(client: Any, name: str) -> str:
    known = client.get_experiment_by_name(name)
    return str(client.create_experiment(name) if known is None else known.experiment_id)


def _stored(client: Any, experiment: str) -> Iterator[tuple[str, Any]]:
    """The experiment's runs that exports wrote, by their path."""
    token = None
    while token != "":
        page = client.search_runs([experiment], max_results=BATCH, page_token=token)
        yield from ((run.data.tags[KEY], run) for run in page if KEY in run.data.tags)
        token = page.token or ""


def _keep(client: Any, experiment: str, run: TrackedRun, stored: Any) -> Outcome:
    """Write a run, unless it is stored as it is; an unfinished one, of an export that was interrupted, is replaced."""
    now = content(run)
    if stored is not None:
        if stored.info.status == "FINISHED" and stored.data.tags.get(CONTENT) == now:
            return "unchanged"
        client.delete_run(stored.info.run_id)
    made = client.create_run(experiment, run_name=run.path, tags={KEY: run.path, CONTENT: now})
    _log(client, made.info, run)
    client.set_terminated(made.info.run_id)
    return "new" if stored is None else "replaced"


def _log(client: Any, made: Any, run: TrackedRun) -> None:
    """Log a run's numbers as of its start: MLflow's index sorts by name, then time, and so a run's rows lie side by side."""
    entities = library("mlflow.entities", EXTRA)
    parameters = [entities.Param(_name(name), str(value)[:LONGEST]) for name, value in run.parameters.items()]
    metrics = [
        entities.Metric(name, value, made.start_time, int(step))
        for name, (steps, values) in ((_name(name), curve) for name, curve in run.curves.items())
        for step, value in zip(steps.tolist(), values.tolist(), strict=True)
    ]
    for start in range(0, len(metrics), BATCH):  # the parameters go with the first
        client.log_batch(made.run_id, metrics=metrics[start : start + BATCH], params=[] if start else parameters[:PARAMETERS])


def _name(text: str) -> str:
    """A name as MLflow takes it."""
    return re.sub(r"[^\w ./-]", "_", text)
