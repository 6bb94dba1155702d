"""`python -m benchmarks.planted_faults --count 200 --seed 1000`: faults planted in sound runs, and how many are named rightly.

Every plant is a sound run with one fault, drawn from a seed: the data, the network, the loss, the fault and its strength. It
counts as a fault where the sound run gets materially further. Seed 0 was looked at when thresholds were set; others judge.
"""

import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import click
import numpy as np

from lossbench import Dense, Init, Layer
from lossbench.commands.actions.explanation import train
from lossbench.diagnosis.explain import CAUSES, Explanation, explain
from lossbench.diagnosis.records import Description, RunRecord, read_records
from lossbench.diagnosis.symptoms import average
from lossbench.execution.executor import run_plan
from lossbench.planning.instances import instance
from lossbench.planning.plan import Plan, described_run, resources_of
from lossbench.planning.spec import Recording, RecordingSchedule

SEEDS = 2  # runs a plant, and that many sound ones
DRAWS = 5  # of each data set; plants that share one train together
HARM = 0.2  # of average progress, that a plant costs, or it was no fault
HEALTHY = "healthy"
STUDY = "planted"
# Data, hidden units and steps with which every loss below learns at its sound rate.
DATA: tuple[tuple[dict[str, Any], int, int], ...] = (
    ({"word": "digits"}, 32, 400),
    ({"word": "iris"}, 16, 400),
    ({"word": "wine"}, 16, 300),
    ({"word": "blobs", "classes": 4, "features": 4}, 16, 300),
    ({"word": "moons", "noise": 0.1}, 32, 1200),
)
LOSSES: tuple[tuple[dict[str, Any], float], ...] = (
    ({"word": "cross_entropy", "link": "softmax"}, 0.3),
    ({"word": "cross_entropy", "link": "sigmoid"}, 0.2),
    ({"word": "half_squared_error", "link": "sigmoid"}, 1.5),
    ({"word": "half_squared_error", "link": "softmax"}, 1.0),
    ({"word": "brier", "link": "sigmoid"}, 0.8),
    ({"word": "label_smoothing", "link": "softmax"}, 0.3),
    ({"word": "focal", "link": "softmax"}, 0.4),
)
SQUARED = ("half_squared_error", "brier")


@dataclass(frozen=True, kw_only=True)
class ShutUnits(Init):
    """Glorot's start with hidden biases so low that hardly any hidden unit passes anything."""

    bias: float = 30.0

    def draw(self, layers: tuple[Layer, ...], rng: np.random.Generator) -> tuple[Dense[np.ndarray], ...]:
        drawn = instance("init", {"word": "glorot"}).draw(layers, rng)  # type: ignore[attr-defined]
        return tuple(
            Dense(each.weight, each.bias - (0.0 if layer.activation is None else self.bias))
            for layer, each in zip(layers, drawn, strict=True)
        )


@dataclass(frozen=True, kw_only=True)
class ShiftedOutputs(Init):
    """Glorot's start with one large number added to all output weights: a softmax answers the same, a float runs out."""

    shift: float = 1e5

    def draw(self, layers: tuple[Layer, ...], rng: np.random.Generator) -> tuple[Dense[np.ndarray], ...]:
        drawn = instance("init", {"word": "glorot"}).draw(layers, rng)  # type: ignore[attr-defined]
        return tuple(
            Dense(each.weight + (self.shift if layer.activation is None else 0.0), each.bias)
            for layer, each in zip(layers, drawn, strict=True)
        )


@dataclass(frozen=True, kw_only=True)
class Plant:
    """A fault by its name ("healthy" for none), and the descriptions of its runs and of the sound ones."""

    fault: str
    runs: tuple[Description, ...]
    sound: tuple[Description, ...]


def sound_run(rng: np.random.Generator, seed: int, draw: int) -> dict[str, Any]:
    """The description of a run that learns, drawn from what there is; `draw` is the seed of its data."""
    data, hidden, steps = DATA[rng.integers(len(DATA))]
    losses = [item for item in LOSSES if data["word"] != "moons" or item[0]["link"] == "sigmoid"]
    loss, rate = losses[rng.integers(len(losses))]
    model = {"word": "mlp", "hidden": [hidden], "activation": str(rng.choice(["tanh", "relu", "sigmoid"]))}
    if data["word"] == "moons":
        model["activation"] = "tanh"
    parts = {"loss": loss, "model": model, "init": {"word": "glorot"}, "dataset": {**data, "seed": draw}}
    slower = 4.0 if model["activation"] == "sigmoid" else 1.0
    parts["optimizer"] = {"word": "sgd", "lr": rate * slower}
    described = {noun: instance(noun, value).describe() for noun, value in parts.items()}
    return {**described, "data": "", "seed": seed, "steps": steps, "batch": 16, "order": "shuffled", "dtype": "float32"}


