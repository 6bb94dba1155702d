"""Files that came to harm, or from strangers: one of each kind, and random damage to it, its bytes or what is written in it.

`opened_files.py` opens them as lossbench does.
"""

import io
import json
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from lossbench.data.loading import describe
from lossbench.datasets.xor import Xor
from lossbench.inits.normal import Normal
from lossbench.interfaces import Dense, Layer
from lossbench.losses.entropy import CrossEntropy
from lossbench.losses.squared import HalfSquaredError
from lossbench.models.dense import MLP
from lossbench.optimizers.sgd import SGD
from lossbench.planning.spec import Recording, RunSpec, Trace
from lossbench.storage.parquet_part import Origin
from lossbench.storage.store import append, remember
from lossbench.tables import content_hash

RECORDING = Recording(probes=("accuracy", "loss"), keep=("parameters",))
LAYERS = (Layer(2, 3, "sigmoid"), Layer(3, 1, None))
CLAIMS = """
title: Falling
tuning: {by: train_loss, score: final, seeds: 1}
claims:
  - claim: it falls
    source: somebody, 1999
    place: table 1
    measured: {column: train_loss, score: at 3, of: {loss: cross_entropy}, along: [optimizer.lr], reduce: mean, over: median}
    published: [0.1, 0.5]
    tolerance: 0.1
    verdict: holds
  - claim: it is faster
    source: somebody, 1999
    place: table 2
    tolerance: 0
    rows:
      - row: one
        measured: {scores: {a: {column: train_loss}, b: {column: test_accuracy, score: steps above 0.5}}, value: log(a / b)}
        published: "> 1"
        verdict: differs
      - {row: two, measured: {column: train_loss}, published: {file: c.csv, x: step, y: 2 * value}, verdict: within scatter}
figures:
  - {kind: curves, name: falling, title: How it falls, caption: Read it so., column: train_loss, panels: loss, x_limits: [0, 9]}
  - kind: scores
    name: by-rate
    title: Rates
    caption: Read it so.
    x: optimizer.lr
    column: train_loss
    lines: {a: {of: {loss: cross_entropy}}}
"""
CONFIG = """# @package _global_
study: mine
dataset: {spread: 1.0}
model: {hidden: [3]}
probes: [loss, accuracy]
keep: [parameters]
plugins: []
recording: {kind: log, points: 5}
epochs: 2
hydra: {sweeper: {params: {loss: "ce,mse", seed: "range(2)"}, grids: [{optimizer.lr: "0.1,0.3"}, {optimizer.lr: 1}]}}
defaults:
  - override /dataset: blobs
  - _self_
"""
CSV = "step,value,kind\n" + "".join(f"{n},{1 / (n + 1)},{'ab'[n % 2]}\n" for n in range(12))
ODD = (
    None, True, False, 0, -1, 3, 0.5, -1e308, float("nan"), float("inf"), 10**25, "", "1", "ce", "\x1b[2J", "[red]x[/]",
    "a/../../b", "<b>$x$</b>|`", "\u202e\ud800\x00", "x" * 3000, "> 1.2.3", "at x", "best of 99", "steps below nan", "1e999",
    "${seed}", "${oc.env:HOME}", "*", "range(3)", "count below", [], {}, [[]], [None], ["a", 1], {"a": {"a": 1}}, {"word": 3},
    {"": None}, [0, 1e400], {"of": 3},
)  # fmt: skip


@dataclass(frozen=True)
class Kind:
    """A kind of file: its path in the folder, its form, and the reader in `opened_files.py` that meets it."""

    path: str
    form: str
    reader: str


KINDS = {
    "part": Kind("study/runs/part-*.parquet", "parquet", "study"),
    "manifest": Kind("study/study.json", "json", "study"),
    "invocation": Kind("study/invocations/*.json", "json", "study"),
    "parameters": Kind("study/parameters/*.npz", "npz", "parameters"),
    "claims": Kind("claims/claims.yaml", "yaml", "claims"),
    "curve": Kind("claims/c.csv", "csv", "claims"),
    "config": Kind("conf/experiment/mine.yaml", "yaml", "config"),
    "table": Kind("table.csv", "csv", "table"),
    "parquet table": Kind("table.parquet", "parquet", "table"),
}


