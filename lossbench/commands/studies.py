"""Studies as a command line names them: by their folder."""

from pathlib import Path

from lossbench.errors import unknown


def study_folder(folder: Path) -> Path:
    """The folder, where there is one. Raises BadInput with the nearest study."""
    if folder.is_dir():
        return folder
    studies = [str(path.parent) for path in sorted(Path("results").glob("*/study.json"))]
    raise unknown("study", str(folder), studies)
