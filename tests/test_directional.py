"""Both networks, whole and in float64: their gradients against central differences along random directions."""

import numpy as np
import pytest
from directional import Point
from healthy import healthy
from held_pieces import Held
from photographs import crops

from refnet import mobilenet_v1, mobilenet_v2

pytestmark = pytest.mark.jit


def point(build, width, padding, statistics):
    net, random = build(width, 64, 10, padding, dropout=0.0), np.random.default_rng(11)
    return Point(net, {**healthy(net, random), "images": crops(64)}, statistics, random)


@pytest.mark.parametrize("padding", ["same", "symmetric"])
@pytest.mark.parametrize("statistics", ["batch", "stored"])
@pytest.mark.parametrize(("build", "width"), [(mobilenet_v1, 0.25), (mobilenet_v2, 0.35)], ids=["v1", "v2"])
def test_gradients_of_the_whole_network(build, width, statistics, padding):
    """A shift before a 1x1 convolution is a shift before its batch norm, which takes it out again."""
    here = point(build, width, padding, statistics)
    agreed, missed = here.judged()
    assert agreed
    zero = {key for key in here.gradients if statistics == "batch" and key.endswith("project_bn/beta")}
    assert missed == zero
    largest = max(abs(each).max() for each in here.gradients.values())
    assert all(abs(here.gradients[key]).max() <= 1e-9 * largest for key in zero)


def test_holding_the_pieces_is_needed_and_changes_nothing_at_the_base_point():
    here = point(mobilenet_v2, 0.35, "same", "stored")

    def logits(t, kernels):
        return here.run(here.moved(t), kernels)[0]["classifier_bias"]

    np.testing.assert_array_equal(logits(0, Held(here.pieces)), logits(0, None))
    assert not np.array_equal(logits(1, Held(here.pieces)), logits(1, None))
