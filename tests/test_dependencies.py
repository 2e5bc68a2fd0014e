"""What refnet needs, and when: base dependencies always, extras only where they are used."""

import ast
import configparser
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BASE = {"numpy", "numba", "llvmlite", "click", "rich", "refnet"}  # llvmlite is a part of Numba
EXTRAS = {"plots", "data", "weights", "onnx", "notebooks", "testing", "test", "lint", "peers", "all"}
DISTRIBUTION = {"sklearn": "scikit-learn", "PIL": "pillow"}  # import name -> name to install


def extras():
    """Extra -> its requirements."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    return {name: value.split() for name, value in parser["options.extras_require"].items()}


def distribution(requirement):
    """numpy>=1.26 -> numpy"""
    return re.match(r"[\w-]+", requirement).group()


def is_for_type_checkers(node):
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def imports(source):
    """(name, whether at the top) of every absolute import outside the standard library. What stands in a
    function runs only when it is called, what stands under TYPE_CHECKING never."""
    found = set()

    def visit(node, top):
        if isinstance(node, ast.Import):
            found.update((alias.name.partition(".")[0], top) for alias in node.names)
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add((node.module.partition(".")[0], top))
        for child in ast.iter_child_nodes(node):
            visit(child, top and not isinstance(node, ast.FunctionDef) and not is_for_type_checkers(node))

    visit(ast.parse(source), True)
    return {(name, top) for name, top in found if name not in sys.stdlib_module_names}


def needs(source, other):
    return other in {name for name, _ in imports(source)} or f'importorskip("{other}' in source


def code_files(*folders):
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def test_imports_are_read_as_python_runs_them():
    source = "import os, numpy\nfrom . import x\ndef f():\n    from torch import nn\n"
    source += "if TYPE_CHECKING:\n    import y"
    assert imports(source) == {("numpy", True), ("torch", False), ("y", False)}


@pytest.mark.parametrize("path", code_files("kernels", "refnet"), ids=lambda path: "/".join(path.parts[-2:]))
def test_only_base_dependencies_are_imported_unasked(path):
    optional = {distribution(need) for needs in extras().values() for need in needs}
    for name, top in imports(path.read_text(encoding="utf-8")):
        allowed = BASE if top else BASE | optional
        assert DISTRIBUTION.get(name, name) in allowed, f"{name} in {path}, at the top: {top}"


def test_extras_are_complete():
    found = extras()
    assert set(found) == EXTRAS
    assert [distribution(need) for need in found["testing"]] == ["hypothesis"]
    assert found["all"] == [f"refnet[{','.join(name for name in found if name not in ('peers', 'all'))}]"]


def test_torch_is_one_release_everywhere():
    """A range may fetch several gigabytes of a build for graphics cards."""
    named = {need for needs in extras().values() for need in needs if distribution(need) == "torch"}
    assert named == {"torch==2.13.0"}
    for document in (".ci/run", "CONTRIBUTING.md", "README.md"):
        text = (ROOT / document).read_text(encoding="utf-8")
        assert set(re.findall(r"torch[<>=~!]=[\w.]*", text)) <= named


def unmarked(tests, other="torch"):
    """Names of test files that need torch or onnx, themselves or through a helper, and do not carry its mark."""
    helpers = "|".join(Path(name).stem for name, text in tests.items() if needs(text, other)) or "$^"
    return {
        name
        for name, text in tests.items()
        if Path(name).name.startswith("test_") and f"mark.{other}" not in text
        if needs(text, other) or re.search(rf"import.*\b({helpers})\b|from.*\b({helpers})\b.*import", text)
    }


def test_a_test_file_that_needs_torch_or_onnx_carries_the_mark():
    """.ci/run finds the comparisons with others by their mark; one without it would never have to run."""
    helper, marked = "def f():\n    import torch", "from helper import f\npytestmark = pytest.mark.torch"
    assert unmarked({"helper.py": helper, "test_marked.py": marked}) == set()
    assert unmarked({"helper.py": helper, "test_bare.py": "from a.helper import f"}) == {"test_bare.py"}
    others = (path for path in code_files("tests") if path != Path(__file__))
    texts = {path.name: path.read_text(encoding="utf-8") for path in others}
    assert unmarked(texts) == unmarked(texts, "onnx") == set()
