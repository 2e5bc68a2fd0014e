"""The decorator: strict unless a named set of flags says otherwise, once per function, nothing at import."""

import subprocess
import sys
import types
from pathlib import Path

import numba
import numpy as np
import pytest

import refnet
from refnet import kernels
from refnet.kernels.jit import CONTRACT, REASSOCIATE, STRICT, brief, jit

NAMES = kernels.__all__


def python(code, **environment):
    """Run a fresh interpreter that sees this package, and nothing else of this process' environment."""
    variables = {"PYTHONPATH": str(Path(refnet.__file__).parent.parent), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env=variables | environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(autouse=True)
def private_cache(tmp_path, monkeypatch):
    """A cache that is empty: what a test calls is compiled, and its LLVM text can be read."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))


def times_plus(a, b, c):
    return a * b + c


def total(x):
    s = 0.0
    for i in range(x.size):
        s += x[i]
    return s


def copy_of(function):
    """The same text as a new function, as each may be decorated once."""
    return types.FunctionType(function.__code__, function.__globals__, function.__name__)


def llvm_flags(function, *arguments):
    """The flags on the floating-point additions and multiplications of a compiled function."""
    function(*arguments)
    lines = "\n".join(function.inspect_llvm().values()).splitlines()
    words = [set(line.split()) for line in lines if " fadd " in line or " fmul " in line]
    assert words
    known = {"fast", "contract", "reassoc", "nnan", "ninf", "nsz", "arcp", "afn"}
    return set().union(*words) & known


@pytest.mark.jit
@pytest.mark.parametrize("flags", [STRICT, CONTRACT, REASSOCIATE], ids=["strict", "contract", "reassociate"])
@pytest.mark.parametrize("text", [times_plus, total])
def test_llvm_gets_the_named_flags_and_no_others(text, flags):
    arguments = (2.0, 3.0, 4.0) if text is times_plus else (np.ones(5),)
    assert llvm_flags(jit(flags)(copy_of(text)), *arguments) == flags


@pytest.mark.jit
def test_strict_rounds_the_product():
    a, b = 1 + 2.0**-30, 1 - 2.0**-30  # their product is 1 - 2**-60, which rounds to 1
    assert jit(copy_of(times_plus))(a, b, -1.0) == 0


@pytest.mark.jit
def test_strict_adds_in_the_order_of_the_text():
    x = np.array([2.0**53, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0] * 8)
    assert jit(copy_of(total))(x) == total(x)


@pytest.mark.jit
def test_kernels_release_the_interpreter_and_divide_like_numpy():
    compiled = jit(lambda a, b: a / b)
    assert compiled.targetoptions["nogil"]
    assert compiled(1.0, 0.0) == np.inf


@pytest.mark.jit
def test_what_is_brief_keeps_the_interpreters_lock():
    compiled = brief(lambda a, b: a / b)
    assert not compiled.targetoptions["nogil"]
    assert compiled(1.0, 0.0) == np.inf


@pytest.mark.parametrize("second", [jit(STRICT), jit(CONTRACT), jit(REASSOCIATE), jit])
def test_a_function_is_jitted_once(second):
    function = copy_of(times_plus)
    jit(CONTRACT)(function)
    with pytest.raises(ValueError, match=r"times_plus is already jitted as contract, and cannot be \w+ too"):
        second(function)


@pytest.mark.jit
@pytest.mark.parametrize("second", [jit, jit(REASSOCIATE)])
def test_a_jitted_function_is_not_jitted_again(second):
    with pytest.raises(TypeError, match=r"jit: wanted a plain function.*, got CPUDispatcher.*times_plus"):
        second(jit(copy_of(times_plus)))


@pytest.mark.parametrize("flags", ["float32(float32)", {"contract"}, frozenset({"fast"}), True, None])
def test_only_the_named_sets_of_flags_are_taken(flags):
    with pytest.raises(TypeError, match="wanted a plain function, STRICT, CONTRACT or REASSOCIATE, got "):
        jit(flags)


def values_read(function):
    """What a function looks up in its module, nested functions included."""
    codes = [function.__code__]
    for code in codes:
        codes.extend(c for c in code.co_consts if isinstance(c, types.CodeType))
    names = {name for code in codes for name in code.co_names}
    return {name: function.__globals__[name] for name in names & function.__globals__.keys()}


def frozen_values(function):
    """Names whose values Numba would freeze when it compiles: everything that is not code."""
    return [name for name, value in values_read(function).items() if not callable(value) and value is not np]


@pytest.mark.parametrize("name", NAMES)
def test_kernels_freeze_no_values_of_their_module(name):
    kernel = getattr(kernels, name)
    assert frozen_values(getattr(kernel, "py_func", kernel)) == []


def test_a_frozen_value_is_seen():
    assert frozen_values(lambda x: [x + EPS for _ in x]) == ["EPS"]


EPS = 1e-3


@pytest.mark.parametrize("name", NAMES)
def test_every_public_kernel_goes_through_the_decorator(name):
    kernel = getattr(kernels, name)
    wanted = types.FunctionType if numba.config.DISABLE_JIT else type(jit(copy_of(total)))
    assert type(kernel) is wanted


AT_IMPORT = """
import sys
import refnet, refnet.kernels
assert not {"numba", "numpy"} & sys.modules.keys(), "import refnet is to load nothing"
import refnet.testing
assert not {"numba", "hypothesis"} & sys.modules.keys(), "import refnet.testing is to load neither"
import numba
from numba.core import event
before = dict(vars(numba.config))
with event.install_recorder("numba:compile") as compiled:
    functions = [getattr(refnet.kernels, name) for name in refnet.kernels.__all__]
    assert not compiled.buffer and not any(f.signatures for f in functions), "nothing compiles at import"
    refnet.kernels.relu_forward(__import__("numpy").ones(3))
    assert compiled.buffer, "and the recorder would have seen it"
assert dict(vars(numba.config)) == before, "Numba's settings belong to every library in the process"
"""


@pytest.mark.jit
def test_import_compiles_nothing_loads_little_and_leaves_numba_alone(tmp_path):
    python(AT_IMPORT, NUMBA_CACHE_DIR=str(tmp_path))


WITHOUT_JIT = """
import types
import numpy as np
import refnet
from refnet import kernels
assert all(type(getattr(kernels, name)) is types.FunctionType for name in kernels.__all__)
for dtype in (np.float32, np.float64):
    refnet.warmup(dtype)
x, w = np.arange(9.0).reshape(1, 3, 3, 1), np.ones((3, 3, 1))
print(kernels.depthwise_conv2d_forward(x, w, (1, 1), (1, 1), (0, 0, 0, 0)))
try:
    kernels.softmax_cross_entropy_backward(np.ones(1), np.ones((2, 3)), np.ones((2, 3)))
except IndexError as error:
    print(error)
"""


def test_without_jit_the_kernels_are_plain_functions(tmp_path):
    printed = python(WITHOUT_JIT, NUMBA_DISABLE_JIT="1", NUMBA_CACHE_DIR=str(tmp_path)).splitlines()
    assert printed == ["[[[[36.]]]]", "index 1 is out of bounds for axis 0 with size 1"]
    assert list(tmp_path.iterdir()) == []
