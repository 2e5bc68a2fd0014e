"""SqueezeNet 1.0 against torch: logits and every gradient in float64, with shared random weights."""

import numpy as np
import pytest
from models.wiring import with_swapped_branches

from refnet.models import squeezenet

comparators = pytest.importorskip("torch_comparators")
pytestmark = [pytest.mark.torch, pytest.mark.jit]

IMAGES = np.random.default_rng(1).standard_normal((1, 64, 64, 3))


def both(last_padding=0):
    module = comparators.SqueezeNet(7, last_padding).double()
    comparators.randomise(module, seed=2)
    return squeezenet(64, 7, last_padding=last_padding, dropout=0.0), module


@pytest.mark.parametrize("last_padding", [0, 1])
def test_agrees(last_padding):
    assert comparators.judged(*both(last_padding), IMAGES) == []


def test_swapped_branches_are_noticed():
    net, module = both()
    assert comparators.same_logits(net, module, IMAGES)
    assert not comparators.same_logits(with_swapped_branches(net, "fire5/concat"), module, IMAGES)
