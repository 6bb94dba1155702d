"""What plugins import from lossbench itself."""

import ast
from pathlib import Path

import pytest

import lossbench
from lossbench import Loss, Model, interfaces

SOURCE = ast.parse(Path(lossbench.__file__).read_text(encoding="utf-8"))
IMPORTS = [node for node in ast.walk(SOURCE) if isinstance(node, ast.ImportFrom)]
FOR_TYPES = {str(name.asname): str(node.module) for node in IMPORTS for name in node.names}


def test_a_public_name_is_the_one_of_its_module_and_is_listed() -> None:
    assert (Loss, Model) == (interfaces.Loss, interfaces.Model)
    assert set(dir(lossbench)) >= {"Loss", "Model", "Init", "Dataset", "Optimizer", "Probe", "Split", "BadInput", "log_softmax"}


def test_a_type_checker_and_a_program_see_the_same_names() -> None:
    packages = dict.fromkeys(lossbench._PACKAGES, "lossbench") | {
        "audit": "lossbench.audit.cards.single",
        "witness": "lossbench.witness.session",
    }
    assert lossbench._MODULE_OF | packages == FOR_TYPES


@pytest.mark.parametrize("name", sorted(FOR_TYPES))
def test_every_public_name_is_there(name: str) -> None:
    assert name in dir(lossbench)
    assert getattr(lossbench, name) is not None


def test_another_name_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Lossy'"):
        _ = lossbench.Lossy
    assert not hasattr(lossbench, "Lossy")