def _changed(run: Description, noun: str, **options: Any) -> dict[str, Any]:
    whole = {**run[noun], **options} if "word" not in options else options
    return {**run, noun: instance(noun, whole).describe()}


def too_small(run: Description, rng: np.random.Generator) -> dict[str, Any]:
    """A rate 50 to 1,000 times too small."""
    return _changed(run, "optimizer", lr=run["optimizer"]["lr"] / 10 ** rng.uniform(1.7, 3))


def too_large(run: Description, rng: np.random.Generator) -> dict[str, Any]:
    """A rate 30 to 300 times too large."""
    return _changed(run, "optimizer", lr=run["optimizer"]["lr"] * 10 ** rng.uniform(1.5, 2.5))


def outputs_saturated(run: Description, rng: np.random.Generator) -> dict[str, Any]:
    """A squared error on sigmoids that start far out."""
    loss, rate = [item for item in LOSSES if item[0]["word"] in SQUARED and item[0]["link"] == "sigmoid"][rng.integers(2)]
    start = _changed(run, "init", word="scaled", output_bias=float(rng.uniform(8, 14)))
    return _changed(_changed(start, "loss", **loss), "optimizer", lr=rate)


def clamped(run: Description, rng: np.random.Generator) -> dict[str, Any]:
    """Cross entropy with a δ, and outputs that start beyond its margin."""
    delta = 10 ** rng.uniform(-5, -2.5)
    start = _changed(run, "init", word="scaled", output_bias=float(-2 * np.log(delta) + rng.uniform(4, 8)))
    return _changed(start, "loss", word="clamped_cross_entropy", link="sigmoid", delta=float(f"{delta:.3g}"))


def hidden_flat(run: Description, rng: np.random.Generator) -> dict[str, Any]:
    """Hidden units that start dead (relu), or far out on the flat part of their activation."""
    return _changed(run, "init", word="shut_units", bias=float(rng.uniform(20, 60)))


def too_deep(run: Description, rng: np.random.Generator) -> dict[str, Any]:
    """Five to eight layers of sigmoids."""
    hidden = [run["model"]["hidden"][0]] * int(rng.integers(5, 9))
    return _changed(run, "model", hidden=hidden, activation="sigmoid")


def absorbed(run: Description, rng: np.random.Generator) -> dict[str, Any]:
    """Output weights so large that float32 loses what is added to them."""
    soft = _changed(run, "loss", word="cross_entropy", link="softmax")
    return _changed(soft, "init", word="shifted_outputs", shift=float(10 ** rng.uniform(8, 9)))


def silenced(run: Description, rng: np.random.Generator) -> dict[str, Any]:
    """A class that counts nothing."""
    classes = {"digits": 10, "blobs": 4, "moons": 2}.get(run["dataset"]["word"], 3)
    weights = [1.0] * classes
    weights[rng.integers(classes)] = 0.0
    return {**run, "class_weights": weights}


def mislabelled(run: Description, rng: np.random.Generator) -> dict[str, Any]:
    """A third to a half of the training labels wrong."""
    most = 0.35 if run["dataset"]["word"] == "moons" else 0.5
    return _changed(run, "dataset", word="noisy", of=run["dataset"], rate=float(f"{rng.uniform(0.3, most):.2f}"), seed=0)


def too_narrow(run: Description, rng: np.random.Generator) -> dict[str, Any]:
    """One hidden unit for many classes, or none where no straight line parts the classes."""
    del rng
    if run["dataset"]["word"] == "moons":
        return _changed(run, "model", word="logistic")
    return _changed(run, "model", hidden=[1])


FAULTS: Mapping[str, Callable[[Description, np.random.Generator], dict[str, Any]]] = {
    "wrong labels": mislabelled,
    "clamped logarithm": clamped,
    "outputs saturated on the wrong side": outputs_saturated,
    "hidden units saturated or dead": hidden_flat,
    "the float's end": absorbed,
    "gradient lost with depth": too_deep,
    "learning rate too large": too_large,
    "a class never answered": silenced,
    "learning rate too small": too_small,
    "the data cannot be fitted by this model": too_narrow,
}


