"""A run that is not finite before its first step is a row "diverged at 0" that everything after can read."""

import numpy as np
import pytest

from lossbench.commands.cli import answer
from lossbench.tables import read_study

BASE = ["dataset=iris", "model=mlp", "batch=16", "steps=4", "study=start", "keep=[parameters]"]
STARTS = {
    "a weight beyond float32": (["init=given", "init.weight=1e39,0.1"], "init.weight"),
    "two weights beyond float32": (["init=two_weights", "init.output=1e39,0.1"], "init.output"),
    "a standard deviation near float64's end": (["init=normal", "init.std=1e308,0.1"], "init.std"),
    "a first training that diverges": (["init=after", "init.steps=3", "init.lr=1e38,0.1"], "init.lr"),
}


@pytest.fixture
def run(tmp_path, monkeypatch, capfd):
    """Run words in a folder of their own: exit code, last line on stderr, and the study if there is one."""

    def make(name, *words):
        folder = tmp_path / name
        folder.mkdir()
        monkeypatch.chdir(folder)
        code = answer(["run", *BASE, *words])
        said = capfd.readouterr().err.strip().splitlines()[-1]
        return code, said, folder / "results" / "start"

    return make


@pytest.mark.slow
@pytest.mark.parametrize("start", STARTS)
def test_a_run_that_starts_beyond_all_numbers_diverges_at_0_and_leaves_its_mates_alone(start, run, capfd):
    words, option = STARTS[start]
    lost, fine = words[-1].partition("=")[2].split(",")
    studies = {}
    for name, value in {"together": f"{lost},{fine}", "lost": lost, "fine": fine}.items():
        code, said, folder = run(name, *words[:-1], f"{option}={value}")
        assert code == 0, said
        studies[name] = read_study(folder)
        assert answer(["report", str(folder)]) == 0, capfd.readouterr().err
        assert (folder / "report.html").exists() or list(folder.rglob("*.html"))
    together, alone = studies["together"].runs, studies["lost"].runs
    assert sorted(together["outcome"]) == ["diverged", "finished"]
    assert together.loc[together["outcome"] == "diverged", "stopped"].tolist() == [0]
    assert alone[["outcome", "stopped"]].to_numpy().tolist() == [["diverged", 0]]
    assert studies["lost"].records.empty
    mates = [studies[name].records.sort_values("step", ignore_index=True) for name in ("together", "fine")]
    numbers = mates[1].select_dtypes("number").columns
    np.testing.assert_array_equal(mates[0][numbers].to_numpy(), mates[1][numbers].to_numpy())


@pytest.mark.slow
@pytest.mark.parametrize("words", [["init=two_weights", "init.output=inf"], ["init=after", "init.lr=inf"], ["init.std=nan"]])
def test_an_option_that_is_no_finite_number_is_refused_when_planning(words, run):
    code, said, folder = run("refused", *(["init=normal"] if words == ["init.std=nan"] else []), *words)
    assert code == 2
    assert "no finite number" in said
    assert not folder.exists()


@pytest.mark.slow
def test_a_file_of_parameters_with_a_nan_is_refused(run, tmp_path):
    arrays = {"weight_1": np.zeros((3, 4)), "bias_1": np.array([0.0, np.nan, 0.0])}
    np.savez(tmp_path / "start.npz", **arrays)
    code, said, folder = run("refused", "model=logistic", "init=file", f"init.path={tmp_path / 'start.npz'}")
    assert code == 2
    assert "bias_1" in said
    assert "not finite" in said
    assert not list(folder.rglob("*.parquet"))
