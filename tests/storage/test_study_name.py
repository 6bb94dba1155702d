"""A study is called by a plain folder name; the refusal of another tells the letters that are not possible, and a near name."""

from pathlib import Path

import pytest

from lossbench.errors import BadInput
from lossbench.storage.store import study_folder


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "/x", "a\\b", "x\n", ".hidden", "-x", "a" * 101, "a b", "x\x00"])
def test_a_study_name_that_is_no_plain_folder_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInput, match="not a plain folder name"):
        study_folder(tmp_path, name)


def test_the_refusal_of_a_study_name_tells_each_letter_that_is_not_possible(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"Not possible in it: ' ' '/'\. Did you mean 'my_long_study'\?"):
        study_folder(tmp_path, "my long/study")
    assert study_folder(tmp_path, "größe_日本") == tmp_path / "größe_日本"


@pytest.mark.parametrize(("name", "near"), [("../x", "x"), ("my study", "my_study"), ("a/b", "a_b")])
def test_the_nearest_study_name_is_told_and_possible(tmp_path: Path, name: str, near: str) -> None:
    with pytest.raises(BadInput, match=f"Did you mean '{near}'"):
        study_folder(tmp_path, name)
    assert study_folder(tmp_path, near) == tmp_path / near
