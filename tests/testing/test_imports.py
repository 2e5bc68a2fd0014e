"""What importing refnet.testing imports, what it says without Hypothesis, and that it stands alone."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import refnet.testing

FOLDER = Path(refnet.testing.__file__).parent


def run(code, cwd):
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=cwd, check=False
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_every_public_name_is_there_without_numba_and_hypothesis(tmp_path):
    code = (
        "import sys, refnet.testing as t\n"
        "assert all(getattr(t, name) is not None for name in t.__all__)\n"
        "print(len(t.__all__), *(m for m in ('numba', 'hypothesis', 'torch') if m in sys.modules))"
    )
    assert run(code, tmp_path).split() == [str(len(refnet.testing.__all__))]


def test_one_line_names_the_extra_where_hypothesis_is_missing(tmp_path):
    code = (
        "import sys; sys.modules['hypothesis'] = None\n"
        "from refnet.testing import check_conv2d, check_relu6, conv2d_cases, naive_relu6, write_testcases\n"
        "write_testcases('cases', count=1)\n"
        "for call in (conv2d_cases, lambda: check_conv2d(min), lambda: check_relu6(min)):\n"
        "    try: call()\n"
        "    except ImportError as error: print(error)"
    )
    wanted = "refnet.testing draws its cases with Hypothesis: pip install '.[testing]' in the folder of refnet\n"
    assert run(code, tmp_path) == 3 * wanted


def test_a_check_leaves_nothing_in_the_users_folder(tmp_path):
    (tmp_path / "kernel.py").write_text("LARGE = 123456\ndef relu6(x):\n    return x.clip(0, 6)\n")
    code = (
        "import sys; sys.path.insert(0, '.'); sys.dont_write_bytecode = True\n"
        "import kernel, refnet.testing as t\n"
        "t.check_relu6(kernel.relu6)"
    )
    assert run(code, tmp_path) == ""
    assert [path.name for path in tmp_path.iterdir()] == ["kernel.py"]


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.name)
def test_nothing_of_refnet_is_imported(path):
    """Only NumPy, the standard library, Hypothesis inside functions, and neighbours in this folder."""
    for node in ast.walk(ast.parse(path.read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            assert node.level in (0, 1), f"{path.name} reaches out of the folder"
            names = [node.module] if node.level == 0 else []
        tops = {name.split(".")[0] for name in names}
        assert tops <= {"numpy", "hypothesis"} | sys.stdlib_module_names, f"{path.name} imports {tops}"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("oracles_*.py")), ids=lambda path: path.name)
def test_oracles_borrow_nothing_but_helpers(path):
    modules = {
        n.module for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.ImportFrom) and n.level
    }
    assert modules <= {"plain", "sizes", "oracles_convolution"}


def test_unknown_names_are_attribute_errors():
    with pytest.raises(AttributeError, match="has no attribute 'naive_conv3d'"):
        refnet.testing.naive_conv3d  # noqa: B018


def test_no_public_name_is_also_a_module():
    assert not {path.stem for path in FOLDER.glob("*.py")} & set(refnet.testing.__all__)
