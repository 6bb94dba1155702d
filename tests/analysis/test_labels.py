"""Which columns tell settings apart."""

import pandas as pd

from lossbench.analysis.labels import setting_columns


def texts(paths: list[str]) -> pd.DataFrame:
    """Two losses with two seeds each, which start where files say; of a file the hash goes with the path."""
    columns = {"loss": ["ce", "ce", "mse", "mse"], "seed": ["0", "1", "0", "1"], "init": ["file"] * 4, "init.path": paths}
    return pd.DataFrame(columns | {"init.sha256": [path.upper() for path in paths]})


def test_a_file_of_parameters_for_each_seed_is_no_setting_and_two_for_one_seed_are() -> None:
    assert setting_columns(texts(["start-0", "start-1", "start-0", "start-1"])) == []
    assert setting_columns(texts(["a", "a", "b", "b"])) == ["init.path"]
