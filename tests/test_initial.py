"""Fresh weights: drawn as the official code draws them, the same for the same seed."""

from math import erf, exp, pi, sqrt

import numpy as np
import pytest

from refnet import Graph, Node, mobilenet_v1, mobilenet_v2
from refnet.initial import SIGMA, fresh, generator, truncated_normal
from refnet.layers import ChannelScale, Conv2d, Dropout, Each, PointwiseConv2d
from refnet.rewrites import split_bottleneck

# Standard deviation of a standard normal value that is known to lie within two of zero: 0.8796.
WITHIN_TWO = erf(2 / sqrt(2))
TRUNCATED = sqrt(1 - 4 * exp(-2) / sqrt(2 * pi) / WITHIN_TWO)


def wide():
    """A graph whose one kernel has 250,000 values."""
    return Graph("wide", {"images": (1, 1, 500)}, [Node("wide", PointwiseConv2d(500))])


def test_kernels_are_truncated_normal():
    kernel = wide().init(0, np.float64)["wide/kernel"]
    assert SIGMA == 0.09
    assert abs(kernel).max() <= 0.18
    assert abs(kernel).max() > 0.179  # cut there, not earlier
    n, std = kernel.size, SIGMA * TRUNCATED
    assert abs(TRUNCATED - 0.8796) < 5e-5
    assert abs(kernel.mean()) < 5 * std / sqrt(n)  # five standard errors
    assert abs(kernel.std() - std) < 5 * std / sqrt(2 * n)
    share = (abs(kernel) < SIGMA).mean()  # within one sigma
    wanted = erf(1 / sqrt(2)) / WITHIN_TWO
    assert abs(share - wanted) < 5 * sqrt(wanted * (1 - wanted) / n)


def test_values_beyond_two_are_drawn_again_and_not_clipped():
    values = truncated_normal((200_000,), np.random.default_rng(3))
    assert len(np.unique(values)) == values.size


@pytest.mark.parametrize("role", ["bias", "beta", "moving_mean"])
def test_shifts_begin_at_0(role):
    assert (fresh(role, (5,), np.random.default_rng(0)) == 0).all()


@pytest.mark.parametrize("role", ["gamma", "moving_variance"])
def test_scales_begin_at_1(role):
    assert (fresh(role, (5,), np.random.default_rng(0)) == 1).all()


@pytest.mark.parametrize("initial", [-2, 0.0, 1.0, 20.0])
def test_other_scales_begin_where_their_layer_says(initial):
    scale = ChannelScale(initial=initial)
    nodes = [Node("scale", scale), Node("each", Each(scale)), Node("kernel", Conv2d(3, 1))]
    weights = Graph("scales", {"map": (3, 4, 5)}, nodes).init(0)
    assert [weights["scale/scale"].tolist(), weights["each/scale"].tolist()] == [[initial] * 5] * 2
    assert ChannelScale() == ChannelScale(initial=1.0)


def test_scales_begin_alike_in_a_split_block():
    nodes = [Node("b/e", PointwiseConv2d(4)), Node("b/s", ChannelScale(initial=3.0)), Node("b/p", PointwiseConv2d(2))]
    net = Graph("scaled", {"map": (3, 4, 2)}, nodes)
    for each in (net, split_bottleneck(net, "b", 2)):
        assert each.init(0)["b/s/scale"].tolist() == [3.0] * 4


@pytest.mark.parametrize("initial", [None, True, "20", float("nan"), float("inf")])
def test_a_scale_begins_at_a_number(initial):
    with pytest.raises(ValueError, match=f"^initial: wanted a finite number, got {initial!r}$"):
        ChannelScale(initial=initial)


@pytest.mark.parametrize("build", [mobilenet_v1, mobilenet_v2])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_weight_of_a_network(build, dtype):
    net = build(0.25, 32, 5)
    weights = net.init(np.random.default_rng(1), dtype)
    assert list(weights) == list(net.parameters())
    for key, (shape, role) in net.parameters().items():
        assert (weights[key].shape, weights[key].dtype) == (shape, dtype)
        assert key.endswith(f"/{role}")
        assert (weights[key].std() > 0) == (role == "kernel")
        assert weights[key].flags.carray


def test_the_seed_decides():
    net = mobilenet_v2(0.25, 32, 5)
    once, again, other = net.init(7), net.init(np.random.default_rng(7)), net.init(8)
    for key in once:
        np.testing.assert_array_equal(once[key], again[key])
    assert not np.array_equal(once["conv_first/kernel"], other["conv_first/kernel"])
    first, second = once["block_2/expand/kernel"], once["block_3/expand/kernel"]
    assert not np.array_equal(first.ravel()[:8], second.ravel()[:8])


def test_dtypes_share_their_values():
    exact, rounded = (wide().init(0, dtype)["wide/kernel"] for dtype in (np.float64, np.float32))
    np.testing.assert_array_equal(exact.astype(np.float32), rounded)


@pytest.mark.parametrize(("build", "rate"), [(mobilenet_v1, 0.001), (mobilenet_v2, 0.2)])
def test_dropout_rates(build, rate):
    assert [node.layer.rate for node in build().nodes if isinstance(node.layer, Dropout)] == [rate]


@pytest.mark.parametrize("rng", [None, 1.5, True, "seed", np.random.RandomState(0)], ids=repr)
def test_other_sources_of_randomness_are_refused(rng):
    with pytest.raises(TypeError, match="^rng: wanted a numpy.random.Generator or a seed of at least 0, got "):
        wide().init(rng)


def test_a_seed_is_not_negative():
    with pytest.raises(ValueError, match="rng: wanted a seed of at least 0, got -1"):
        generator(-1)


def test_generators_are_used_and_seeds_start_one():
    random = np.random.default_rng(0)
    assert generator(random) is random
    assert generator(np.int64(0)).random() == random.random()


@pytest.mark.parametrize("dtype", [np.float16, np.int32, object])
def test_other_dtypes_are_refused(dtype):
    with pytest.raises(TypeError, match=f"^dtype: wanted float32 or float64, got {np.dtype(dtype)}$"):
        wide().init(0, dtype)
