"""Fused kernels of a training step against the plain ones: exact on integers, near on reals, inside of their arrays.

P pixels · M, N channels in and out
"""

import threading

import numpy as np
import pytest
from guarded import GUARD, Guarded, canary_of
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from refnet import kernels
from refnet.kernels.geometry import output_size
from refnet.kernels.tiled import fused, train_depthwise, train_maps, train_pointwise
from refnet.kernels.tiled.fused import Gradient, Memory, Normalised, Team
from refnet.kernels.tiled.shapes import lanes, padded
from refnet.kernels.tiled.teamwork import IDLE_STEPS

pytestmark = pytest.mark.jit
PLAIN = (-np.inf, np.inf)
TOLERANCE = {"float32": 1e-5, "float64": 1e-13}  # some hundred roundings, relative to sums of absolute values


def wide(vector, dtype):
    """With zeros up to the channels in memory."""
    return np.append(vector, np.zeros(padded(len(vector), dtype) - len(vector))).astype(dtype)


def flat(values, dtype):
    """(..., M) with channels padded."""
    return np.concatenate([wide(each, dtype) for each in values.reshape(-1, values.shape[-1])])


def maps(random, shape, dtype, whole=False, limits=(0, 6)):
    """A map as the kernels want it; v, z - mean, and the sum of absolute values behind v, in float64."""
    M = shape[-1]
    z = random.integers(-4, 5, shape).astype(float) if whole else random.standard_normal(shape)
    scale, shift = (np.ones(M), np.zeros(M)) if whole else (random.uniform(0.5, 2, M), random.standard_normal(M))
    z, scale, shift, mean = (each.astype(dtype) for each in (z, scale, shift, random.standard_normal(M)))
    vectors = (wide(each, dtype) for each in (scale, shift, mean))
    v = (z.astype(float) * scale + shift).astype(dtype).astype(float)  # rounded as there: 0 and 6 are kinks
    sizes = abs(z.astype(float) * scale) + abs(shift)
    return Normalised(flat(z, dtype), *vectors, np.array(limits, dtype)), v, z - mean.astype(float), sizes


def gradients(random, shape, dtype, whole=False):
    """A gradient as the kernels want it; dz, and the sum of absolute values behind it, in float64."""
    N = shape[-1]
    draw = (lambda size: random.integers(-3, 4, size).astype(float)) if whole else random.standard_normal
    dv, z, gain, tilt, offset = (draw(size).astype(dtype) for size in (shape, shape, N, N, N))
    terms = dv.astype(float) * gain, z.astype(float) * tilt, offset.astype(float)
    vectors = (wide(each, dtype) for each in (gain, tilt, offset))
    return Gradient(flat(dv, dtype), flat(z, dtype), *vectors), sum(terms), sum(map(abs, terms))


def cut(values, shape):
    """(..., M) without the padded channels, which must be zeros."""
    found = values.reshape(*shape[:-1], -1)
    assert not found[..., shape[-1] :].any()
    return found[..., : shape[-1]]


def near(found, wanted, sizes, whole):
    """Exact, or within the tolerance times `sizes`, sums of absolute values."""
    assert found.shape == wanted.shape
    if whole:
        np.testing.assert_array_equal(found, wanted)
    else:
        assert (abs(found - wanted) <= TOLERANCE[str(found.dtype)] * (sizes + 1e-3)).all()


def near_sums(found, wanted, size):
    """Batch-norm sums of float64, made of numbers in the dtype of the maps; size: of all of them."""
    assert (abs(found - wanted) <= 1e-5 * (size + 1e-3)).all()


