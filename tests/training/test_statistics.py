"""Batch norm's statistics: other decays, runs that are too short, and the mean over given batches."""

import numpy as np
import pytest

from refnet import Graph, Node, mobilenet_v1, mobilenet_v2
from refnet.layers import BatchNorm, Dropout, PointwiseConv2d, Relu6
from refnet.training import recalibrate, with_decay
from refnet.training.statistics import decays, steps_needed, warning


def two_norms():
    nodes = [
        Node("first", PointwiseConv2d(4)),
        Node("first_bn", BatchNorm(0.9)),
        Node("relu6", Relu6()),
        Node("dropout", Dropout(0.5)),
        Node("last_bn", BatchNorm(0.5)),
    ]
    return Graph("two norms", {"images": (3, 2, 3)}, nodes)


def batches(count=3, seed=0):
    random = np.random.default_rng(seed)
    return [1 + 2 * random.standard_normal((5, 3, 2, 3)) for _ in range(count)]


@pytest.mark.parametrize(("build", "decay"), [(mobilenet_v1, 0.9997), (mobilenet_v2, 0.997)])
def test_families_have_their_own_decay(build, decay):
    assert decays(build(width=0.25, resolution=32)) == [decay]


def test_a_decay_for_all():
    net = two_norms()
    other = with_decay(net, 0.75)
    assert decays(net) == [0.5, 0.9]
    assert decays(other) == [0.75]
    assert other.parameters() == net.parameters()
    assert (other.name, other.outputs) == (net.name, net.outputs)
    assert [node.inputs for node in other.nodes] == [node.inputs for node in net.nodes]


@pytest.mark.parametrize(("decay", "steps"), [(0.9, 44), (0.997, 1533), (0.9997, 15349), (0, 1), (0.5, 7)])
def test_steps_until_a_hundredth_is_left(decay, steps):
    assert steps_needed(decay) == steps
    assert decay**steps <= 0.01 < decay ** (steps - 1)


def test_a_run_that_is_too_short_is_warned_of():
    net = two_norms()
    assert warning(net, 44) is None
    assert "0.9 wants 44 steps to forget the fresh statistics, the run has 43: 1 % of them" in warning(net, 43)
    assert "the run has 100: 74 % of them will be left" in warning(with_decay(net, 0.997), 100)
    assert "wants more steps than any run has" in warning(with_decay(net, 1.0), 10**9)
    assert warning(Graph("no norm", {"x": (2, 2, 3)}, [Node("relu6", Relu6())]), 1) is None


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_recalibrated_statistics_are_means_over_the_batches(dtype):
    net = two_norms()
    weights = {key: w.astype(dtype) for key, w in net.init(0, np.float64).items()}
    given = [images.astype(dtype) for images in batches()]
    found = recalibrate(net, weights, given)
    z = [(images @ weights["first/kernel"]).astype(np.float64).reshape(-1, 4) for images in given]
    rtol = 1e-5 if dtype == np.float32 else 1e-12
    np.testing.assert_allclose(found["first_bn/moving_mean"], np.mean([each.mean(0) for each in z], 0), rtol=rtol)
    unbiased = np.mean([each.var(0, ddof=1) for each in z], 0)
    np.testing.assert_allclose(found["first_bn/moving_variance"], unbiased, rtol=rtol)
    assert set(found) == {key for key, each in net.parameters().items() if not each.trainable}
    assert all(value.dtype == dtype for value in found.values())


def test_recalibrating_changes_nothing_in_place():
    net = two_norms()
    weights = net.init(0, np.float64)
    before = {key: w.copy() for key, w in weights.items()}
    recalibrate(net, weights, batches())
    assert all((weights[key] == w).all() for key, w in before.items())


def test_the_batches_have_equal_shares():
    net = two_norms()
    weights = net.init(0, np.float64)
    one, other = (recalibrate(net, weights, [images]) for images in batches(2))
    both = recalibrate(net, weights, batches(2))
    for key, value in both.items():
        np.testing.assert_allclose(value, (one[key] + other[key]) / 2, rtol=1e-12)


def test_no_batches_are_refused():
    with pytest.raises(ValueError, match="batches: wanted at least one, got none"):
        recalibrate(two_norms(), two_norms().init(0), [])
