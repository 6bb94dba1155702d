"""Tables as files: what is packed is bounded while it is unpacked, and what a file says of its size before it is read."""

import gzip
import io
import zipfile

import numpy as np
import pandas as pd
import pytest

from lossbench.errors import BadInput
from lossbench.files import table
from lossbench.files.delimited import Dialect, separator_of
from lossbench.files.table import read_table
from lossbench.files.unpacking import inner_name, read_unpacked

FRAME = pd.DataFrame({"a": [1.5, 2.5], "kind": ["x", "y"]})


@pytest.mark.parametrize("ending", ["gz", "zip"])
def test_a_bomb_is_unpacked_no_further_than_is_allowed(tmp_path, ending):
    path, content = tmp_path / f"bomb.csv.{ending}", bytes(10**7)
    if ending == "gz":
        path.write_bytes(gzip.compress(content))
    else:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("bomb.csv", content)
    with pytest.raises(BadInput, match="more than 1,000 bytes, unpacked"):
        read_unpacked(path, 1000)
    assert read_unpacked(path, 10**7) == content


@pytest.mark.parametrize("kind", ["feather", "npz", "xlsx"])  # of parquet: test_parquet.py
def test_a_file_that_says_it_is_large_is_not_read(tmp_path, monkeypatch, kind):
    monkeypatch.setattr(table, "LARGEST", 2000)
    path, zeros = tmp_path / f"large.{kind}", np.zeros(10_000)
    if kind == "feather":
        pd.DataFrame({"a": zeros}).to_feather(path, compression="zstd")
    elif kind == "npz":
        np.savez_compressed(path, a=zeros)
    else:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("xl/workbook.xml", bytes(10_000))
    with pytest.raises(BadInput, match="which take more than 4,000 bytes"):
        read_table(path, Dialect())


def test_an_excel_file_is_its_first_sheet(tmp_path):
    content = io.BytesIO()
    with pd.ExcelWriter(content, engine="openpyxl") as book:
        FRAME.to_excel(book, sheet_name="data", index=False)
        FRAME.to_excel(book, sheet_name="more", index=False)
    (tmp_path / "book.xlsx").write_bytes(content.getvalue())
    frame, notes = read_table(tmp_path / "book.xlsx", Dialect())
    pd.testing.assert_frame_equal(frame, FRAME)
    assert notes == ("read was the first sheet, 'data', of 2",)


@pytest.mark.parametrize(
    ("lines", "separator"),
    [
        (["a,b", "1,2"], ","),
        (["a;b", "1,5;2,5"], ";"),
        (["price, net;b", "1;2"], ";"),
        (['"a;x",b', '"1;2",3'], ","),
        (["a\tb", "1\t2"], "\t"),
        (["a|b", "1|2"], "|"),
        (["a,b,c", "1,2"], ","),
        (["a"], ","),
        ([], ","),
    ],
)
def test_the_separator_is_the_sign_that_each_line_has_equally_often(tmp_path, lines, separator):
    assert separator_of(lines, tmp_path / "t.csv") == separator


@pytest.mark.parametrize(("name", "inner"), [("A.CSV.GZ", "a.csv"), ("b.parquet", "b.parquet"), ("c.tsv.zip", "c.tsv")])
def test_the_ending_of_a_packed_file_is_no_part_of_its_kind(tmp_path, name, inner):
    assert inner_name(tmp_path / name) == inner
