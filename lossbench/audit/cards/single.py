"""The card of one loss, asked for from Python."""

import inspect
import json
from collections.abc import Callable
from typing import Any

from lossbench.audit.cards.card import Card
from lossbench.audit.cards.isolation import isolated_cards
from lossbench.audit.cards.runner import cards_of_losses
from lossbench.audit.subjects.convention import CallableRequest
from lossbench.audit.subjects.trainable import path_and_arguments
from lossbench.errors import BadInput, unknown
from lossbench.interfaces import Loss

LINKS = ("sigmoid", "softmax", "identity")  # where several are possible and none is asked for, the first of them


def audit(loss: str | Loss | type[Loss] | Callable[..., Any], *, link: str | None = None, seconds: float = 5.0) -> Card:
    """The card of a loss: everything that is measured of it on one link, before anything is trained.

    A loss is a word with its options ("focal", "focal,gamma=3"), an instance or class of ours or yours, or anybody's function,
    torch module or class of such, which is measured in a process of its own, each call limited to so many seconds. `link` is
    sigmoid, softmax or identity; without one a loss that has several gets the first of these that it has a meaning on.

    Raises BadInput where the loss cannot be found, or has no meaning on the link.
    """
    if isinstance(loss, str | Loss) or (isinstance(loss, type) and issubclass(loss, Loss)):
        cards = cards_of_losses([loss if isinstance(loss, str) else _audit_text(loss)], report=_silent)
    else:
        path, given = _import_path(loss)
        cards = isolated_cards(CallableRequest(path=path, given=given, seconds=seconds))
    by_link = {card.link: card for card in cards}
    if link is None:
        return next((by_link[name] for name in LINKS if name in by_link), cards[0])
    if link not in by_link:
        raise unknown(f"link of {cards[0].title}", link, by_link)
    return by_link[link]


def _audit_text(loss: Loss | type[Loss]) -> str:
    """The loss as the audit's command line would name it: focal,gamma=2.0."""
    if isinstance(loss, type):
        return loss.word
    options = {name: value for name, value in loss.describe().items() if name != "word"}
    return ",".join([loss.word, *(f"{name}={json.dumps(value)}" for name, value in options.items())])


def _import_path(given: Any) -> tuple[str, dict[str, Any]]:
    """The path package.module:name by which another process finds a callable, or makes an object anew, and with what arguments.

    Raises BadInput where there is none.
    """
    function = given if inspect.isclass(given) or inspect.isroutine(given) else type(given)
    module, name = getattr(function, "__module__", None), getattr(function, "__qualname__", "")
    if not callable(given) or module in (None, "__main__") or not name or "<" in name:
        raise BadInput(
            f"{given!r} has no path that another process could import. Possible: a word, an instance or class of losses, and a "
            "function, a class or an object of a class that is defined at the top of a module."
        )
    return path_and_arguments(given)


def _silent(message: str) -> None:
    """Progress messages of the runner go nowhere."""
    del message
