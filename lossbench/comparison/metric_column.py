"""The recorded column that chooses and judges: a metric, or what a metric says of one class."""

import torch

from lossbench.comparison.request import metric_class
from lossbench.data.loading import describe, load
from lossbench.errors import BadInput, unknown
from lossbench.interfaces import Dataset
from lossbench.interfaces.dataset import training_targets
from lossbench.interfaces.metric import Outputs
from lossbench.planning.spec import RunSpec
from lossbench.tables.columns import LAYER, class_column
from lossbench.tables.metric_words import metric_word

ROWS = 10_000  # that are enough to see whether a metric says anything


def metric_column(given: str, dataset: Dataset) -> str:
    """The column of a metric, without its side: accuracy, or f1/1 for f1/churned, the class's name or number after a slash.

    A metric by class of which none is named is about the positive one of two. Raises BadInput where there is no such metric or
    class, where it has no meaning for the task, and where no class is named of more than two.
    """
    word, slash, name = metric_word(given).partition(LAYER)
    cls, shape = metric_class(word), describe(dataset).shape
    if shape.task not in cls.tasks:
        raise BadInput(f"{word} has no meaning for {shape.task}; it is for {' and '.join(cls.tasks)}.")
    if cls.quantity.part != "class":
        if slash:
            raise BadInput(f"{given}: {word} is one number, and none for each class. Possible: {word}.")
        return word
    names = shape.classes or tuple(map(str, range(max(2, shape.targets))))
    if not slash and len(names) == 2 and shape.task == "classification":
        return class_column(word, 1)
    if not slash:
        raise BadInput(
            f"{word} is a number for each class; name the one to judge by: {', '.join(f'{word}/{n}' for n in names[:5])}."
        )
    if name in names:
        return class_column(word, names.index(name))
    if not (name.isdecimal() and int(name) < len(names)):
        raise unknown("class", name, names)
    return class_column(word, int(name))


def refuse_unjudged(label: str, run: RunSpec, column: str) -> None:
    """Raise BadInput where a run's loss says nothing that a metric could judge, such as no probability: all would be NaN."""
    word, split = column.partition(LAYER)[0], load(run.dataset).split
    y = torch.as_tensor(split.train_y[:: -(-len(split.train_y) // ROWS)].T)
    loss = run.loss.informed(training_targets(split))
    outputs = loss.raw_outputs(len(y))
    z = torch.arange(outputs * y.shape[1], dtype=y.dtype).sin().view(outputs, -1)  # any finite numbers, no two alike
    measured = metric_class(word)().measure(Outputs(z, y, loss, split.task, split.scale))
    if measured.isnan().all():
        raise BadInput(
            f"{word} is no number for {label} here: the loss says nothing that it could judge, such as a probability or a "
            f"distribution, or classes are so few that any answer would be right. Possible: another metric (--metric, metric=), "
            f"or the comparison without {label}."
        )
