"""Cards of third-party losses, made in a process of their own, which may hang, exit or crash without ending the audit."""

import json
import multiprocessing
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, SpawnContext
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from lossbench.audit.cards.card import Card, from_plain, to_plain
from lossbench.audit.cards.runner import cards_of_path
from lossbench.audit.subjects.convention import CallableRequest
from lossbench.audit.subjects.forms import first_line
from lossbench.audit.subjects.time_limit import end_process_when_late
from lossbench.errors import BadInput

_LONGEST = 3600.0  # seconds for everything; the time limits of the single steps end a process much sooner


def isolated_cards(request: CallableRequest, *, fresh: bool = False) -> list[Card]:
    """The cards of a third-party callable, measured in a process of its own.

    Where that process ends early or has to be ended, the card says so, and nothing else. Raises BadInput for a bad path.
    """
    context = _context()
    receiver, sender = context.Pipe(duplex=False)
    with tempfile.TemporaryDirectory() as folder:
        late = Path(folder) / "late"
        process = context.Process(target=_send_cards, args=(sender, request, fresh, dict(os.environ), str(late)), daemon=True)
        with without_script():
            process.start()
        sender.close()
        try:
            message = json.loads(receiver.recv_bytes()) if receiver.poll(_LONGEST + 20 * request.seconds) else None
        except (EOFError, OSError):
            message = {}
        finally:
            process.join(1)
            process.kill()
            process.join()
        ended_late = message is None or (late.exists() and late.stat().st_size > 0)
    return _cards(request, message or {}, process.exitcode, ended_late=ended_late)


@contextmanager
def without_script() -> Iterator[None]:
    """Within it a process that is started does not run this one's script first.

    multiprocessing runs it for what stands in it, which no card needs; a script without `if __name__ == "__main__"` would compare
    or audit once more there, and fail.
    """
    script = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = script


def _context() -> ForkServerContext | SpawnContext:
    """A clean process: forked from a server that has imported torch, or else started from nothing, as on Windows."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


def _send_cards(sender: Connection, request: CallableRequest, fresh: bool, environment: Mapping[str, str], late: str) -> None:
    """In the new process: make the cards and send them as JSON, or the sentence of a BadInput."""
    os.environ.update(environment)
    torch.set_num_threads(1)
    with Path(late).open("w", encoding="utf-8") as file:
        end_process_when_late(file)
        try:
            message: dict[str, Any] = {"cards": [to_plain(card) for card in cards_of_path(request, fresh=fresh)]}
        except BadInput as error:
            message = {"refused": str(error)}
        except Exception as error:  # somebody's code may raise anything, wherever it is called
            reason = f"It could not be measured: {type(error).__name__}: {first_line(error)}"
            message = {"cards": [to_plain(Card(title=request.path, link="", refused=reason, notes=(reason,)))]}
        sender.send_bytes(json.dumps(message).encode())


def _cards(request: CallableRequest, message: Mapping[str, Any], exit_code: int | None, *, ended_late: bool) -> list[Card]:
    if "refused" in message:
        raise BadInput(message["refused"])
    if "cards" in message:
        return [from_plain(plain) for plain in message["cards"]]
    reason = f"It ended its process with exit code {exit_code}, and nothing is known of it."
    if ended_late:
        reason = f"It hangs: no answer within the time limit (--seconds {request.seconds:g}), so its process was ended."
    return [Card(title=request.path, link="", refused=reason, notes=(reason,))]
