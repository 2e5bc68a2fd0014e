"""Packages that import a name when somebody asks for it."""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any


def lazily(
    package: str, public: Sequence[str], home: Mapping[str, str], rooms: Sequence[str] = ()
) -> tuple[Callable[[str], Any], Callable[[], Sequence[str]]]:
    """The functions __getattr__ and __dir__ of a package.

    public   what dir() says        home    name -> the module of the package that defines it
    rooms    modules of the package that are names themselves
    """

    def find(name: str) -> Any:
        if name in home:
            return getattr(import_module(f".{home[name]}", package), name)
        if name in rooms:
            return import_module(f".{name}", package)
        raise AttributeError(f"{package} has no attribute {name!r}")

    return find, lambda: public
