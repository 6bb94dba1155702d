"""CSV files that claims name: of their own folder, and bounded before they are read."""

import gzip
import os

import pytest

from lossbench.errors import BadInput
from lossbench.files.csv import LARGEST, read_csv, within


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../c.csv", "in/../../c.csv", "in/../c.csv", "", "a\0b", "\x1b[2J", 3, None, ["c"]]
)
def test_a_name_that_leads_out_of_the_folder_is_refused(name, tmp_path):
    with pytest.raises(BadInput, match=r"leads out of|is no file's name"):
        within(tmp_path, name)


def test_a_link_that_leads_out_is_refused_and_one_that_stays_is_not(tmp_path):
    (tmp_path / "secret").write_text("a\n1\n")
    folder = tmp_path / "experiment"
    folder.mkdir()
    (folder / "out.csv").symlink_to(tmp_path / "secret")
    (folder / "c.csv").write_text("a\n1\n")
    (folder / "same.csv").symlink_to(folder / "c.csv")
    (folder / "loop.csv").symlink_to(folder / "loop.csv")
    with pytest.raises(BadInput, match="leads out of"):
        within(folder, "out.csv")
    assert read_csv(within(folder, "same.csv"))["a"].tolist() == [1]
    with pytest.raises(BadInput):
        read_csv(within(folder, "loop.csv"))


def test_what_is_no_small_table_is_refused_before_it_is_read(tmp_path):
    wide, large, pipe, packed, empty, bytes_ = (tmp_path / name for name in ("w", "l", "p", "c.csv.gz", "e", "b"))
    wide.write_text(",".join("a" * 200_000) + "\n")
    with large.open("wb") as file:
        file.truncate(LARGEST + 1)
    os.mkfifo(pipe)
    packed.write_bytes(gzip.compress(b"a\n1\n"))
    empty.touch()
    bytes_.write_bytes(b"a,b\n\xff\xfe,2\n")
    said = {
        wide: "more than 1,000 columns", large: "8,388,609 bytes", pipe: "no regular file", packed: "cannot be read",
        empty: "cannot be read", bytes_: "cannot be read", tmp_path: "no regular file", tmp_path / "none": "cannot be read",
    }  # fmt: skip
    for path, message in said.items():
        with pytest.raises(BadInput, match=message):
            read_csv(path)
