"""YAML: the files of this repository are read as OmegaConf reads them, and a bomb goes off nowhere."""

import os
from pathlib import Path

import pytest
import yaml
from hydra._internal.sources_registry import SourcesRegistry
from omegaconf import OmegaConf

from lossbench.analysis.presets import presets
from lossbench.claims.schema import read_experiment
from lossbench.config.compose import compose
from lossbench.errors import BadInput
from lossbench.files.yaml import DEEPEST, LARGEST, MOST, parse_yaml, read_yaml

HOUSE = Path(__file__).parents[2]
NINE = ",".join("x" * 9)
LAUGHS = f"a0: &a0 [{NINE}]\n" + "".join(f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9))
MERGED = "a0: &a0 {x: 1}\n" + "".join(f"a{n}: &a{n} {{<<: [{','.join([f'*a{n - 1}'] * 9)}]}}\n" for n in range(1, 9))
BOMBS = {
    "aliases of aliases": LAUGHS,
    "merges of merges": MERGED,
    "a list that holds itself": "a: &a [*a]",
    "a mapping that holds itself": "a: &a {b: {c: *a}}",
    "depth": "[" * 1000,
    "depth by aliases": "a0: &a0 []\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, DEEPEST + 2)),
    "values": "[" + "a," * (MOST + 1) + "]",
    "a long number": "9" * 4000,
    "a tag that makes an object": "!!python/object/apply:os.system [x]",
    "a tag that makes a path": "!!python/object/apply:pathlib.Path [x]",
    "a set": "!!set {a}",
    "a number that is none": "!!int ''",
    "a truth value that is none": "!!bool x",
    "a key twice": "{a: 1, a: 2}",
    "a list for a key": "? [1]\n: 2",
    "two documents": "a\n---\nb",
    "an escape": "\x1b",
    "an alias to nothing": "*a",
}


@pytest.mark.slow
@pytest.mark.parametrize("text", BOMBS.values(), ids=BOMBS)
def test_what_is_no_plain_yaml_or_too_much_is_refused(text):
    with pytest.raises(BadInput, match=r"^f cannot be read as YAML: "):
        parse_yaml(text, "f")


@pytest.mark.slow
def test_our_files_and_odd_scalars_are_read_as_omegaconf_reads_them(tmp_path):
    paths = [*sorted((HOUSE / "conf").rglob("*.yaml")), *sorted((HOUSE / "experiments").rglob("*.yaml"))[::4]]
    odd = tmp_path / "odd.yaml"
    odd.write_text("a: [1e3, 1_000, 010, 0x1F, 1:30, 2020-01-01, .5, -.inf, yes, ~, on, '1', 1., 1e, +1, 0b11, 0o7, !!str 3]\n")
    assert len(paths) > 25
    for path in (*paths, odd):
        assert (read_yaml(path) or {}) == OmegaConf.to_container(OmegaConf.load(path)), path


def test_a_file_too_large_a_pipe_and_bytes_are_refused_before_they_are_read(tmp_path):
    large, pipe, other = (tmp_path / name for name in ("large", "pipe", "bytes"))
    large.write_text("#" * (LARGEST + 1))
    os.mkfifo(pipe)
    other.write_bytes(b"a: \xff")
    for path, told in (
        (large, "bytes, and may have"),
        (pipe, "no regular file"),
        (other, "no UTF-8"),
        (tmp_path / "a\0", "null"),
    ):
        with pytest.raises(BadInput, match=told):
            read_yaml(path)


@pytest.mark.slow
@pytest.mark.parametrize("text", [LAUGHS, BOMBS["a list that holds itself"]], ids=["aliases", "itself"])
def test_a_bomb_goes_off_in_no_room_that_reads_yaml(text, tmp_path):
    (tmp_path / "experiment").mkdir()
    (tmp_path / "claims.yaml").write_text(text)
    (tmp_path / "experiment" / "mine.yaml").write_text(text)
    (tmp_path / "whole.yaml").write_text(text)
    flags = [f"--config-dir={tmp_path}"]
    for read in (
        lambda: read_experiment(tmp_path),
        lambda: compose(["experiment=mine"], flags),
        lambda: compose(["loss=ce"], [*flags, "--config-name=whole"]),
    ):
        with pytest.raises(BadInput, match="cannot be read as YAML"):
            read()


@pytest.mark.slow
@pytest.mark.parametrize("doubled", ["${{probes.{0}}}${{probes.{0}}}", "['${{probes.{0}}}', '${{probes.{0}}}']"])
def test_interpolations_that_double_one_another_are_refused(doubled, tmp_path):
    (tmp_path / "experiment").mkdir()
    probes = "".join(f"\n  - {text if text[0] == '[' else repr(text)}" for text in (doubled.format(n) for n in range(40)))
    (tmp_path / "experiment" / "mine.yaml").write_text(f"# @package _global_\nprobes:\n  - loss{probes}\n")
    with pytest.raises(BadInput, match="holds 80 interpolations"):
        compose(["experiment=mine"], [f"--config-dir={tmp_path}"])


@pytest.mark.slow
def test_hydra_follows_no_path_that_a_config_names_and_is_left_as_it_was(tmp_path):
    (tmp_path / "whole.yaml").write_text("hydra: {searchpath: [file:///elsewhere, pkg://antigravity]}")
    compose(["loss=ce"])  # after which Hydra's own sources are registered
    before = SourcesRegistry.instance().resolve("file")
    with pytest.raises(BadInput, match=r"sets hydra\.searchpath"):
        compose(["loss=ce"], [f"--config-dir={tmp_path}", "--config-name=whole"])
    assert SourcesRegistry.instance().resolve("file") is before
    assert before.__name__ == "FileConfigSource"


def test_a_noun_of_a_claims_file_leads_to_no_other_folder(tmp_path):
    (tmp_path / "secret.yaml").write_text(yaml.safe_dump({"defaults": ["a"], "b": 1}))
    assert presets(str(tmp_path)) == {}
    assert presets("init")
