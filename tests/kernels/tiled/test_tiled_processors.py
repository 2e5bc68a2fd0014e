"""The tiled kernels on smaller processors than this one, which Numba is told to compile for.

The name of a processor is not enough: its features would stay those of this machine.
"""

import platform

import pytest
from processes import python

from refnet.kernels import tiled
from refnet.kernels.cache import processor
from refnet.kernels.tiled import shapes
from refnet.testing import (
    Limits,
    check_conv2d,
    check_conv2d_backward,
    check_depthwise_conv2d,
    check_depthwise_conv2d_backward,
    check_pointwise_conv2d,
)

pytestmark = [
    pytest.mark.jit,
    pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="these are features of x86-64"),
]

CHECKS = """
import numpy as np
from refnet import testing
from refnet.kernels import tiled
from refnet.kernels.tiled import shapes
print(shapes.lanes(np.float32), shapes.lanes(np.float64), shapes.vectors_here().registers)
limits = testing.Limits(max_channels=20, max_size=6, memory_order="C")
testing.check_pointwise_conv2d(tiled.pointwise_conv2d_forward, limits=limits, max_examples=20)
testing.check_depthwise_conv2d(tiled.depthwise_conv2d_forward, limits=limits, max_examples=20)
"""
NETWORK = CHECKS + """
import refnet
net = refnet.mobilenet_v2(width=0.35, resolution=32, classes=5)
weights, x = net.init(rng=0), np.random.default_rng(1).standard_normal((2, 32, 32, 3), np.float32)
wanted = net.forward(weights, x)
assert np.abs(refnet.compile(net, weights, batch=2)(x) - wanted).max() <= 1e-4 * np.abs(wanted).max()
"""
PROCESSORS = {
    "SSE2": ("x86-64", "", "4 2 16"),
    "AVX": ("sandybridge", "+avx,-fma,-avx2,-avx512f", "8 4 16"),
    "AVX2": ("haswell", "+avx,+avx2,+fma,-avx512f", "8 4 16"),
}


@pytest.mark.parametrize("name", ["SSE2", *(pytest.param(name, marks=pytest.mark.slow) for name in ("AVX", "AVX2"))])
def test_a_smaller_processor_gets_narrower_tiles_and_right_answers(name):
    cpu, features, wanted = PROCESSORS[name]
    if not {each for each in features.split(",") if each.startswith("+")} <= set(processor()[2].split(",")):
        pytest.skip(f"this processor has no {name}")
    assert python(CHECKS, NUMBA_CPU_NAME=cpu, NUMBA_CPU_FEATURES=features) == [wanted]


@pytest.mark.slow
def test_a_smaller_processor_runs_programs():
    """Beside `test_engine_kernels_block.py`, whose tiles are those of other processors, on this one."""
    cpu, features, wanted = PROCESSORS["SSE2"]
    assert python(NETWORK, NUMBA_CPU_NAME=cpu, NUMBA_CPU_FEATURES=features) == [wanted]


def test_tiles_of_32_registers_of_16_numbers(monkeypatch):
    """LLVM makes several registers of one that this machine has not: slow, and right."""
    monkeypatch.setattr(shapes, "vectors_here", lambda: shapes.VECTORS[0])
    limits = Limits(max_channels=100, max_size=6, memory_order="C")
    check_pointwise_conv2d(tiled.pointwise_conv2d_forward, limits=limits, max_examples=30)
    check_depthwise_conv2d(tiled.depthwise_conv2d_forward, limits=limits, max_examples=30)


@pytest.mark.slow
@pytest.mark.parametrize("registers", [shapes.VECTORS[0], shapes.VECTORS[2]], ids=["AVX-512", "NEON"])
def test_the_tiles_of_processors_that_are_not_here(registers, monkeypatch):
    monkeypatch.setattr(shapes, "vectors_here", lambda: registers)
    limits = Limits(max_channels=100, max_size=6)
    check_conv2d(tiled.conv2d_forward, limits=limits, max_examples=40)
    check_conv2d_backward(tiled.conv2d_backward, limits=limits, max_examples=20)
    check_depthwise_conv2d_backward(tiled.depthwise_conv2d_backward, limits=limits, max_examples=20)
