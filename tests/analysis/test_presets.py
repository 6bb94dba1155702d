"""Presets: the names that conf/ gives to starts."""

import pandas as pd

from lossbench.analysis.presets import preset_names


def named(*options):
    return preset_names(
        pd.DataFrame([{"init": "scaled"} | {f"init.{k}": v for k, v in o.items() if k != "word"} for o in options]), "init"
    ).tolist()


def test_a_start_with_a_presets_options_has_its_name(made):
    assert named(made.GENTLE, made.SATURATED) == ["gentle", "saturated"]


def test_a_start_without_a_name_takes_the_names_of_its_kind(made):
    assert named(made.GENTLE, made.GENTLE | {"output_bias": 0.125}) == ["scaled", "scaled"]


def test_words_without_presets_stay(made):
    frame = pd.DataFrame(
        {"init": ["glorot", "scaled"], **{f"init.{k}": [float("nan"), v] for k, v in made.SATURATED.items() if k != "word"}}
    )
    assert preset_names(frame, "init").tolist() == ["glorot", "saturated"]
