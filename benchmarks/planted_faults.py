"""`python -m benchmarks.planted_faults --count 500 --seed 11000`: faults planted in sound runs, and how many are named rightly.

Every plant is a sound run with one fault, drawn from a seed: the data, the network, the loss, the fault and its strength. What
counts is decided beforehand, and without the diagnosis:

* a plant is a fault where its runs are behind the same runs without it, which no diagnosis is shown: in every seed, and by 0.2 of
  average progress on average;
* it is named rightly where the planted cause is the answer, which is the first that is claimed: another one that is true as well,
  named first, is a miss;
* of a sound run every claimed cause is a false alarm.

Plants that do no harm are listed by themselves. Plants are explained in parts, a study each, that share data, model and link and
so train together; a part that has been explained is not explained again.
"""

import json
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import click
import numpy as np

from benchmarks.faults import ACTIVATIONS, FAULTS, MLP, Plant, plants
from lossbench.analysis.comparison import compare
from lossbench.atomic import write_whole
from lossbench.commands.actions.explanation import train
from lossbench.diagnosis.explain import explain_groups
from lossbench.diagnosis.records import RunRecord
from lossbench.diagnosis.rendering import EXPLAINED, FILE, as_json
from lossbench.diagnosis.symptoms import average
from lossbench.tables import RUN, read_study

PART = 20  # plants that share data and model
HARM = 0.2  # of average progress, that a plant costs, or it is no fault
HEALTHY, UNKNOWN = "healthy", "unknown"
ANSWERS = "answers.json"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came of a plant: what it costs of average progress, seed by seed, and what is answered to it and to its sound run."""

    fault: str
    model: str
    data: str
    harm: tuple[float, ...]
    answer: str
    sound: str

    @property
    def does_harm(self) -> bool:
        """Whether it is a fault: the criterion above."""
        return float(np.mean(self.harm)) >= HARM and min(self.harm) > 0


def explained_part(made: Sequence[Plant], folder: Path) -> list[Answer]:
    """Train plants and sound runs, recorded as a diagnosis records its controls, explain them, and judge each plant."""
    training = partial(train, folder, executor="serial")
    described = [one for plant in made for one in (*plant.runs, *plant.sound)]
    records = training(described)
    by_id = {record.run: record for record in records}
    stored = read_study(folder / EXPLAINED).runs
    samples = compare(stored[stored[RUN].isin(by_id)]).samples  # of a part that was interrupted twins are stored, too
    explanations = explain_groups(samples, [[by_id[run] for run in sample.runs] for sample in samples], training)
    write_whole(folder / FILE, as_json(explanations).encode())
    of_run = {run: one.answer for one in explanations for run in one.sample.runs}
    each = iter(records)
    return [_answer(plant, [next(each) for _ in plant.runs], [next(each) for _ in plant.sound], of_run) for plant in made]


def _answer(plant: Plant, bad: Sequence[RunRecord], sound: Sequence[RunRecord], of_run: Mapping[str, str]) -> Answer:
    return Answer(
        fault=plant.fault,
        model=plant.sound[0]["model"]["word"],
        data=plant.sound[0]["dataset"]["word"],
        harm=tuple(round(average(b) - average(a), 4) for a, b in zip(bad, sound, strict=True)),
        answer=of_run[bad[0].run],
        sound=of_run[sound[0].run],
    )


def explained(count: int, first_seed: int, model: str, folder: Path) -> list[Answer]:
    """Plant, explain and judge, part by part; parts whose answers lie in the folder are not explained again."""
    answers: list[Answer] = []
    started = time.perf_counter()
    for part in range(-(-count // PART)):
        name = f"{model}_{first_seed}_{part:02d}"
        path = folder / name / ANSWERS
        if not path.is_file():
            made = plants(min(PART, count - part * PART), part, first_seed, model)
            rows = [asdict(one) for one in explained_part(made, folder / name)]
            write_whole(path, json.dumps(rows, indent=1).encode())
        answers += [Answer(**{**row, "harm": tuple(row["harm"])}) for row in json.loads(path.read_text(encoding="utf-8"))]
        click.echo(f"{len(answers)} of {count} plants, {time.perf_counter() - started:.0f} s", err=True)
    return answers


def right(answers: Sequence[Answer]) -> float:
    """The share of the faults that are named rightly."""
    return float(np.mean([one.answer == one.fault for one in answers if one.does_harm]))


def false_alarms(answers: Sequence[Answer]) -> float:
    """The share of the sound runs of which a cause is claimed."""
    return float(np.mean([one.sound not in (HEALTHY, UNKNOWN) for one in answers]))


def page(answers: Sequence[Answer]) -> str:
    """The count by fault, as a table in Markdown."""
    lines = [
        "| planted | do harm | named rightly | otherwise | do none | answers to those |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name in FAULTS:
        harmful = Counter(one.answer for one in answers if one.fault == name and one.does_harm)
        harmless = Counter(one.answer for one in answers if one.fault == name and not one.does_harm)
        counts = f"| {name} | {harmful.total()} | {harmful[name]} | {_others(harmful, name)} |"
        lines.append(f"{counts} {harmless.total()} | {_others(harmless)} |")
    sound = Counter(one.sound for one in answers)
    lines.append(f"| nothing | | {sound[HEALTHY]} of {sound.total()} | {_others(sound, HEALTHY)} | | |")
    faults = sum(one.does_harm for one in answers)
    summary = f"{100 * right(answers):.1f} % of {faults} faults right; {100 * false_alarms(answers):.1f} % of {len(answers)}"
    return "\n".join([*lines, "", f"{summary} sound groups are false alarms."])


def _others(answers: Counter[str], name: str = "") -> str:
    return ", ".join(f"{answer} ({n})" for answer, n in answers.most_common() if answer != name)


@click.command()
@click.option("--count", type=click.IntRange(1), default=500, show_default=True, help="Plants.")
@click.option("--seed", type=click.IntRange(0), default=11000, show_default=True, help="What they are drawn from.")
@click.option("--model", type=click.Choice(list(ACTIVATIONS)), default=MLP, show_default=True, help="What they are planted in.")
@click.option(
    "--folder", type=click.Path(path_type=Path), help="Keep the studies there; parts that it holds are not trained again."
)
def main(count: int, seed: int, model: str, folder: Path | None) -> None:
    """Plant faults, explain them, and print how many were named rightly."""
    if folder:
        click.echo(page(explained(count, seed, model, folder)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        click.echo(page(explained(count, seed, model, Path(temporary))))


if __name__ == "__main__":
    main()
