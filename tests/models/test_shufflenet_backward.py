"""ShuffleNet v1, whole and in float64: its gradients against central differences along random directions."""

import numpy as np
import pytest
from directional import Point

from refnet.models import shufflenet_v1

pytestmark = pytest.mark.jit


def drawn(shape, role, random):
    """Kernels by fan-in, every batch-norm vector at random; the sums of the shortcuts need stored variances above 1."""
    if role == "kernel":
        return random.standard_normal(shape) * (2 / np.prod(shape[: 2 if len(shape) == 3 else -1])) ** 0.5
    low, high = {"gamma": (0.8, 1.6), "moving_variance": (1.5, 3.0)}.get(role, (-0.5, 0.5))
    return random.uniform(low, high, shape)


@pytest.mark.parametrize("statistics", ["batch", "stored"])
@pytest.mark.parametrize("groups", [1, 3])
def test_gradients_of_the_whole_network(groups, statistics):
    """A shift before a 1x1 convolution is a shift before its batch norm, which takes it out again."""
    net, random = shufflenet_v1(0.5, groups, 64, 5), np.random.default_rng(11)
    arrays = {key: drawn(*each, random) for key, each in net.parameters().items()}
    here = Point(net, {**arrays, "images": random.standard_normal((4, 64, 64, 3))}, statistics, random)
    agreed, missed = here.judged()
    assert agreed
    assert missed == {key for key in arrays if statistics == "batch" and key.endswith("depthwise_bn/beta")}
