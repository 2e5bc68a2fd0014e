"""The cache of compiled kernels cannot be fooled, and cannot fail: one test per way in which Numba's own can.

`tree` is a small package beside the real one: copies of the files that make up the cache, a helper, and a
kernel that calls it from another file. Its processes share one cache folder.
"""

import errno
import functools
import logging
import os
import shutil
import subprocess
import sys
import types
from importlib import import_module
from pathlib import Path

import numba
import numpy as np
import pytest
from numba.core import caching

from refnet.kernels import cache, jit

pytestmark = pytest.mark.jit

KERNELS = Path(jit.__file__).parent
MACHINERY = ("geometry.py", "store.py", "cache.py", "parts.py", "jit.py")
HELPER = """
from .jit import jit

@jit
def scale(v):
    return v * 2.0
"""
KERNEL = """
from .geometry import output_size
from .helper import scale
from .jit import CONTRACT, jit

@jit(CONTRACT)
def scaled_sum(x):
    total = 0.0
    for i in range(output_size(x.size, 1, 1, 1, 0, 0)):
        total += scale(x[i])
    return total

def over(function, more):
    @jit
    def closed(v):
        return function(v) + more
    return closed

closed = over(scale, 1)
"""
REPORT = """
import numpy as np
from probe import cache, kernel
print(kernel.scaled_sum(np.ones(4)), kernel.closed(1.0))
print(sum(sum(f.stats.cache_hits.values()) for f in (kernel.scaled_sum, kernel.closed)))
print(cache.folder().name)
"""


@pytest.fixture(autouse=True)
def private_cache(tmp_path, monkeypatch):
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture
def tree(tmp_path):
    package = tmp_path / "probe"
    package.mkdir()
    for name in MACHINERY:
        shutil.copy(KERNELS / name, package)
    (package / "__init__.py").write_text("")
    (package / "helper.py").write_text(HELPER)
    (package / "kernel.py").write_text(KERNEL)
    return package


def start(tree, code=REPORT, **environment):
    """A process of its own, with a cache folder of its tree's."""
    variables = {"PYTHONPATH": str(tree.parent), "PYTHONDONTWRITEBYTECODE": "1"}
    variables["NUMBA_CACHE_DIR"] = str(tree.parent / "cache")
    command = [sys.executable, "-W", "error", "-c", code]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=variables | environment, stdout=pipe, stderr=pipe, text=True)


def finish(process):
    """What it printed: results, hits, folder."""
    out, err = process.communicate()
    assert process.returncode == 0, err
    assert err == ""
    results, hits, folder = out.splitlines()
    return results, int(hits), folder


def run(tree, code=REPORT, **environment):
    return finish(start(tree, code, **environment))


