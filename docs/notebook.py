"""Execute the tutorial in an empty folder and keep what came out: `python docs/notebook.py`."""

import os
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).with_name("tutorial.ipynb")
SETTINGS = {
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # else the kernel's debugger warns of frozen modules
}
SECONDS = 300  # for one cell; the first compiles


def executed(folder: Path) -> nbformat.NotebookNode:
    """The tutorial with all its outputs, run in a folder that it may write to. Raises CellExecutionError where a cell fails."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    resources = {"metadata": {"path": str(folder)}}
    NotebookClient(notebook, timeout=SECONDS, record_timing=False, resources=resources).execute(env=os.environ | SETTINGS)
    return notebook


def cleaned(notebook: nbformat.NotebookNode, folder: Path) -> nbformat.NotebookNode:
    """What is kept of an executed notebook: progress, on stderr or as a bar, is left out, and so is the name of the folder."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if not is_progress(output)]
            for output in cell.outputs:
                if "text/html" in output.get("data", {}):
                    del output.data["text/plain"]  # the same again, and longer
    notebook.metadata.language_info = {"name": "python"}  # without the version, which says nothing about the text
    return nbformat.reads(nbformat.writes(notebook).replace(f"{folder}{os.sep}", ""), as_version=4)


def is_progress(output: nbformat.NotebookNode) -> bool:
    """Whether an output tells how far something was."""
    return output.get("name") == "stderr" or "<progress" in output.get("data", {}).get("text/html", "")


if __name__ == "__main__":
    os.environ.setdefault("SOURCE_DATE_EPOCH", "0")
    with tempfile.TemporaryDirectory() as temporary:
        written = cleaned(executed(Path(temporary)), Path(temporary))
    NOTEBOOK.write_text(nbformat.writes(written) + "\n", encoding="utf-8")
    sys.stdout.write(f"{NOTEBOOK}\n")
