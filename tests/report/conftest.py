"""Made-up runs, and what the page says of them."""

import pytest

from lossbench.analysis.results import results
from lossbench.report import caveats, summary
from lossbench.tables import read_study


@pytest.fixture
def told(made, tmp_path):
    """The summary, reservations and results of made-up runs."""

    def tell(runs):
        found = results(read_study(made.write(tmp_path / "study", runs)))
        return " ".join(f"{f.setting}: {f.text}" for f in summary.summary(found)), " ".join(caveats.reservations(found)), found

    return tell
