"""From a plan to stored records: trains what is missing, in this process or in workers side by side."""

import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lossbench.data.loading import load
from lossbench.engines import engine_of
from lossbench.errors import BadInput, Failure, Stopped, counted
from lossbench.execution.checkpoint import resumable_cohorts
from lossbench.execution.device_memory import planned_cohorts
from lossbench.execution.executors.protocol import Executor, MakeExecutor, WorkerKilled
from lossbench.execution.executors.selection import choose_executor
from lossbench.execution.interrupts import forget_interrupt
from lossbench.execution.job import Job, JobResult, apart, put_together, shape_of
from lossbench.execution.patience import say, told_when_slow
from lossbench.execution.peak_flops import measured_peak_flops
from lossbench.execution.progress import CohortCost, Progress, rate
from lossbench.interfaces import says_layers
from lossbench.interfaces.recorders import declared, recorders
from lossbench.planning.executor_words import LOCAL
from lossbench.planning.plan import Plan
from lossbench.planning.spec import Cohort, Resources, RunSpec
from lossbench.storage.compaction import compact
from lossbench.storage.parquet_part import Origin
from lossbench.storage.provenance import provenance
from lossbench.storage.store import forget, missing, remember, study_folder
from lossbench.storage.sweep_status import StatusFile
from lossbench.tables import ACCURACY, TEST, TRAIN, VALIDATION
from lossbench.tables.classes import names_of

