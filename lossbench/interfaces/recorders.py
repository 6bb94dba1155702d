"""What a study may record: metrics, which judge outputs, and probes, which describe steps, in one list of words."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from lossbench.errors import BadInput, unknown
from lossbench.interfaces.metric import Metric
from lossbench.interfaces.probe import Probe
from lossbench.registry import shelf
from lossbench.tables import Quantity

Recorder = Metric | Probe


def recorder_classes() -> dict[str, type[Recorder]]:
    """Every metric and every probe by its word, in alphabetical order. Raises BadInput where one word names one of each."""
    metrics, probes = shelf("metric"), shelf("probe")
    if both := metrics.keys() & probes.keys():
        raise BadInput(f"A metric and a probe ask for the same word: {', '.join(sorted(both))}. Rename one of them.")
    return {word: cls for word, cls in sorted({**metrics, **probes}.items()) if issubclass(cls, Metric | Probe)}


def recorder_class(word: str) -> type[Recorder]:
    """The metric or probe that a word names. Raises BadInput with the nearest word."""
    classes = recorder_classes()
    if word not in classes:
        raise unknown("metric or probe", word, classes)
    return classes[word]


def recorders(names: Sequence[str]) -> tuple[Recorder, ...]:
    """Metrics and probes by their words; none named means all that are recorded by default. Raises BadInput."""
    if names:
        return tuple(recorder_class(word)() for word in names)
    return tuple(cls() for cls in recorder_classes().values() if cls.by_default)


def declared(classes: Iterable[type[Recorder]]) -> tuple[Quantity, ...]:
    """What metrics and probes declare; a metric's stem is its word, and a stem is the title of what has none.

    Raises BadInput where a probe declares a quantity without a stem.
    """
    quantities: list[Quantity] = []
    for cls in classes:
        own = (replace(cls.quantity, stem=cls.word),) if issubclass(cls, Metric) else cls.quantities
        if not all(item.stem for item in own):
            raise BadInput(
                f"The probe {cls.word!r} declares a quantity without a stem, which is the name that `measure` gives it."
            )
        quantities += [item if item.title else replace(item, title=item.stem.replace("_", " ")) for item in own]
    return tuple(quantities)
