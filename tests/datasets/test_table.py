"""The user's own data: what is read, and what is refused in which words."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sklearn.datasets

from lossbench.data.loading import describe, load
from lossbench.datasets.classic import BreastCancer, Diabetes, Iris
from lossbench.datasets.table import Table
from lossbench.errors import BadInput

HEADER = "age,height,kind"
GOOD = [f"{row},{row * row / 2},{'pq'[row % 2]}" for row in range(20)]


@pytest.fixture(autouse=True)
def _here(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)


def table(text, **options):
    """A table of the text that stands in it."""
    Path("mine.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    return Table(**{"path": "mine.csv", "target": "kind"} | options)


def good(*changes):
    """The good table, with rows (counted from 1) put in place of others."""
    rows = list(GOOD)
    for number, row in changes:
        rows[number - 1] = row
    return "\n".join([HEADER, *rows])


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
@pytest.mark.parametrize("dataset", [Iris(), Diabetes(), BreastCancer()], ids=lambda dataset: dataset.word)
def test_a_data_set_written_to_a_file_and_read_again_is_the_same(dataset, suffix):
    examples = dataset.examples()
    frame = pd.DataFrame(examples.x).rename(columns=str).assign(truth=examples.y)
    frame.to_csv("mine.csv", index=False) if suffix == "csv" else frame.to_parquet("mine.parquet")
    again = Table(path=f"mine.{suffix}", target="truth")
    assert load(again).fingerprint == load(dataset).fingerprint


def test_classes_may_be_text():
    names = sklearn.datasets.load_iris().target_names
    examples = Iris().examples()
    pd.DataFrame(examples.x).assign(kind=names[examples.y]).to_csv("mine.csv", index=False)
    assert load(Table(path="mine.csv", target="kind")).fingerprint == load(Iris()).fingerprint


@pytest.mark.parametrize("seconds", [12, 8, 10])
@pytest.mark.parametrize(
    ("first", "second", "says_so"), [("apple", "pear", 0), ("9", "10", 0), ("-1", "1", 1), ("False", "True", 1)]
)
def test_of_two_classes_the_rarer_counts_as_1_unless_they_say_themselves_which_does(first, second, says_so, seconds):
    rows = [f"{row},{second if row < seconds else first}" for row in range(20)]
    dataset = table("\n".join(["age,kind", *rows]))
    flipped = seconds > 10 and not says_so
    assert sum(load(dataset).split[k].sum() for k in (1, 3)) == (20 - seconds if flipped else seconds)
    assert describe(dataset).shape.classes == ((second, first) if flipped else (first, second))


@pytest.mark.parametrize(
    ("values", "task"),
    [
        ("p q", "classification"),
        ("True False", "classification"),
        ("3 7", "classification"),
        ("3.0 7.0", "classification"),
        ("3.5 7.0", "regression"),
        (" ".join(map(str, range(20))), "classification"),
        (" ".join(map(str, range(21))), "regression"),
    ],
)
def test_the_task_is_seen_from_the_target(values, task):
    kinds = values.split() * 4
    rows = [f"{row},{kind}" for row, kind in enumerate(kinds)]
    assert load(table("\n".join(["age,kind", *rows]))).split.task == task


def test_a_task_that_is_asked_for_is_not_guessed():
    rows = "\n".join(["age,kind", *[f"{row},{row % 3}" for row in range(30)]])
    assert load(table(rows, task="regression")).split.train_y.shape[1] == 1
    assert load(table(rows, task="classification")).split.train_y.shape[1] == 3


def test_an_ignored_column_is_no_feature_and_may_hold_anything():
    rows = [f"{row},n{row},{'' if row else 'x'},{row % 2}" for row in range(20)]
    split = load(table("\n".join(["age,name,note,kind", *rows]), ignore=("name", "note"))).split
    assert split.train_x.shape[1] == 1


def test_a_byte_order_mark_belongs_to_no_name():
    assert load(table(b"\xef\xbb\xbf" + good().encode(), ignore=("age",))).split.train_x.shape[1] == 1


def test_true_and_false_are_features_too():
    rows = [f"{row % 3 == 0},{row % 2}" for row in range(20)]
    split = load(table("\n".join(["age,kind", *rows]), scaling="none")).split
    assert set(np.unique(split.train_x)) == {0.0, 1.0}


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        (
            good(),
            {"target": "kinds"},
            r"No column of mine\.csv is called 'kinds'\. Did you mean 'kind'\? Known: age, height, kind",
        ),
        (good(), {"target": "Kind"}, "Did you mean 'kind'"),
        (good(), {"ignore": ("hight",)}, "Did you mean 'height'"),
        (good((3, "2,,q"), (8, "7,,q")), {}, r"empty cells in 'height' \(data rows 3, 8\)"),
        (good((4, "3,1,")), {}, r"empty cells in 'kind' \(data row 4\)"),
        (good((4, "3,1")), {}, r"empty cells in 'kind' \(data row 4\)"),
        (good((5, "old,1,p"), (6, "1,tall,p")), {}, "'age' has 'old' in data row 5, 'height' has 'tall' in data row 6"),
        (good(*[(row, "old,1,p") for row in range(1, 9)]), {}, "data rows 1, 2, 3, 4, 5 and 3 more"),
        (good((2, "inf,1,p")), {}, "'age' has 'inf' in data row 2"),
        (good((2, "1e300,1,p")), {}, "'age' has '1e[+]300' in data row 2"),
        (good((2, "2020-01-01,1,p")), {}, "'age' has '2020-01-01' in data row 2"),
        (good(), {"task": "regression"}, "a regression wants numbers .* 'kind' has 'p' in data rows 1, 2, 3, 4, 5 and 15 more"),
        (good((2, "1,1,z")), {}, "class 'z' of the target 'kind' has one row only.*Leave the row out of the table"),
        (good().replace(",q", ",p"), {}, "target 'kind' is 'p' in every row"),
        (good(), {"target": "age", "ignore": ("height", "kind")}, "20 rows of 0 features"),
        (HEADER, {}, "0 rows of 2 features"),
        ("age,kind\n1,0.5\n2,1.5", {}, "2 examples are split into 1 to train and 1 to test"),
        ("age,kind\n1,0\n2,1\n3,0\n4,1\n5,2\n6,2", {"test_fraction": 0.2}, "3 classes take at least 3"),
        ("age,kind,kind\n1,2,3", {}, "two columns called 'kind'"),
        (",age,kind\n0,1,2\n1,3,4", {}, r"column without a name.*'dataset\.ignore=\[\"\"\]'"),
        ("age kind\n1 2", {}, "Known: age kind"),
        ("age,kind\n1,2,3\n4,5,6", {}, "rows have more cells than its header"),
        ("age,kind\n1,2\n4,5,6", {}, "cannot be read as a table.*line 3"),
        ('age,kind\n"1,2', {}, "cannot be read as a table"),
        ("", {}, "cannot be read as a table"),
        (b"age,kind\n\xff,1", {"encoding": "utf-8"}, "cannot be read as a table.*utf-8"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused_in_plain_words(text, options, said):
    with pytest.raises(BadInput, match=said):
        table(text, **options).load()


def test_what_is_left_out_cannot_be_the_target():
    with pytest.raises(BadInput, match="names the target 'kind'"):
        table(good(), ignore=("kind",))


def test_a_file_that_is_not_there_is_refused_with_the_nearest():
    table(good())
    with pytest.raises(BadInput, match=r"called 'mime\.csv'. Did you mean 'mine\.csv'\?"):
        Table(path="mime.csv", target="kind").load()


@pytest.mark.parametrize("path", ["mine.pkl", "mine", "."])
def test_only_csv_and_parquet_are_read(path):
    with pytest.raises(BadInput, match=r"must end in one of \.csv, .*\.npz"):
        Table(path=path, target="kind").load()


def test_an_unreadable_file_is_refused(tmp_path):
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(BadInput, match=r"No table in .* is called 'folder\.csv'"):
        Table(path="folder.csv", target="kind").load()


@pytest.mark.parametrize("keep", [0, 3, 100, 0.5, 0.9, 0.999])
def test_a_truncated_parquet_file_is_refused(keep, tmp_path):
    pd.DataFrame({"age": range(40), "kind": [0, 1] * 20}).to_parquet("whole.parquet")
    whole = (tmp_path / "whole.parquet").read_bytes()
    (tmp_path / "cut.parquet").write_bytes(whole[: int(keep * len(whole)) if keep < 1 else keep])
    with pytest.raises(BadInput, match=r"cut\.parquet cannot be read as a table"):
        Table(path="cut.parquet", target="kind").load()


@pytest.mark.slow
def test_a_parquet_file_with_broken_bytes_is_read_or_refused_and_never_worse(tmp_path):
    pd.DataFrame({"age": range(40), "kind": [0, 1] * 20}).to_parquet("whole.parquet")
    whole = (tmp_path / "whole.parquet").read_bytes()
    rng, refused = np.random.default_rng(0), 0
    for _ in range(60):
        broken = bytearray(whole)
        for place in rng.integers(0, len(whole), 3):
            broken[place] = rng.integers(256)
        (tmp_path / "broken.parquet").write_bytes(bytes(broken))
        try:
            Table(path="broken.parquet", target="kind").load()
        except BadInput:
            refused += 1
    assert refused > 0


@pytest.mark.parametrize("end", ["", "\n1,2\n"])
def test_a_table_too_wide_is_refused_before_it_is_read(end):
    with pytest.raises(BadInput, match=r"cannot be read as a table: .* may have 20,000"):
        table(",".join(["a"] * 200_000) + end).load()


@pytest.mark.slow
def test_a_parquet_table_that_would_unpack_to_gigabytes_is_not_unpacked():
    pd.DataFrame({"age": np.zeros(5_000_000), "kind": 0}).to_parquet("mine.parquet")
    with pytest.raises(BadInput, match=r"cannot be read as a table: .* would come to"):
        Table(path="mine.parquet", target="kind").load()


@pytest.mark.parametrize("cells", [[[1], [2]] * 8, [{"a": 1}, {"a": 2}] * 8])
@pytest.mark.parametrize("name", ["age", "kind"])
def test_lists_and_mappings_in_a_parquet_file_are_refused(cells, name):
    pd.DataFrame({"age": range(16), "kind": [0, 1] * 8} | {name: cells}).to_parquet("mine.parquet")
    with pytest.raises(BadInput, match=f"cannot be read as a table: its column '{name}' holds lists or mappings"):
        Table(path="mine.parquet", target="kind").load()


def test_missing_cells_of_a_parquet_file_are_named(tmp_path):
    pd.DataFrame({"age": pd.array([1, None] * 8, dtype="Int64"), "kind": [0, 0, 1, 1] * 4}).to_parquet("mine.parquet")
    with pytest.raises(BadInput, match=r"empty cells in 'age' \(data rows 2, 4, 6, 8, 10 and 3 more\)"):
        Table(path="mine.parquet", target="kind").load()