def check(forward, backward, x, d, w, both, whole):
    """forward() and backward(), called as a layer does, against `both`, the plain kernels: forward, dx and dw."""
    (read, v, distance, behind), (gradient, dz, dz_behind) = x, d
    low, high = read.limits
    values = np.clip(v, low, high)
    wanted, sizes = (both[0](each, wing) for each, wing in ((values, w), (behind, abs(w))))
    z, moments = forward(read)
    near(cut(z, wanted.shape), wanted, sizes, whole)
    M, N = v.shape[-1], wanted.shape[-1]
    axes = tuple(range(wanted.ndim - 1))
    np.testing.assert_allclose(moments.mean[:N], wanted.mean(axes), rtol=0, atol=1e-5 * (sizes.max() + 1))
    np.testing.assert_allclose(moments.variance[:N], wanted.var(axes), rtol=0, atol=1e-5 * (sizes.max() ** 2 + 1))
    dv, slopes, dw = backward(gradient, read)
    dx, dx_sizes = (both[1](each, wing) for each, wing in ((dz, w), (dz_behind, abs(w))))
    inside = (v > low) & (v < high)
    near(cut(dv, v.shape), dx * inside, dx_sizes, whole)
    near(dw, both[2](dz, values), both[2](dz_behind, behind), whole)
    for found, terms in zip(slopes, (dx * inside, dx * inside * distance), strict=True):
        size = (dx_sizes * np.maximum(1, abs(distance))).sum(tuple(range(v.ndim - 1)))
        near_sums(found[:M], terms.sum(tuple(range(v.ndim - 1))), size)


dtypes = st.sampled_from(["float32", "float64"])
seeds = st.integers(0, 2**32 - 1)
threads = st.sampled_from([1, 2, 3])


@settings(max_examples=150)
@given(st.integers(1, 400), st.integers(1, 40), st.integers(1, 40), dtypes, seeds, st.booleans(), threads)
def test_pointwise(P, M, N, dtype, seed, whole, count):
    random, team = np.random.default_rng(seed), Team(count, Memory())
    w = (random.integers(-3, 4, (M, N)) if whole else random.standard_normal((M, N))).astype(dtype)
    check(
        lambda x: fused.pointwise_forward(x, w, team),
        lambda d, x: fused.pointwise_backward(d, x, w, True, team),
        maps(random, (P, M), dtype, whole),
        gradients(random, (P, N), dtype, whole),
        w.astype(float),
        (lambda x, w: x @ w, lambda dz, w: dz @ w.T, lambda dz, x: x.T @ dz),
        whole,
    )


@settings(max_examples=150)
@given(st.data())
def test_depthwise(data):
    pair = lambda low, high: st.tuples(st.integers(low, high), st.integers(low, high))  # noqa: E731
    (KH, KW), stride, dilation = (data.draw(pair(1, high)) for high in (4, 3, 3))
    pads = tuple(data.draw(st.integers(0, 4)) for _ in range(4))
    (H, W), B, M = data.draw(pair(1, 20)), data.draw(st.integers(1, 3)), data.draw(st.integers(1, 20))
    OH, OW = (output_size((H, W)[i], (KH, KW)[i], stride[i], dilation[i], *pads[2 * i : 2 * i + 2]) for i in range(2))
    assume(OH > 0 and OW > 0)
    dtype, whole = data.draw(dtypes), data.draw(st.booleans())
    random, team = np.random.default_rng(data.draw(seeds)), Team(data.draw(threads), Memory())
    w = (random.integers(-3, 4, (KH, KW, M)) if whole else random.standard_normal((KH, KW, M))).astype(dtype)
    setting = stride, dilation, pads
    check(
        lambda x: fused.depthwise_forward(x, (B, H, W), w, *setting, team),
        lambda d, x: fused.depthwise_backward(d, x, (B, H, W), w, setting, True, team),
        maps(random, (B, H, W, M), dtype, whole),
        gradients(random, (B, OH, OW, M), dtype, whole),
        w.astype(float),
        (
            lambda x, w: kernels.depthwise_conv2d_forward(x, w, *setting),
            lambda dz, w: kernels.depthwise_conv2d_input_gradient(dz, w, (H, W), *setting),
            lambda dz, x: kernels.depthwise_conv2d_filter_gradient(dz, x, (KH, KW), *setting),
        ),
        whole,
    )


