"""The library that draws figures, which is an extra."""

from typing import Any


def load_matplotlib(what: str) -> Any:
    """Its module `figure`. Raises ImportError that names the extra; what: how the message begins."""
    try:
        from matplotlib import figure
    except ModuleNotFoundError as error:
        if error.name != "matplotlib":
            raise
        raise ImportError(f"{what} drawn by matplotlib: pip install '.[plots]' in the folder of refnet") from None
    return figure
