"""The other operations of a program against the plain kernels: products, standard convolutions, means, sums.

    K, M channels in · N out
"""

from dataclasses import replace

import numpy as np
import pytest
from arena import outcome
from composed import Truth, numbers
from hypothesis import given, settings
from hypothesis import strategies as st

from refnet import kernels
from refnet.kernels.tiled import lowering
from refnet.kernels.tiled.lowering import UNLIMITED, Part
from refnet.kernels.tiled.shapes import program_channels
from refnet.kernels.tiled.sliding import Slide
from refnet.testing import Limits, conv2d_cases
from refnet.testing.precision import gamma

pytestmark = pytest.mark.jit

CHANNELS = st.sampled_from((1, 2, 3, 7, 8, 9, 16, 17, 24, 33, 48, 97, 130))
LIMITS = st.sampled_from((UNLIMITED, (0.0, 6.0), (0.0, np.inf), (-3.0, 2.0)))
DTYPES = st.sampled_from(("float32", "float64"))
THREADS = st.sampled_from((1, 2, 4))
RNG = st.integers(0, 999).map(np.random.default_rng)
often = settings(max_examples=200)


def steps(K, N, dtype, more):
    """From pixel to pixel of x and of y: their channels, padded, and some numbers more."""
    return program_channels(K, dtype) + more, program_channels(N, dtype) + 2 * more


@often
@given(RNG, DTYPES, st.booleans(), st.sampled_from((1, 2, 5, 6, 7, 11, 49, 600)), CHANNELS, CHANNELS, LIMITS, THREADS)
def test_matrix(rng, dtype, integers, pixels, K, N, limits, threads):
    """Without and with bias and shortcut; one pixel is a dense layer of one image."""
    x = numbers(rng, integers, dtype, 1, 1, pixels, K)
    w, bias, shortcut = (numbers(rng, integers, dtype, *shape) for shape in ((K, N), (N,), (1, 1, pixels, N)))
    for each, other in ((None, None), (bias, shortcut)):
        truth = Truth.of(x).layer("pointwise_conv2d", w, each, limits, residual=other, products=K)
        lowered = lowering.matrix(pixels, w, each, limits, steps(K, N, dtype, 16 if integers else 0))
        found = outcome(lowered, x, truth.value.shape, other, threads)
        truth.check(found, integers)
        np.testing.assert_array_equal(found, outcome(lowered, x, truth.value.shape, other))


HOSTILE = {
    "small maps": Limits(max_size=8, max_channels=20, batch=(1, 2, 3)),
    "one pixel": Limits(max_size=1, filter_size=1, max_channels=40),
    "17 channels": Limits(channels_multiple=17, max_channels=51, max_size=6, filter_size=(1, 2, 3)),
    "a stride larger than the filter": Limits(max_size=13, filter_size=(1, 2), stride=(3, 4, 5)),
    "dilation": Limits(max_size=12, filter_size=(2, 3), dilation=(2, 3), max_channels=9),
    "large maps": Limits(max_size=40, filter_size=(3, 4), max_channels=8, batch=(1, 2)),
}


@pytest.mark.parametrize("narrow", [False, True], ids=["padded channels", "as an image comes"])
@pytest.mark.parametrize("what", HOSTILE)
def test_window(what, narrow):
    """`narrow`: the channels of x are not padded, as in images."""

    @settings(max_examples=60)
    @given(st.one_of(conv2d_cases(HOSTILE[what], "float32"), conv2d_cases(HOSTILE[what], "float64")), LIMITS, THREADS)
    def compared(case, limits, threads):
        integers, N = case.values == "integers", case.w.shape[3]
        B, H, W, _ = case.x.shape
        bias, window = numbers(np.random.default_rng(case.seed), integers, case.x.dtype, N), case.settings
        shortcut = case.dy if case.seed % 2 else None
        x, w = np.ascontiguousarray(case.x), np.ascontiguousarray(case.w)
        products = w[..., 0].size
        truth = Truth.of(x).layer("conv2d", w, bias, limits, *window, residual=shortcut, products=products)
        lying = steps(x.shape[3], N, x.dtype, case.seed % 3)
        lowered = lowering.window(
            B, (H, W), w, bias, limits, Slide(*window), (x.shape[3], lying[1]) if narrow else lying
        )
        found = outcome(lowered, x, truth.value.shape, shortcut, threads)
        truth.check(found, integers)
        np.testing.assert_array_equal(found, outcome(lowered, x, truth.value.shape, shortcut))

    compared()


@often
@given(RNG, DTYPES, st.integers(1, 3), st.integers(1, 12), st.integers(1, 12), CHANNELS, THREADS)
def test_mean(rng, dtype, B, H, W, M, threads):
    """A sum of products with 1/pixels, which is rounded too."""
    x = numbers(rng, False, dtype, B, H, W, M)
    wide = x.astype(np.float64)
    wanted, sizes = (kernels.global_average_pool_forward(each) for each in (wide, np.abs(wide)))
    lowered = lowering.mean(B, H * W, M, dtype)
    found = outcome(lowered, x, (B, 1, 1, M), threads=threads)[:, 0, 0]
    assert (np.abs(found - wanted) <= (gamma(H * W + 2, dtype) + gamma(H * W + 2, "float64")) * sizes).all()
    if H * W in (1, 2, 4, 8, 16, 32, 64):  # 1/pixels is exact, and so are sums of integers
        integers = numbers(rng, True, dtype, B, H, W, M)
        wanted = kernels.global_average_pool_forward(integers)
        np.testing.assert_array_equal(outcome(lowered, integers, (B, 1, 1, M), threads=threads)[:, 0, 0], wanted)


@often
@given(RNG, DTYPES, st.sampled_from((1, 2, 7, 63, 64, 130, 600)), CHANNELS, LIMITS, THREADS)
def test_add(rng, dtype, pixels, M, limits, threads):
    """One rounding, as NumPy's."""
    x, other = numbers(rng, False, dtype, 2, 1, 1, pixels, M)
    found = outcome(lowering.add(pixels, M, limits, dtype), x[None], (1, 1, pixels, M), other[None], threads)
    np.testing.assert_array_equal(found[0], np.clip(x + other, *map(np.dtype(dtype).type, limits))[0])


def a_block():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((1, 9, 9, 24))
    expand, depthwise, project = (
        Part(rng.standard_normal(shape), None, UNLIMITED) for shape in ((24, 600), (3, 3, 600), (600, 24))
    )
    window = ((1, 1), (1, 1), (1, 1, 1, 1))
    return x, lowering.block(1, (9, 9), 24, Slide(*window), depthwise, expand, project)


def test_the_arena_notices_what_is_read_or_written_outside():
    x, block = a_block()
    good = outcome(block, x, x.shape, threads=2)
    assert np.isfinite(good).all()
    for name in ("scratch", "shared") if block.shared else ("scratch",):
        with pytest.raises(AssertionError, match="written outside"):
            outcome(replace(block, **{name: getattr(block, name) - 1}), x, x.shape)
    for column, packed in block.weights.items():
        shorter = replace(block, weights=block.weights | {column: packed[:-1]})
        assert np.isnan(outcome(shorter, x, x.shape)).any(), column
    with pytest.raises(AssertionError, match="padded channels are zero"):
        outcome(replace(block, weights=block.weights | {"project_b": np.ones(24)}), x, (*x.shape[:3], 23))
