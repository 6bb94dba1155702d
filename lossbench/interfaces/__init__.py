"""The nouns: what a loss, a model, an initialisation, a data set, an optimizer and a probe each promise.

Everything that implements one is written for one run. Outputs (or features, or units) lie along axis −2 and examples
along −1, columns as in the textbooks' a = σ(Wx + b); leading axes are free. Axis letters: R runs · B batch · C outputs ·
D features · L layers · N examples · T recorded steps, or targets where a loss has its own number of outputs.
"""

from lossbench.interfaces import promises  # noqa: F401 - registers what plugins must return
from lossbench.interfaces.arrays import Array, Dense
from lossbench.interfaces.dataset import Dataset, DataShape, Split, TargetScale
from lossbench.interfaces.domain import Domain, TargetRange
from lossbench.interfaces.init import FirstTraining, Init
from lossbench.interfaces.loss import CLASSIFIED, EVERY_TASK, LABELLED, UNKNOWN_TARGETS, Loss, Properties, Task, TrainingTargets
from lossbench.interfaces.model import ActivationName, Layer, Model, makes_module, says_layers
from lossbench.interfaces.optimizer import Hyper, Memory, Optimizer, Update
from lossbench.interfaces.schedule import Schedule

__all__ = [
    "CLASSIFIED",
    "EVERY_TASK",
    "LABELLED",
    "UNKNOWN_TARGETS",
    "ActivationName",
    "Array",
    "DataShape",
    "Dataset",
    "Dense",
    "Domain",
    "FirstTraining",
    "Hyper",
    "Init",
    "Layer",
    "Loss",
    "Memory",
    "Model",
    "Optimizer",
    "Properties",
    "Schedule",
    "Split",
    "TargetRange",
    "TargetScale",
    "Task",
    "TrainingTargets",
    "Update",
    "makes_module",
    "says_layers",
]