@pytest.mark.parametrize("size", [(61, 70), (301, 9), (9, 301)])
@pytest.mark.parametrize("stride", [(1, 1), (2, 2), (1, 3)])
def test_large_maps_are_walked_in_bands(size, stride):
    """Integers; the last band has fewer rows, and the channels are divided."""
    random, team, setting = np.random.default_rng(0), Team(2, Memory()), (stride, (1, 1), (1, 1, 1, 1))
    w = random.integers(-3, 4, (3, 3, 94)).astype("float64")
    OH, OW = (output_size(size[i], 3, stride[i], 1, 1, 1) for i in range(2))
    assert train_depthwise.walk_over(size, (3, 3), *setting, 96, 4).bands > 1
    check(
        lambda x: fused.depthwise_forward(x, (2, *size), w, *setting, team),
        lambda d, x: fused.depthwise_backward(d, x, (2, *size), w, setting, True, team),
        maps(random, (2, *size, 94), "float64", whole=True),
        gradients(random, (2, OH, OW, 94), "float64", whole=True),
        w,
        (
            lambda x, w: kernels.depthwise_conv2d_forward(x, w, *setting),
            lambda dz, w: kernels.depthwise_conv2d_input_gradient(dz, w, size, *setting),
            lambda dz, x: kernels.depthwise_conv2d_filter_gradient(dz, x, (3, 3), *setting),
        ),
        whole=True,
    )


@settings(max_examples=50)
@given(st.integers(1, 300), st.integers(1, 20), dtypes, seeds)
def test_whole_maps(P, M, dtype, seed):
    random, team = np.random.default_rng(seed), Team(2, Memory())
    (x, v, distance, _), (d, dz, behind) = maps(random, (P, M), dtype), gradients(random, (P, M), dtype)
    near(cut(fused.values(x, team), v.shape), np.clip(v, 0, 6), abs(v) + 10, False)
    near(cut(fused.gradient(d, team), dz.shape), dz, behind, False)
    dx = cut(d.dv, dz.shape).astype(float)
    wanted = dx * ((v > 0) & (v < 6))
    dv, slopes = fused.masked(x, d.dv, team)
    np.testing.assert_array_equal(cut(dv, v.shape), wanted)
    for found, terms in zip(slopes, (wanted, wanted * distance), strict=True):
        near_sums(found[:M], terms.sum(axis=0), abs(terms).sum(axis=0))


def test_moments_survive_a_mean_far_from_zero():
    """A million standard deviations away, sums of squares in float32 would leave nothing of the variance."""
    random = np.random.default_rng(0)
    z = (1000 + random.standard_normal((5000, 16)) * 1e-2).astype(np.float32)
    found = fused.moments(z.ravel(), 16, Team(2, Memory()))
    exact = z.astype(np.float64)
    np.testing.assert_allclose(found.mean, exact.mean(axis=0), rtol=1e-9)
    np.testing.assert_allclose(found.variance, exact.var(axis=0), rtol=1e-4)


def test_nan_passes_and_the_kinks_stop():
    """At exactly 0 and 6 the gradient is 0; where v is NaN it goes on, as from the plain ReLU6."""
    z = wide([np.nan, 0, 6, -1, 7, 3, -0.0, 5], np.float32)
    one, nothing = np.ones_like(z), np.zeros_like(z)
    x = Normalised(z, one, nothing, nothing, np.array((0, 6), np.float32))
    dv, _ = fused.masked(x, one, Team(1, Memory()))
    np.testing.assert_array_equal(dv[:8], [1, 0, 0, 0, 0, 1, 0, 1])
    np.testing.assert_array_equal(fused.values(x, Team(1, Memory()))[:8], [np.nan, 0, 6, 0, 6, 3, 0, 5])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_channels_that_do_not_fill_vectors_are_refused(dtype):
    """A vector's store would reach behind the arrays."""
    channels = lanes(dtype) + 1
    z, each, team = np.zeros(3 * channels, dtype), np.ones(channels, dtype), Team(1, Memory())
    x = Normalised(z, each, each, each, np.array((0, 6), dtype))
    for kernel in (
        lambda: fused.masked(x, z, team),
        lambda: fused.values(x, team),
        lambda: fused.moments(z, channels, team),
    ):
        with pytest.raises(ValueError, match=f"{channels} channels in memory are not a multiple of {lanes(dtype)}"):
            kernel()


