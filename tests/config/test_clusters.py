"""Other machines are used where a word says so; a config that names one is refused, wherever in it the name stands."""

from pathlib import Path

import pytest

from lossbench.config.compose import compose
from lossbench.errors import BadInput

WORDS = ["engine.executor=dask", "engine.address=tcp://here:1"]


@pytest.mark.slow
def test_a_word_on_the_command_line_names_a_cluster() -> None:
    (point,) = compose(WORDS)
    assert (point["engine"]["executor"], point["engine"]["address"]) == ("dask", "tcp://here:1")


@pytest.mark.slow
@pytest.mark.parametrize(
    "yaml",
    [
        "engine:\n  executor: dask\n  address: tcp://evil:1\n",
        "engine:\n  address: tcp://evil:1\n",
        "engine:\n  executor: dask\n",
        "hydra:\n  sweeper:\n    params:\n      engine.address: tcp://evil:1\n",
        "study: tcp://evil:1\nengine:\n  address: ${study}\n",
    ],
)
def test_a_cluster_that_only_a_file_names_is_refused(tmp_path: Path, yaml: str) -> None:
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "mine.yaml").write_text(f"# @package _global_\n{yaml}")
    with pytest.raises(BadInput, match="only where the command line says so"):
        compose(["experiment=mine"], [f"--config-dir={tmp_path}"])
    (point,) = compose(["experiment=mine", *WORDS], [f"--config-dir={tmp_path}"])
    assert point["engine"]["address"] == "tcp://here:1"
