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
    """The tutorial with its outputs, run in a folder that it may write to. Raises CellExecutionError where a cell fails.

    What is written to stderr is progress, and left out.
    """
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    resources = {"metadata": {"path": str(folder)}}
    NotebookClient(notebook, timeout=SECONDS, record_timing=False, resources=resources).execute(env=os.environ | SETTINGS)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
            for output in cell.outputs:
                if "text/html" in output.get("data", {}):
                    del output.data["text/plain"]  # the same again, and longer
    notebook.metadata.language_info = {"name": "python"}  # without the version, which says nothing about the text
    return nbformat.reads(nbformat.writes(notebook).replace(f"{folder}{os.sep}", ""), as_version=4)


if __name__ == "__main__":
    os.environ.setdefault("SOURCE_DATE_EPOCH", "0")
    with tempfile.TemporaryDirectory() as temporary:
        written = executed(Path(temporary))
    NOTEBOOK.write_text(nbformat.writes(written) + "\n", encoding="utf-8")
    sys.stdout.write(f"{NOTEBOOK}\n")