def plants(count: int, first_seed: int) -> list[Plant]:
    """So many plants, each kind of fault in turn, and as many healthy ones; all that is drawn comes from the seeds."""
    made = []
    for number in range(count):
        fault = list(FAULTS)[number % len(FAULTS)]
        rng = np.random.default_rng((first_seed, number))
        seeds = [first_seed + 10 * number + offset for offset in range(SEEDS)]
        start = rng.bit_generator.state
        drawn = []
        for seed in seeds:  # the same draws, so that the runs differ by their seed alone
            rng.bit_generator.state = start
            run = sound_run(rng, seed, first_seed + number // len(FAULTS) % DRAWS)
            drawn.append((run, FAULTS[fault](run, rng)))
        made.append(Plant(fault=fault, runs=tuple(bad for _, bad in drawn), sound=tuple(run for run, _ in drawn)))
    return made


def explained(made: Sequence[Plant], folder: Path) -> tuple[dict[str, RunRecord], list[Explanation], dict[int, tuple[str, str]]]:
    """Train plants and sound runs as one study, and explain it: records, explanations, and the ids of each plant's first runs."""
    runs = {id(part): described_run(part) for plant in made for part in (*plant.runs, *plant.sound)}
    recording = Recording(schedule=RecordingSchedule(kind="linear", points=31), probes=("accuracy", "recall"), examples=1000)
    unique = tuple({run.id: run for run in runs.values()}.values())
    plan = Plan(study=STUDY, runs=unique, recording=recording, resources=resources_of({"executor": "serial"}))
    study = run_plan(plan, folder, [], None).folder
    firsts = {n: (runs[id(plant.runs[0])].id, runs[id(plant.sound[0])].id) for n, plant in enumerate(made)}
    return read_records(study), explain(study, partial(train, study, executor="serial"), SEEDS), firsts


@dataclass(frozen=True, kw_only=True)
class Tally:
    """What came of the plants: (planted, answered) pairs of those that do harm, and answers to the sound runs."""

    faults: list[tuple[str, str]]
    sound: list[str]
    harmless: int

    @property
    def right(self) -> float:
        """The share of the faults that were named rightly."""
        return float(np.mean([fault == answer for fault, answer in self.faults]))

    @property
    def false_alarms(self) -> float:
        """The share of the sound runs of which a cause was claimed."""
        return float(np.mean([answer not in (HEALTHY, "unknown") for answer in self.sound]))


def tally(made: Sequence[Plant], folder: Path) -> Tally:
    """Plant, explain and count."""
    records, explanations, firsts = explained(made, folder)
    answer = {run: one.answer for one in explanations for run in one.sample.runs}
    harmful = [n for n, (bad, sound) in firsts.items() if average(records[sound]) - average(records[bad]) >= HARM]
    return Tally(
        faults=[(made[n].fault, answer[firsts[n][0]]) for n in harmful],
        sound=[answer[sound] for sound in {sound for _, sound in firsts.values()}],
        harmless=len(made) - len(harmful),
    )


def page(made: Tally) -> str:
    """The count by fault, as a table in Markdown."""
    lines = ["| planted | runs | named rightly | otherwise |", "| --- | --- | --- | --- |"]
    for name in (cause.name for cause in CAUSES if cause.name in FAULTS):
        answers = Counter(answer for fault, answer in made.faults if fault == name)
        others = ", ".join(f"{other} ({n})" for other, n in answers.items() if other != name)
        lines.append(f"| {name} | {answers.total()} | {answers[name]} | {others} |")
    answers = Counter(made.sound)
    others = ", ".join(f"{other} ({n})" for other, n in answers.items() if other != HEALTHY)
    lines.append(f"| nothing | {answers.total()} | {answers[HEALTHY]} | {others} |")
    lines.append("")
    lines.append(f"{100 * made.right:.1f} % of {len(made.faults)} faults right; {100 * made.false_alarms:.1f} % false alarms.")
    return "\n".join([*lines, f"{made.harmless} plants did no harm and are not counted."])


@click.command()
@click.option("--count", type=click.IntRange(1), default=500, show_default=True, help="Plants.")
@click.option("--seed", type=click.IntRange(0), default=1000, show_default=True, help="What they are drawn from; 0 tuned.")
@click.option("--folder", type=click.Path(path_type=Path), help="Keep the study there.")
def main(count: int, seed: int, folder: Path | None) -> None:
    """Plant faults, explain them, and print how many were named rightly."""
    made = plants(count, seed)
    if folder:
        click.echo(page(tally(made, folder)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        click.echo(page(tally(made, Path(temporary))))


if __name__ == "__main__":
    main()