def runs():
    """Four runs, none of which was trained."""
    one = RunSpec(
        loss=CrossEntropy(), model=MLP(), init=Normal(), dataset=Xor(), optimizer=SGD(lr=0.1),
        data=describe(Xor()).fingerprint, seed=0, steps=9,
    )  # fmt: skip
    return [replace(one, seed=seed, loss=loss) for seed in range(2) for loss in (CrossEntropy(), HalfSquaredError())]


def write_folder(folder):
    """One file of each kind, whole."""
    (folder / "claims").mkdir(parents=True)
    (folder / "claims" / "claims.yaml").write_text(CLAIMS)
    (folder / "claims" / "c.csv").write_text(CSV)
    (folder / "conf" / "experiment").mkdir(parents=True)
    (folder / "conf" / "experiment" / "mine.yaml").write_text(CONFIG)
    (folder / "table.csv").write_text(CSV)
    pq.write_table(pa.table({"step": list(range(12)), "value": [0.5] * 12, "kind": ["a", "b"] * 6}), folder / "table.parquet")
    provenance = {
        "versions": {"torch": "2"},
        "machine": {"system": "s"},
        "commit": {"hash": "a" * 40},
        "instructions": {"a": "b"},
    }
    invocation = remember(folder / "study", ["seed=range(2)"], {"plugins": ["mine"], "seed": 0}, provenance)
    origin = Origin(recording=RECORDING.describe(), invocation=invocation, task="classification", device="cpu")
    rng = np.random.default_rng(0)
    parameters = tuple(Dense(rng.normal(size=(n.outputs, n.inputs)), rng.normal(size=(n.outputs, 1))) for n in LAYERS)
    names = ("train_loss", "test_loss", "test_accuracy", "train_accuracy")
    traces = [
        Trace(
            run=run, outcome="finished", stopped=9, steps=(0, 3, 9), values={name: rng.random(3) for name in names},
            parameters=parameters, seconds=0.1,
        )
        for run in runs()
    ]  # fmt: skip
    append(folder / "study", traces[:3], origin)
    append(folder / "study", traces[3:], origin)


def damage(kind, folder, draw):
    """Damage one file of a kind in a folder: its bytes, or what is written in it. Says what was done."""
    path = draw.choice(sorted(folder.glob(KINDS[kind].path)))
    content, form = path.read_bytes(), KINDS[kind].form
    if draw.random() < (0.3 if form in ("json", "yaml", "parquet") else 1):
        path.write_bytes(damaged_bytes(content, draw))
        return "bytes"
    damaged = damaged_table(content, draw) if form == "parquet" else damaged_text(content.decode(), form, draw)
    path.unlink()
    named = f"part-{draw.randrange(9):08d}-{content_hash(damaged)}.parquet" if kind == "part" else path.name
    if kind == "invocation" and draw.random() < 0.5:
        named = f"{content_hash(damaged)}.json"
    path.with_name(named).write_bytes(damaged)
    return "content"


def damaged_bytes(content, draw):
    """Bytes with a bit flipped, an end cut off, a piece moved, zeros or noise."""
    changed, at = bytearray(content), draw.randrange(len(content) or 1)
    match draw.randrange(6):
        case 0:
            changed[at] ^= 1 << draw.randrange(8)
        case 1:
            del changed[at:]
        case 2:
            other = draw.randrange(len(content))
            changed[at : at + 20] = changed[other : other + 20]
        case 3:
            changed[at : at + draw.randrange(1, 200)] = b""
        case 4:
            changed[at : at + 8] = bytes(8)
        case 5:
            changed[at:at] = bytes(draw.randrange(256) for _ in range(draw.randrange(1, 40)))
    return bytes(changed)


