"""Bottlenecks as one operation of a program, against the plain kernels one after the other.

    K channels in · D of the depthwise filter · N out
"""

import math
from typing import Any, NamedTuple
from unittest import mock

import numpy as np
import pytest
from arena import outcome
from composed import Truth, numbers
from hypothesis import given, settings
from hypothesis import strategies as st

from refnet.kernels.tiled import lowering, shapes
from refnet.kernels.tiled.lowering import UNLIMITED, Part
from refnet.kernels.tiled.shapes import program_channels
from refnet.kernels.tiled.sliding import Slide
from refnet.testing import Limits, depthwise_conv2d_cases

pytestmark = pytest.mark.jit

CHANNELS = st.sampled_from((1, 2, 3, 7, 8, 9, 16, 17, 24, 33, 48))
EXPANDED = st.sampled_from((1, 5, 8, 16, 17, 40, 64, 72, 97, 130))
LIMITS = st.sampled_from((UNLIMITED, (0.0, 6.0), (0.0, np.inf), (-3.0, 2.0)))
HOSTILE = {  # to bands of rows, slabs of channels, and tiles that slide over three taps
    "small maps": Limits(max_size=8, filter_size=(3, 1, 2, 5), batch=(1, 2, 3)),
    "one pixel": Limits(max_size=1, filter_size=1, batch=(1, 3)),
    "a stride larger than the filter": Limits(max_size=13, filter_size=(1, 2), stride=(3, 4, 5)),
    "dilation": Limits(max_size=12, filter_size=(2, 3), dilation=(2, 3)),
    "large maps": Limits(max_size=40, filter_size=(3,), stride=(1, 2), dilation=1, batch=(1, 2)),
    "large maps and odd filters": Limits(max_size=34, filter_size=(3, 4, 5), stride=(1, 2, 3), dilation=(1, 2)),
}


class Block(NamedTuple):
    """A drawn block: its map, its layers, how it slides, a shortcut or None; how its expansion slides, or None.

    far: lowered as if its map were too large for a cache. between: numbers between pixels of x and of y.
    """

    x: Any
    expand: Part | None
    depthwise: Part
    project: Part | None
    slide: Slide
    shortcut: Any
    integers: bool
    stem: Slide | None = None
    far: bool = False
    between: tuple[int, int] = (0, 0)

    def __repr__(self):
        parts = (part and part._replace(w=part.w.shape, bias=part.bias is not None) for part in self[1:4])
        return f"Block({self.x.shape} {self.x.dtype}, {', '.join(map(str, parts))}, {self[4:]})"

    def lowered(self):
        B, H, W, K = self.x.shape
        wide = [program_channels(each, self.x.dtype) for each in (K, (self.project or self.depthwise).w.shape[-1])]
        steps = wide[0] + self.between[0], wide[1] + self.between[1]
        layers = self.depthwise, self.expand, self.project
        with mock.patch.object(lowering, "SECOND_LEVEL", 0 if self.far else lowering.SECOND_LEVEL):
            return lowering.block(B, (H, W), K, self.slide, *layers, stem=self.stem, steps=steps)

    def truth(self):
        h = Truth.of(self.x)
        if self.stem:
            h = h.layer("conv2d", *self.expand, *self.stem, products=math.prod(self.expand.w.shape[:3]))
        elif self.expand:
            h = h.layer("pointwise_conv2d", *self.expand, products=self.expand.w.shape[0])
        KH, KW, D = self.depthwise.w.shape
        h = h.layer("depthwise_conv2d", *self.depthwise, *self.slide, products=KH * KW)
        if self.project:
            h = h.layer("pointwise_conv2d", *self.project, residual=self.shortcut, products=D)
        return h


