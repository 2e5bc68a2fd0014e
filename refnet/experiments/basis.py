"""What decides the results of cells beside their settings: the version, and the recipe of all training."""

from dataclasses import asdict
from typing import Any

from .. import __version__
from .learning import settings_of


def basis() -> dict[str, Any]:
    """As it is kept with every result. A batch and a number of steps are each cell's own."""
    recipe = asdict(settings_of(batch=1))
    return {"refnet": __version__, "recipe": {name: recipe[name] for name in recipe if name not in ("batch", "epochs")}}
