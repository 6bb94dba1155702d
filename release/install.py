"""Install lossbench and extras, with a line every two seconds: `python release/install.py train [FOLDER]`; by default into .venv.

Run by the interpreter that is to be used, with nothing installed; the Makefile does.
"""

from __future__ import annotations  # so that an old Python comes as far as the sentence about itself

import subprocess
import sys
import threading
import time
import venv
from pathlib import Path

HOUSE = Path(__file__).parents[1]
OLDEST = (3, 11)
SILENCE = 2.0  # seconds without a line after which a person wonders
SHOWN = 100  # characters of what pip says


def install(extras: str, folder: Path = HOUSE / ".venv") -> None:
    """Make the environment where it is missing, and install the checkout into it, editable. Ends the program where that fails."""
    if sys.version_info < OLDEST:
        sys.exit(f"lossbench needs Python 3.11 or newer, and this is {sys.version.split()[0]}. Try: make PYTHON=python3.12")
    say(f"Installing lossbench[{extras}] into {folder.name}; a minute or more, and longer where packages must first be fetched.")
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True, clear=True)
    words = ["-m", "pip", "install", "--disable-pip-version-check", "--progress-bar=off", "-c", "constraints.txt", "-e"]
    run([str(python), *words, f".[{extras}]"], HOUSE)


def run(command: list[str], folder: Path) -> None:
    """Run a program and tell every two seconds what it said last. Ends this one, with all that it said, where it fails."""
    started, lines = time.monotonic(), list[str]()
    asked = " ".join([Path(command[0]).name, *command[1:]])
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as program:
        reader = threading.Thread(target=lambda: lines.extend(program.stdout or ()), daemon=True)
        reader.start()
        while program.poll() is None:
            reader.join(SILENCE)
            if reader.is_alive():
                last = next((line for line in reversed(lines) if line.strip() and not line.startswith("WARNING")), asked)
                show(f"  {time.monotonic() - started:3.0f} s  {last.strip()[:SHOWN]}")
            else:
                program.wait()
    reader.join()
    show("", end="")
    if program.returncode:
        sys.exit("".join(lines) + f"This failed: {' '.join(command)}")


def show(line: str, end: str = "\n") -> None:
    """Show progress: on a terminal each line takes the place of the one before."""
    if sys.stdout.isatty():
        sys.stdout.write(f"\r\x1b[K{line}")
    else:
        sys.stdout.write(line + end)
    sys.stdout.flush()


def say(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)  # noqa: T201 a script's output


if __name__ == "__main__":
    install(sys.argv[1], *map(Path, sys.argv[2:]))