def damaged_text(text, form, draw):
    """A tree with some of its values exchanged for odd ones, as JSON or YAML; any text is one of YAML's, too."""
    tree = json.loads(text) if form == "json" else yaml.safe_load(text)
    for _ in range(draw.choice((1, 1, 1, 2, 5))):
        tree = exchanged(tree, draw)
    if form == "json":
        return json.dumps(tree).encode()
    head = "# @package _global_\n" if "@package" in text else ""
    return (head + yaml.safe_dump(tree, sort_keys=False, allow_unicode=False)).encode(errors="replace")


def exchanged(tree, draw):
    """The tree with one value at a random place replaced, left out, or joined by another."""
    if not isinstance(tree, dict | list) or not tree or draw.random() < 0.15:
        return draw.choice(ODD)
    copy = tree.copy()
    key = draw.choice(sorted(copy, key=str)) if isinstance(copy, dict) else draw.randrange(len(copy))
    match draw.randrange(12):
        case 0:
            del copy[key]
        case 1 if isinstance(copy, dict):
            copy[draw.choice(("x", "word", "of", "rows", "value", "seed", "a.b", "", 3))] = draw.choice(ODD)
        case 1:
            copy.append(draw.choice(ODD))
        case 2:
            copy[key] = [copy[key]]
        case _:
            copy[key] = exchanged(copy[key], draw)
    return copy


def damaged_table(content, draw):
    """A parquet file with a column of another type, an odd value, none at all, twice, or rows that are mixed up."""
    table = pq.read_table(io.BytesIO(content))
    for _ in range(draw.choice((1, 1, 2))):
        at = draw.randrange(table.num_columns)
        name, column = table.column_names[at], table.column(at).combine_chunks()
        match draw.randrange(5):
            case 0:
                table = table.remove_column(at) if table.num_columns > 1 else table
            case 1:
                table = table.append_column(name, column)
            case 2:
                table = table.set_column(at, name, retyped(column, draw))
            case _:
                table = table.set_column(at, name, revalued(name, column, draw))
    metadata = {b"lossbench.quantities": json.dumps(exchanged([{"stem": "a", "title": "b", "share": True}], draw)).encode()}
    sink = io.BytesIO()
    try:
        pq.write_table(table.replace_schema_metadata(metadata if draw.random() < 0.2 else table.schema.metadata), sink)
    except pa.ArrowNotImplementedError:  # parquet has no such column: another damage
        return damaged_table(content, draw)
    return sink.getvalue()


def retyped(column, draw):
    """A column in another type, where it can be had in one."""
    kinds = (
        pa.large_string(),
        pa.string(),
        pa.binary(),
        pa.int64(),
        pa.int8(),
        pa.float32(),
        pa.float64(),
        pa.bool_(),
        pa.null(),
    )
    lists = (pa.list_(pa.float32()), pa.large_list(pa.float64()), pa.list_(pa.string()), pa.list_(pa.int64()))
    try:
        return column.dictionary_encode() if draw.random() < 0.3 else column.cast(draw.choice(kinds + lists))
    except pa.ArrowException:
        return pa.array([None] * len(column))


def revalued(name, column, draw):
    """A column with an odd value in one row; a spec is exchanged somewhere within."""
    values = column.to_pylist()
    at = draw.randrange(len(values))
    odd = draw.choice(([], [0], [9, 3, 0], [0, 3, 10**9], [None, 1, 2], [-1, 0, 1], [1.5, 2.0, float("nan")], *ODD))
    if name in ("spec", "recording") and draw.random() < 0.8:
        odd = json.dumps(exchanged(json.loads(values[at]), draw))
    values[at] = odd
    try:
        return pa.array(values, column.type)
    except (pa.ArrowException, OverflowError, UnicodeEncodeError, TypeError, ValueError):
        return column.take(pa.array(draw.sample(range(len(values)), len(values))))
