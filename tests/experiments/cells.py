"""An experiment's cells without the grid that runs them."""

import json
from importlib import import_module


def computed(cell):
    """The cell's result as it comes back from a file."""
    module, name = cell.work.split(":")
    found = getattr(import_module(f"refnet.experiments.{module}"), name)(**cell.settings)
    return json.loads(json.dumps(found, allow_nan=False))
