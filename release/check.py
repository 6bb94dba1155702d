"""A wheel in an environment of its own: alone it reports and says what trains, with the extra it trains the demo.

`python release/check.py WHEEL` is the last step of CI; `--release` checks what `make release` built, and says what is left to do.
"""

import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from install import HOUSE, run, say

DEMO = ["run", "study=demo", "loss=ce,mse", "dataset=iris", "seed=range(2)", "epochs=2"]
STORED = HOUSE / "results" / "gaussian_likelihood"
BROUGHT = ("conf/config.yaml", "experiments/nielsen_neuron/claims.yaml", "lab/page.html", "py.typed")
LEFT_TO_DO = """
What a person must do now, for a program may not:
  1. Read CHANGELOG.md. The version in pyproject.toml, CITATION.cff and CHANGELOG.md is {version};
     the date in CITATION.cff must be today's.
  2. Commit, and let CI pass on every Python of .github/workflows/tests.yml.
  3. git tag -s v{version} && git push origin v{version}
  4. .venv/bin/twine upload {files}      (asks for the token of the package index; what is uploaded cannot be replaced)
  5. Put the folder build/site, which `make docs` builds, where the documentation is served, and that address into pyproject.toml.
"""


def check(wheel: Path) -> None:
    """Install the wheel alone, then with the extra `train`, into a new environment, and work with both in an empty folder."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        python, program = folder / "venv/bin/python", folder / "venv/bin/lossbench"
        empty = folder / "empty"
        empty.mkdir()
        run([sys.executable, "-m", "venv", str(folder / "venv")], folder)
        pip = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "-c", str(HOUSE / "constraints.txt")]
        say("The wheel alone:")
        run([*pip, str(wheel)], HOUSE)
        _check_alone(python, program, empty)
        say("The wheel with what trains:")
        run([*pip, f"{wheel}[train]"], HOUSE)
        run([str(program), *DEMO], empty)
        run([str(program), "report", "results/demo"], empty)
        _must((empty / "results/demo/report.html").stat().st_size > 10_000, "the demo has no report")


def _check_alone(python: Path, program: Path, empty: Path) -> None:
    listed = subprocess.run([python, "-m", "pip", "list"], check=True, capture_output=True, text=True).stdout
    _must("torch" not in listed, "lossbench alone installs torch")
    asked = "; ".join(f"assert (files('lossbench') / {name!r}).is_file(), {name!r}" for name in BROUGHT)
    run([str(python), "-c", f"from importlib.resources import files; {asked}"], empty)
    refused = subprocess.run([program, *DEMO], check=False, cwd=empty, capture_output=True, text=True)
    _must(refused.returncode == 2 and "lossbench[train]" in refused.stderr, f"`lossbench run` answers: {refused.stderr}")
    study = empty / "results" / STORED.name
    study.mkdir(parents=True)
    for source in (path for path in STORED.rglob("*") if path.is_file()):
        (study / source.relative_to(STORED)).parent.mkdir(parents=True, exist_ok=True)
        (study / source.relative_to(STORED)).write_bytes(source.read_bytes())
    run([str(program), "report", str(study)], empty)
    _must((study / "report.html").stat().st_size > 10_000, "a stored study has no report")


def _must(holds: bool, otherwise: str) -> None:
    if not holds:
        sys.exit(f"The wheel is not right: {otherwise}.")


def release() -> None:
    """Check the one source distribution and the one wheel in dist/, and say what is left to do."""
    wheel, archive = (next((HOUSE / "dist").glob(name)) for name in ("*.whl", "*.tar.gz"))
    run([sys.executable, "-m", "twine", "check", "--strict", str(wheel), str(archive)], HOUSE)
    with tarfile.open(archive) as packed:
        names = {name.partition("/")[2] for name in packed.getnames()}
    _must({"LICENSE", "CITATION.cff", "lossbench/py.typed"} <= names, "the source distribution lacks files")
    check(wheel)
    version = wheel.name.split("-")[1]
    say(LEFT_TO_DO.format(version=version, files=f"dist/{wheel.name} dist/{archive.name}"))


if __name__ == "__main__":
    release() if sys.argv[1] == "--release" else check(Path(sys.argv[1]).resolve())