def load(tree, monkeypatch):
    """The same in this process: the package, imported anew, with the cache folder of its tree."""
    for name in [name for name in sys.modules if name.split(".")[0] == "probe"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "path", [str(tree.parent), *sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    return import_module("probe.kernel")


def entries(tree):
    return sorted((tree.parent / "cache").rglob("*.*"))


def hits(function):
    return sum(function.stats.cache_hits.values())


def numbas_own_files(folder):
    return [path for path in folder.rglob("*") if path.suffix in (".nbi", ".nbc")]


def test_a_second_process_loads_and_an_edited_helper_is_never_served_stale(tree):
    first = run(tree)
    assert first[:2] == ("8.0 3.0", 0)
    assert run(tree) == ("8.0 3.0", 2, first[2]), "closures over functions and numbers load too"
    (tree / "helper.py").write_text(HELPER.replace("2.0", "3.0"))
    edited = run(tree)
    assert edited[:2] == ("12.0 4.0", 0)
    assert edited[2] != first[2]
    (tree / "helper.py").write_text(HELPER)
    assert run(tree) == ("8.0 3.0", 2, first[2])


POISON = (
    """
import numba
from probe import helper
helper.scale = numba.njit(lambda v: v * 5.0)
"""
    + REPORT
)


def test_what_a_process_replaced_is_not_served_to_others(tree):
    assert run(tree, POISON)[0] == "20.0 6.0"
    assert run(tree)[:2] == ("8.0 3.0", 0)


def test_another_processor_has_another_folder(tree):
    here = run(tree)
    generic = run(tree, NUMBA_CPU_NAME="generic", NUMBA_CPU_FEATURES="")
    assert generic[:2] == ("8.0 3.0", 0)
    assert generic[2] != here[2]


def test_two_processes_may_compile_at_once(tree):
    results = [finish(process) for process in [start(tree), start(tree)]]
    assert {result[0] for result in results} == {"8.0 3.0"}
    assert len(entries(tree)) == 3, "one file per function and no leftovers"
    assert run(tree)[:2] == ("8.0 3.0", 2)


@pytest.mark.parametrize(
    ("name", "value"),
    [("OPT", 0), ("OPT", "max"), ("LOOP_VECTORIZE", 0), ("SLP_VECTORIZE", 1), ("BOUNDSCHECK", 1)],
)
def test_other_settings_have_another_folder(name, value, monkeypatch):
    before = cache.folder()
    monkeypatch.setattr(numba.config, name, value)
    assert cache.folder() != before


@pytest.mark.parametrize("module", [numba, np, cache.llvmlite], ids=lambda module: module.__name__)
def test_other_versions_have_another_folder(module, monkeypatch):
    before = cache.folder()
    monkeypatch.setattr(module, "__version__", "0")
    assert cache.folder() != before


def test_the_cache_lies_where_numba_is_told_to_or_in_the_users_folder(tmp_path, monkeypatch):
    assert cache.folder().parent == tmp_path / "cache" / "refnet"
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    monkeypatch.setattr(cache.store, "user_cache_folder", lambda platform, environment: tmp_path / "user")
    assert cache.folder().parent == tmp_path / "user" / "refnet"


DAMAGE = {
    "empty": lambda content, other: b"",
    "torn": lambda content, other: content[:-100],
    "garbage": lambda content, other: os.urandom(1000),
    "another function's": lambda content, other: other,
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_file_is_compiled_again_and_replaced(tree, monkeypatch, damage):
    assert load(tree, monkeypatch).scaled_sum(np.ones(4)) == 8
    files = entries(tree)
    good = {path: path.read_bytes() for path in files}
    for path, other in zip(files, [*files[1:], files[0]], strict=True):
        path.write_bytes(DAMAGE[damage](good[path], good[other]))
    again = load(tree, monkeypatch).scaled_sum
    assert again(np.ones(4)) == 8
    assert hits(again) == 0
    assert entries(tree) == files
    reloaded = load(tree, monkeypatch).scaled_sum
    assert reloaded(np.ones(4)) == 8
    assert hits(reloaded) == 1


def test_files_that_say_something_else_are_misses(tree, monkeypatch):
    """A right header around what cannot be unpickled, or around something that is not ours."""
    load(tree, monkeypatch).scaled_sum(np.ones(4))
    for body in (b"not a pickle", b"\x80\x04N.", b"cmissing_module\nname\n."):
        for path in entries(tree):
            sys.modules["probe.store"].write(path, body)
        again = load(tree, monkeypatch).scaled_sum
        assert again(np.ones(4)) == 8
        assert hits(again) == 0


def works_uncached(kernel, caplog, reason):
    """Right results, one line for the user, and nothing of Numba's own cache anywhere."""
    with caplog.at_level(logging.WARNING):
        assert kernel.scaled_sum(np.ones(4)) == 8
        assert kernel.scaled_sum(np.ones(4, np.float32)) == 8
        assert kernel.closed(1.0) == 3
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith("compiled kernels are not kept (")
    assert reason in caplog.messages[0]
    assert "NUMBA_CACHE_DIR" in caplog.messages[0]


def test_a_folder_that_cannot_be_made_costs_one_line(tree, monkeypatch, caplog):
    (tree.parent / "cache").write_text("a file where the folder should be")
    works_uncached(load(tree, monkeypatch), caplog, "Not a directory")
    assert numbas_own_files(tree.parent) == []
    assert not (tree / "__pycache__").exists()


def test_a_full_disk_costs_one_line_and_leaves_no_file(tree, monkeypatch, caplog):
    kernel = load(tree, monkeypatch)

    def full(path, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    works_uncached(kernel, caplog, "No space left on device")
    assert [path for path in entries(tree) if path.is_file()] == []


def test_without_a_home_there_is_no_cache_and_one_line(tree, monkeypatch, caplog):
    kernel = load(tree, monkeypatch)
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    for variable in ("HOME", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(variable, raising=False)
    works_uncached(kernel, caplog, "no cache folder")
    assert kernel.scaled_sum.stats.cache_path is None


def test_a_filled_folder_that_became_read_only_is_still_read(tree, monkeypatch, caplog):
    load(tree, monkeypatch).scaled_sum(np.ones(4))
    kernel = load(tree, monkeypatch)

    def refuse(path, *arguments):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "write_bytes", refuse)
    monkeypatch.setattr(os, "utime", refuse)
    assert kernel.closed(1.0) == 3, "compiled, as it is new"
    assert kernel.scaled_sum(np.ones(4)) == 8
    assert hits(kernel.scaled_sum) == 1
    assert len(caplog.messages) == 1


def test_the_source_tree_stays_clean(tree, monkeypatch):
    load(tree, monkeypatch).scaled_sum(np.ones(4))
    assert [path.suffix for path in entries(tree) if path.is_file()] == [".bin"] * 2
    assert numbas_own_files(tree.parent) == []
    assert numbas_own_files(KERNELS) == []


@pytest.mark.parametrize("missing", ["FunctionCache", "CompileResultCacheImpl"])
def test_another_numba_without_these_classes_runs_uncached(tree, monkeypatch, missing):
    monkeypatch.delattr(caching, missing)
    kernel = load(tree, monkeypatch)
    assert kernel.scaled_sum(np.ones(4)) == 8
    assert kernel.scaled_sum.stats.cache_path is None
    assert entries(tree) == []


@pytest.mark.parametrize("changed", ["load_overload", "save_overload"])
def test_another_numba_whose_methods_differ_runs_uncached(tree, monkeypatch, changed):
    def other(self, one_argument):
        raise AssertionError("never called")

    monkeypatch.setattr(caching.Cache, changed, other)
    kernel = load(tree, monkeypatch)
    assert kernel.scaled_sum(np.ones(4)) == 8
    assert kernel.closed(1.0) == 3


def test_sources_that_are_not_files_run_uncached(tree, monkeypatch):
    load(tree, monkeypatch)
    store = sys.modules["probe.store"]
    monkeypatch.setattr(store.Path, "rglob", lambda self, pattern: iter(()))
    sys.modules["probe.cache"].source_digest.cache_clear()
    compiled = sys.modules["probe.jit"].jit(lambda v: v + 1)
    assert compiled(1) == 2
    assert compiled.stats.cache_path is None


def value(number):
    return lambda x: x + number


def default(number):
    function = lambda x, y=0: x + y  # noqa: E731
    function.__defaults__ = (number,)
    return function


def reading(**names):
    """A function that looks its helper and its constant up in a module that holds these names."""
    text = "def function(x):\n    return helper(x) + [constant for _ in range(1)][0]"
    exec(text, names)
    return names["function"]


def recursive(number):
    names = {"number": number}
    exec("def function(x):\n    return function(x - 1) if x > number else number", names)
    return names["function"]


DIFFERENT = {
    "a constant": (lambda x: x + 1, lambda x: x + 2),
    "the type of a constant": (lambda x: x + 1, lambda x: x + 1.0),
    "a nested constant": (lambda x: [1 for _ in x], lambda x: [2 for _ in x]),
    "the operation": (lambda x: x + 1, lambda x: x - 1),
    "a name": (lambda x: np.sin(x), lambda x: np.cos(x)),
    "a closed-over number": (value(1), value(2)),
    "a closed-over function": (value(value(1)), value(value(2))),
    "a default": (default(1), default(2)),
    "a module's number": (reading(helper=abs, constant=1), reading(helper=abs, constant=2)),
    "a module's array": (
        reading(helper=abs, constant=np.arange(2000)),
        reading(helper=abs, constant=np.arange(2000) % 1999),
    ),
    "a helper": (reading(helper=value(1), constant=1), reading(helper=value(2), constant=1)),
    "a jitted helper": (
        reading(helper=jit.jit(value(1)), constant=1),
        reading(helper=jit.jit(value(2)), constant=1),
    ),
    "a helper that remembers": (
        reading(helper=functools.cache(value(1)), constant=1),
        reading(helper=functools.cache(value(2)), constant=1),
    ),
    "a helper's flags": (
        reading(helper=jit.jit(jit.CONTRACT)(value(1)), constant=1),
        reading(helper=jit.jit(value(1)), constant=1),
    ),
    "what recursion reads": (recursive(1), recursive(2)),
}


@pytest.mark.parametrize("what", DIFFERENT)
def test_the_fingerprint_sees(what):
    one, other = DIFFERENT[what]
    assert cache.fingerprint(one) != cache.fingerprint(other)


def test_the_fingerprint_sees_nothing_else():
    assert cache.fingerprint(value(1)) == cache.fingerprint(value(1))
    one = reading(helper=jit.jit(jit.REASSOCIATE)(value(1)), constant=1)
    other = reading(helper=jit.jit(jit.REASSOCIATE)(value(1)), constant=1, unused=3)
    assert cache.fingerprint(one) == cache.fingerprint(other)
    one, other = (reading(helper=functools.cache(value(1)), constant=1) for _ in range(2))
    assert cache.fingerprint(one) == cache.fingerprint(other), "where the helper's memory lies does not matter"


def test_flags_are_part_of_the_file_names(tree, monkeypatch):
    load(tree, monkeypatch).scaled_sum(np.ones(4))
    names = sorted(path.name.rpartition("-")[0] for path in entries(tree) if path.is_file())
    assert names == ["probe.helper.scale-strict", "probe.kernel.scaled_sum-contract"]


def test_one_text_under_two_sets_of_flags_is_two_entries(tmp_path):
    """Decorating one function twice is refused; two functions of one text must still not be confused."""
    fused, strict = jit.jit(jit.CONTRACT)(value(1)), jit.jit(value(1))
    assert fused(1.0) == strict(1.0) == 2
    assert hits(strict) == 0
    assert len(list(tmp_path.rglob("*.bin"))) == 2


def test_a_kernel_cache_is_what_numba_expects():
    function = jit.jit(types.FunctionType(value(1).__code__, {}, "f", None, value(1).__closure__))
    assert isinstance(function._cache, caching.FunctionCache)
    assert function(1) == 2
    function.recompile()
    assert function(1) == 2
