"""What the classes are called, and which of two is the positive one, as facts of a report."""

from lossbench.tables import Study
from lossbench.tables.classes import spoken_classes


def class_facts(study: Study) -> list[tuple[str, str]]:
    """A line for the classes of each data set that has names for them, as (name, text)."""
    data = study.runs.drop_duplicates("data")
    named = {
        str(word): study.classes[str(fingerprint)]
        for word, fingerprint in zip(data["dataset"], data["data"], strict=True)
        if str(fingerprint) in study.classes
    }
    alone = len(set(study.runs["dataset"])) == 1
    return [("classes" if alone else f"classes of {word}", spoken_classes(names)) for word, names in named.items()]
