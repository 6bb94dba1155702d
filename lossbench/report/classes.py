"""What the classes are called, and which of two is the positive one, as facts of a report."""

from lossbench.tables import TASK, Study
from lossbench.tables.classes import spoken_classes


def class_facts(study: Study) -> list[tuple[str, str]]:
    """A line for the classes of each data set that has names for them, as (name, text)."""
    data = study.runs.drop_duplicates("data")
    named = {
        str(word): (study.classes[str(fingerprint)], str(task))
        for word, fingerprint, task in zip(data["dataset"], data["data"], data[TASK], strict=True)
        if str(fingerprint) in study.classes
    }
    alone = len(set(study.runs["dataset"])) == 1
    return [
        (f"{_called(task)}{'' if alone else f' of {word}'}", spoken_classes(names, task)) for word, (names, task) in named.items()
    ]


def _called(task: str) -> str:
    return "labels" if task == "multilabel" else "classes"
