"""What is asked of a third-party loss, and every way in which it may want to be called."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from lossbench.interfaces.links import LinkName
from lossbench.loss_families.calling import Convention, Layout, Library, Takes, Targets

_TAKES: tuple[Takes, ...] = ("raw", "probabilities", "log-probabilities")


@dataclass(frozen=True, kw_only=True)
class CallOptions:
    """Parts of the calling convention that the user states; None is to be detected."""

    takes: Takes | None = None
    link: LinkName | None = None
    outputs: Literal["one", "several"] | None = None
    classes: Literal["first", "last"] | None = None
    targets: Targets | None = None


@dataclass(frozen=True, kw_only=True)
class CallableRequest:
    """A callable to audit: import path, the loss it claims to be, keyword arguments, call options, time limit in seconds."""

    path: str
    claim: str | None = None
    given: dict[str, Any] = field(default_factory=dict)
    call_options: CallOptions = field(default_factory=CallOptions)
    seconds: float = 5.0


def call_forms(library: Library, call_options: CallOptions, *, targets_first: bool | None) -> Iterator[Convention]:
    """Every order, number of outputs, layout and kind of targets that fits the options, the usual ones first.

    What the outputs stand for is left open: they are called raw. Both argument orders come only where none is known.
    """
    counts = {"one": (1,), "several": (2,), None: (1, 2)}[call_options.outputs]
    for swapped in (False, True) if targets_first is None else (targets_first,):
        for signed in (False, True):
            for outputs in counts:
                for targets, layout in _forms(outputs, call_options):
                    if (targets == "signed") == signed:
                        yield Convention(
                            library=library,
                            takes="raw",
                            link=call_options.link or ("sigmoid" if outputs == 1 else "softmax"),
                            outputs=outputs,
                            layout=layout,
                            targets=targets,
                            swapped=swapped,
                        )


def possible_takes(call_options: CallOptions) -> tuple[Takes, ...]:
    """What the predictions may be: as the user states, or anything."""
    return (call_options.takes,) if call_options.takes else _TAKES


def _forms(outputs: int, call_options: CallOptions) -> Iterator[tuple[Targets, Layout]]:
    layouts: tuple[Layout, ...] = ("flat", "last", "single", "pixels") if outputs == 1 else ("last", "first", "single", "pixels")
    if call_options.classes is not None and outputs == 2:
        layouts = (call_options.classes, "single")
    known: tuple[Targets, ...] = ("alike", "signed") if outputs == 1 else ("index", "alike", "signed")
    for targets in (call_options.targets,) if call_options.targets else known:
        for layout in layouts:
            yield targets, layout
