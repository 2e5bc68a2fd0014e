"""The layout's promises hold here, and each check of them notices a planted mistake."""

import statistics
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
import structure

ROOT = Path(__file__).resolve().parents[1]
CHECKS = (
    structure.wrong_order,
    structure.circles,
    structure.strangers,
    structure.foreign_to_kernels,
    structure.impure_kernels,
    structure.unpaired,
    structure.undocumented_kernels,
    structure.eager_doors,
    structure.forbidden_lines,
    structure.long_files,
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
    "refnet/__init__.py": "from importlib import import_module\n__version__ = '0'",
    "refnet/counting.py": "",
    "refnet/layers/__init__.py": "def __getattr__(name):\n    from . import base",
    "refnet/layers/base.py": "from ..counting import Terms",
    "refnet/layers/relu.py": "from refnet.kernels import relu\nfrom .. import __version__\nfrom .base import X",
    "refnet/graph.py": "from . import kernels\nfrom .layers import base\nfrom .layers.relu import Relu",
    "refnet/formulas.py": "import math\nfrom .counting import Terms",
    "refnet/cli.py": "def testcases():\n    from .testing import cases",
    "refnet/testing/__init__.py": "",
    "refnet/testing/cases.py": "import math\nimport numpy\n\ndef draw():\n    import hypothesis",
}
RELU = GOOD["kernels/relu.py"]
PLANTED = {
    "imports what stands below": (
        structure.wrong_order,
        "refnet/counting.py",
        "from .layers.base import Layer",
    ),
    "imports it in a function": (
        structure.wrong_order,
        "refnet/layers/base.py",
        "def f():\n    from .. import graph",
    ),
    "imports it by its full name": (structure.wrong_order, "refnet/counting.py", "import refnet.graph"),
    "a kernel imports a layer": (structure.wrong_order, "kernels/relu.py", "from ..layers import base"),
    "formulas import what they judge": (
        structure.wrong_order,
        "refnet/formulas.py",
        "from .layers import base",
    ),
    "a file without a place": (structure.wrong_order, "refnet/misc.py", ""),
    "the roof from inside": (structure.wrong_order, "refnet/graph.py", "from . import mobilenet_v1"),
    "a room's own door": (structure.wrong_order, "refnet/layers/relu.py", "from . import Layer"),
    "a circle in a room": (structure.circles, "refnet/layers/base.py", "from .relu import Relu"),
    "a circle through a function": (
        structure.circles,
        "refnet/layers/base.py",
        "def f():\n    from refnet.layers import relu",
    ),
    "Numba elsewhere": (structure.strangers, "kernels/relu.py", "from numba import njit"),
    "LLVM elsewhere": (structure.strangers, "refnet/graph.py", "def f():\n    import llvmlite.ir"),
    "a borrowed oracle": (structure.strangers, "refnet/testing/cases.py", "from ..kernels import relu"),
    "an oracle on SciPy": (structure.strangers, "refnet/testing/cases.py", "import scipy.signal"),
    "Hypothesis at import": (structure.strangers, "refnet/testing/cases.py", "import hypothesis"),
    "the tests' tools in a layer": (
        structure.strangers,
        "refnet/layers/base.py",
        "def f():\n    import refnet.testing",
    ),
    "the tests' tools at import": (structure.strangers, "refnet/cli.py", "from .testing import cases"),
    "a kernel that reads files": (structure.foreign_to_kernels, "kernels/relu.py", "import os"),
    "raise": (
        structure.impure_kernels,
        "kernels/relu.py",
        RELU.replace("return dy", "if x.size:\n        raise ValueError\n    return dy"),
    ),
    "assert": (
        structure.impure_kernels,
        "kernels/relu.py",
        RELU.replace("return dy", "assert x.size\n    return dy"),
    ),
    "a string": (
        structure.impure_kernels,
        "kernels/relu.py",
        RELU.replace("return dy", "mode = 'x'\n    return dy"),
    ),
    "an option": (structure.impure_kernels, "kernels/relu.py", RELU.replace("(dy, x)", "(dy, x, mode=0)")),
    "no backward": (
        structure.unpaired,
        "kernels/relu.py",
        RELU.replace("def relu_backward", "def relu_gradient"),
    ),
    "backward first": (
        structure.unpaired,
        "kernels/relu.py",
        RELU.replace("forward", "f").replace("backward", "forward").replace("relu_f(", "relu_backward("),
    ),
    "something between": (
        structure.unpaired,
        "kernels/relu.py",
        RELU.replace("@jit\ndef relu_backward", "def other(): ...\n\n@jit\ndef relu_backward"),
    ),
    "no legend": (structure.undocumented_kernels, "kernels/relu.py", RELU.replace("    x any shape", "x")),
    "no shapes": (
        structure.undocumented_kernels,
        "kernels/relu.py",
        RELU.replace("Shapes: y like x.", "ReLU."),
    ),
    "an eager door": (structure.eager_doors, "refnet/layers/__init__.py", "from .base import Layer"),
    "a door that loads NumPy": (structure.eager_doors, "refnet/__init__.py", "import numpy as np"),
    "a class in a door": (structure.eager_doors, "refnet/layers/__init__.py", "class Layer: ..."),
    "threads of Numba": (structure.forbidden_lines, "kernels/relu.py", "from numba import pr" + "ange"),
    "a jit with threads": (structure.forbidden_lines, "kernels/relu.py", "f = jit(parallel =T" + "rue)"),
    "another project's name": (
        structure.forbidden_lines,
        "tests/test_x.py",
        "    fr" + "om kernels.relu import f",
    ),
    "the same in a notebook": (
        structure.forbidden_lines,
        "notebooks/a.ipynb",
        '    "im' + 'port kernels\\n",',
    ),
    "a path of one machine": (structure.forbidden_lines, "README.md", "see /ho" + "me/me/file"),
    "a merge that is not done": (structure.forbidden_lines, "refnet/graph.py", "<" * 7 + " HEAD"),
    "a file too long": (structure.long_files, "refnet/graph.py", "\n" * 321),
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
    lengths = sorted(structure.function_lengths(ROOT))
    assert 2 <= statistics.median(lengths) <= 12
    assert lengths[len(lengths) * 9 // 10] < 30


@pytest.mark.parametrize(
    "package", ["", ".kernels", ".layers", ".models", ".papers", ".testing", ".training"]
)
def test_no_module_stands_beside_a_function_of_its_own_name(package):
    """Importing the module would put it in the function's place."""
    door = import_module(f"refnet{package}")
    folder = Path(door.__file__).parent
    for name in getattr(door, "__all__", ()):
        if (folder / f"{name}.py").exists() or (folder / name).is_dir():
            assert isinstance(getattr(door, name), ModuleType)
