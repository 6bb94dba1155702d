"""Training from Python: `lossbench.run`, with the settings of the command line as keyword arguments."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from lossbench.audit.subjects.trainable import trainable
from lossbench.config.merged import merged
from lossbench.config.python_settings import MAIN, described, python_sweep
from lossbench.execution.executor import run_plan
from lossbench.planning.plan import make_plan
from lossbench.registry import Registered
from lossbench.report.stored_study import StoredStudy
from lossbench.report.stored_study import open as open_study


def run(*, results: str | Path = "results", **settings: Any) -> StoredStudy:
    """Train the runs that the settings name, unless they are stored already, and return the study in RESULTS/STUDY.

    The settings are the command line's, as `lossbench run --cfg job` shows them, and the same settings make the same runs:

        lossbench.run(loss=["ce", "mse"], init=["gentle", "saturated"], seed=range(10), study="first")
        lossbench.run(loss=lossbench.losses.Focal(gamma=2), model={"hidden": [(30,), (100, 30)]}, optimizer={"lr": 0.3})

    A list or a range is a sweep, and several are every combination; a tuple is one value that is a list. A loss, model, init,
    dataset, optimizer or schedule is a word, a mapping with "word" and options, an instance or a class. A loss may also be a
    function of outputs and targets, a torch module, or where one stands, "my_losses:mine".

    Runs of a class that is defined in a script or notebook are trained in this process. To `verify` such a study later, the class
    must be in a module. Raises BadInput where settings make no sense, Failure where runs could not be trained or stored,
    Stopped, a KeyboardInterrupt, where it was interrupted: the same call continues.
    """
    if "loss" in settings:
        given = settings["loss"]
        settings = {**settings, "loss": [_loss(one) for one in given] if isinstance(given, list) else _loss(given)}
    sweep = python_sweep(settings)
    plan = make_plan(sweep.points)
    if MAIN in sweep.modules:
        plan = replace(plan, resources=replace(plan.resources, executor="serial"))
    config = merged([described(point) for point in sweep.points])
    config["plugins"] = list(dict.fromkeys([*config["plugins"], *sweep.modules]))
    summary = run_plan(plan, Path(results), sweep.overrides, config)
    return open_study(summary.folder)


def _loss(given: Any) -> Any:
    """A loss as settings have it; of a callable, or the path of one, the loss that trains by it."""
    if isinstance(given, str):
        return trainable(given) if ":" in given else given
    is_ours = isinstance(given, Registered) or (isinstance(given, type) and issubclass(given, Registered))
    return trainable(given) if callable(given) and not is_ours else given
