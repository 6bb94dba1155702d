"""A study for MLflow: an experiment of its name, a run for each tracked run, written by MLflow's own client in batches.

A client spends 0.1 ms of the processor on a number, so many runs are written by several processes side by side.
"""

import gc
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
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
PROCESSES = 4  # at most: a SQLite file takes what they write one after another
RUNS = 20  # that a process takes at a time
MANY = 100  # runs from which on the seconds in which a second process starts are worth it
DEFAULTS = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",  # its own 7 take four minutes to say that there is no server
    "MLFLOW_DISABLE_TELEMETRY": "true",  # an export tells nobody but the store of itself
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",  # two lines for each run
}  # of its settings, where the environment says nothing else
KEY, CONTENT = "lossbench.path", "lossbench.content"  # tags by which an export finds what an earlier one wrote
Outcome = Literal["new", "unchanged", "replaced"]


@dataclass(frozen=True, kw_only=True)
class _Experiment:
    """Where runs go: a store or server, the experiment's number there, and whether this export makes the store, a SQLite file."""

    uri: str
    number: str
    new_file: bool


@dataclass(frozen=True, kw_only=True)
class _Stored:
    """A run that an earlier export wrote. `content` is None where it was interrupted."""

    run_id: str
    content: str | None


def write_mlflow(choice: Choice, uri: str | None) -> str:
    """Write the tracked runs into the tracking store or server at a URI, MLflow's own default for None; how many, in a sentence.

    A run that an earlier export wrote whole stays where nothing has changed, and else is replaced. Raises BadInput where the
    library is not installed or the URI means nothing to it, Failure where the store or server refuses.
    """
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)
    uri = uri or str(library("mlflow", EXTRA).get_tracking_uri())
    file = _database(uri)
    new_file = file is not None and not file.exists()
    with _refusals(uri), _waiting_for_no_disk(new_file):
        client = library("mlflow.tracking", EXTRA).MlflowClient(uri)
        experiment = _Experiment(uri=uri, number=_number(client, choice.study.folder.name), new_file=new_file)
        stored = dict(_stored(client, experiment.number))
    runs = ((run, stored.get(run.path)) for run in tracked_runs(choice))
    outcomes = _keep_all(experiment, runs, _processes(choice))
    if file and new_file:
        with file.open("rb") as written:
            os.fsync(written.fileno())
    counts = ", ".join(f"{count:,} {outcome}" for outcome, count in outcomes.items())
    return f"{counts} in MLflow's experiment {choice.study.folder.name}, at {uri}"


def _processes(choice: Choice) -> int:
    """How many write: one for each core and one more, since they wait for one another where the store is a file."""
    runs = len(choice.samples) + choice.runs * sum(len(sample.runs) for sample in choice.samples)
    return 1 if runs < MANY else min(PROCESSES, library("joblib", EXTRA).cpu_count() + 1)


def _keep_all(experiment: _Experiment, runs: Iterable[tuple[TrackedRun, _Stored | None]], processes: int) -> Counter[Outcome]:
    """Write runs in so many processes; where it is one, in this one. Raises Failure where a process is killed."""
    joblib = library("joblib", EXTRA)
    left = iter(runs)
    parts = iter(lambda: list(islice(left, RUNS)), [])
    try:
        counts = joblib.Parallel(n_jobs=processes, batch_size=1)(joblib.delayed(_keep_part)(experiment, part) for part in parts)
    except BrokenExecutor as error:
        raise Failure(
            "A process that wrote to MLflow was killed. What it had written stays; the same command goes on."
        ) from error
    return sum(counts, Counter())


def _keep_part(experiment: _Experiment, runs: list[tuple[TrackedRun, _Stored | None]]) -> Counter[Outcome]:
    with _refusals(experiment.uri), _waiting_for_no_disk(experiment.new_file), _without_search_for_cycles():
        client = library("mlflow.tracking", EXTRA).MlflowClient(experiment.uri)  # which keeps a store for each URI
        return Counter(_keep(client, experiment.number, run, stored) for run, stored in runs)


@contextmanager
def _refusals(uri: str) -> Iterator[None]:
    """What MLflow says where it refuses becomes a message of ours, which can be sent between processes, too."""
    refusal = library("mlflow.exceptions", EXTRA).MlflowException
    try:
        yield
    except refusal as error:
        kind = BadInput if error.error_code == "INVALID_PARAMETER_VALUE" else Failure
        raise kind(f"MLflow at {uri} refuses: {str(error).strip()}") from error


def _database(uri: str) -> Path | None:
    """The file of a SQLite store; None for every other."""
    name = library("sqlalchemy", EXTRA).make_url(uri).database if uri.startswith("sqlite:") else None
    return Path(name) if name else None


@contextmanager
def _waiting_for_no_disk(new_file: bool) -> Iterator[None]:
    """Into a new SQLite file, write without waiting for the disk six times a run; the export waits once, at its end.

    Should the machine lose power in between, the file may be broken; there was nothing in it that is not in the study.
    """
    if not new_file:
        yield
        return
    event, engine = library("sqlalchemy.event", EXTRA), library("sqlalchemy.engine", EXTRA).Engine
    event.listen(engine, "connect", _wait_for_no_disk)
    try:
        yield
    finally:
        event.remove(engine, "connect", _wait_for_no_disk)


def _wait_for_no_disk(connection: Any, record: Any) -> None:
    del record
    connection.execute("PRAGMA synchronous=OFF")


@contextmanager
def _without_search_for_cycles() -> Iterator[None]:
    """Python does not look for cycles among the objects that a client makes of numbers by the ten thousand; few are in any."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _number(client: Any, name: str) -> str:
    known = client.get_experiment_by_name(name)
    return str(client.create_experiment(name) if known is None else known.experiment_id)


def _stored(client: Any, experiment: str) -> Iterator[tuple[str, _Stored]]:
    """The experiment's runs that exports wrote, by their path."""
    token = None
    while token != "":
        page = client.search_runs([experiment], max_results=BATCH, page_token=token)
        for run in page:
            if KEY in (tags := run.data.tags):
                whole = tags.get(CONTENT) if run.info.status == "FINISHED" else None
                yield tags[KEY], _Stored(run_id=run.info.run_id, content=whole)
        token = page.token or ""


def _keep(client: Any, experiment: str, run: TrackedRun, stored: _Stored | None) -> Outcome:
    """Write a run, unless it is stored as it is; an unfinished one, of an export that was interrupted, is replaced."""
    now = content(run)
    if stored is not None:
        if stored.content == now:
            return "unchanged"
        client.delete_run(stored.run_id)
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
