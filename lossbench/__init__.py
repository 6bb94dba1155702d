"""lossbench shows how loss functions learn. What plugins use is here by name, and is looked up when it is first used.

`import lossbench` imports nothing else, so that it is quick, and so that reports need no torch.
"""

TYPE_CHECKING = False  # type checkers take the name for true; to import it from typing would cost more than all the rest

if TYPE_CHECKING:
    from lossbench import datasets as datasets
    from lossbench import inits as inits
    from lossbench import losses as losses
    from lossbench import metrics as metrics
    from lossbench import models as models
    from lossbench import optimizers as optimizers
    from lossbench import probes as probes
    from lossbench import schedules as schedules
    from lossbench.api import run as run
    from lossbench.audit.cards.single import audit as audit
    from lossbench.comparison.compare import compare as compare
    from lossbench.comparison.fitted import FittedModel as FittedModel
    from lossbench.comparison.fitted import load_model as load_model
    from lossbench.comparison.study import ComparedStudy as ComparedStudy
    from lossbench.errors import BadInput as BadInput
    from lossbench.errors import Failure as Failure
    from lossbench.estimators.classifier import LossClassifier as LossClassifier
    from lossbench.estimators.regressor import LossRegressor as LossRegressor
    from lossbench.interfaces import Dataset as Dataset
    from lossbench.interfaces import DataShape as DataShape
    from lossbench.interfaces import Dense as Dense
    from lossbench.interfaces import Domain as Domain
    from lossbench.interfaces import Hyper as Hyper
    from lossbench.interfaces import Init as Init
    from lossbench.interfaces import Layer as Layer
    from lossbench.interfaces import Loss as Loss
    from lossbench.interfaces import Memory as Memory
    from lossbench.interfaces import Model as Model
    from lossbench.interfaces import Optimizer as Optimizer
    from lossbench.interfaces import Properties as Properties
    from lossbench.interfaces import Schedule as Schedule
    from lossbench.interfaces import Split as Split
    from lossbench.interfaces import TargetScale as TargetScale
    from lossbench.interfaces import Update as Update
    from lossbench.interfaces.links import OUTPUTS as OUTPUTS
    from lossbench.interfaces.links import log_softmax as log_softmax
    from lossbench.interfaces.links import softmax as softmax
    from lossbench.interfaces.metric import Metric as Metric
    from lossbench.interfaces.metric import Outputs as Outputs
    from lossbench.interfaces.probe import Probe as Probe
    from lossbench.interfaces.probe import Step as Step
    from lossbench.report.stored_study import StoredStudy as StoredStudy
    from lossbench.report.stored_study import open as open  # noqa: A004 the name is this module's, not the user's
    from lossbench.tables import Quantity as Quantity
    from lossbench.witness.session import witness as witness

_MODULES = {
    "api": ("run",),
    "comparison.compare": ("compare",),
    "comparison.fitted": ("FittedModel", "load_model"),
    "comparison.study": ("ComparedStudy",),
    "errors": ("BadInput", "Failure"),
    "estimators.classifier": ("LossClassifier",),
    "estimators.regressor": ("LossRegressor",),
    "interfaces": (
        *("DataShape", "Dataset", "Dense", "Domain", "Hyper", "Init", "Layer", "Loss", "Memory", "Model", "Optimizer"),
        *("Properties", "Schedule", "Split", "TargetScale", "Update"),
    ),
    "interfaces.links": ("OUTPUTS", "log_softmax", "softmax"),
    "interfaces.metric": ("Metric", "Outputs"),
    "interfaces.probe": ("Probe", "Step"),
    "report.stored_study": ("StoredStudy", "open"),
    "tables": ("Quantity",),
}
_PACKAGES = ("audit", "datasets", "inits", "losses", "metrics", "models", "optimizers", "probes", "schedules", "witness")
_MODULE_OF = {name: f"lossbench.{module}" for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> object:
    """A public name, from the module that defines it, or a package such as `losses`.

    Raises AttributeError for any other name, and BadInput for one that needs torch where it is not installed.
    """
    module = f"lossbench.{name}" if name in _PACKAGES else _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module 'lossbench' has no attribute {name!r}")
    with __import__("lossbench.errors", fromlist=["errors"]).training_for(f"lossbench.{name}"):
        value: object = __import__(module, fromlist=["__name__"])
    if name not in _PACKAGES:
        globals()[name] = value = getattr(value, name)
    return value


def __dir__() -> list[str]:
    """What is loaded, and the public names."""
    return sorted({*globals(), *_MODULE_OF, *_PACKAGES})