RESULTS = Path("results")
LOOK_SECONDS = 0.2  # between two looks at what workers have done
# What training takes on one core, roughly: a step and a record of a cohort, and what each of its runs adds to them.
STEP_SECONDS, RECORD_SECONDS = 1e-4, 1e-3
RUN_STEP_SECONDS, EXAMPLE_SECONDS = 1e-6, 1e-7
OPERATIONS_PER_SECOND = 4e10
SHORTEST_RATED_SECONDS = 3.0  # of a shorter training, starting is so much that its pace says nothing of the machine's
LEAST_SHARE = 0.01  # of the machine's peak: less is no arithmetic's training


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What came of a plan. `already_stored` counts runs that were stored before; `seconds` is wall time.

    `operations` are those of the steps, and `peak` those of matrix products a second, where there was enough to compare.
    """

    folder: Path
    trained: int
    already_stored: int
    diverged: int
    seconds: float
    run_steps: int
    operations: int
    peak: float | None

    def sentence(self) -> str:
        """The summary in words."""
        if not self.trained:
            return f"{self.folder.name}: {counted(self.already_stored, 'run')}, all there already; nothing to train."
        before = f" ({self.already_stored:,} there already)" if self.already_stored else ""
        diverged = f", {self.diverged:,} diverged" if self.diverged else ""
        trained = f"{counted(self.trained, 'run')} trained{before} in {self.seconds:.1f} s{diverged}"
        return f"{self.folder.name}: {trained}; {rate(self.run_steps / self.seconds)} run-steps/s{self._share()}."

    def _share(self) -> str:
        pace = self.operations / self.seconds
        if self.peak is None or pace < LEAST_SHARE * self.peak:
            return ""
        return f", {pace / 1e9:.3g} GFLOP/s in steps, {pace / self.peak:.0%} of this machine's matrix products"


def run_plan(plan: Plan, root: Path, overrides: Sequence[str], config: Any) -> Summary:
    """Train the runs of a plan that its study does not hold yet, store them in root/<study>, and return what happened.

    `overrides` and `config` are what was typed and what it was composed to; both are kept. Nothing but progress is printed, on
    stderr. Interrupted or failed, what was stored stays, and the same call continues. Raises BadInput where the folder cannot
    be the study's, Failure where a worker was killed or the disk is full, Stopped where it was interrupted.
    """
    started = time.perf_counter()
    for model in {run.model for run in plan.runs}:
        engine_of(model)  # raises BadInput for a model that nothing here can train, before anything is written
    folder = study_folder(root, plan.study).absolute()
    with told_when_slow(f"Looking for {counted(len(plan.runs), 'run')} among what is stored …"):
        todo = missing(folder, plan.runs, plan.recording)
    done: list[JobResult] = []
    for remark in _remarks(todo):
        say(remark)
    if todo:
        with told_when_slow(f"Grouping {counted(len(todo), 'run')} into cohorts …"):
            work = [_cohort_cost(cohort) for cohort in _cohorts(folder, todo, plan)]
        work.sort(key=lambda item: -item.seconds(item.steps))
        choice = choose_executor(plan.resources, work)
        invocation = remember(folder, overrides, config, provenance(plan.resources.device, choice[1]))
        jobs = [_make_job(index, item.cohort, folder, invocation, plan.resources.device) for index, item in enumerate(work)]
        done = _train(jobs, work, plan.resources, choice)
    with told_when_slow("Merging the study's parts, of which there are many …"):
        compact(folder)
    seconds = time.perf_counter() - started
    rated = done and seconds > SHORTEST_RATED_SECONDS and plan.resources.executor in LOCAL
    return Summary(
        folder=folder,
        trained=len(todo),
        already_stored=len({run.id for run in plan.runs}) - len(todo),
        diverged=sum(result.diverged for result in done),
        seconds=seconds,
        run_steps=sum(result.run_steps for result in done),
        operations=sum(result.operations for result in done),
        peak=measured_peak_flops(plan.resources.device) if rated else None,
    )


def _remarks(todo: Sequence[RunSpec]) -> list[str]:
    """What engines say of how runs are trained, each remark once."""
    some = {(run.model, run.dataset, run.batch, run.dtype): run for run in todo}.values()
    remarks = (engine_of(run.model).remark(run, load(run.dataset).split) for run in some if not says_layers(run.model))
    return [remark for remark in dict.fromkeys(remarks) if remark]


def _cohorts(folder: Path, todo: Sequence[RunSpec], plan: Plan) -> list[Cohort]:
    """What goes on from a checkpoint, as it was, and the rest in new cohorts."""
    continued = list(resumable_cohorts(folder, todo, plan.recording))
    taken = {run.id for cohort in continued for run in cohort.runs}
    rest = [run for run in todo if run.id not in taken]
    return continued + planned_cohorts(rest, plan)


def _train(
    jobs: Sequence[Job], work: Sequence[CohortCost], resources: Resources, choice: tuple[MakeExecutor, int]
) -> list[JobResult]:
    """Do all jobs. Raises Failure where some were lost, Stopped where it was interrupted."""
    executor, workers = choice
    seconds = [item.seconds(item.steps) for item in work]
    done: list[JobResult] = []
    lost = 0
    try:
        status = StatusFile(jobs[0].folder, jobs[0].origin.invocation, sum(job.runs for job in jobs))
        with Progress(jobs[0].folder.name, work, status) as progress:
            with executor(resources, workers, progress) as running:
                for job, result in _results(running, put_together(jobs, seconds, running.job_seconds), progress):
                    for index in job.indices:
                        progress.end(index, stored=result is not None)
                    if result is None:
                        lost += job.runs
                    else:
                        done.append(result)
            _refuse_losses(lost)
    except BadInput:
        forget(jobs[0].folder, jobs[0].origin.invocation)
        raise
    except KeyboardInterrupt as interrupt:
        forget_interrupt()
        stored = sum(result.runs for result in done)
        raise Stopped(f"Stopped; {counted(stored, 'run')} trained and stored.") from interrupt
    return done


def _refuse_losses(lost: int) -> None:
    """Raise Failure where runs were lost."""
    if lost:
        raise Failure(
            f"A worker was killed while it trained, perhaps for lack of memory: {counted(lost, 'run')} not stored, "
            "everything else is. The same command trains what is missing."
        )


def _results(executor: Executor, jobs: Sequence[Job], progress: Progress) -> Iterator[tuple[Job, JobResult | None]]:
    """Do the jobs, begun in their order; each as it ends, and what came of it: None where its worker was killed.

    Of several cohorts in one job any may be what killed the worker: each is tried once more, alone.
    """
    waiting = deque(jobs)
    running: dict[Future[JobResult], Job] = {}
    while waiting or running:
        while waiting and len(running) < executor.slots:
            job = waiting.popleft()
            running[executor.submit(job)] = job
        finished, _ = wait(running, LOOK_SECONDS, FIRST_COMPLETED)
        for future in finished:
            job = running.pop(future)
            killed = isinstance(future.exception(), WorkerKilled)
            if killed and len(job.cohorts) > 1:
                waiting.extend(apart(job))
            else:
                yield job, None if killed else future.result()
        progress.look()


def _make_job(index: int, cohort: Cohort, folder: Path, invocation: str, device: str) -> Job:
    shape = shape_of(cohort)
    origin = Origin(
        recording=cohort.recording.describe(),
        invocation=invocation,
        task=shape.task,
        device=device,
        quantities=declared(map(type, recorders(cohort.recording.probes))),
        classes=names_of(shape.classes),
        baselines={f"{side}{ACCURACY}": share for side, share in zip((TRAIN, TEST, VALIDATION), shape.majority, strict=False)},
    )
    return Job(folder=folder, cohorts=(cohort,), indices=(index,), origin=origin)


def _cohort_cost(cohort: Cohort) -> CohortCost:
    """A cohort with a rough idea of its seconds: enough to put long ones first, and to tell much work from little."""
    size, data, runs = engine_of(cohort.runs[0].model).size(cohort.runs[0]), shape_of(cohort), len(cohort.runs)
    looked_at = min(cohort.recording.examples or data.rows, data.rows) + data.test_rows + data.validation_rows
    forward = size.operations / size.examples / 3  # of a step's three passes, a record needs one
    return CohortCost(
        cohort=cohort,
        step_seconds=STEP_SECONDS + runs * (RUN_STEP_SECONDS + size.operations / OPERATIONS_PER_SECOND),
        record_seconds=RECORD_SECONDS + runs * looked_at * (EXAMPLE_SECONDS + forward / OPERATIONS_PER_SECOND),
    )
