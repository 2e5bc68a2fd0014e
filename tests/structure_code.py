"""What code and text of a checkout promise: kernels are pure and come in pairs, nothing is long or left over.

Each check takes a checkout's folder and returns complaints, as those of `structure_imports.py` do.
"""

import ast
import re
from pathlib import Path

from structure_imports import modules, operations, parsed


def jitted(path: Path) -> list[ast.FunctionDef]:
    """The functions of a file that carry `@jit`, `@jit(...)` or another decorator of `jit.py`."""

    def is_jit(decorator: ast.expr) -> bool:
        called = decorator.func if isinstance(decorator, ast.Call) else decorator
        return isinstance(called, ast.Name) and called.id in ("jit", "brief", "bare", "inner", "inlined")

    functions = (node for node in ast.walk(parsed(path)) if isinstance(node, ast.FunctionDef))
    return [function for function in functions if any(map(is_jit, function.decorator_list))]


def code(function: ast.FunctionDef) -> list[ast.expr | ast.stmt]:
    """All statements and expressions of a function's body but the docstring."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    nodes = (node for statement in body for node in ast.walk(statement))
    return [node for node in nodes if isinstance(node, ast.expr | ast.stmt)]


def impure_kernels(root: Path) -> list[str]:
    """`raise`, `assert` and strings inside of jitted functions; defaults, which would be options."""
    complaints = []
    for path in (root / "kernels").rglob("*.py"):
        for function in jitted(path):
            for node in code(function):
                text = isinstance(node, ast.Constant) and isinstance(node.value, str)
                if text or isinstance(node, ast.Raise | ast.Assert | ast.JoinedStr):
                    complaints.append(f"{path}:{node.lineno}: {type(node).__name__} in {function.name}")
            if function.args.defaults or function.args.kw_defaults:
                complaints.append(f"{path}:{function.lineno}: {function.name} has an optional argument")
    return complaints


def unpaired(root: Path) -> list[str]:
    """Forwards that are not followed by their backward, with nothing but their own gradients between."""
    complaints = []
    for name, path in operations(root).items():
        names = [function.name for function in parsed(path).body if isinstance(function, ast.FunctionDef)]
        names = [each for each in names if not each.startswith("_")]
        for i, forward in enumerate(names):
            if forward.endswith("_forward"):
                stem = forward.removesuffix("forward")
                own = [f"{stem}input_gradient", f"{stem}filter_gradient", f"{stem}backward"]
                if not (names[i + 1 : i + 2] == own[-1:] or names[i + 1 : i + 4] == own):
                    complaints.append(f"{path}: {forward} is not followed by {own[-1]}")
        if not any(each.endswith("_forward") for each in names):
            complaints.append(f"{path}: {name} has no forward pass")
    return complaints


def undocumented_kernels(root: Path) -> list[str]:
    """Files without a legend (an indented block at the head), kernels whose docstring gives no shapes."""
    complaints = []
    for path in operations(root).values():
        if not re.search(r"^    \S", ast.get_docstring(parsed(path), clean=False) or "", re.MULTILINE):
            complaints.append(f"{path}: no legend at the head of the file")
    for path in (root / "kernels").rglob("*.py"):
        for function in jitted(path):
            if not re.search(r"Shapes:|->", ast.get_docstring(function) or ""):
                complaints.append(f"{path}:{function.lineno}: {function.name} gives no shapes")
    return complaints


TEXT = (".py", ".ipynb", ".md", ".cfg", ".toml", ".cff", ".csv", ".yml")
FOLDERS = ("refnet", "kernels", "tests", "notebooks", "benchmarks", ".ci")

# What no line of these folders may hold. Each expression is written so that it does not match itself.
FORBIDDEN = (
    ("Numba's own threads", ("refnet", "kernels"), r"\b[p]range\b|\bparallel\s*=\s*[T]rue"),
    ("a top-level package that is not ours", FOLDERS, r"""^[\s"]*(?:import kernels\b|from kernels\b)"""),
    ("a path of one machine", (*FOLDERS, "."), r"(?<![\w.<>])/(?:home|root|work|Users)/\w|ipykernel_\d"),
    ("an unfinished place", (*FOLDERS, "."), r"\b(?:T[O]DO|F[I]XME|X[X]X)\b|^(?:<{7}|>{7}) "),
)


def text_files(root: Path, folder: str) -> list[Path]:
    """The files of a folder, or beside the folders, that people read or run."""
    found = root.glob("*") if folder == "." else (root / folder).rglob("*")
    named = [path for path in found if path.suffix in TEXT or path.name == "run"]
    return [path for path in named if path.is_file() and not {".ipynb_checkpoints"} & set(path.parts)]


def forbidden_lines(root: Path) -> list[str]:
    return [
        f"{path.relative_to(root)}:{number}: {what}"
        for what, folders, pattern in FORBIDDEN
        for folder in folders
        for path in text_files(root, folder)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(pattern, line)
    ]


def code_lines(function: ast.FunctionDef) -> int:
    """Lines of a function that hold code: no docstring, comment or blank."""
    return len({node.lineno for node in code(function)}) + 1


def function_lengths(root: Path) -> list[int]:
    found = modules(root).values()
    return [code_lines(n) for path in found for n in ast.walk(parsed(path)) if isinstance(n, ast.FunctionDef)]


def long_files(root: Path) -> list[str]:
    """Files that one sitting cannot read."""
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in modules(root).values()}
    return [f"{path}: {length} lines" for path, length in lengths.items() if length > 320]