class Enclosed(Guarded):
    """Arrays with several axes too; scratch and sums among them."""

    def moved(self, argument):
        if isinstance(argument, np.ndarray) and argument.ndim > 1:
            around = np.full(argument.size + 2 * GUARD, canary_of(argument), argument.dtype)
            inside = around[GUARD:-GUARD].reshape(argument.shape)
            inside[...] = argument
            self.copies.append((argument.reshape(-1), around))
            return inside
        return super().moved(argument)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_nothing_is_read_or_written_outside_of_the_arrays(dtype, monkeypatch):
    called = []

    def enclosed(_threads, kernel, phases, *work):
        job = train_pointwise.Job(np.zeros(48, np.int64), np.array(phases, np.int64), 0)
        Enclosed(kernel)(*work, job, 0)
        called.append(kernel)

    for module in (train_pointwise, train_depthwise, train_maps):
        monkeypatch.setattr(module, "together", enclosed)
    test_pointwise.hypothesis.inner_test(101, 13, 21, dtype, 0, True, 1)
    random, team = np.random.default_rng(0), Team(1, Memory())
    x, *_ = maps(random, (2, 9, 7, 11), dtype)
    d, *_ = gradients(random, (2, 4, 4, 11), dtype)
    w, setting = random.standard_normal((3, 3, 11)).astype(dtype), ((2, 2), (1, 1), (0, 1, 1, 1))
    z, moments = fused.depthwise_forward(x, (2, 9, 7), w, *setting, team)
    dv, slopes, dw = fused.depthwise_backward(d, x, (2, 9, 7), w, setting, True, team)
    test_whole_maps.hypothesis.inner_test(257, 5, dtype, 0)
    fused.moments(z, padded(11, dtype), team)
    assert len(called) == 8
    assert all(np.isfinite(each).all() for each in (z, moments.variance, dv, slopes, dw))


# Memory.


def test_memory_gives_the_smallest_that_is_large_enough_and_not_too_large():
    memory = Memory()
    large, small, other = memory.take(150, "float32"), memory.take(100, "float32"), memory.take(100, "float64")
    assert all(each.ctypes.data % 64 == 0 for each in (large, small, other))
    memory.give(large, small, other)
    assert all(memory.take(30, "float32").base is not each.base for each in (large, small))
    assert memory.take(90, "float32").base is small.base
    assert memory.take(90, "float32").base is large.base
    assert memory.take(101, "float64").base is not other.base
    assert memory.take(100, "float64").size == 100


def a_step(memory, size):
    """Maps that grow and stay, and beside each, on the way back, one of its size -> bytes that were asked for."""
    memory.begin_step()
    maps = [memory.take(size * at, "float32") for at in (1, 3, 4, 6)]
    for each in reversed(maps):
        memory.give(memory.take(each.size, "float32"), each)
    return 2 * sum(each.nbytes for each in maps)


def blocks(memory):
    return memory.held()


def test_steps_of_one_size_take_what_the_first_one_left():
    memory = Memory()
    a_step(memory, 1000)
    first = blocks(memory)
    for _ in range(5):
        a_step(memory, 1000)
        assert blocks(memory) == first


def test_what_is_kept_follows_the_size_of_the_steps():
    memory, asked = Memory(), []
    for size in (1000, 3000, 9000, 27000, 81000, 9000, 1000, 1000, 1000, 1000, 30000):
        asked.append(a_step(memory, size))
        assert sum(blocks(memory).values()) < 2 * sum(asked[-IDLE_STEPS - 1 :])
    fresh = Memory()
    a_step(fresh, 30000)
    for _ in range(IDLE_STEPS + 1):
        a_step(memory, 30000)
    assert sorted(blocks(memory).values()) == sorted(blocks(fresh).values())


def test_two_sizes_can_take_turns():
    memory = Memory()
    for size in (1000, 30000):
        a_step(memory, size)
    both = blocks(memory)
    for size in (1000, 30000, 1000, 30000):
        a_step(memory, size)
        assert blocks(memory) == both


def test_threads_never_take_the_same_memory():
    memory, found = Memory(), []
    memory.give(*[memory.take(10, "float32") for _ in range(50)])

    def take():
        found.extend(memory.take(10, "float32") for _ in range(25))

    takers = [threading.Thread(target=take) for _ in range(4)]
    for each in takers:
        each.start()
    for each in takers:
        each.join()
    assert len({each.ctypes.data for each in found}) == len(found) == 100
