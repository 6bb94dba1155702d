"""Classes have names: kept with the records, and told wherever a class is."""

import json

import numpy as np
import pandas as pd
import pytest

import lossbench as lb
from lossbench.analysis.curves import study_curves
from lossbench.tables import CLASSES_KEY, class_names, common_names, quantity, read_study
from lossbench.tables.classes import names_of, spoken_classes

THREE = ("setosa", "versicolor", "virginica")


def test_a_class_that_is_called_by_its_number_has_no_name():
    assert names_of(("0", "1", "2")) == names_of(None) == ()
    assert names_of(("1", "2")) == ("1", "2")


def test_titles_tell_the_class_by_its_name():
    assert quantity("test_recall/2", classes=THREE).title == "test recall, class virginica"
    assert quantity("test_recall/2").title == "test recall, class 2"
    assert quantity("test_recall/7", classes=THREE).title == "test recall, class 7"
    assert quantity("output_gradients/1", classes=THREE).title == "gradient |dL/dz|, output versicolor"
    assert quantity("saturated/2", classes=THREE).title == quantity("saturated/2").title


def test_of_two_classes_the_one_output_stands_for_neither():
    assert quantity("output_gradients/0", classes=("ok", "fraud")).title == "gradient |dL/dz|, output 0"
    assert quantity("test_recall/1", classes=("ok", "fraud")).title == "test recall, class fraud"


def test_names_that_differ_between_data_are_nobodys():
    names = class_names([{CLASSES_KEY: json.dumps({"a": THREE}).encode()}, None, {CLASSES_KEY: b'{"b": ["no", "yes"]}'}])
    assert common_names(names, ["a", "a"]) == THREE
    assert common_names(names, ["a", "b"]) == common_names(names, ["a", "c"]) == ()


def test_two_classes_are_told_with_the_positive_one():
    assert spoken_classes(("ok", "fraud")) == "ok (0) and fraud (1), which is the positive class"
    assert spoken_classes(THREE) == "setosa (0), versicolor (1), virginica (2)"


@pytest.mark.slow
def test_a_tables_classes_are_named_in_its_records_and_its_report(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    x = np.random.default_rng(0).normal(size=80)
    pd.DataFrame({"x": x, "kind": np.where(x > 1, "fraud", "ok")}).to_csv("mine.csv", index=False)
    data = {"word": "table", "path": "mine.csv", "target": "kind"}
    study = lb.run(loss=["ce"], dataset=data, model="logistic", steps=3, probes=("recall", "accuracy"), study="named")
    stored = read_study(study.folder)
    assert list(stored.classes.values()) == [("ok", "fraud")]
    share = pd.read_csv("mine.csv")["kind"].eq("fraud").mean()
    assert share < 0.5
    assert study_curves(stored).quantity("test_recall/1").title == "test recall, class fraud"
    assert "classes: ok (0) and fraud (1), which is the positive class" in study.report().with_suffix(".md").read_text()
