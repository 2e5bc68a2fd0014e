"""Packing is a rearrangement: everything comes back, padding is zero, tables say where things are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refnet.kernels.geometry import output_size
from refnet.kernels.tiled.meetings import backwards, forward, groups
from refnet.kernels.tiled.packing import (
    empty,
    empty_map,
    flat,
    pack_map,
    pack_matrix,
    pad_columns,
    unpack_map,
)
from refnet.kernels.tiled.shapes import lanes, padded

pytestmark = pytest.mark.jit

DTYPES = (np.float32, np.float64)
channels = st.sampled_from([0, 1, 3, 7, 8, 16, 17, 24, 40, 96])


def numbers(*shape, dtype=np.float32):
    return np.random.default_rng(3).standard_normal(shape).astype(dtype)


@given(st.integers(0, 2), st.tuples(*[st.integers(0, 2)] * 4), channels.filter(bool), st.sampled_from(DTYPES))
def test_a_packed_map_is_the_map_in_a_border_of_zeros(batch, pads, M, dtype):
    x = numbers(batch, 3, 2, M, dtype=dtype)
    packed = pack_map(x, pads, padded(M, dtype))
    top, bottom, left, right = pads
    wanted = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, packed.channels - M)))
    np.testing.assert_array_equal(packed.values, wanted.ravel())
    assert packed[1:] == wanted.shape
    assert packed.channels % lanes(dtype) == 0


def test_what_fits_as_it_is_is_not_copied():
    x = numbers(2, 3, 2, lanes(np.float32))
    packed = pack_map(x, (0, 0, 0, 0), x.shape[3])
    assert np.shares_memory(x, packed.values)
    assert np.shares_memory(x, unpack_map(packed, x.shape[3]))


@pytest.mark.parametrize("order", ["F", "strided", "negative"])
def test_any_memory_order_is_packed(order):
    x = numbers(2, 3, 4, 8)
    x = {"F": np.asfortranarray(x), "strided": x[:, :, ::2], "negative": x[::-1, ::-1]}[order]
    np.testing.assert_array_equal(pack_map(x, (0, 0, 0, 0), 8).values, np.ascontiguousarray(x).ravel())


def test_a_flat_array_has_no_gaps():
    """NumPy can flatten one column of a matrix without copying it, with gaps."""
    x = numbers(4, 2)[:, :1]
    assert not x.reshape(-1).flags.c_contiguous
    assert flat(x).flags.c_contiguous
    np.testing.assert_array_equal(flat(x), x[:, 0])


@given(st.integers(1, 99), st.sampled_from(DTYPES))
def test_empty_memory_begins_on_a_cache_line(size, dtype):
    memory = empty(size, dtype)
    assert memory.shape == (size,)
    assert memory.dtype == dtype
    assert memory.ctypes.data % 64 == 0


@given(channels, st.sampled_from(DTYPES))
def test_unpacking_drops_the_padded_channels(M, dtype):
    packed = empty_map(2, 3, 1, M, dtype)
    packed.values[:] = np.arange(packed.values.size)
    y = unpack_map(packed, M)
    assert y.shape == (2, 3, 1, M)
    assert y.flags.c_contiguous
    np.testing.assert_array_equal(y, packed.values.reshape(2, 3, 1, -1)[..., :M])


def unpacked(panels):
    """The matrix of these panels, with padded columns."""
    strips = [strip for shape, p in panels for strip in p.values.reshape(p.tiles, p.depth, shape.channels)]
    return np.hstack(strips)


@given(st.integers(0, 9), channels, st.sampled_from(DTYPES))
def test_a_packed_matrix_comes_back(K, N, dtype):
    w = numbers(K, N, dtype=dtype)
    panels = pack_matrix(w)
    if N:
        np.testing.assert_array_equal(unpacked(panels), pad_columns(w))
        np.testing.assert_array_equal(unpacked(panels)[:, :N], w)
    assert sum(each.values.size for _, each in panels) == K * padded(N, dtype)


def test_a_strip_is_read_from_front_to_back():
    w = numbers(5, 100)
    for shape, (values, depth, tiles, channel) in pack_matrix(w):
        width = shape.channels
        for strip in range(tiles):
            for k in range(depth):
                first = channel + strip * width
                part = values[(strip * depth + k) * width :][:width]
                np.testing.assert_array_equal(part[: 100 - first], w[k, first : first + width])


def test_tables_say_where_pixels_begin():
    x = numbers(2, 4, 5, 3)
    packed = pack_map(x, (1, 0, 0, 2), 8)
    ys, xs = np.array([3, 0]), np.array([1, 1, 4])
    found = packed.values[packed.beginnings(ys + 1, xs)].reshape(2, 2, 3)
    np.testing.assert_array_equal(found, x[:, ys][:, :, xs][..., 0])
    windows, steps = packed.windows((2, 3), (2, 1)), packed.steps(np.array([0, 2]), np.array([1]))
    image = packed.values.reshape(packed[1:])
    for place, (b, oy, ox) in zip(windows, np.ndindex(2, 2, 3), strict=True):
        for step, ky in zip(steps, (0, 2), strict=True):
            assert packed.values[place + step] == image[b, oy * 2 + ky, ox + 1, 0]


sizes = st.integers(1, 6)


def products_of(outputs, size, taps, stride, dilation, before):
    """(input pixel, tap, output pixel) of each product of the forward pass, by its own loops."""
    at = {(oy * stride + k * dilation - before, k, oy) for oy in range(outputs) for k in range(taps)}
    return {each for each in at if 0 <= each[0] < size}


@given(sizes, st.integers(1, 4), st.integers(1, 4), st.integers(1, 3), st.integers(0, 3), st.integers(0, 3))
def test_groups_read_backwards_hold_every_product_once(size, taps, stride, dilation, before, after):
    outputs = output_size(size, taps, stride, dilation, before, after)
    if outputs < 1:
        return
    products = products_of(outputs, size, taps, stride, dilation, before)
    read = backwards(size, taps, stride, dilation, before)
    low, high = read.border(outputs)
    met, pixels = [], []
    for group in groups(read):
        pixels += group.pixels.tolist()
        for iy, first in zip(group.pixels.tolist(), group.begins.tolist(), strict=True):
            met += [(iy, k, first + step) for k, step in zip(group.taps.tolist(), group.steps.tolist(), strict=True)]
    assert sorted(pixels) == list(range(size))
    assert all(-low <= oy < outputs + high for _, _, oy in met), "windows lie inside of the border"
    inside = [each for each in met if 0 <= each[2] < outputs]
    assert len(set(inside)) == len(inside)
    assert set(inside) == products


@given(sizes, st.integers(1, 4), st.integers(1, 4), st.integers(1, 3), st.integers(0, 3), st.integers(0, 3))
def test_groups_of_the_forward_pass_hold_the_same(size, taps, stride, dilation, before, after):
    outputs = max(0, output_size(size, taps, stride, dilation, before, after))
    met, pixels = [], []
    for group in groups(forward(outputs, taps, stride, dilation, before).inside(size)):
        pixels += group.pixels.tolist()
        for oy, first in zip(group.pixels.tolist(), group.begins.tolist(), strict=True):
            met += [(first + step, k, oy) for k, step in zip(group.taps.tolist(), group.steps.tolist(), strict=True)]
    assert sorted(pixels) == list(range(outputs))
    assert sorted(met) == sorted(products_of(outputs, size, taps, stride, dilation, before))
