"""lossbench on other Pythons: `python release/interpreters.py PYTHON...` installs it for each, trains, reports, and runs tests.

PYTHON is an interpreter, such as python3.13. Each gets an environment of its own in build/. Words that begin with tests are the
tests to run, by default all that are quick. `--wheels VERSION...` asks instead, for versions that this machine lacks, whether
every pinned package has a wheel that pip would take there.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from check import DEMO
from install import HOUSE, run, say

ASKED = "import sys; print('%d.%d.%d' % sys.version_info[:3])"
QUICK = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not slow"]


def try_interpreter(interpreter: str, tests: list[str]) -> str:
    """Install lossbench for an interpreter, train and report a small study, and run the quick tests of some folders, or all."""
    version = subprocess.run([interpreter, "-c", ASKED], check=True, capture_output=True, text=True).stdout.strip()
    folder = HOUSE / "build" / f"python{version}"
    say(f"Python {version}:")
    subprocess.run([interpreter, HOUSE / "release" / "install.py", "test", folder], check=True)
    with tempfile.TemporaryDirectory() as empty:
        run([str(folder / "bin/lossbench"), *DEMO], Path(empty))
        run([str(folder / "bin/lossbench"), "report", "results/demo"], Path(empty))
    done = subprocess.run([folder / "bin/python", *QUICK, *tests], check=False, cwd=HOUSE, capture_output=True, text=True)
    counted = done.stdout.strip().splitlines()[-1:] or [done.stderr.strip()]
    if done.returncode:
        sys.exit(f"{done.stdout}\n{done.stderr}\nThe tests fail on Python {version}.")
    return f"Python {version}: a study trains and is reported; quick tests: {counted[0]}"


def try_wheels(version: str) -> str:
    """Ask for a wheel of every pinned package, as pip would for another version of Python; nothing is downloaded but metadata."""
    lines = (HOUSE / "constraints.txt").read_text(encoding="utf-8").splitlines()
    left = pins = [line for line in lines if "==" in line and line[0] != "#"]
    lacking: list[str] = []
    words = [
        "-m",
        "pip",
        "install",
        "--dry-run",
        "--no-deps",
        "--only-binary=:all:",
        "--target",
        "build",
        "--python-version",
        version,
    ]
    while (
        done := subprocess.run([sys.executable, *words, *left], check=False, capture_output=True, text=True, cwd=HOUSE)
    ).returncode:
        refused = re.findall(r"No matching distribution found for (\S+)", done.stderr)
        if not refused:
            sys.exit(done.stderr)
        lacking += refused
        left = [pin for pin in left if pin not in lacking]
        say(f"  {refused[0]} has none")
    return f"Python {version}: {len(left)} of {len(pins)} pinned packages have a wheel; not: {', '.join(lacking) or 'none'}"


if __name__ == "__main__":
    first, *words = [word for word in sys.argv[1:] if not word.startswith("tests")]
    folders = [word for word in sys.argv[1:] if word.startswith("tests")]
    lines = (
        [try_wheels(word) for word in words]
        if first == "--wheels"
        else [try_interpreter(word, folders) for word in (first, *words)]
    )
    say("\n".join(lines))
