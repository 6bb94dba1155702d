"""Losses that stand in somebody's modules are found in words, and in what an experiment's file gives to `loss`."""

import pytest

from lossbench.config.outside_losses import outside_losses


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("defaults: [{override /loss: 'a.b:mine'}, {override /dataset: iris}]", ["a.b:mine"]),
        ("hydra: {sweeper: {params: {loss: 'ce,a:one,a:two'}}}", ["a:one", "a:two"]),
        ("hydra: {sweeper: {grids: [{loss: 'ce'}, {loss: 'a:one', loss.x: '1,2'}]}}", ["a:one"]),
        ("hydra: 3", []),
        ("model: {path: 'a:net'}", []),
    ],
)
def test_an_experiments_file_names_them_in_its_defaults_and_sweeps(text, expected, tmp_path):
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "own.yaml").write_text(text)
    assert outside_losses(["experiment=own"], tmp_path) == expected
    assert outside_losses(["experiment=own", "loss=ce,c:three"], tmp_path) == ["c:three", *expected]
    assert outside_losses(["experiment=none"], tmp_path) == []
