"""What a loss does to learning, measured before anything is trained: `lossbench audit`, and `lossbench.audit` in Python."""

import importlib
import sys
import types
from typing import Any


class CallablePackage(types.ModuleType):
    """This package, which is also the function `lossbench.audit`: both have the name by rights."""

    def __call__(self, loss: Any, *, link: str | None = None, seconds: float = 5.0) -> Any:
        """The card of a loss: see `audit` in audit/cards/single.py, which is imported when it is called, as it needs torch."""
        return importlib.import_module("lossbench.audit.cards.single").audit(loss, link=link, seconds=seconds)


sys.modules[__name__].__class__ = CallablePackage
