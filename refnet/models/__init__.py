"""One file per architecture: a table in the paper's own columns, and code that walks it."""

from importlib import import_module
from typing import Any

# Names on the command line are these too.
_HOME = {
    "mobilenet_v1": "v1",
    "conv_mobilenet": "v1",
    "shallow_mobilenet": "v1",
    "mobilenet_v2": "v2",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"refnet.models has no model {name!r}")
    return getattr(import_module(f".{_HOME[name]}", __name__), name)


def __dir__() -> list[str]:
    return __all__
