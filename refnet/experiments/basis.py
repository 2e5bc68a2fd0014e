"""What decides the results of cells beside their settings: the version, the code, and the recipe of all training."""

from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from .. import __version__
from ..kernels.store import digest, source_digest
from .learning import settings_of

PACKAGE = Path(__file__).parents[1]


def basis() -> dict[str, Any]:
    """As it is kept with every result. A batch and a number of steps are each cell's own."""
    recipe = asdict(settings_of(1, {}))
    told = {name: recipe[name] for name in recipe if name not in ("batch", "epochs")}
    return {"refnet": __version__, "code": code(), "recipe": told}


@cache
def code() -> str | None:
    """Name the contents of every source file of refnet; None where there are no files, as in a ZIP archive."""
    try:
        found = [source_digest(each) for each in (PACKAGE, PACKAGE / "kernels")]  # which is a link in a checkout
    except OSError:
        return None
    return digest(*(each.encode() for each in found))
