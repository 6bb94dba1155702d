"""Every kind of file, damaged at random: it is read as it was written, or refused in a sentence. `opened_files.py` does more."""

import pytest
from damaged_files import KINDS, write_folder
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opened_files import READERS, contradicted, tried

EXAMPLES = {"part": 20, "claims": 20, "parameters": 12, "table": 12, "parquet table": 12}  # of others fewer, which cost as much


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A folder with one file of each kind, which is only read."""
    folder = tmp_path_factory.mktemp("files") / "whole"
    write_folder(folder)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_file_is_read_or_refused_and_never_taken_for_what_it_was(kind, whole, tmp_path):
    @settings(max_examples=EXAMPLES.get(kind, 6), suppress_health_check=list(HealthCheck))
    @given(draw=st.randoms(note_method_calls=False))
    def opened(draw):
        assert tried(kind, whole, tmp_path / "damaged", draw) in ("read", "refused")

    opened()


@pytest.mark.slow
def test_whole_files_are_read(whole):
    for reader in READERS.values():
        reader(whole)
    assert contradicted(whole, whole) == ""
