"""The results that come with refnet: of the full sizes, as `refnet experiment NAME --json` wrote them."""

import json
from importlib.resources import files
from typing import Any

from .registry import NAMES


def shipped() -> list[dict[str, Any]]:
    """One for each experiment whose results are there, in the order of the registry."""
    folder = files(__package__) / "results"
    known = [folder / f"{name}.json" for name in NAMES]
    return [json.loads(each.read_text(encoding="utf-8"))["experiments"][0] for each in known if each.is_file()]
