"""Specs that differ by seed are read once: what is made of them is what JSON and SHA-256 make of each by itself."""

import hashlib
import json
import random

import pytest

from lossbench.errors import BadInput
from lossbench.tables.hashes import around_seed
from lossbench.tables.spec_families import SpecFamilies


def spec(seed: object, rate: float = 0.1) -> dict:
    return {
        "dataset": {"seed": 7, "steps": 1, "word": "x"},
        "lr": rate,
        "seed": seed,
        "steps": 5,
        "note": 'a "seed": 3, "steps": 5',
    }


def written(content: dict) -> str:
    return json.dumps(content, sort_keys=True)


def sha(content: dict) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()[:16]


def test_every_seed_has_the_id_of_its_own_spec_and_a_family_is_read_once() -> None:
    draw, families = random.Random(0), SpecFamilies()
    for seed, rate in [(draw.choice((0, 9, 10, 2**32 - 1, draw.randrange(10**17))), draw.choice((0.1, 0.2))) for _ in range(60)]:
        code, digits = families.add(written(spec(seed, rate)))
        assert families.families[code].spec == spec(json.loads(written(families.families[code].spec))["seed"], rate)
        assert (digits, families.id_of(code, digits)) == (str(seed), sha(spec(seed, rate)))
    assert len(families.families) == 2


@pytest.mark.parametrize(
    "text",
    [
        written(spec(3)).replace(", ", ","),
        written(spec(3)).replace('"lr": 0.1', '"lr": 0.1, "lr": 0.1'),
        written(spec(3)).replace('"seed": 3, "steps": 5}', '"seed": 03, "steps": 5}').replace("03", "3.0"),
        written(spec("3")),
        written(spec(10**19)),
        written(spec(-3)),
        written({**spec(3), "zoo": {"seed": 4, "tail": 1}}),
        written({"seed": 4}),
    ],
)
def test_what_somebody_else_wrote_stands_alone_and_has_its_own_id(text: str) -> None:
    families = SpecFamilies()
    families.add(written(spec(5)))
    for _ in range(2):
        code, digits = families.add(text)
        assert (families.families[code].spec, digits) == (json.loads(text), "")
        assert families.id_of(code, digits) == sha(json.loads(text))


def test_no_json_is_told_by_its_name() -> None:
    with pytest.raises(BadInput, match="the spec of run 7 cannot be read"):
        SpecFamilies().add("{", "the spec of run 7")


def test_a_spec_is_cut_where_its_seed_stands() -> None:
    before, after = around_seed(spec(12))
    assert json.loads(f"{before}12{after}") == spec(12)
