"""Parts: typed once, optimised with the kernel that calls them, and no business of Python's."""

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


def test_a_part_is_decorated_once():
    for decorate in (jit, inner, inlined):
        with pytest.raises(TypeError, match=r"jit: wanted a plain function.*, got CPUDispatcher.*power"):
            decorate(power)
        with pytest.raises(ValueError, match=r"power is already jitted as strict"):
            decorate(power.py_func)
