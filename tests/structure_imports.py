"""Who may import whom, as functions from a checkout's folder to a list of complaints.

A complaint is one line, "file:line: what is wrong". `test_structure.py` wants none of them for this checkout,
and at least one for a small tree in which the mistake was planted.
"""

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

# From the ground up. A file may import what stands in an earlier line, and in its own if no circle arises.
# A name stands for a file, or for a folder and all in it that has no line of its own.
ORDER = (
    "refnet.lazy",
    "refnet.kernels.geometry",
    "refnet.kernels.store",
    "refnet.kernels.cache",
    "refnet.kernels.parts",
    "refnet.kernels.jit",
    "refnet.kernels",
    "refnet.kernels.tiled",
    "refnet.kernels.warmup",
    "refnet.garbage",
    "refnet.digits",
    "refnet.counting",
    "refnet.rendering",
    "refnet.tables",
    "refnet.bars",
    "refnet.figures",
    "refnet.layers",
    "refnet.node",
    "refnet.initial",
    "refnet.running",
    "refnet.graph",
    "refnet.rewrites",
    "refnet.formulas",
    "refnet.appendix",
    "refnet.memory",
    "refnet.models",
    "refnet.io",
    "refnet.engine",
    "refnet.data",
    "refnet.tasks",
    "refnet.training",
    "refnet.papers",
    "refnet.experiments",
    "refnet.bench",
    "refnet.choosing",
    "refnet.printing",
    "refnet.memory_page",
    "refnet.commands",
    "refnet.bench.command",
    "refnet.training.subjects",
    "refnet.training.asked",
    "refnet.training.command",
    "refnet.training.use_command",
    "refnet.experiments.command",
    "refnet.cli",
    "refnet.__main__",
)
JUDGES = {"refnet.formulas": ("refnet.layers", "refnet.graph", "refnet.kernels", "refnet.node")}
TESTING, WAITING = "refnet.testing", "refnet.lazy"
NUMBA_FILES = (
    "refnet.kernels.jit",
    "refnet.kernels.cache",
    "refnet.kernels.parts",
    "refnet.kernels.tiled.atomics",
    "refnet.kernels.tiled.register_tile",
    "refnet.kernels.tiled.row_operations",
    "refnet.kernels.tiled.instructions",
    "refnet.kernels.tiled.tile_types",
)
NO_OPERATIONS = ("geometry", "store", "cache", "parts", "jit", "warmup", "__init__")
OPERATIONS_MAY_IMPORT = ("numpy", "typing", "refnet.kernels.jit", "refnet.kernels.geometry", "refnet.kernels.tiled")


class Import(NamedTuple):
    """One imported name: by which module, in which line, what, and whether a function does it."""

    module: str
    place: str
    target: str
    lazy: bool


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def modules(root: Path) -> dict[str, Path]:
    """Name of each module of refnet -> its file; kernels/ is found in its own place, without the link."""
    found = {}
    for folder, package in ((root / "kernels", "refnet.kernels"), (root / "refnet", "refnet")):
        for path in sorted(folder.rglob("*.py")):
            parts = path.relative_to(folder).with_suffix("").parts
            if folder.name == "kernels" or parts[0] != "kernels":
                found[".".join((package, *parts)).removesuffix(".__init__")] = path
    return found


def operations(root: Path) -> dict[str, Path]:
    """The files of kernels/ that hold kernels, and their namesakes in kernels/tiled/."""
    found = {path.stem: path for path in (root / "kernels").glob("*.py") if path.stem not in NO_OPERATIONS}
    tiled = (root / "kernels" / "tiled").glob("*.py")
    return found | {f"tiled.{path.stem}": path for path in tiled if path.stem in found}


def imports(root: Path) -> list[Import]:
    known = modules(root)
    return [each for name, path in known.items() for each in _imports_of(name, path, root, known)]


def _imports_of(module: str, path: Path, root: Path, known: dict[str, Path]) -> Iterator[Import]:
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node, lazy in _statements(parsed(path), False):
        place = f"{path.relative_to(root)}:{node.lineno}"
        for target in _targets(node, package, known):
            yield Import(module, place, target, lazy)


