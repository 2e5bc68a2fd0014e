"""One file per architecture: a table in the paper's own columns, and code that walks it."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # what type checkers and editors see; at run time a name is imported when it is asked for
    from .v1 import conv_mobilenet as conv_mobilenet
    from .v1 import mobilenet_v1 as mobilenet_v1
    from .v1 import shallow_mobilenet as shallow_mobilenet
    from .v2 import mobilenet_v2 as mobilenet_v2

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
