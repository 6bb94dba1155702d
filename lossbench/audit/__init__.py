"""What a loss does to learning, measured before anything is trained: `lossbench audit`, and `lossbench.audit` in Python."""

import importlib
import sys
import types
from typing import Any

from lossbench.errors import training_for


class CallablePackage(types.ModuleType):
    """This package, which is also the function `lossbench.audit`: both have the name by rights."""

    def __call__(self, loss: Any, *, link: str | None = None, seconds: float = 5.0) -> Any:
        """The card of a loss: see `audit` in audit/cards/single.py, which is imported when it is called, as it needs torch."""
        with training_for("lossbench.audit"):
            module = importlib.import_module("lossbench.audit.cards.single")
        return module.audit(loss, link=link, seconds=seconds)


sys.modules[__name__].__class__ = CallablePackage