def _statements(node: ast.AST, lazy: bool) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool]]:
    """Every import below the node; lazy if it happens in a function, or for type checkers only."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child, lazy
        typing_only = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
        inside = typing_only or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        yield from _statements(child, lazy or inside)


def _targets(node: ast.Import | ast.ImportFrom, package: str, known: dict[str, Path]) -> Iterator[str]:
    """The modules that a statement names: `from .layers import base` is refnet.layers.base."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
        return
    above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
    origin = ".".join([*above, *([node.module] if node.module else [])])
    for alias in node.names:
        inner = f"{origin}.{alias.name}"
        yield inner if inner in known or origin == "refnet" else origin


def rank(module: str) -> int | None:
    """Which line of the order a module belongs to: the longest name that it is, or is in."""
    fitting = [name for name in ORDER if module == name or module.startswith(f"{name}.")]
    return ORDER.index(max(fitting, key=len)) if fitting else None


def wrong_order(root: Path) -> list[str]:
    """Imports of what stands below, files without a place, and the roof of a package used from inside."""
    known = modules(root)
    judged = {n for n, path in known.items() if path.name != "__init__.py" and not n.startswith(TESTING)}
    complaints = [f"{known[name]}: {name} has no place in the order" for name in judged if rank(name) is None]
    for each in imports(root):
        if each.module in judged and each.target.split(".")[0] == "refnet":
            complaints += [f"{each.place}: {each.module} {wrong}" for wrong in _wrong(each, known)]
    return complaints


def _wrong(each: Import, known: dict[str, Path]) -> Iterator[str]:
    inside, outside = rank(each.module), rank(each.target)
    if each.target.startswith("refnet.__") or each.target.startswith(TESTING):
        return  # the version is everybody's; who may import the tests' tools is `strangers`' question
    if each.target not in known:
        yield f"imports {each.target}, which no file defines; name the file, not the package"
    elif each.module.startswith(f"{each.target}."):
        yield f"imports its own package {each.target}; name the file"
    elif outside is None or (inside is not None and outside > inside):
        yield f"imports {each.target}, which stands below it"
    elif any(each.target.startswith(name) for name in JUDGES.get(each.module, ())):
        yield f"imports {each.target}, which it judges"


def circles(root: Path) -> list[str]:
    """Files that reach themselves through imports, those inside functions included."""
    known = modules(root)
    reach: dict[str, set[str]] = {name: set() for name in known}
    for each in imports(root):
        # A door leads to every file of its room, when somebody asks for a name: that is no import of its own.
        if each.target in known and known[each.module].name != "__init__.py":
            reach[each.module].add(each.target)
    return [f"{name}: imports itself by way of others" for name in reach if name in _reached(name, reach)]


def _reached(start: str, reach: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [start]
    while waiting:
        new = reach[waiting.pop()] - found
        found |= new
        waiting.extend(new)
    return found


def strangers(root: Path) -> list[str]:
    """Numba outside of its files, tests' tools in the package, other things in the tests' tools."""
    return [f"{each.place}: {each.module} imports {each.target}" for each in imports(root) if _strange(each)]


def _strange(each: Import) -> bool:
    first = each.target.split(".")[0]
    if first in ("numba", "llvmlite"):
        return each.module not in NUMBA_FILES
    if each.module.startswith(TESTING):
        ours = each.target.startswith(TESTING) if first == "refnet" else first in ("numpy", "hypothesis")
        return not (ours or first in sys.stdlib_module_names) or (first == "hypothesis" and not each.lazy)
    return each.target.startswith(TESTING) and not (each.module == "refnet.cli" and each.lazy)


def foreign_to_kernels(root: Path) -> list[str]:
    """Kernels know arrays and nothing else."""
    names = {f"refnet.kernels.{name}" for name in operations(root)}
    return [
        f"{each.place}: a kernel's file imports {each.target}"
        for each in imports(root)
        if each.module in names and not each.target.startswith(OPERATIONS_MAY_IMPORT)
    ]


def eager_doors(root: Path) -> list[str]:
    """`__init__` files that hold classes, or import files before somebody asks: all but what waits for that."""
    doors = {name: path for name, path in modules(root).items() if path.name == "__init__.py"}
    complaints = [
        f"{each.place}: {each.module} imports {each.target} before it is needed"
        for each in imports(root)
        if each.module in doors and not each.lazy and each.target != WAITING
        if each.target.split(".")[0] not in sys.stdlib_module_names
    ]
    for path in doors.values():
        classes = [node for node in parsed(path).body if isinstance(node, ast.ClassDef)]
        complaints += [f"{path}:{node.lineno}: a class in an __init__ file" for node in classes]
    return complaints
