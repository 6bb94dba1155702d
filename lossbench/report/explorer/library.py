"""The drawing library as one script that needs no network: Vega, Vega-Lite and Vega-Embed, as they ship in a Python package."""

from functools import cache

import vl_convert

# What our program asks for; the bundle holds nothing that is loaded later.
_NAMES = "window.vegaEmbed = vegaEmbed;"


@cache
def drawing_library() -> str:
    """The script, some 0.9 MB; the same version of the package gives the same text."""
    return str(vl_convert.javascript_bundle(_NAMES))
