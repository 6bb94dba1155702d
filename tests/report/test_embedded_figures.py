"""The figures on the page are those in the files: the same elements and numbers, less digits that nobody sees."""

import base64
import re

import numpy as np
import pytest

NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
EMBEDDED = re.compile(r"data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)")
HUNDREDTH = 0.01  # of a pixel: so far the page cuts the points of lines off


@pytest.mark.slow
def test_the_page_shows_the_figures_that_its_files_hold(demo):
    files = [path.read_text(encoding="utf-8") for path in demo.glob("figures/*.svg")]
    page = (demo / "report.html").read_text(encoding="utf-8")
    shown = {NUMBER.sub("#", drawn): drawn for drawn in (base64.b64decode(text).decode() for text in EMBEDDED.findall(page))}
    assert len(files) == len(shown) > 0
    for file in files:
        drawn = shown[NUMBER.sub("#", file)]
        numbers = [np.array(NUMBER.findall(text), dtype=float) for text in (file, drawn)]
        assert np.abs(numbers[0] - numbers[1]).max() < HUNDREDTH
