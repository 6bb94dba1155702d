"""From words and paths to cards: what is known is recalled, the rest is measured, on all cores where it is much."""

import inspect
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from joblib import Parallel, delayed

from lossbench.analysis import formatting
from lossbench.audit.cards import cache
from lossbench.audit.cards.card import SECTION_SECONDS, Card, make_card
from lossbench.audit.cards.fingerprint import content, versions_of
from lossbench.audit.subjects.convention import CallableRequest
from lossbench.audit.subjects.forms import Unusable
from lossbench.audit.subjects.imported import subjects_of_path
from lossbench.audit.subjects.subject import Subject, registered
from lossbench.registry import load_plugins, shelf

Report = Callable[[str], None]
_FEW = 3  # so many cards are measured sooner than workers are started


@dataclass(frozen=True)
class _Job:
    """One card to make: the subject, and the loss, WORD or WORD,option=value, from which a worker makes the same subject."""

    subject: Subject
    key: str
    loss: str
    index: int


def all_loss_names() -> list[str]:
    """The word of every registered loss."""
    return list(shelf("loss"))


def cards_of_losses(
    losses: Sequence[str], plugins: Sequence[str] = (), *, fresh: bool = False, report: Report = print
) -> list[Card]:
    """The cards of registered losses, in the order given, a card for each link. Raises BadInput for an unknown word."""
    load_plugins(plugins)
    jobs = [job for text in losses for job in _jobs(text)]
    known: dict[str, Card | None] = {job.key: None if fresh else cache.recall(job.key) for job in jobs}
    todo = [job for job in jobs if known[job.key] is None]
    if todo:
        report(f"Measuring {formatting.counted(len(todo), 'card')}; {len(jobs) - len(todo)} known.")
    workers = min(os.cpu_count() or 1, len(todo))
    if len(todo) <= _FEW or workers == 1:
        new_cards = [_measured(job.subject) for job in todo]
    else:
        new_cards = Parallel(n_jobs=workers)(
            delayed(_card_in_worker)(job.loss, job.index, tuple(plugins), tuple(sys.path)) for job in todo
        )
    for job, new in zip(todo, new_cards, strict=True):
        cache.remember(job.key, new)
        known[job.key] = new
    return [card for card in (known[job.key] for job in jobs) if card is not None]


def cards_of_path(request: CallableRequest, *, fresh: bool = False) -> list[Card]:
    """The cards of somebody's loss; one that says what went wrong where it cannot be asked. Raises BadInput for a bad path."""
    try:
        subjects = list(subjects_of_path(request))
    except Unusable as error:
        return [Card(title=request.path, link="", refused=str(error), notes=(str(error),))]
    module = request.path.partition(":")[0]
    key = content([module, __name__], repr(request))
    cards = []
    for index, subject in enumerate(subjects):
        mark = f"{key}-{index}"
        card = (None if fresh else cache.recall(mark)) or _measured(subject, module, 6 * request.seconds)
        cache.remember(mark, card)
        cards.append(card)
    return cards


def _measured(subject: Subject, module: str = "", seconds: float = SECTION_SECONDS) -> Card:
    """The card of a subject, with the versions that it was measured with."""
    return replace(make_card(subject, seconds), versions=versions_of(module))


def _jobs(text: str) -> Iterator[_Job]:
    for index, subject in enumerate(registered(text)):
        module = inspect.getmodule(type(subject.loss))
        names = [__name__, module.__name__ if module else ""]
        yield _Job(subject, content(names, f"{subject.title} {subject.link} {subject.loss!r}"), text, index)


def _card_in_worker(text: str, index: int, plugins: Sequence[str], path: Sequence[str]) -> Card:
    """The same card in a worker, which has to find what the caller has found."""
    sys.path[:] = path
    torch.set_num_threads(1)
    load_plugins(plugins)
    return _measured(list(registered(text))[index])
