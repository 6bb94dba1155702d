"""A study for TensorBoard: an event file a run, written by TensorBoard's own library, without torch or TensorFlow."""

import io
import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from lossbench.atomic import write_whole
from lossbench.export.choice import Choice
from lossbench.export.libraries import library
from lossbench.export.tracked import ENDS, TrackedRun, tracked_runs

FILE = "events.out.tfevents.0000000000.lossbench"  # one name, so that a second export replaces the first
EXTRA = "tensorboard"
_SIDES = dict(zip(ENDS, ("value", "lower", "upper"), strict=True))  # as its charts of margins call them


def write_tensorboard(choice: Choice, out: Path) -> str:
    """Write OUT/PATH/events… for each tracked run, and remove those that an earlier export left; what was written, in a sentence.

    Scalars are float32 there; parameters are for the tab HPARAMS, medians with their intervals for CUSTOM SCALARS. Raises
    BadInput where the library is not installed.
    """
    write_whole(out / FILE, _content([_margins(choice)]))
    written = {out / FILE}
    for run in tracked_runs(choice):
        written.add(out / run.path / FILE)
        write_whole(out / run.path / FILE, _content([_parameters(run), *_scalars(run)]))
    for stale in set(out.rglob(FILE)) - written:
        stale.unlink(missing_ok=True)
    return f"{len(written) - 1:,} runs in {out}. Look at them: tensorboard --logdir {shlex.quote(str(out))}"


def _content(events: Iterable[Any]) -> bytes:
    """An event file. Times are 0, so that the same study gives the same bytes."""
    sink = io.BytesIO()
    writer = library("tensorboard.summary.writer.record_writer", EXTRA).RecordWriter(sink)
    for event in (_proto("event").Event(file_version="brain.Event:2"), *events):
        writer.write(event.SerializeToString())
    return sink.getvalue()


def _scalars(run: TrackedRun) -> Iterator[Any]:
    event, summary = _proto("event").Event, _proto("summary").Summary
    for name, (steps, values) in run.curves.items():
        for step, value in zip(steps.tolist(), values.tolist(), strict=True):
            yield event(step=int(step), summary=summary(value=[summary.Value(tag=name, simple_value=value)]))


def _parameters(run: TrackedRun) -> Any:
    made = library("tensorboard.plugins.hparams.summary_v2", EXTRA).hparams_pb(
        dict(run.parameters), trial_id=run.path, start_time_secs=0
    )
    return _proto("event").Event(summary=made)


def _margins(choice: Choice) -> Any:
    """A chart for each metric, of the median and the interval around it."""
    plugin = "tensorboard.plugins.custom_scalar"
    made, metadata = library(f"{plugin}.layout_pb2", EXTRA), library(f"{plugin}.metadata", EXTRA)
    series = made.MarginChartContent.Series
    charts = [
        made.Chart(title=name, margin=made.MarginChartContent(series=[series(**{_SIDES[end]: f"{name}/{end}" for end in ENDS})]))
        for name in choice.metrics
    ]
    layout = made.Layout(category=[made.Category(title="medians and intervals over seeds", chart=charts)])
    tensor = _proto("tensor").TensorProto(
        dtype=_proto("types").DT_STRING,
        string_val=[layout.SerializeToString()],
        tensor_shape=_proto("tensor_shape").TensorShapeProto(),
    )
    summary = _proto("summary").Summary
    value = summary.Value(tag=metadata.CONFIG_SUMMARY_TAG, metadata=metadata.create_summary_metadata(), tensor=tensor)
    return _proto("event").Event(summary=summary(value=[value]))


def _proto(name: str) -> Any:
    return library(f"tensorboard.compat.proto.{name}_pb2", EXTRA)
