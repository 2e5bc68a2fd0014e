"""The layout's promises hold here, and each check of them notices a planted mistake."""

import statistics
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
import structure_code as code
import structure_imports as imports

ROOT = Path(__file__).resolve().parents[1]
CHECKS = (
    imports.wrong_order,
    imports.circles,
    imports.strangers,
    imports.foreign_to_kernels,
    code.impure_kernels,
    code.unpaired,
    code.undocumented_kernels,
    imports.eager_doors,
    code.forbidden_lines,
    code.long_files,
)
GOOD = {
    "kernels/__init__.py": "",
    "kernels/geometry.py": "",
    "kernels/jit.py": "import numba\nfrom .geometry import output_size",
    "kernels/relu.py": '''
"""ReLU.

    x any shape
"""
import numpy as np
from .jit import jit

@jit
def relu_forward(x):
    """Shapes: y like x."""
    return np.maximum(x, 0)

@jit
def relu_backward(dy, x):
    """Shapes: dx like x."""
    return dy * (x > 0)
''',
    "kernels/tiled/__init__.py": "",
    "refnet/__init__.py": "from importlib import import_module\n__version__ = '0'",
    "refnet/counting.py": "",
    "refnet/layers/__init__.py": "def __getattr__(name):\n    from . import base",
    "refnet/layers/base.py": "from ..counting import Terms",
    "refnet/layers/relu.py": "import refnet.kernels.relu\nfrom .. import __version__\nfrom . import base",
    "refnet/graph.py": "from . import kernels\nfrom .layers import base\nfrom .layers.relu import Relu",
    "refnet/formulas.py": "import math\nfrom .counting import Terms",
    "refnet/cli.py": "def testcases():\n    from .testing import cases",
    "refnet/testing/__init__.py": "",
    "refnet/testing/cases.py": "import math\nimport numpy\n\ndef draw():\n    import hypothesis",
}
RELU = GOOD["kernels/relu.py"]
TILED = GOOD["kernels/tiled/relu.py"] = RELU.replace(".jit", "..jit")
PLANTED = {
    "imports what stands below": (
        imports.wrong_order,
        "refnet/counting.py",
        "from .layers.base import Layer",
    ),
    "imports it in a function": (
        imports.wrong_order,
        "refnet/layers/base.py",
        "def f():\n    from .. import graph",
    ),
    "imports it by its full name": (imports.wrong_order, "refnet/counting.py", "import refnet.graph"),
    "a kernel imports a layer": (imports.wrong_order, "kernels/relu.py", "from ..layers import base"),
    "formulas import what they judge": (
        imports.wrong_order,
        "refnet/formulas.py",
        "from .layers import base",
    ),
    "a file without a place": (imports.wrong_order, "refnet/misc.py", ""),
    "the roof from inside": (imports.wrong_order, "refnet/graph.py", "from . import mobilenet_v1"),
    "a room's own door": (imports.wrong_order, "refnet/layers/relu.py", "from . import Layer"),
    "a circle in a room": (imports.circles, "refnet/layers/base.py", "from .relu import Relu"),
    "a circle through a function": (
        imports.circles,
        "refnet/layers/base.py",
        "def f():\n    from refnet.layers import relu",
    ),
    "Numba elsewhere": (imports.strangers, "kernels/relu.py", "from numba import njit"),
    "LLVM elsewhere": (imports.strangers, "refnet/graph.py", "def f():\n    import llvmlite.ir"),
    "a borrowed oracle": (imports.strangers, "refnet/testing/cases.py", "from ..kernels import relu"),
    "an oracle on SciPy": (imports.strangers, "refnet/testing/cases.py", "import scipy.signal"),
    "Hypothesis at import": (imports.strangers, "refnet/testing/cases.py", "import hypothesis"),
    "the tests' tools in a layer": (
        imports.strangers,
        "refnet/layers/base.py",
        "def f():\n    import refnet.testing",
    ),
    "the tests' tools at import": (imports.strangers, "refnet/cli.py", "from .testing import cases"),
    "a kernel that reads files": (imports.foreign_to_kernels, "kernels/relu.py", "import os"),
    "raise": (
        code.impure_kernels,
        "kernels/relu.py",
        RELU.replace("return dy", "if x.size:\n        raise ValueError\n    return dy"),
    ),
    "assert": (
        code.impure_kernels,
        "kernels/relu.py",
        RELU.replace("return dy", "assert x.size\n    return dy"),
    ),
    "a string": (
        code.impure_kernels,
        "kernels/relu.py",
        RELU.replace("return dy", "mode = 'x'\n    return dy"),
    ),
    "an option": (code.impure_kernels, "kernels/relu.py", RELU.replace("(dy, x)", "(dy, x, mode=0)")),
    "no backward": (
        code.unpaired,
        "kernels/relu.py",
        RELU.replace("def relu_backward", "def relu_gradient"),
    ),
    "backward first": (
        code.unpaired,
        "kernels/relu.py",
        RELU.replace("forward", "f").replace("backward", "forward").replace("relu_f(", "relu_backward("),
    ),
    "something between": (
        code.unpaired,
        "kernels/relu.py",
        RELU.replace("@jit\ndef relu_backward", "def other(): ...\n\n@jit\ndef relu_backward"),
    ),
    "no legend": (code.undocumented_kernels, "kernels/relu.py", RELU.replace("    x any shape", "x")),
    "no shapes": (
        code.undocumented_kernels,
        "kernels/relu.py",
        RELU.replace("Shapes: y like x.", "ReLU."),
    ),
    "a tiled kernel without shapes": (
        code.undocumented_kernels,
        "kernels/tiled/relu.py",
        TILED.replace("Shapes: y like x.", "ReLU."),
    ),
    "a loop without shapes": (
        code.undocumented_kernels,
        "kernels/tiled/loops.py",
        '@jit\ndef loop(x):\n    """A loop."""',
    ),
    "a tiled kernel without backward": (
        code.unpaired,
        "kernels/tiled/relu.py",
        TILED.replace("def relu_backward", "def relu_gradient"),
    ),
    "a tiled kernel that reads files": (imports.foreign_to_kernels, "kernels/tiled/relu.py", "import os"),
    "a plain kernel that wants tiles": (imports.wrong_order, "kernels/relu.py", "from .tiled import relu"),
    "LLVM in a tiled kernel": (imports.strangers, "kernels/tiled/relu.py", "from llvmlite import ir"),
    "an eager door": (imports.eager_doors, "refnet/layers/__init__.py", "from .base import Layer"),
    "a door that loads NumPy": (imports.eager_doors, "refnet/__init__.py", "import numpy as np"),
    "a class in a door": (imports.eager_doors, "refnet/layers/__init__.py", "class Layer: ..."),
    "threads of Numba": (code.forbidden_lines, "kernels/relu.py", "from numba import pr" + "ange"),
    "a jit with threads": (code.forbidden_lines, "kernels/relu.py", "f = jit(parallel =T" + "rue)"),
    "another project's name": (
        code.forbidden_lines,
        "tests/test_x.py",
        "    fr" + "om kernels.relu import f",
    ),
    "the same in a notebook": (
        code.forbidden_lines,
        "notebooks/a.ipynb",
        '    "im' + 'port kernels\\n",',
    ),
    "a path of one machine": (code.forbidden_lines, "README.md", "see /ho" + "me/me/file"),
    "a merge that is not done": (code.forbidden_lines, "refnet/graph.py", "<" * 7 + " HEAD"),
    "a file too long": (code.long_files, "refnet/graph.py", "\n" * 321),
}


