"""No stale and no foreign machine code of tiles: the results are right whatever lies in the cache folder, or does not.

A copy of the kernels, whose processes share a cache folder; each prints a result, and how many loops it found there.
"""

import platform
import shutil
from pathlib import Path

import pytest
from processes import lines, python, start

from refnet import kernels

pytestmark = pytest.mark.jit

KERNELS = Path(kernels.__file__).parent
REPORT = """
import numpy as np
from probe import tiled
x = np.ones((1, 3, 3, 1))
print(tiled.depthwise_conv2d_forward(x, np.ones((3, 3, 1)), (1, 1), (1, 1), (0, 0, 0, 0)).item())
from probe.tiled import taps
print(sum(taps.tap_sums.stats.cache_hits.values()))
"""
FINGERPRINTS = """
from importlib import import_module
from pkgutil import walk_packages
from refnet import kernels
for package in walk_packages(kernels.__path__, "refnet.kernels."):
    for name, value in sorted(vars(import_module(package.name)).items()):
        if hasattr(value, "py_func"):
            print(package.name, name, kernels.cache.fingerprint(value.py_func))
"""
SSE2 = {"NUMBA_CPU_NAME": "x86-64", "NUMBA_CPU_FEATURES": ""}


class Tree:
    """The copy, and the environment of its processes."""

    def __init__(self, folder):
        self.kernels, self.cache = folder / "probe", folder / "cache"
        shutil.copytree(KERNELS, self.kernels, ignore=shutil.ignore_patterns("__pycache__"))
        self.variables = {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1", "NUMBA_CACHE_DIR": str(self.cache)}

    def start(self, **environment):
        return start(REPORT, **self.variables | environment)

    def report(self, **environment):
        return python(REPORT, **self.variables | environment)


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """With a cache folder that two processes have filled at once."""
    found = Tree(tmp_path_factory.mktemp("tree"))
    both = [found.start(), found.start()]
    assert [lines(each)[0] for each in both] == ["9.0", "9.0"]
    return found


def test_machine_code_that_two_processes_wrote_at_once_is_found(tree):
    assert tree.report() == ["9.0", "1"]


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="these are features of x86-64")
def test_machine_code_for_other_vectors_is_not_found(tree):
    assert tree.report(**SSE2) == ["9.0", "0"]
    assert tree.report(**SSE2) == ["9.0", "1"], "it has its own"
    assert tree.report() == ["9.0", "1"], "and has not replaced the other"


def test_an_edited_tiled_file_is_never_served_stale(tree):
    """Machine code of a loop is found again while all files stay, and not when what it is made of was edited."""
    file = tree.kernels / "tiled" / "instructions.py"
    text = file.read_text(encoding="utf-8")
    assert text.count("ir.Constant(self.vector, None)") == 1
    file.write_text(text.replace("(self.vector, None)", "(self.vector, [1] * self.shape.lanes)"), encoding="utf-8")
    try:
        assert tree.report() == ["10.0", "0"]
    finally:
        file.write_text(text, encoding="utf-8")
    assert tree.report() == ["9.0", "1"]


def test_a_folder_that_cannot_be_written_changes_no_result(tree):
    """A file stands where it should be made, which stops an administrator too."""
    taken = tree.cache.parent / "taken"
    taken.touch()
    assert tree.report(NUMBA_CACHE_DIR=str(taken)) == ["9.0", "0"]


def test_a_folder_that_is_read_only_is_read(tree):
    """By whom its rights keep from writing; nobody keeps an administrator."""
    files = sorted(tree.cache.rglob("*"))
    for path in (tree.cache, *(each for each in files if each.is_dir())):
        path.chmod(0o555)
    try:
        assert tree.report() == ["9.0", "1"]
    finally:
        for path in (tree.cache, *(each for each in files if each.is_dir())):
            path.chmod(0o755)
    assert sorted(tree.cache.rglob("*")) == files


def test_every_kernel_is_the_same_in_another_process():
    """Else what one process compiled would never be found by the next."""
    first, second = map(lines, [start(FINGERPRINTS), start(FINGERPRINTS)])
    assert first == second
    assert sum("refnet.kernels.tiled.train_pointwise forward_parts" in line for line in first) == 1
