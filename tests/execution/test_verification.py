"""Stored runs trained again: the same bits, or what differs by name."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lossbench.commands.cli import answer
from lossbench.config.compose import compose
from lossbench.errors import BadInput
from lossbench.execution import verification
from lossbench.execution.verification import TOLERANCE, Discrepancy, Verification, verify
from lossbench.planning.plan import make_plan, stored_run
from lossbench.storage.provenance import provenance
from lossbench.tables import CURVE, RECORDING, RUN, SPEC, STOPPED, TASK, content_hash, part_files, run_id

WORDS = ["study=kept", "dataset=xor", "batch=null", "steps=20", "engine=serial", "loss=ce,mse", "seed=range(3)"]
KEPT = Path("results/kept")


@pytest.fixture(autouse=True)
def _stored(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert answer(["run", *WORDS]) == 0


def changed(column, factor):
    """The stored records with one curve changed, under a name that fits their content."""
    rewritten(CURVE + column, lambda curve: [factor * value for value in curve])


def rewritten(column, change):
    """The stored parts with every cell of a column changed, under names that fit their content."""
    for path in part_files(KEPT):
        table = pq.read_table(path)
        cells = pa.array(map(change, table[column].to_pylist()), table[column].type)
        table = table.set_column(table.column_names.index(column), column, cells)
        path.unlink()
        pq.write_table(table, "changed.parquet")
        content = Path("changed.parquet").read_bytes()
        path.with_name(f"{path.name[:14]}{content_hash(content)}.parquet").write_bytes(content)


@pytest.mark.slow
def test_stored_runs_come_again_bit_for_bit(capsys):
    assert answer(["verify", str(KEPT), "--all"]) == 0
    said = capsys.readouterr().out
    assert "6 of 6 runs trained again" in said
    assert "The same bits." in said


@pytest.mark.slow
def test_a_sample_is_always_the_same_runs():
    assert verify(KEPT, 2) == verify(KEPT, 2)
    assert verify(KEPT, 2).again == 2
    assert verify(KEPT, 100).again == 6


@pytest.mark.slow
def test_the_study_is_only_read():
    before = {path: path.read_bytes() for path in KEPT.rglob("*") if path.is_file()}
    verify(KEPT, None)
    assert {path: path.read_bytes() for path in KEPT.rglob("*") if path.is_file()} == before


@pytest.mark.slow
def test_a_changed_curve_is_named_with_both_values(capsys):
    changed("train_loss", 1.5)
    found = verify(KEPT, None)
    assert {one.column for one in found.discrepancies} == {"train_loss"}
    assert len(found.discrepancies) == 6
    for one in found.discrepancies:
        assert one.step == 0
        assert one.stored == 1.5 * one.again
        np.testing.assert_allclose(one.largest, 1 / 3)
    assert answer(["verify", str(KEPT)]) == 1
    assert "train_loss:" in capsys.readouterr().out


@pytest.mark.slow
def test_the_last_bit_counts_on_the_same_ground_and_the_tolerance_elsewhere(monkeypatch):
    changed("train_loss", 1 + 2**-40)
    here = verify(KEPT, None)
    assert not here.elsewhere
    assert not here.holds
    now = provenance("cpu", 1)
    later = now | {"versions": now["versions"] | {"torch": "9.0"}}
    monkeypatch.setattr("lossbench.execution.verification.provenance", lambda *_: later)
    there = verify(KEPT, None)
    assert any(said.endswith(", now 9.0") for said in there.elsewhere)
    assert there.holds
    wrong = Discrepancy(run="r", column="c", step=0, stored=1.0, again=2.0, largest=1.1 * TOLERANCE)
    assert not replace(there, discrepancies=(wrong,)).holds
    assert Verification(stored=1, again=1, elsewhere=("x",), discrepancies=()).holds


@pytest.mark.slow
def test_edited_records_and_folders_without_runs_are_refused(capsys):
    for path in part_files(KEPT):
        path.write_bytes(path.read_bytes()[:-9])
    assert answer(["verify", str(KEPT)]) == 2
    assert "truncated or altered" in capsys.readouterr().err
    for path in part_files(KEPT):
        path.unlink()
    assert answer(["verify", str(KEPT)]) == 2
    assert "holds no runs to verify" in capsys.readouterr().err
    assert answer(["verify", "results/kep"]) == 2
    assert "Did you mean 'results/kept'" in capsys.readouterr().err


@pytest.mark.slow
def test_results_of_another_format_are_refused(capsys):
    (KEPT / "study.json").write_text('{"format": 99, "name": "kept"}')
    assert answer(["verify", str(KEPT)]) == 2
    assert "a study of format 99" in capsys.readouterr().err


@pytest.mark.slow
def test_runs_of_a_device_that_is_not_here_are_refused(capsys, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    for path in part_files(KEPT):
        table = pq.read_table(path)
        table = table.set_column(table.column_names.index("device"), "device", [["cuda"] * table.num_rows])
        path.unlink()
        pq.write_table(table, "moved.parquet")
        content = Path("moved.parquet").read_bytes()
        path.with_name(f"{path.name[:14]}{content_hash(content)}.parquet").write_bytes(content)
    assert answer(["verify", str(KEPT)]) == 2
    assert "sees no CUDA device" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        ["label_noise=0.2", "dataset=iris"],
        ["loss=focal", "loss.gamma=3", "model.hidden=[4,5]", "model.activation=tanh"],
        ["optimizer=adam", "optimizer.l2=0.1", "init=saturated", "dtype=float64", "order=sequential"],
        ["model=neuron", "dataset=neuron", "batch=null", "init.weight=0.6"],
    ],
)
def test_a_described_run_is_built_again_as_it_was(words):
    for run in make_plan(compose(words)).runs:
        again = stored_run(json.loads(json.dumps(run.describe())))
        assert again == run
        assert again.id == run.id


@pytest.mark.slow
def test_a_run_whose_data_have_changed_is_refused(capsys):
    changed_data = make_plan(compose(["dataset=xor", "batch=null"])).runs[0].describe() | {"data": "0" * 16}
    with pytest.raises(ValueError, match="its data would be another now"):
        stored_run(changed_data)


@pytest.mark.slow
def test_what_no_curve_tells_is_compared_too(capsys):
    rewritten(STOPPED, lambda stopped: stopped + 1)
    assert {one.column for one in verify(KEPT, None).discrepancies} == {STOPPED}
    rewritten(TASK, lambda _: "regression")
    with pytest.raises(BadInput, match="is stored as a regression, and its data set is a classification"):
        verify(KEPT, None)


@pytest.mark.slow
def test_a_study_of_a_strangers_is_refused_in_a_sentence(capsys):
    invocation = next((KEPT / "invocations").iterdir())
    before = invocation.read_bytes()
    invocation.write_bytes(before.replace(b"seed=range(3)", b"seed=range(4)"))
    with pytest.raises(BadInput, match="was changed since it was written"):
        list(verification._elsewhere(KEPT, verification._rows(KEPT).values()))
    invocation.write_bytes(before)
    rewritten(RECORDING, lambda _: '{"schedule": {"kind": [3]}}')
    assert answer(["verify", str(KEPT)]) == 2
    specs = []
    rewritten(SPEC, lambda text: specs.append(text.replace("half_squared_error", "[red]x\\u001b[2J")) or specs[-1])
    with pytest.raises(BadInput, match="not the one that its spec describes"):
        verify(KEPT, None)
    names = iter([run_id(json.loads(text)) for text in specs])
    rewritten(RUN, lambda _: next(names))
    capsys.readouterr()
    assert answer(["verify", str(KEPT), "--all"]) == 2
    told = capsys.readouterr().err
    assert "needs the loss" in told
    assert "\x1b" not in told
