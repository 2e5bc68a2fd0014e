"""Doors that import lazily: each public name is there, and type checkers see the same names."""

import ast
from importlib import import_module
from pkgutil import iter_modules

import pytest

ROOMS = (".data", ".engine", ".experiments", ".kernels", ".layers", ".models", ".rewrites", ".training")
TYPED = ("refnet", *(f"refnet{room}" for room in ROOMS))
LAZY = (*TYPED, "refnet.io", "refnet.papers", "refnet.testing")


def seen_by_type_checkers(package):
    """The names that an __init__ file imports under TYPE_CHECKING."""
    with open(package.__file__, encoding="utf-8") as file:
        statements = ast.parse(file.read()).body
    blocks = [node for node in statements if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    return {alias.asname for block in blocks for node in block.body for alias in node.names}


@pytest.mark.parametrize("name", TYPED)
def test_type_checkers_see_the_public_names(name):
    package = import_module(name)
    rooms = {"__version__", *getattr(package, "_ROOMS", ())}
    assert seen_by_type_checkers(package) == set(package.__all__) - rooms


@pytest.mark.parametrize("name", LAZY)
def test_every_public_name_is_there(name):
    package = import_module(name)
    assert package.__all__
    assert all(getattr(package, each) is not None for each in package.__all__)
    assert set(package.__all__) <= set(dir(package))
    with pytest.raises(AttributeError, match="nothing_of_that_name"):
        _ = package.nothing_of_that_name


@pytest.mark.parametrize("name", LAZY)
def test_no_module_hides_a_function_of_its_name(name):
    """Importing `refnet.models.v1` puts the module into `refnet.models`, so no function there may be called v1."""
    package = import_module(name)
    public = set(package.__all__) - set(getattr(package, "_ROOMS", ()))
    assert public.isdisjoint(module.name for module in iter_modules(package.__path__))