def write(root, files):
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def names(checks):
    return [check.__name__ for check in checks]


@pytest.mark.parametrize("check", CHECKS, ids=names(CHECKS))
def test_this_checkout_keeps_it(check):
    assert check(ROOT) == []


@pytest.mark.parametrize("check", CHECKS, ids=names(CHECKS))
def test_a_good_tree_passes(check, tmp_path):
    assert check(write(tmp_path, GOOD)) == []


@pytest.mark.parametrize("mistake", PLANTED)
def test_a_planted_mistake_is_noticed(mistake, tmp_path):
    check, name, text = PLANTED[mistake]
    root = write(tmp_path, GOOD)
    before = (root / name).read_text() if (root / name).exists() else ""
    added = text if "def relu" in text else f"{before}\n{text}\n"
    assert check(write(root, {name: added})) != []


def test_every_check_has_a_planted_mistake():
    assert {check for check, _, _ in PLANTED.values()} == set(CHECKS)


def test_functions_are_short():
    lengths = sorted(code.function_lengths(ROOT))
    assert 2 <= statistics.median(lengths) <= 12
    assert lengths[len(lengths) * 9 // 10] < 30


@pytest.mark.parametrize(
    "package", ["", ".data", ".kernels", ".layers", ".models", ".papers", ".testing", ".training"]
)
def test_no_module_stands_beside_a_function_of_its_own_name(package):
    """Importing the module would put it in the function's place."""
    door = import_module(f"refnet{package}")
    folder = Path(door.__file__).parent
    for name in getattr(door, "__all__", ()):
        if (folder / f"{name}.py").exists() or (folder / name).is_dir():
            assert isinstance(getattr(door, name), ModuleType)
