"""Grids of 256 numbers, what is stored between layers, and a network whose stored values are rounded."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refnet import Graph, Node, mobilenet_v2
from refnet.experiments.quantization import Grid, byte_kernel, grids, half, rounded_kernels, run, stored
from refnet.layers import Add, BiasAdd, Conv2d, Dense, Dropout, GlobalAveragePool, PointwiseConv2d, Relu6
from refnet.rewrites.fold import fold_batch_norm

ends = st.floats(-1e4, 1e4, width=32)
ranges = st.tuples(ends, ends).map(sorted).filter(lambda each: max(each[1], 0) - min(each[0], 0) > 1e-3)
ALL = np.arange(256, dtype=np.uint8)


@given(ranges)
def test_0_is_exact(given):
    grid = Grid.over(*given)
    assert 0 <= grid.zero <= 255
    for dtype in (np.float32, np.float64):
        (zero,) = grid.rounded(np.zeros(1, dtype))
        assert zero == 0
        assert grid.numbers(np.array([grid.zero], np.uint8), dtype) == 0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(ranges)
def test_every_byte_comes_back(dtype, given):
    grid = Grid.over(*given)
    numbers = grid.numbers(ALL, dtype)
    assert numbers.dtype == dtype
    np.testing.assert_array_equal(grid.bytes(numbers), ALL)
    assert grid.bytes(numbers).dtype == np.uint8


@given(ranges, st.floats(0, 1))
def test_inside_the_range_the_error_is_at_most_half_a_step(given, share):
    low, high = given
    x = min(max(low + share * (high - low), low), high)
    grid = Grid.over(low, high)
    (q,) = grid.bytes(np.array([x])).tolist()
    error = abs(Fraction(grid.scale) * (q - grid.zero) - Fraction(x))
    assert error <= Fraction(grid.scale) / 2 * (1 + Fraction(1, 10**12))  # the quotient is rounded too


@given(ranges, st.lists(st.floats(-2e4, 2e4), min_size=1, max_size=20))
def test_no_number_of_the_grid_is_nearer(given, listed):
    grid, x = Grid.over(*given), np.array(listed)
    numbers = np.array([grid.scale * (q - grid.zero) for q in range(256)])
    least = np.abs(x[:, None] - numbers).min(1)
    np.testing.assert_allclose(np.abs(grid.rounded(x) - x), least, rtol=1e-9, atol=1e-9 * grid.scale)


def test_halves_go_to_the_even_neighbour():
    x = np.array([0.25, 0.75, 1.25, -0.25, -0.75, -1.25], np.float32)
    np.testing.assert_array_equal(Grid(0.5, 10).bytes(x), [10, 12, 12, 10, 8, 8])
    assert Grid.over(-1.5, 253.5) == (1.0, 2)
    assert Grid.over(-2.5, 252.5) == (1.0, 2)


def test_beyond_the_grid_lies_its_end():
    grid = Grid(0.5, 100)
    x = np.array([-51, -50, 77.5, 78, -1e30, 1e30], np.float32)
    np.testing.assert_array_equal(grid.bytes(x), [0, 0, 255, 255, 0, 255])
    np.testing.assert_array_equal(grid.rounded(x), [-50, -50, 77.5, 77.5, -50, 77.5])


def test_ranges_on_one_side_begin_at_0():
    assert Grid.over(2, 5.1) == (pytest.approx(5.1 / 255), 0)
    assert Grid.over(-5.1, -2) == (pytest.approx(5.1 / 255), 255)


@pytest.mark.parametrize("value", [3.7, -0.01, 1e30])
def test_equal_numbers_stay(value):
    x = np.full((2, 3), value, np.float32)
    np.testing.assert_allclose(byte_kernel(x), x, rtol=1e-6)


@pytest.mark.parametrize("value", [0.0, 1e-40])
def test_zeros_stay_and_what_is_hardly_more_becomes_0(value):
    assert Grid.over(value, value) == (1.0, 0)
    np.testing.assert_array_equal(byte_kernel(np.full(3, value, np.float32)), [0, 0, 0])


@pytest.mark.parametrize("given", [(2.0, 1.0), (float("nan"), 1.0), (0.0, float("inf")), (float("-inf"), 0.0)])
def test_ranges_that_are_none_are_refused(given):
    with pytest.raises(ValueError, match=f"low, high: wanted finite numbers in order, got {given[0]:g} and"):
        Grid.over(*given)


def test_float16_by_stated_values():
    x = np.array([1 + 2**-11, 1 + 3 * 2**-11, 2049, 2051, 65519, 65520, -1e9, 2.0**-25], np.float32)
    wanted = [1, 1 + 2**-9, 2048, 2052, 65504, np.inf, -np.inf, 0]
    np.testing.assert_array_equal(half(x), np.array(wanted, np.float32))
    assert half(x).dtype == np.float32


# Networks


def residual():
    """As a folded one: biases in place of batch norms."""
    nodes = [
        Node("conv", Conv2d(4, 3, 2)),
        Node("conv_bn", BiasAdd()),
        Node("conv_relu6", Relu6()),
        Node("project", PointwiseConv2d(4)),
        Node("project_bn", BiasAdd()),
        Node("add", Add(), ("conv_relu6", "project_bn")),
        Node("pool", GlobalAveragePool()),
        Node("dropout", Dropout(0.5)),
        Node("classifier", Dense(3)),
        Node("classifier_bias", BiasAdd()),
    ]
    return Graph("residual", {"images": (6, 6, 3)}, nodes)


STORED = ("conv_relu6", "project_bn", "add", "pool", "classifier_bias")


def whole_numbers(net, seed=0):
    random = np.random.default_rng(seed)
    weights = {key: random.integers(-2, 3, each.shape).astype(np.float32) for key, each in net.parameters().items()}
    return weights, random.integers(-1, 2, (5, 6, 6, 3)).astype(np.float32)


def test_what_lies_in_memory_between_layers():
    assert stored(residual()) == STORED


def test_what_two_layers_read_or_comes_out_is_stored_even_before_an_activation():
    nodes = [
        Node("conv", PointwiseConv2d(3)),
        Node("relu6", Relu6()),
        Node("add", Add(), ("conv", "relu6")),
        Node("last", Relu6()),
    ]
    net = Graph("read twice", {"images": (4, 4, 3)}, nodes)
    assert stored(net) == ("conv", "relu6", "last")
    assert stored(Graph("out", net.inputs, nodes, ("add", "last"))) == ("conv", "relu6", "add", "last")


def test_sums_and_projections_of_v2_are_stored():
    net = mobilenet_v2(0.1, 32, 4)
    folded, _ = fold_batch_norm(net, net.init(0))
    names = stored(folded)
    assert {"block_3/project_bn", "block_3/add", "block_3/expand_relu6"} <= set(names)
    assert not {"block_3/expand", "block_3/expand_bn", "block_3/project", "classifier"} & set(names)


def test_without_rounding_it_is_the_network():
    net = residual()
    weights, images = whole_numbers(net)
    seen = {}

    def store(name, x):
        seen[name] = x
        return x

    y = run(net, weights, images, store, STORED)
    wanted, taps = net.forward(weights, images, taps=STORED)
    np.testing.assert_array_equal(y, wanted)
    assert tuple(seen) == STORED
    for name, tap in taps.items():
        np.testing.assert_array_equal(seen[name], tap)


def test_what_is_stored_is_what_later_layers_read():
    net = residual()
    weights, images = whole_numbers(net)
    y = run(net, weights, images, lambda _, x: x + 1, ("pool",))
    plain = net.forward(weights, images)
    np.testing.assert_allclose(y - plain, np.broadcast_to(weights["classifier/kernel"].sum(0), y.shape), atol=1e-4)
    last = run(net, weights, images, lambda _, x: x + 1, ("classifier_bias",))
    np.testing.assert_array_equal(last, plain + 1)


def test_whole_numbers_on_a_grid_of_whole_numbers_lose_nothing():
    net = residual()
    weights, images = whole_numbers(net)
    names = ("conv_relu6", "project_bn", "add")
    np.testing.assert_array_equal(
        run(net, weights, images, lambda _, x: Grid(1.0, 128).rounded(x), names), net.forward(weights, images)
    )


def test_grids_reach_from_the_least_to_the_greatest_value_of_all_batches():
    net = residual()
    weights, images = whole_numbers(net)
    found = grids(net, weights, [images[:2], images[2:]])
    _, taps = net.forward(weights, images, taps=STORED)
    assert tuple(found) == STORED
    for name, x in taps.items():
        assert found[name] == Grid.over(float(x.min()), float(x.max())), name


def test_kernels_alone_are_rounded_each_on_its_own_grid():
    net = mobilenet_v2(0.1, 32, 4)
    folded, weights = fold_batch_norm(net, net.init(0))
    rounded = rounded_kernels(folded, weights, byte_kernel)
    assert rounded.keys() == weights.keys()
    for key, w in weights.items():
        if key.endswith("/bias"):
            assert rounded[key] is w
            continue
        step = float(max(w.max(), 0) - min(w.min(), 0)) / 255
        steps = rounded[key] / step
        np.testing.assert_allclose(steps, np.rint(steps), atol=1e-3)
        assert 0 < np.abs(rounded[key] - w).max() <= step * 0.5001
