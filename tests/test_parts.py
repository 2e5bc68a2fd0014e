"""Parts: typed once, optimised with the kernel that calls them, and no business of Python's."""

import sys

import numba
import numpy as np
import pytest

from refnet.kernels.jit import bare, inlined, inner, jit

pytestmark = pytest.mark.jit


@pytest.fixture(autouse=True)
def private_cache(tmp_path, monkeypatch):
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))


@inlined
def power(x, exponent):
    found = x
    for _ in range(exponent - 1):
        found *= x
    return found


@inner
def polynomial(x, y):
    low = power(x, 2)
    for i in range(y.size):
        y[i] += low + power(y[i], 3)


@bare
def twice(x, y):
    polynomial(x, y)
    polynomial(x, y)


def test_they_compute_what_their_text_says():
    y = np.array([1.0, 2.0])
    twice(3, y)
    assert y.tolist() == [11 + 9 + 11**3, 19 + 9 + 19**3]


def test_each_set_of_argument_types_is_a_part_of_its_own():
    reals, integers = np.ones(2, np.float32), np.ones(2, np.int64)
    twice(2, reals)
    twice(2, integers)
    assert reals.tolist() == integers.tolist() == [6 + 4 + 216] * 2


def test_python_cannot_call_them():
    y = np.ones(1)
    twice(2, y)
    for each in (polynomial, power):
        with pytest.raises(TypeError, match="not callable"):
            each(2, y) if each is polynomial else each(2, 2)


def test_the_kernel_at_the_top_alone_is_optimised_and_kept(tmp_path):
    y = np.ones(2, np.int32)  # a type that no other test has
    twice(3, y)
    (kept,) = tmp_path.rglob("*.bin")
    assert "twice" in kept.name
    (part,) = (made for made in polynomial.overloads.values() if made.signature.args[1] == numba.typeof(y))
    assert "alloca" in str(part.library._final_module), "as it was written, with its variables in memory"
    text = twice.inspect_llvm(twice.signatures[-1])
    assert not [line for line in text.splitlines() if line.startswith("define") and "power" in line]


@jit
def halves(x):
    """The counting of references is in the slices."""
    return x[: x.size // 2], x[x.size // 2 :]


@inner
def without_counting(x):
    first, second = halves(x)
    return first[0] + second[0]


@bare
def top(x):
    return without_counting(x)


@jit
def counting(x):
    first, second = halves(x)
    return first, second


def test_what_a_part_calls_first_still_counts_references():
    """Numba would hand the part's way of compiling down to `halves`, and everybody would get that."""
    x = np.arange(4.0)
    assert top(x) == 2
    before = sys.getrefcount(x)
    for _ in range(100):
        first, second = counting(x)
    assert (first.base is not None, second.tolist()) == (True, [2, 3])
    del first, second
    assert sys.getrefcount(x) == before


def test_a_part_is_decorated_once():
    for decorate in (jit, inner, inlined):
        with pytest.raises(TypeError, match=r"jit: wanted a plain function.*, got CPUDispatcher.*power"):
            decorate(power)
        with pytest.raises(ValueError, match=r"power is already jitted as strict"):
            decorate(power.py_func)
