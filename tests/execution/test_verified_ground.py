"""What bits depend on is compared when a study is verified, and what an older study did not keep is not held against it."""

from typing import Any

import pytest

from lossbench.execution.ground import ground
from lossbench.storage.provenance import provenance

NOW = provenance("cpu", 1)


@pytest.mark.parametrize(
    ("kept", "named"),
    [
        (NOW, {}),
        (NOW | {"features": "64bit"}, {"processor features": "1 (a172b1b1)"}),
        (NOW | {"versions": NOW["versions"] | {"llvmlite": "0.1"}}, {"llvmlite": "0.1"}),
        (NOW | {"instructions": {"compiler": "vax"}}, {"instructions": "compiler vax"}),
        (NOW | {"features": None, "versions": {}}, {}),
    ],
)
def test_the_ground_names_what_differs(kept: dict[str, Any], named: dict[str, str]) -> None:
    then, now = ground(kept), ground(NOW)
    assert {name: then[name] for name in now if then.get(name, now[name]) != now[name]} == named