@st.composite
def blocks(draw, limits, integers=None, dtypes=("float32", "float64")):
    """Any layers around a depthwise filter; its sizes and window are those of drawn cases."""
    geometry = draw(depthwise_conv2d_cases(limits)).geometry
    integers = draw(st.booleans()) if integers is None else integers
    rng, dtype = np.random.default_rng(draw(st.integers(0, 999))), draw(st.sampled_from(dtypes))
    expands, projects = draw(st.sampled_from(("matrix", "window", ""))), draw(st.booleans())
    D, N = draw(EXPANDED), draw(CHANNELS)
    K = draw(CHANNELS) if expands == "matrix" else draw(st.sampled_from((1, 3, 8, 9))) if expands else D

    def part(*shape):
        bias = numbers(rng, integers, dtype, shape[-1]) if draw(st.booleans()) else None
        return Part(numbers(rng, integers, dtype, *shape), bias, draw(LIMITS))

    B, *size, _ = geometry.x_shape
    filter, stem, size = draw(stems(size)) if expands == "window" else ((), None, size)
    x = numbers(rng, integers, dtype, B, *size, K)
    expand = part(*filter, K, D) if expands else None
    depthwise, project = part(*geometry.filter_hw, D), part(D, N) if projects else None
    shortcut = numbers(rng, integers, dtype, *geometry.y_shape[:3], N) if projects and draw(st.booleans()) else None
    slide = Slide(geometry.stride, geometry.dilation, geometry.pads)
    between = draw(st.sampled_from(((0, 0), (16, 0), (0, 16), (8, 5))))
    return Block(x, expand, depthwise, project, slide, shortcut, integers, stem, draw(st.booleans()), between)


@st.composite
def stems(draw, outputs):
    """A filter, how it goes over a map, and the height and width of the map, of which it makes so many outputs."""
    filter, stride, dilation, pads, size = [], [], [], [], []
    for count in outputs:
        taps, step, apart = draw(st.integers(1, 3)), draw(st.integers(1, 3)), draw(st.integers(1, 2))
        reach = (taps - 1) * apart + 1
        before, after, more = draw(st.integers(0, reach - 1)), draw(st.integers(0, 2)), draw(st.integers(0, step - 1))
        filter, stride, dilation = [*filter, taps], [*stride, step], [*dilation, apart]
        after = min(after, (count - 1) * step + reach + more - before - 1)
        pads, size = [*pads, before, after], [*size, (count - 1) * step + reach + more - before - after]
    return tuple(filter), Slide(tuple(stride), tuple(dilation), tuple(pads)), tuple(size)


@pytest.mark.parametrize("what", HOSTILE)
def test_a_block_is_its_layers_one_after_the_other(what):
    compare(blocks(HOSTILE[what]), 120)


def compare(drawn, examples):
    @settings(max_examples=examples)
    @given(drawn)
    def compared(block):
        truth = block.truth()
        truth.check(outcome(block.lowered(), block.x, truth.value.shape, block.shortcut), block.integers)

    compared()


SLOW = [
    pytest.param(registers, id=name, marks=pytest.mark.slow)
    for registers, name in ((shapes.VECTORS[1], "AVX"), (shapes.VECTORS[2], "NEON"), (shapes.SSE2, "SSE2"))
]


@pytest.mark.parametrize("registers", [pytest.param(shapes.VECTORS[0], id="AVX-512"), *SLOW])
def test_the_tiles_of_processors_that_are_not_here(registers, monkeypatch):
    """With registers longer than memory's granule, half of one is used for the channels that do not fill the last."""
    monkeypatch.setattr(shapes, "vectors_here", lambda: registers)
    shapes.program_shapes.cache_clear()
    try:
        for limits in HOSTILE.values():
            compare(blocks(limits, dtypes=["float32"]), 30)
    finally:
        shapes.program_shapes.cache_clear()


@settings(max_examples=40)
@given(st.one_of([blocks(limits, integers=False) for limits in HOSTILE.values()]))
def test_threads_change_no_bit(block):
    shape = block.truth().value.shape
    alone = outcome(block.lowered(), block.x, shape, block.shortcut)
    for threads in (2, 4):
        together = outcome(block.lowered(), block.x, shape, block.shortcut, threads)
        np.testing.assert_array_equal(together, alone)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("N", [17, 24, 33, 48, 80])
@pytest.mark.parametrize("size", [(23, 9), (40, 13), (50, 25)])
def test_a_map_that_no_cache_holds(size, N, stride):
    """What the next band reads is asked for meanwhile, which changes nothing; bands do not fill tiles."""
    rng, dtype = np.random.default_rng(N), "float32"
    x, shortcut = numbers(rng, True, dtype, 2, *size, 24), None
    depthwise = Part(numbers(rng, True, dtype, 3, 3, 24), None, UNLIMITED)
    project = Part(numbers(rng, True, dtype, 24, N), numbers(rng, True, dtype, N), (0.0, 6.0))
    slide = Slide((stride, stride), (1, 1), (1, 1, 1, 1))
    block = Block(x, None, depthwise, project, slide, shortcut, True, far=True)
    lowered, truth = block.lowered(), block.truth()
    assert lowered.rows[0]["fetches"]
    assert not block._replace(far=False).lowered().rows[0]["fetches"]
    truth.check(outcome(lowered, x, truth.value.shape), True)
