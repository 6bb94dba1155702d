"""Where configs and experiments are found, in a checkout and in an installed package."""

from pathlib import Path

import pytest

from lossbench import folders


@pytest.mark.parametrize("name", ["conf", "experiments"])
def test_an_installed_package_finds_what_it_brought_inside_itself_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    package = tmp_path / "site-packages" / "lossbench"
    package.mkdir(parents=True)
    monkeypatch.setattr(folders, "_PARENTS", (package, package.parent))
    found = {"conf": folders.conf_folder, "experiments": lambda: folders.experiment_folders()[1]}[name]
    assert found() == package.parent / name
    (package / name).mkdir()
    assert found() == package / name
